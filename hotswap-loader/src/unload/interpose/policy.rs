//! Whether all that a library can leave with the process can be accounted for. Pure.
//!
//! In doubt it is retained: where it refers to a name that may keep an address of it, or of which
//! nothing is known ([`c_library`](super::c_library)).

use std::ops::Range;

use super::{
    answers::NAMES,
    c_library,
    object::{ADDRESSES, Relocation, Tables},
};
use crate::elf::ElfFacts;

/// The libraries that a module may need and be unloaded. What another one keeps of a module, or does
/// for it on threads of its own, nobody knows.
const PLAIN: [&str; 7] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "ld-linux-x86-64.so.2",
];

/// Every Rust library has two: one that hands it the program's arguments, and one of the C
/// compiler's own, which does nothing.
const OWN_CONSTRUCTORS: usize = 2;

/// What the C compiler puts before the constructors begins so: it does nothing in a library. Newer
/// compilers have another instruction before it.
const PLAIN_START: [&[u8]; 2] =
    [&[0x48, 0x83, 0xec, 0x08], &[0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83, 0xec, 0x08]];

/// Why a library can only be retained, if so.
pub(super) fn retained(tables: &Tables, facts: &ElfFacts) -> Option<String> {
    if let Some(why) = facts.pinned_by() {
        return Some(why);
    }
    if let Some(other) = tables.needed.iter().find(|name| !PLAIN.contains(&&***name)) {
        return Some(format!("it needs {other}, and nobody knows what that keeps of it"));
    }
    if tables.constructors > OWN_CONSTRUCTORS
        || tables.first.is_some_and(|first| !PLAIN_START.iter().any(|it| first.starts_with(it)))
    {
        return Some("it has constructors, which ran before its calls were answered".to_owned());
    }
    if tables.chooses {
        return Some(
            "it has functions that choose others (STT_GNU_IFUNC), which ran before".into(),
        );
    }
    let imports = tables.relocations.iter().filter(|it| it.is_import && !it.is_unresolved());
    let beyond = imports.filter_map(|it| c_library::beyond(&it.name)).next();
    beyond.map(|what| format!("it calls {what}"))
}

/// The places to write to for some of the names, each with the index of its name. `real` is the
/// address of a function of the C library, as the program sees it.
///
/// # Errors
/// Why the calls of this library cannot be answered.
pub(super) fn sites(
    tables: &Tables,
    wanted: Range<usize>,
    real: impl Fn(&str) -> usize,
) -> Result<Vec<(usize, usize)>, String> {
    let mut sites = Vec::new();
    for Relocation { name, kind, addend, is_import, place, bound } in &tables.relocations {
        let index = wanted.clone().find(|index| NAMES[*index] == name);
        let Some(index) = index else { continue };
        let real = real(name);
        if !is_import {
            return Err(format!("it has a {name} of its own"));
        }
        if !ADDRESSES.contains(kind) || *addend != 0 || !place.is_multiple_of(align_of::<usize>()) {
            return Err(format!("it refers to {name} in an unknown way, relocation {kind}"));
        }
        if real == 0 || *bound != real {
            return Err(format!("its {name} is not that of the program's C library"));
        }
        sites.push((*place, index));
    }
    Ok(sites)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(relocations: &[(&str, u32, bool, usize)]) -> Tables {
        let relocation = |(name, kind, is_import, bound): &(&str, u32, bool, usize)| Relocation {
            name: (*name).to_owned(),
            kind: *kind,
            addend: 0,
            is_import: *is_import,
            place: 0x1000,
            bound: *bound,
        };
        Tables {
            needed: vec!["libc.so.6".to_owned()],
            constructors: 2,
            chooses: false,
            first: Some([0x48, 0x83, 0xec, 0x08, 0x48, 0x8b, 0x05, 0]),
            relocations: relocations.iter().map(relocation).collect(),
        }
    }

    fn why(tables: &Tables, facts: ElfFacts) -> String {
        retained(tables, &facts).unwrap_or_default()
    }

    #[test]
    fn in_doubt_a_library_is_retained() {
        let plain = tables(&[("malloc", 6, true, 5), ("pthread_create", 6, true, 7)]);
        assert_eq!(why(&plain, ElfFacts::default()), "");
        let no_delete = ElfFacts { no_delete: true, ..ElfFacts::default() };
        assert_eq!(why(&plain, no_delete), "it was linked with -z nodelete");
        let unique = ElfFacts { unique_symbols: 2, ..ElfFacts::default() };
        assert!(why(&plain, unique).contains("STB_GNU_UNIQUE"));
        let needed = vec!["libstd-1.so".to_owned()];
        let dynamic = ElfFacts { needed, ..ElfFacts::default() };
        assert!(why(&plain, dynamic).contains("libstd-1.so"));

        let other = Tables { needed: vec!["libfoo.so.3".to_owned()], ..tables(&[]) };
        assert!(why(&other, ElfFacts::default()).contains("libfoo.so.3"));
        let constructors = Tables { constructors: 3, ..tables(&[]) };
        assert!(why(&constructors, ElfFacts::default()).contains("constructors"));
        let chooses = Tables { chooses: true, ..tables(&[]) };
        assert!(why(&chooses, ElfFacts::default()).contains("STT_GNU_IFUNC"));
        let first = Tables { first: Some([0; 8]), ..tables(&[]) };
        assert!(why(&first, ElfFacts::default()).contains("constructors"));
        let newer = [0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83, 0xec, 0x08];
        for first in [None, Some(newer)] {
            assert_eq!(why(&Tables { first, ..tables(&[]) }, ElfFacts::default()), "");
        }
        let timer = tables(&[("timer_create", 7, true, 5)]);
        assert!(why(&timer, ElfFacts::default()).contains("timer_create"));
        let handler = tables(&[("ssignal", 7, true, 5)]);
        let text = "it calls ssignal, which keeps a handler of a signal";
        assert_eq!(why(&handler, ElfFacts::default()), text);
        let unknown = tables(&[("register_me", 6, true, 5)]);
        assert!(why(&unknown, ElfFacts::default()).contains("register_me"));
        // A weak reference to what nobody has.
        let weak = tables(&[("__gmon_start__", 6, true, 0)]);
        assert_eq!(why(&weak, ElfFacts::default()), "");
        let own = tables(&[("timer_create", 7, false, 5)]);
        assert_eq!(why(&own, ElfFacts::default()), "");
    }

    #[test]
    fn only_the_programs_own_c_library_is_stood_in_for() {
        let bound = |tables: &Tables| sites(tables, 0..NAMES.len(), |_| 7);
        for kind in ADDRESSES {
            let both = tables(&[("memcpy", 6, true, 1), ("pthread_create", kind, true, 7)]);
            assert_eq!(bound(&both), Ok(vec![(0x1000, 5)]));
        }
        let refused = |tables: &Tables| bound(tables).unwrap_err();
        assert!(refused(&tables(&[("pthread_create", 6, true, 8)])).contains("C library"));
        assert!(refused(&tables(&[("pthread_create", 6, false, 7)])).contains("of its own"));
        assert!(refused(&tables(&[("pthread_create", 2, true, 7)])).contains("relocation 2"));
        let mut shifted = tables(&[("pthread_create", 1, true, 7)]);
        shifted.relocations[0].addend = 8;
        assert!(refused(&shifted).contains("relocation 1"));
    }
}
