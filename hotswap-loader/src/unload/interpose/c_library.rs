//! What is known of the functions and variables of the C library: a table, `c_library.txt`. Pure.
//!
//! It lists what may be called as well as what may not. So a name that newer libraries bring, or
//! that another library of the process provides, is in doubt, and what calls it is retained.

use std::{collections::HashMap, sync::LazyLock};

/// What becomes of a library that refers to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing: the host answers the call.
    Answered,
    /// Nothing: when it has returned, nothing of the library is left with the process.
    Plain,
    /// It stays, and this is what the function does.
    Retains(&'static str),
}

static TABLE: LazyLock<HashMap<&'static str, Known>> =
    LazyLock::new(|| entries().into_iter().collect());

/// What is known of a name; `None` if nothing is.
pub(super) fn known(name: &str) -> Option<Known> {
    TABLE.get(name).copied()
}

/// Why a library that refers to a name cannot be accounted for, if so.
pub(super) fn beyond(name: &str) -> Option<String> {
    match known(name) {
        Some(Known::Answered | Known::Plain) => None,
        Some(Known::Retains(why)) => Some(format!("{name}, which {why}")),
        None => Some(format!("{name}, and hotswap does not know what that keeps")),
    }
}

fn entries() -> Vec<(&'static str, Known)> {
    let mut group = Known::Plain;
    let mut entries = Vec::new();
    for line in include_str!("c_library.txt").lines() {
        match line.split_once(": ") {
            _ if line.starts_with('#') => {}
            Some(("answered", _)) => group = Known::Answered,
            Some(("retains", why)) => group = Known::Retains(why),
            Some(_) => group = Known::Plain,
            None => entries.extend(line.split_ascii_whitespace().map(|name| (name, group))),
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fs};

    use object::{
        Endianness,
        elf::{FileHeader64, STT_FUNC, STT_GNU_IFUNC, STT_OBJECT},
        read::elf::{FileHeader as _, Sym as _},
    };

    use super::*;
    use crate::unload::interpose::answers::NAMES;

    #[test]
    fn the_table_says_one_thing_of_each_name() {
        let entries = entries();
        let names: HashSet<_> = entries.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), entries.len(), "a name stands twice");
        let answered = entries.iter().filter(|(_, known)| *known == Known::Answered);
        let answered: HashSet<_> = answered.map(|(name, _)| *name).collect();
        assert_eq!(answered, HashSet::from(NAMES));
    }

    /// All that this machine's C library exports, up to the version that was gone through.
    #[test]
    fn every_exported_name_is_decided() {
        let mut count = 0;
        for library in ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"] {
            let folders = ["/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib"];
            let found = folders.iter().find_map(|at| fs::read(format!("{at}/{library}")).ok());
            let Some(bytes) = found else { continue };
            let exported = exported(&bytes);
            count += exported.len();
            let undecided: Vec<_> =
                exported.into_iter().filter(|name| known(name).is_none()).collect();
            assert!(undecided.is_empty(), "{library}: {undecided:?}");
        }
        assert!(count > 3000, "only {count} names were found");
    }

    /// The names that a program can be linked to: functions and variables of the default version,
    /// of glibc 2.36 or older.
    fn exported(bytes: &[u8]) -> Vec<String> {
        let header = FileHeader64::<Endianness>::parse(bytes).unwrap();
        let endian = header.endian().unwrap();
        let sections = header.sections(endian, bytes).unwrap();
        let versions = sections.versions(endian, bytes).unwrap().unwrap();
        let table = sections.symbols(endian, bytes, object::elf::SHT_DYNSYM).unwrap();
        let mut names = Vec::new();
        for (index, symbol) in table.enumerate() {
            let index_of_version = versions.version_index(endian, index);
            let Ok(Some(version)) = versions.version(index_of_version.into()) else { continue };
            let version = String::from_utf8_lossy(version.name()).into_owned();
            let minor = version.strip_prefix("GLIBC_2.").map(|it| it.split('.').next().unwrap());
            let is_newer =
                minor.and_then(|it| it.parse::<u32>().ok()).is_some_and(|minor| minor > 36);
            let is_code_or_data = [STT_FUNC, STT_GNU_IFUNC, STT_OBJECT].contains(&symbol.st_type());
            let has_a_place = !symbol.is_undefined(endian) && !symbol.is_absolute(endian);
            let name = symbol.name(endian, table.strings()).unwrap();
            let name = String::from_utf8_lossy(name).into_owned();
            // What is for debuggers, and what is there for the sake of a version, is not linked to.
            let is_private = version == "GLIBC_PRIVATE" || name.starts_with("__rtld_");
            let is_for_debuggers = name == "_r_debug";
            if has_a_place
                && is_code_or_data
                && !is_newer
                && !is_private
                && !is_for_debuggers
                && !index_of_version.is_hidden()
            {
                names.push(name);
            }
        }
        names
    }

    /// The functions of C's headers that are given a function, or a structure with one, each as it
    /// was decided.
    #[test]
    fn who_is_given_a_function_and_keeps_it_retains() {
        for name in [
            "__cxa_at_quick_exit",
            "__register_frame",
            "__register_frame_info",
            "__sigaction",
            "__sysv_signal",
            "aio_read",
            "aio_write64",
            "argp_parse",
            "at_quick_exit",
            "bsd_signal",
            "clone",
            "error_print_progname",
            "fopencookie",
            "getaddrinfo_a",
            "lio_listio",
            "mcheck",
            "mq_notify",
            "on_exit",
            "register_printf_function",
            "register_printf_specifier",
            "register_printf_type",
            "sigset",
            "sigvec",
            "ssignal",
            "sysv_signal",
            "thrd_create",
            "timer_create",
            "tss_create",
        ] {
            assert!(matches!(known(name), Some(Known::Retains(_))), "{name}");
        }
        for name in ["sigaction", "signal", "pthread_create", "__cxa_atexit", "__register_atfork"] {
            assert_eq!(known(name), Some(Known::Answered), "{name}");
        }
        for name in ["qsort", "bsearch", "dl_iterate_phdr", "glob", "nftw", "pthread_once", "twalk"]
        {
            assert_eq!(known(name), Some(Known::Plain), "{name}");
        }
    }

    #[test]
    fn who_frees_or_keeps_a_block_unseen_retains() {
        for name in [
            "__libc_free", // second names of what is answered
            "__libc_realloc",
            "__pthread_key_create",
            "cfree",
            "free_sized", // C23
            "initstate",  // keeps the numbers of `random` there
            "openlog",    // keeps the name of the program
            "profil",     // the C library counts there, at every tick
            "pthread_attr_setstack",
            "putenv",
            "setvbuf",
        ] {
            assert!(beyond(name).unwrap().starts_with(name));
        }
    }

    #[test]
    fn what_is_not_known_retains() {
        let why = beyond("a_function_of_the_next_century").unwrap();
        assert!(why.contains("does not know"), "{why}");
    }
}
