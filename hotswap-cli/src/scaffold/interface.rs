//! An interface that exists: its trait is read from the source, so that a module of it compiles
//! before its first line is written.

use std::{collections::BTreeSet, fs, path::Path};

use syn::{
    Attribute, File, FnArg, Item, ItemTrait, Signature, TraitItem, UseTree,
    spanned::Spanned as _,
    visit::{self, Visit},
};

use super::names::{is_taken, krate};
use crate::Error;

/// A trait marked `#[interface]`, and what a module needs of its source.
#[derive(Debug)]
pub(crate) struct Contract {
    /// The trait's name.
    pub(crate) name: String,
    imports: Vec<String>,
    /// The signatures of the methods without a body, as they stand in the source.
    signatures: Vec<(String, String)>,
}

impl Contract {
    /// Reads the library of a package.
    pub(crate) fn read(package: &str, library: &Path, wanted: Option<&str>) -> Result<Self, Error> {
        let place = library.display();
        let source = fs::read_to_string(library)
            .map_err(|error| Error::Unable(format!("cannot read {place}: {error}")))?;
        let file = syn::parse_file(&source)
            .map_err(|error| Error::Refused(format!("{place} does not parse: {error}")))?;
        let all: Vec<&ItemTrait> = file.items.iter().filter_map(interface).collect();
        let names: Vec<String> = all.iter().map(|it| it.ident.to_string()).collect();
        let found = match wanted {
            Some(wanted) => all.iter().find(|it| it.ident == wanted),
            None if all.len() > 1 => {
                return Err(Error::Refused(format!(
                    "{package} has several interfaces: say which one with --interface \
                     {package}::{} ({})",
                    names[0],
                    names.join(", ")
                )));
            }
            None => all.first(),
        };
        let Some(found) = found else {
            let wanted = wanted.map(|it| format!(" {it}")).unwrap_or_default();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(Error::Refused(format!(
                "expected a trait{wanted} marked #[interface] in {place}, found: {known}"
            )));
        };
        if is_taken(&found.ident.to_string()) {
            return Err(Error::Refused(format!(
                "{package}::{0} cannot be imported beside the other {0} that a module needs: \
                 rename the trait, or write the module by hand",
                found.ident
            )));
        }
        Ok(Self::of(package, &source, &file, found))
    }

    fn of(package: &str, source: &str, file: &File, found: &ItemTrait) -> Self {
        let methods = found.items.iter().filter_map(|item| match item {
            TraitItem::Fn(method) if method.default.is_none() => Some(&method.sig),
            _ => None,
        });
        let mut names = Names::default();
        let mut signatures = Vec::new();
        for signature in methods {
            names.visit_signature(signature);
            signatures.push((signature.ident.to_string(), plain(source, signature)));
        }
        let own: BTreeSet<String> = file.items.iter().filter_map(declared).collect();
        let mut from_it: BTreeSet<String> = names.0.intersection(&own).cloned().collect();
        from_it.insert(found.ident.to_string());
        let krate = krate(package);
        let mut imports = vec![import(&krate, from_it)];
        for item in &file.items {
            let Item::Use(item) = item else { continue };
            leaves(&item.tree, &mut Vec::new(), &mut |path, name| {
                if names.0.contains(name) && !own.contains(name) {
                    let path = path
                        .strip_prefix("crate::")
                        .or(path.strip_prefix("self::"))
                        .map_or_else(|| path.to_owned(), |rest| format!("{krate}::{rest}"));
                    imports.push(format!("use {path};"));
                }
            });
        }
        Self { name: found.ident.to_string(), imports, signatures }
    }

    /// `use` lines for the trait and all that its signatures name.
    pub(super) fn imports(&self) -> Vec<String> {
        self.imports.clone()
    }

    /// The methods that a module must have.
    pub(super) fn methods(&self) -> String {
        let methods = self.signatures.iter().map(|(name, signature)| {
            format!("    {signature} {{\n        todo!(\"{}::{name}\")\n    }}\n", self.name)
        });
        methods.collect::<Vec<_>>().join("\n")
    }
}

/// The text of a signature without the attributes of its arguments, which are the interface's.
fn plain(source: &str, signature: &Signature) -> String {
    let whole = signature.span().byte_range();
    let mut text = source.get(whole.clone()).unwrap_or_default().to_owned();
    let attributes = signature.inputs.iter().flat_map(|input| match input {
        FnArg::Receiver(it) => &it.attrs,
        FnArg::Typed(it) => &it.attrs,
    });
    let ranges: Vec<_> = attributes.map(|it| it.span().byte_range()).collect();
    for range in ranges.into_iter().rev() {
        let (start, end) = (range.start - whole.start, range.end - whole.start);
        let spaces = text[end..].len() - text[end..].trim_start().len();
        text.replace_range(start..end + spaces, "");
    }
    text
}

