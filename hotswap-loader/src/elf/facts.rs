//! What is known of an ELF artifact once it was examined.

use std::ops::Range;

/// What [`examine`](super::examine) found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "hotswap-core's tests make their own")]
pub struct ElfFacts {
    /// Names of the libraries that are opened with it (`DT_NEEDED`, `DT_AUXILIARY`, `DT_FILTER`,
    /// and where a loader heeds them `DT_AUDIT`, `DT_DEPAUDIT`, `DT_CONFIG`).
    pub needed: Vec<String>,
    /// Its own name (`DT_SONAME`).
    pub soname: Option<String>,
    /// Where its libraries are searched (`DT_RUNPATH`, `DT_RPATH`): each a list of folders.
    pub run_paths: Vec<String>,
    /// Linked with `-z nodelete`: stays mapped after `dlclose`.
    pub no_delete: bool,
    /// How many symbols of binding `STB_GNU_UNIQUE` it defines; with one, it stays mapped after
    /// `dlclose`.
    pub unique_symbols: usize,
    /// Has relocations in its code, which some systems forbid.
    pub text_relocations: bool,
    /// How many bytes of static thread-local storage it takes, where its code relies on that
    /// (`DF_STATIC_TLS`): a running process has little of it.
    pub static_tls: Option<u64>,
    /// Where the bytes of the `.hotswap` section are, if there is one.
    pub manifest: Option<Range<usize>>,
}

impl ElfFacts {
    /// The shared standard library it is linked to (`libstd-….so`), if it is: such a module can
    /// be retained, but not unloaded.
    pub fn dynamic_std(&self) -> Option<&str> {
        let is_std = |name: &&String| name.starts_with("libstd-") && name.contains(".so");
        self.needed.iter().find(is_std).map(String::as_str)
    }

    /// Why the system's loader would keep it mapped after `dlclose`, if it would.
    pub fn pinned_by(&self) -> Option<String> {
        if self.no_delete {
            Some("it was linked with -z nodelete".to_owned())
        } else if self.unique_symbols > 0 {
            Some(format!("it has {} symbols of binding STB_GNU_UNIQUE", self.unique_symbols))
        } else {
            self.dynamic_std().map(|name| format!("it needs the shared standard library {name}"))
        }
    }
}
