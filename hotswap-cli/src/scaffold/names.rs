//! From a package's name to the names in its code. Pure.

use crate::Error;

/// Names that generated code uses itself, or that Rust's prelude has: a trait or a struct of that
/// name would shadow them.
const TAKEN: &str = "\
    Box Clone Config Context Copy Cow Default Deserialize Drop Duration Eq Err Error Fn \
    FnMut FnOnce From Host HotModule HotState Into Iterator Module ModuleError None Ok \
    Option Ord PartialEq PartialOrd Result Self Send Serialize Sized Some Start String \
    Sync ToOwned ToString TryFrom TryInto Vec";

/// Keywords, crates of Rust itself, folders in cargo's target folder, and crates that generated
/// code depends on.
const REFUSED: &str = "\
    abstract alloc as async await become box break build const continue core crate deps \
    do dyn else enum examples extern false final fn for gen hotswap hotswap_abi \
    hotswap_cli hotswap_core hotswap_macros if impl in incremental let loop macro match \
    mod move mut override priv proc_macro pub ref return self serde static std struct \
    super target test trait true try type typeof unsafe unsized use virtual where while \
    yield";

/// The names in a module's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// The trait.
    pub(crate) interface: String,
    /// The struct that implements it.
    pub(crate) module: String,
    /// Its state.
    pub(crate) state: String,
}

impl Names {
    /// For a module with an interface of its own.
    pub(crate) fn of(package: &str) -> Self {
        Self::with(package, &camel(package))
    }

    /// For a module of an interface that exists.
    pub(crate) fn for_interface(package: &str, interface: &str) -> Self {
        Self { interface: interface.to_owned(), ..Self::with(package, interface) }
    }

    fn with(package: &str, interface: &str) -> Self {
        let base = camel(package);
        let names = |base: &str| Self {
            interface: base.to_owned(),
            module: format!("{base}Module"),
            state: format!("{base}State"),
        };
        let is_free = |name: &String| !is_taken(name);
        let plain = names(&base);
        if [&plain.interface, &plain.module, &plain.state].into_iter().all(is_free)
            && plain.module != interface
            && plain.state != interface
        {
            return plain;
        }
        names(&format!("{base}Part"))
    }
}

/// Whether generated code has another thing of this name.
pub(super) fn is_taken(name: &str) -> bool {
    TAKEN.split(' ').any(|taken| taken == name)
}

/// As it is named in code.
pub(crate) fn krate(package: &str) -> String {
    package.replace('-', "_")
}

/// `my-game` → `MyGame`.
fn camel(package: &str) -> String {
    let words = package.split(['-', '_']).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            format!("{}{rest}", first.to_ascii_uppercase())
        })
        .collect()
}

/// Whether a package can have this name.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let refused =
        |why: &str| Err(Error::Refused(format!("`{name}` cannot be a package's name: {why}")));
    let Some(first) = name.chars().next() else { return refused("it is empty") };
    if !first.is_ascii_alphabetic() {
        return refused("it must begin with a letter from a to z");
    }
    if let Some(odd) = name.chars().find(|it| !(it.is_ascii_alphanumeric() || "-_".contains(*it))) {
        return refused(&format!("{odd:?} is no letter, digit, `-` or `_`"));
    }
    if name.len() > 50 {
        return refused("it has more than 50 characters");
    }
    let plain = krate(&name.to_ascii_lowercase());
    if REFUSED.split(' ').any(|refused| refused == plain) {
        return refused("Rust, cargo or hotswap use it themselves");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(package: &str, interface: &str, module: &str) {
        let names = Names::of(package);
        assert_eq!((names.interface.as_str(), names.module.as_str()), (interface, module));
    }

    #[test]
    fn names_in_code_follow_from_the_package() {
        check("demo", "Demo", "DemoModule");
        check("my-first_game", "MyFirstGame", "MyFirstGameModule");
        check("a1--b", "A1B", "A1BModule");
        // What would shadow a name that the code needs.
        check("default", "DefaultPart", "DefaultPartModule");
        check("hot", "HotPart", "HotPartModule");
        check("module", "ModulePart", "ModulePartModule");
        let names = Names::for_interface("arcade", "ArcadeModule");
        assert_eq!(
            (names.interface.as_str(), names.module.as_str()),
            ("ArcadeModule", "ArcadePartModule")
        );
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for good in ["demo", "a", "my-game_2", "Tetris"] {
            check_name(good).unwrap();
        }
        let table = [
            ("", "empty"),
            ("2d", "begin with a letter"),
            ("-x", "begin with a letter"),
            ("_x", "begin with a letter"),
            ("a b", "' ' is no letter"),
            ("a/b", "'/' is no letter"),
            ("..", "begin with a letter"),
            ("übung", "begin with a letter"),
            ("café", "'é' is no letter"),
            ("fn", "use it themselves"),
            ("Self", "use it themselves"),
            ("test", "use it themselves"),
            ("hotswap-core", "use it themselves"),
            ("serde", "use it themselves"),
            (&"x".repeat(51), "50 characters"),
        ];
        for (name, why) in table {
            let error = check_name(name).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains(name), "{name}: {error}");
        }
    }
}
