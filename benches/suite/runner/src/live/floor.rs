//! The floor: copy, hash, open, check, close.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use hotswap_abi::__private::module::Export;
use libloading::Library;

use crate::modules::{self, Artifact, milliseconds, put};

/// The symbol under which the module exports what is checked.
const EXPORT: &[u8] = b"hotswap_root_benches_calls";

pub(super) struct Floor {
    artifact: Artifact,
    folder: PathBuf,
}

impl Floor {
    pub(super) fn new() -> Self {
        let artifact = Artifact::read(&modules::build("benches-calls", &[]));
        Self { artifact, folder: modules::scratch("floor") }
    }

    pub(super) fn run(&mut self, round: u64) -> f64 {
        let path = self.folder.join("libbenches_calls.so");
        let copy = self.folder.join(format!("copy-{round}.so"));
        let started = put(&path, self.artifact.marked(round));
        std::hint::black_box(copy_and_hash(&path, &copy).expect("the target folder is writable"));
        // SAFETY: a module of ours, which runs nothing when it is opened.
        let library =
            unsafe { Library::new(&copy) }.expect("a module that was built can be opened");
        // SAFETY: modules export this under this name.
        let export = unsafe { library.get::<*const Export>(EXPORT) };
        let export = *export.expect("the module has an export");
        // SAFETY: the export of a module that was built with this abi_stable.
        unsafe { Export::check(export) }.expect("the module fits");
        library.close().expect("the module can be closed");
        let figure = milliseconds(started);
        fs::remove_file(copy).expect("the target folder can be written");
        figure
    }
}

/// Read once.
fn copy_and_hash(from: &Path, to: &Path) -> io::Result<blake3::Hash> {
    let (mut from, mut to) = (File::open(from)?, File::create(to)?);
    let (mut hasher, mut part) = (blake3::Hasher::new(), vec![0; 1 << 18]);
    loop {
        let len = from.read(&mut part)?;
        if len == 0 {
            return Ok(hasher.finalize());
        }
        hasher.update(&part[..len]);
        to.write_all(&part[..len])?;
    }
}
