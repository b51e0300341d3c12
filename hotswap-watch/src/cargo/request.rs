//! What is to be built, and how.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// What is to be built, and how.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) folder: PathBuf,
    pub(super) packages: Vec<String>,
    pub(super) profile: Profile,
    pub(super) target_folder: Option<PathBuf>,
    pub(super) shared: Vec<String>,
    pub(super) arguments: Vec<String>,
    pub(super) cargo: Option<PathBuf>,
    pub(super) colors: bool,
    pub(super) polling: Option<Duration>,
}

impl Request {
    /// Cargo is run in this folder: that of the workspace, or one below it. A relative path is
    /// taken from the current folder when the builder starts.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            packages: Vec::new(),
            profile: Profile::default(),
            target_folder: None,
            shared: Vec::new(),
            arguments: Vec::new(),
            cargo: None,
            colors: false,
            polling: None,
        }
    }

    /// In another folder; see [`new`](Self::new).
    #[must_use]
    pub fn with_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// One more package, by its name. It needs a library of type cdylib. All packages are built
    /// by one cargo, so that they agree on the features of what they depend on.
    #[must_use]
    pub fn with_package(mut self, name: impl Into<String>) -> Self {
        self.packages.push(name.into());
        self
    }

    /// In this profile; that of the running program unless told otherwise. Whatever the profile
    /// says of panics, they unwind: a module that aborts could take the host with it.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Into this folder, instead of `hotswap` in cargo's target folder. A relative path is taken
    /// from the folder of the request.
    #[must_use]
    pub fn with_target_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.target_folder = Some(folder.into());
        self
    }

    /// One more package that is linked into the running program, too, as an interface crate is:
    /// when it changes, the program must be restarted. Without any, these are the path
    /// dependencies that depend on `hotswap-abi` and are no cdylibs themselves.
    #[must_use]
    pub fn with_shared(mut self, name: impl Into<String>) -> Self {
        self.shared.push(name.into());
        self
    }

    /// With the features that dependencies have in the running program: those that this package,
    /// the program's own, asks for as well. Modules that are lent values as `#[same_build]` need it
    /// as soon as host and module share a dependency that the host asks more features of. In the
    /// program's own crate the name is `env!("CARGO_PKG_NAME")`. Its library is built along, if it
    /// has one.
    #[must_use]
    pub fn with_features_of(self, package: impl AsRef<str>) -> Self {
        self.with_argument(format!("-p={}", package.as_ref()))
    }

    /// One more argument for `cargo build`, such as `--offline` or `--features=fast`.
    #[must_use]
    pub fn with_argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// This cargo, instead of the one that started the program or is found in `PATH`.
    #[must_use]
    pub fn with_cargo(mut self, program: impl Into<PathBuf>) -> Self {
        self.cargo = Some(program.into());
        self
    }

    /// Whether the compiler's texts have a terminal's colours; they have none unless told so.
    #[must_use]
    pub const fn with_colors(mut self, colors: bool) -> Self {
        self.colors = colors;
        self
    }

    /// Looks at the sources at an interval, where the file system sends no events.
    #[must_use]
    pub const fn with_polling(mut self, interval: Duration) -> Self {
        self.polling = Some(interval);
        self
    }
}

/// A profile of cargo.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// `dev`.
    Dev,
    /// `release`.
    Release,
    /// One of the workspace's own, by its name.
    Named(String),
}

impl Profile {
    /// The folder that cargo builds it in.
    pub(super) fn folder(&self) -> &str {
        match self.name() {
            "dev" | "test" => "debug",
            "bench" => "release",
            name => name,
        }
    }

    /// As `--profile` takes it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
            Self::Named(name) => name,
        }
    }
}

/// That of the running program, as far as it can be told: with debug assertions it is `dev`.
impl Default for Profile {
    fn default() -> Self {
        if cfg!(debug_assertions) { Self::Dev } else { Self::Release }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
