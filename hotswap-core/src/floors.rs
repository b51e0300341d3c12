//! For each module the newest version that has ever served, so that an older one does not come back
//! by itself.
//!
//! They are in one file of a folder that the host was given, and in memory. The file is replaced as
//! a whole when an upgrade was committed, and never before: a version that failed raises nothing.
//! A damaged file is an error at the start, and not the same as none.
//!
//! # Why one file
//! No name from an artifact becomes part of a path. A permission to go below a floor is for one
//! version, is kept in memory and ends with the commit that uses it: a permission on disk would be
//! forgotten about. Floors are checked when an artifact is assessed, and again when a candidate has
//! waited.

mod error;
pub(crate) mod file;

pub(crate) use self::error::FloorsError;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use file::Damage;
use hotswap_loader::fs::{make_private, read_regular, replace};
use semver::Version;

use crate::{config::Config, trust::Writable, written::OWN};

/// Not taken from an artifact: no name of one is a file's.
const FILE: &str = "hotswap.floors";

/// A line for a module, in bytes for 100,000 of them.
const LARGEST: u64 = 16 << 20;

/// The floors of all modules of a host.
#[derive(Debug, Default)]
pub(crate) struct Floors {
    /// `None` where floors are not asked for.
    path: Option<PathBuf>,
    floors: BTreeMap<String, Version>,
    /// Versions that may serve although they are below.
    allowed: BTreeSet<(String, Version)>,
}

impl Floors {
    /// What earlier runs have left; nothing where no folder was given.
    pub(crate) fn open(config: &Config) -> Result<Self, FloorsError> {
        let Some(folder) = &config.floors() else { return Ok(Self::default()) };
        let path = folder.join(FILE);
        make_private(folder)
            .map_err(|source| FloorsError::Write { path: folder.clone(), source })?;
        // Before it is believed.
        config
            .trust
            .check_own_folder(folder)
            .and_then(|()| config.trust.check_own_file(&path))
            .map_err(writable)?;
        let floors = match read_regular(&path, LARGEST) {
            Ok(bytes) => file::decode(&bytes).map_err(|source| damaged(&path, source))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(FloorsError::Read { path, source }),
        };
        // Where it cannot be written is known before the first version has served.
        write(&path, &floors)?;
        Ok(Self { path: Some(path), floors, allowed: BTreeSet::new() })
    }

    /// The version that this one of the module must not be below; `None` if it may be any.
    pub(crate) fn of(&self, module: &str, version: &Version) -> Option<&Version> {
        let is_allowed = self.allowed.iter().any(|(name, it)| name == module && it == version);
        self.floors.get(module).filter(|_| !is_allowed)
    }

    /// Lets a version serve, once.
    pub(crate) fn allow(&mut self, module: &str, version: Version) {
        if self.path.is_some() {
            self.allowed.insert((module.to_owned(), version));
        }
    }

    /// Takes that back.
    pub(crate) fn withdraw(&mut self, module: &str, version: &Version) {
        self.allowed.remove(&(module.to_owned(), version.clone()));
    }

    /// A version serves for good: it is the module's floor, if it is newer or was allowed.
    pub(crate) fn committed(&mut self, module: &str, version: &Version) -> Result<(), FloorsError> {
        let Some(path) = &self.path else { return Ok(()) };
        let was_allowed = self.allowed.remove(&(module.to_owned(), version.clone()));
        let floor = self.floors.get(module);
        let is_newer = floor.is_none_or(|floor| version.cmp_precedence(floor).is_gt());
        if is_newer || was_allowed {
            self.floors.insert(module.to_owned(), version.clone());
            write(path, &self.floors)?;
        }
        Ok(())
    }
}

fn write(path: &Path, floors: &BTreeMap<String, Version>) -> Result<(), FloorsError> {
    let write = |out: &mut dyn io::Write| out.write_all(file::encode(floors).as_bytes());
    replace(path, write).map_err(|source| FloorsError::Write { path: path.into(), source })
}

fn damaged(path: &Path, source: Damage) -> FloorsError {
    let path = path.into();
    match source {
        // This version writes no other.
        Damage::Format { found, hotswap } if hotswap.as_deref() != Some(OWN) => {
            FloorsError::Format { path, found, hotswap }
        }
        source => FloorsError::Damaged { path, source },
    }
}

fn writable(writable: Writable) -> FloorsError {
    FloorsError::Writable { found: writable.to_string(), advice: writable.advice() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn floors(folder: &Path) -> Floors {
        Floors::open(&Config::production().with_data_dir(folder)).unwrap()
    }

    /// The file of the floors in a data folder.
    fn in_folder(data: &Path) -> PathBuf {
        data.join("floors").join(FILE)
    }

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn a_floor_goes_up_and_outlives_its_host() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = floors(folder.path());
        assert_eq!(first.of("arcade", &version("0.1.0")), None);
        for (served, floor) in
            [("1.2.0", "1.2.0"), ("1.1.0", "1.2.0"), ("2.0.0-rc.1", "2.0.0-rc.1")]
        {
            first.committed("arcade", &version(served)).unwrap();
            assert_eq!(first.of("arcade", &version("0.1.0")), Some(&version(floor)));
        }
        first.committed("../../etc/passwd", &version("1.0.0")).unwrap();
        let again = floors(folder.path());
        assert_eq!(again.of("arcade", &version("0.1.0")), Some(&version("2.0.0-rc.1")));
        assert_eq!(again.of("other", &version("0.1.0")), None);
        // A module's name is no file's.
        assert_eq!(fs::read_dir(in_folder(folder.path()).parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_version_is_allowed_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut floors = floors(folder.path());
        floors.committed("arcade", &version("2.0.0")).unwrap();
        floors.allow("arcade", version("1.0.0"));
        assert_eq!(floors.of("arcade", &version("1.0.0")), None);
        assert_eq!(floors.of("arcade", &version("1.1.0")), Some(&version("2.0.0")));
        assert_eq!(floors.of("other", &version("1.0.0")), None);
        floors.committed("arcade", &version("1.0.0")).unwrap();
        assert_eq!(floors.of("arcade", &version("1.0.0")), Some(&version("1.0.0")));
        floors.committed("arcade", &version("2.0.0")).unwrap();
        assert_eq!(floors.of("arcade", &version("1.0.0")), Some(&version("2.0.0")));
    }

    #[test]
    fn a_file_of_a_later_format_is_an_error_that_names_its_writer_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = in_folder(folder.path());
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, "hotswap floors 3 9.1.0\nwhatever").unwrap();
        let config = Config::production().with_data_dir(folder.path());
        let error = hotswap_abi::__private::text::in_full(&Floors::open(&config).unwrap_err());
        assert!(error.contains("has format 3 and was written by hotswap 9.1.0"), "{error}");
        assert!(error.contains("nothing was changed"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "hotswap floors 3 9.1.0\nwhatever");
    }

    #[test]
    fn a_damaged_file_is_an_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        floors(folder.path()).committed("arcade", &version("2.0.0")).unwrap();
        let path = in_folder(folder.path());
        let text = fs::read_to_string(&path).unwrap().replace("2.0.0", "0.2.0");
        fs::write(&path, &text).unwrap();
        let config = Config::production().with_data_dir(folder.path());
        let error = hotswap_abi::__private::text::in_full(&Floors::open(&config).unwrap_err());
        assert!(error.contains("hotswap.floors is damaged") && error.contains("hash"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}
