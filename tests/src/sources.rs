//! A module that a host builds from its sources: a workspace of two packages, which a test edits.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use hotswap_core::{Config, SlotConfig, cargo::Request};

use crate::{patient, target};

/// A copy of the minimal example's interface and module, in a workspace of its own.
///
/// They share a target folder, for the sake of the dependencies: one at a time, and each package
/// with a version of its own. To cargo, packages of one name and version at the same place in two
/// workspaces are the same one.
#[derive(Debug)]
pub struct Sources {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Sources {
    /// The file with the module's code.
    pub const MODULE: &str = "module/src/lib.rs";

    /// A copy in a folder of this name below the target folder.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(name: &str, version: &str) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/minimal");
        let root = fs::canonicalize(env!("CARGO_MANIFEST_DIR")).expect("it is there");
        let root = root.parent().expect("it lies in the repository");
        let sources = Self { folder: target().join(name), _alone: alone };
        if sources.folder.exists() {
            fs::remove_dir_all(&sources.folder).expect("it can be removed");
        }
        for file in ["api/Cargo.toml", "api/src/lib.rs", "module/Cargo.toml", Self::MODULE] {
            let text = fs::read_to_string(examples.join(file)).expect("it can be read");
            let abi = root.join("hotswap-abi").display().to_string();
            let text = text.replace("../../../hotswap-abi", &abi);
            let version = format!("version = \"{version}\"");
            sources.write(file, &text.replace("version = \"0.1.0\"", &version));
        }
        // The profile of the other fixtures, so that their dependencies serve here as well.
        let workspace = "[workspace]\nresolver = \"3\"\nmembers = [\"api\", \"module\"]\n\n\
                         [profile.dev]\ndebug = false\nstrip = \"debuginfo\"\npanic = \"abort\"\n";
        sources.write("Cargo.toml", workspace);
        fs::copy(root.join("Cargo.lock"), sources.at("Cargo.lock")).expect("it can be copied");
        sources
    }

    /// The workspace's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of it.
    #[must_use]
    pub fn at(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// A patient host's settings, which builds the module for the slot `adder`.
    #[must_use]
    pub fn config(&self) -> Config {
        patient().slot("adder", SlotConfig::cargo("adder")).build(|request| self.request(request))
    }

    /// A request to build here, together with the others.
    #[must_use]
    pub fn request(&self, request: Request) -> Request {
        request.with_folder(&self.folder).with_target_folder(target().join("built"))
    }

    /// Writes a file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.at(file);
        let folder = path.parent().expect("it lies in a folder");
        fs::create_dir_all(folder).expect("a folder can be made");
        fs::write(path, text).expect("it can be written");
    }

    /// Replaces a text that a file has once.
    ///
    /// # Panics
    /// When it has not.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.edited(file, from, to);
        self.write(file, &text);
    }

    /// The same as `cp -p` and `rsync -t` do it: put in place at once, with the time of days ago.
    ///
    /// # Panics
    /// When it has not.
    pub fn edit_with_old_time(&self, file: &str, from: &str, to: &str) {
        const PUT: &str = "put";
        self.write(PUT, &self.edited(file, from, to));
        let put = File::options().append(true).open(self.at(PUT)).expect("it can be opened");
        let old = SystemTime::now() - Duration::from_secs(3 * 24 * 3600);
        put.set_modified(old).expect("it can have any time");
        fs::rename(self.at(PUT), self.at(file)).expect("it can be renamed");
    }

    fn edited(&self, file: &str, from: &str, to: &str) -> String {
        let text = fs::read_to_string(self.at(file)).expect("it can be read");
        assert_eq!(text.matches(from).count(), 1, "{from} in {file}");
        text.replace(from, to)
    }

    /// Has the module multiply by what a C library returns, which its build script makes. Writes that
    /// library's source.
    pub fn multiply_by_a_library(&self, number: &str) {
        let script = r#"
            use std::{env, process::Command};
            fn main() {
                let out = env::var("OUT_DIR").unwrap();
                println!("cargo::rerun-if-changed=number.c");
                let file = format!("{out}/libhotswap_number.so");
                let cc = env::var("CC").unwrap_or("cc".into());
                let made =
                    Command::new(cc).args(["-shared", "-fPIC", "-o", &file, "number.c"]).status();
                assert!(made.unwrap().success());
                println!("cargo::rustc-link-search=native={out}");
                println!("cargo::rustc-link-lib=dylib=hotswap_number");
                println!("cargo::rustc-link-arg=-Wl,-rpath,{out}");
            }"#;
        self.number_of_the_library(number);
        self.write("module/build.rs", script);
        let call = "+= number * i64::from(unsafe { hotswap_number() });";
        let text = self.edited(Self::MODULE, "+= number;", call);
        let declared = "unsafe extern \"C\" { fn hotswap_number() -> i32; }";
        self.write(Self::MODULE, &format!("{text}\n{declared}\n"));
    }

    /// Writes the library's source anew.
    pub fn number_of_the_library(&self, number: &str) {
        let text = format!("int hotswap_number(void) {{ return {number}; }}\n");
        self.write("module/number.c", &text);
    }
}