fn interface(item: &Item) -> Option<&ItemTrait> {
    let is_mark =
        |it: &Attribute| it.path().segments.last().is_some_and(|it| it.ident == "interface");
    match item {
        Item::Trait(item) if item.attrs.iter().any(is_mark) => Some(item),
        _ => None,
    }
}

/// The name of a type or module that is declared here.
fn declared(item: &Item) -> Option<String> {
    let name = match item {
        Item::Struct(it) => &it.ident,
        Item::Enum(it) => &it.ident,
        Item::Union(it) => &it.ident,
        Item::Type(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::Mod(it) => &it.ident,
        Item::Const(it) => &it.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn import(krate: &str, names: BTreeSet<String>) -> String {
    let names: Vec<String> = names.into_iter().collect();
    match names.as_slice() {
        [name] => format!("use {krate}::{name};"),
        names => format!("use {krate}::{{{}}};", names.join(", ")),
    }
}

/// The first words of all paths in a signature.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Visit<'_> for Names {
    fn visit_path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            self.0.insert(first.ident.to_string());
        }
        visit::visit_path(self, path);
    }
}

/// Calls `tell` with every name that a `use` brings in, and with the path to import it by.
fn leaves(tree: &UseTree, path: &mut Vec<String>, tell: &mut impl FnMut(&str, &str)) {
    let whole = |path: &[String], last: &str| {
        path.iter().map(String::as_str).chain([last]).collect::<Vec<_>>().join("::")
    };
    match tree {
        UseTree::Path(it) => {
            path.push(it.ident.to_string());
            leaves(&it.tree, path, tell);
            path.pop();
        }
        UseTree::Group(it) => it.items.iter().for_each(|tree| leaves(tree, path, tell)),
        UseTree::Name(it) => {
            let name = it.ident.to_string();
            match (name.as_str(), path.split_last()) {
                // `use std::fmt::{self, Write}`
                ("self", Some((last, before))) => tell(&whole(before, last), last),
                _ => tell(&whole(path, &name), &name),
            }
        }
        UseTree::Rename(it) => {
            let name = it.rename.to_string();
            tell(&format!("{} as {name}", whole(path, &it.ident.to_string())), &name);
        }
        UseTree::Glob(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
use std::{collections::HashMap, fmt::{self, Write as _}, path::PathBuf as Place};
use hotswap_abi::{Portable, interface};
pub struct Score { points: u32 }
pub struct Unused;
#[interface]
pub trait Engine { fn play(&self, sound: u32); }
#[hotswap_abi::interface(version = \"1.2.0\")]
pub trait Game {
    /// Documented.
    fn update(
        &mut self,
        engine: &mut dyn Engine,
        #[same_build] world: &mut Vec<Score>,
        #[portable(serde)]
        by: HashMap<String, Score>,
    ) -> Result<Place, fmt::Error>;
    fn title(&self) -> String { String::new() }
}
";

    fn read(wanted: Option<&str>) -> Result<Contract, Error> {
        read_text(SOURCE, wanted)
    }

    fn read_text(source: &str, wanted: Option<&str>) -> Result<Contract, Error> {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("lib.rs");
        fs::write(&library, source).unwrap();
        Contract::read("my-game", &library, wanted)
    }

    #[test]
    fn what_a_module_must_write_is_taken_as_it_stands() {
        let game = read(Some("Game")).unwrap();
        assert_eq!(
            game.imports(),
            [
                "use my_game::{Engine, Game, Score};",
                "use std::collections::HashMap;",
                "use std::fmt;",
                "use std::path::PathBuf as Place;",
            ]
        );
        assert_eq!(
            game.methods(),
            "    fn update(
        &mut self,
        engine: &mut dyn Engine,
        world: &mut Vec<Score>,
        by: HashMap<String, Score>,
    ) -> Result<Place, fmt::Error> {
        todo!(\"Game::update\")
    }
"
        );
    }

    #[test]
    fn what_cannot_be_imported_or_read_is_refused() {
        let refused = |source: &str| read_text(source, None).unwrap_err().to_string();
        assert!(refused("#[interface] pub trait Module {}").contains("beside the other Module"));
        assert!(refused("pub trait").contains("does not parse"));
        assert!(refused("pub trait Game {}").contains("found: none"));
    }

    #[test]
    fn one_of_several_must_be_named() {
        let error = read(None).unwrap_err().to_string();
        assert!(error.contains("--interface my-game::Engine (Engine, Game)"), "{error}");
        let error = read(Some("Play")).unwrap_err().to_string();
        assert!(
            error.contains("expected a trait Play") && error.contains("Engine, Game"),
            "{error}"
        );
    }
}
