//! A scratch copy of the module and its interface, which the tour edits and builds with cargo.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Failure;

/// The scratch copy: a workspace of its own below the target folder.
pub(crate) struct Scratch {
    folder: PathBuf,
}

/// Where a crate of the copy has its source.
#[derive(Clone, Copy)]
pub(crate) enum File {
    Module,
    ModuleManifest,
    Api,
    ApiManifest,
}

impl File {
    const fn path(self) -> &'static str {
        match self {
            Self::Module => "module/src/lib.rs",
            Self::ModuleManifest => "module/Cargo.toml",
            Self::Api => "api/src/lib.rs",
            Self::ApiManifest => "api/Cargo.toml",
        }
    }
}

impl Scratch {
    pub(crate) fn new() -> Result<Self, Failure> {
        let host = Path::new(env!("CARGO_MANIFEST_DIR"));
        let source = host.parent().ok_or("the example has a folder")?;
        let root = source.ancestors().nth(2).ok_or("the example is in a workspace")?;
        let target = env::current_exe()?
            .ancestors()
            .nth(2)
            .ok_or("cargo puts the program two levels below the target folder")?
            .to_owned();
        let folder = target.join("quickstart");
        if folder.join("scratch").exists() {
            fs::remove_dir_all(folder.join("scratch"))?;
        }
        let scratch = Self { folder: folder.join("scratch") };
        fs::create_dir_all(&scratch.folder)?;
        for file in [File::Module, File::ModuleManifest, File::Api, File::ApiManifest] {
            let path = scratch.folder.join(file.path());
            fs::create_dir_all(path.parent().ok_or("a file has a folder")?)?;
            let abi = root.join("hotswap-abi");
            let text = fs::read_to_string(source.join(file.path()))?
                .replace("../../../hotswap-abi", &abi.display().to_string());
            fs::write(path, text)?;
        }
        fs::write(
            scratch.folder.join("Cargo.toml"),
            "[workspace]\nresolver = \"3\"\nmembers = [\"api\", \"module\"]\n\n\
             [profile.dev]\ndebug = \"line-tables-only\"\n",
        )?;
        // The same versions of everything, so that nothing has to be looked up.
        match fs::copy(root.join("Cargo.lock"), scratch.folder.join("Cargo.lock")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(scratch),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where cargo puts the built module.
    pub(crate) fn artifact(&self) -> PathBuf {
        let (prefix, suffix) = (env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
        self.target().join("debug").join(format!("{prefix}arcade{suffix}"))
    }

    fn target(&self) -> PathBuf {
        self.folder.with_file_name("build")
    }

    /// Replaces a piece of a file, which must be there exactly once.
    pub(crate) fn edit(&self, file: File, from: &str, to: &str) -> Result<(), Failure> {
        let path = self.folder.join(file.path());
        let text = fs::read_to_string(&path)?;
        match text.matches(from).count() {
            1 => Ok(fs::write(path, text.replacen(from, to, 1))?),
            found => Err(format!("{}: found {from:?} {found} times", path.display()).into()),
        }
    }

    /// The text of a file, to put it back later.
    pub(crate) fn text(&self, file: File) -> Result<String, Failure> {
        Ok(fs::read_to_string(self.folder.join(file.path()))?)
    }

    pub(crate) fn put_back(&self, file: File, text: &str) -> Result<(), Failure> {
        Ok(fs::write(self.folder.join(file.path()), text)?)
    }

    /// Builds the module, as a user would.
    pub(crate) fn build(&self) -> Result<(), Failure> {
        let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--quiet", "--package", "arcade"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.target())
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("cargo build failed:\n{}", String::from_utf8_lossy(&output.stderr)).into())
    }
}
