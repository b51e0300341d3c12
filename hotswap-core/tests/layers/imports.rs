//! What each file of a crate imports, resolved to the file that defines it. Tests are left out, and so
//! are re-exports: whoever passes a name on does not need it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Item, ItemMod, ItemUse, Meta, UseTree, Visibility,
    visit::{self, Visit},
};

/// A path of modules below the crate's root.
type Module = Vec<String>;

/// The imports of a crate's files.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    /// The file that each module stands in: its own, or the one that it is written into.
    files: BTreeMap<Module, String>,
    /// A name that a module passes on, and its path.
    passed_on: BTreeMap<(Module, String), Vec<String>>,
    /// A file, and the paths that it names.
    named: Vec<(String, Vec<String>)>,
    /// The same of paths that may begin with a child's name: `replay::judge` for `self::replay::judge`.
    below: Vec<(String, Module, Vec<String>)>,
    edges: BTreeSet<(String, String)>,
}

impl Imports {
    /// Reads the files that `lib.rs`, or `main.rs`, of a folder leads to.
    pub(crate) fn of_crate(folder: &Path) -> Self {
        let mut imports = Self::default();
        let root = ["lib.rs", "main.rs"].map(|name| folder.join(name));
        let root = root.iter().find(|path| path.exists()).expect("a crate has a root");
        imports.read(root, folder, Vec::new());
        for (file, module, path) in std::mem::take(&mut imports.below) {
            let child: Module = module.iter().chain(path.first()).cloned().collect();
            if imports.files.contains_key(&child) {
                let path = module.into_iter().chain(path).collect();
                imports.named.push((file, path));
            }
        }
        let edges = imports.named.iter().filter_map(|(from, path)| {
            let to = imports.definition(path)?;
            (to != *from && !to.is_empty()).then(|| (from.clone(), to))
        });
        imports.edges = edges.collect();
        imports
    }

    /// Which file imports which, by the paths of their modules.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (&str, &str)> {
        self.edges.iter().map(|(from, to)| (from.as_str(), to.as_str()))
    }

    /// Reads a module's file, and those of its children.
    fn read(&mut self, file: &Path, root: &Path, module: Module) {
        let source = fs::read_to_string(file).expect("a module has a file");
        let items = syn::parse_file(&source);
        let items = items.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let name = module.join("::");
        self.files.insert(module.clone(), name.clone());
        let mut children = Vec::new();
        let mut reader = Reader { imports: self, file: name, module, children: &mut children };
        for item in items.items {
            reader.visit_item(&item);
        }
        for (child, place) in children {
            let path = match place {
                Some(place) => file.with_file_name(place),
                None => root.join(child.iter().collect::<PathBuf>()).with_extension("rs"),
            };
            self.read(&path, root, child);
        }
    }

    /// The file where a path's name is defined; `None` where it is not of this crate.
    fn definition(&self, path: &[String]) -> Option<String> {
        let mut path = path.to_vec();
        // As often as names are passed on from file to file.
        for _ in 0..16 {
            let depth = (0..=path.len()).rev().find(|n| self.files.contains_key(&path[..*n]))?;
            let (module, rest) = path.split_at(depth);
            let passed_on =
                rest.first().and_then(|name| self.passed_on.get(&(module.to_vec(), name.clone())));
            match passed_on {
                Some(next) => {
                    path = next.iter().chain(&rest[1..]).cloned().collect();
                }
                None => return Some(self.files[module].clone()),
            }
        }
        None
    }
}

/// Reads the items of a file.
struct Reader<'a> {
    imports: &'a mut Imports,
    file: String,
    module: Module,
    /// Modules with files of their own, and where those lie if that is said.
    children: &'a mut Vec<(Module, Option<String>)>,
}

