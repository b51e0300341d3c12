//! A host's executable: what it opens slots for is found in its bytes.
//!
//! [`Interface::schema`](hotswap_abi::Interface::schema) is a constant of the program, and
//! [`Host::slot`](crate::Host::slot) refers to it. So it is in every host's file, whatever the
//! linker strips, and in no section of its own: its magic is looked for. What looks like one by
//! accident is told by the decoder, which takes the bytes as hostile.
//!
//! A section would not do instead: it would also hold interfaces that are compiled in and that no
//! slot is opened for.

use std::path::{Path, PathBuf};

use hotswap_abi::__private::{
    manifest::{SCHEMA_MAGIC, Schema},
    same_build::Packages,
};
use hotswap_types::ArtifactHash;
use memchr::memmem;

use super::{Artifact, ArtifactError, read};

/// No program opens slots for so many interfaces; the magic alone may stand there often.
const MOST_TRIES: usize = 100_000;

/// A host's executable.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Program {
    /// The path that was asked for.
    pub path: PathBuf,
    /// The hash of its content.
    pub hash: ArtifactHash,
    /// Its size in bytes.
    pub size: u64,
    /// The interfaces that it opens slots for, in the order in which they stand in the file, each
    /// once; at least one.
    pub interfaces: Vec<Schema>,
    /// The packages that it is built from, where it says so ([`host_build!`](crate::host_build)).
    pub packages: Option<Packages>,
}

/// A file that takes part in hotswap: one side or the other.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum File {
    /// A module.
    Module(Artifact),
    /// A host's executable.
    Program(Program),
}

impl File {
    /// Reads a file, once nobody has it open for writing.
    ///
    /// # Errors
    /// When it cannot be read, or is neither; then the error says why it is no module.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ArtifactError> {
        let path = path.as_ref();
        let (whole, bytes) = read(path)?;
        let error = match Artifact::of(path, &whole, &bytes) {
            Ok((artifact, _)) => return Ok(Self::Module(artifact)),
            Err(error) => error,
        };
        let interfaces = schemas(&bytes);
        if interfaces.is_empty() {
            return Err(error.neither());
        }
        let (hash, size, packages) = (whole.hash, whole.size, packages(&bytes));
        Ok(Self::Program(Program { path: path.into(), hash, size, interfaces, packages }))
    }
}

/// Pure: every description of an interface in some bytes.
pub(crate) fn schemas(bytes: &[u8]) -> Vec<Schema> {
    let mut found = Vec::new();
    for at in memmem::find_iter(bytes, &SCHEMA_MAGIC).take(MOST_TRIES) {
        if let Ok(schema) = Schema::decode(&bytes[at..])
            && !found.contains(&schema)
        {
            found.push(schema);
        }
    }
    found
}

/// Pure: the description of a host's build in some bytes; `None` where there is not just one.
fn packages(bytes: &[u8]) -> Option<Packages> {
    let places = memmem::find_iter(bytes, &Packages::MAGIC).take(MOST_TRIES);
    let mut found: Vec<_> = places.filter_map(|at| Packages::decode(&bytes[at..])).collect();
    found.dedup();
    (found.len() == 1).then(|| found.remove(0))
}

#[cfg(test)]
mod tests {
    use hotswap_abi::{Interface, interface};

    use super::*;

    #[interface(version = "2.1.0")]
    trait Lamp {
        /// Never called.
        fn light(&mut self, lumen: f32) -> bool;
    }

    #[test]
    fn descriptions_are_found_among_other_bytes() {
        let lamp = <dyn Lamp as Interface>::schema();
        let cut = &lamp[..lamp.len() - 1];
        let bytes = [b"..", cut, &SCHEMA_MAGIC, lamp, b"HOTFACE", lamp, cut].concat();
        let found = schemas(&bytes);
        let [schema] = &found[..] else { panic!("{found:?}") };
        assert_eq!(
            (schema.interface_name(), schema.version.to_string().as_str()),
            ("Lamp", "2.1.0")
        );
        assert_eq!(schemas(b"HOTFACE\0HOTFACE\0"), []);
    }

    #[test]
    fn the_description_of_the_build_is_found_where_there_is_one() {
        let built = |name: &str| {
            let text = format!("crate\t{name}\t0.1.0\t\n");
            let len = u32::try_from(text.len()).unwrap().to_le_bytes();
            [&Packages::MAGIC, &len[..], text.as_bytes()].concat()
        };
        let (game, tool) = (built("game"), built("tool"));
        let found = packages(&[b"..", &*game, b"HOTBUILT", &game].concat());
        assert_eq!(found, Packages::decode(&game));
        assert!(found.is_some());
        assert_eq!(packages(&[game, tool].concat()), None);
    }
}