impl Reader<'_> {
    /// A path from the crate's root on; `None` for what another crate defines.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let first = path.first()?.as_str();
        match first {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some(self.module.iter().chain(&path[1..]).cloned().collect()),
            "super" => {
                let ups = path.iter().take_while(|it| *it == "super").count();
                let kept = self.module.len().checked_sub(ups)?;
                Some(self.module[..kept].iter().chain(&path[ups..]).cloned().collect())
            }
            _ => None,
        }
    }

    fn name(&mut self, path: &[String]) {
        match self.absolute(path) {
            Some(path) => self.imports.named.push((self.file.clone(), path)),
            None => {
                let (file, module) = (self.file.clone(), self.module.clone());
                self.imports.below.push((file, module, path.to_vec()));
            }
        }
    }

    fn import(&mut self, tree: &UseTree, mut prefix: Vec<String>, passes_on: bool) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(&path.tree, prefix, passes_on);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, prefix.clone(), passes_on);
                }
            }
            UseTree::Name(name) if name.ident == "self" => self.imported(prefix, None, passes_on),
            UseTree::Name(name) => {
                prefix.push(name.ident.to_string());
                self.imported(prefix, None, passes_on);
            }
            UseTree::Rename(rename) => {
                prefix.push(rename.ident.to_string());
                self.imported(prefix, Some(rename.rename.to_string()), passes_on);
            }
            UseTree::Glob(_) => self.imported(prefix, None, false),
        }
    }

    fn imported(&mut self, mut path: Vec<String>, name: Option<String>, passes_on: bool) {
        // A child is named without `self` as well.
        let child: Module = self.module.iter().chain(path.first()).cloned().collect();
        let is_child = self.children.iter().any(|(it, _)| *it == child);
        if is_child || self.imports.files.contains_key(&child) && path[0] != "self" {
            path.insert(0, "self".to_owned());
        }
        let Some(absolute) = self.absolute(&path) else { return };
        if passes_on {
            let name = name.or_else(|| absolute.last().cloned()).expect("a path has a name");
            self.imports.passed_on.insert((self.module.clone(), name), absolute);
        } else {
            self.imports.named.push((self.file.clone(), absolute));
        }
    }

    /// Paths in the arguments of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if path.last().is_some_and(|last| last != "::") {
                        self.token_path(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    if path.last().is_some_and(|last| last != "::") {
                        path.push("::".to_owned());
                    }
                }
                TokenTree::Group(group) => {
                    self.token_path(std::mem::take(&mut path));
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.token_path(std::mem::take(&mut path));
                }
            }
        }
        self.token_path(path);
    }

    fn token_path(&mut self, path: Vec<String>) {
        let path: Vec<_> = path.into_iter().filter(|it| it != "::").collect();
        if path.len() > 1 {
            self.name(&path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let child: Module = self.module.iter().cloned().chain([item.ident.to_string()]).collect();
        let Some((_, items)) = &item.content else {
            self.children.push((child, path_of(&item.attrs)));
            return;
        };
        self.imports.files.insert(child.clone(), self.file.clone());
        let outer = std::mem::replace(&mut self.module, child);
        for item in items {
            self.visit_item(item);
        }
        self.module = outer;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let passes_on = !matches!(item.vis, Visibility::Inherited);
        self.import(&item.tree, Vec::new(), passes_on);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|it| it.ident.to_string()).collect();
        if segments.len() > 1 {
            self.name(&segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.tokens(mac.tokens.clone());
        visit::visit_macro(self, mac);
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        // What a macro names is named by whoever uses it.
        if item.ident.is_none() {
            visit::visit_item_macro(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Const(item) => &item.attrs,
            syn::ImplItem::Fn(item) => &item.attrs,
            syn::ImplItem::Type(item) => &item.attrs,
            _ => return,
        };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item is there only for tests, fuzzing or the model checker.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else { return false };
        let condition = list.tokens.to_string();
        let words = ["test", "fuzzing", "loom", "feature = \"testing\""];
        list.path.is_ident("cfg")
            && !condition.starts_with("not")
            && words.iter().any(|word| condition.contains(word))
    })
}

/// Where a module's file lies, if that is said.
fn path_of(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(literal) => match &literal.lit {
                syn::Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}
