//! `#[same_build]`: modules that work on values of the host's, and how the host's own program was
//! built, which they must match.

use hotswap_abi::__private::same_build::Packages;

use super::Config;

/// How the host's own program was built: made by [`host_build!`](crate::host_build), for
/// [`Config::with_host_build`](crate::Config::with_host_build).
#[derive(Debug, Clone, Copy)]
pub struct HostBuild(&'static [u8]);

impl HostBuild {
    /// # Safety
    /// The bytes describe the program that is running.
    #[doc(hidden)]
    #[must_use]
    #[expect(unsafe_code, reason = "host_build! promises it")]
    pub const unsafe fn new(bytes: &'static [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn packages(self) -> Packages {
        Packages::decode(self.0).expect("`host_build!` writes a sound description")
    }
}

impl Config {
    /// Opens slots whose interface has `#[same_build]` arguments: there a module works on the
    /// host's own values, of any type, in place. The book has a chapter on it.
    ///
    /// An artifact is taken only where compiler, target, profile, features, dependencies and the
    /// sources of local packages are those of the host: those below the interface, as both sides'
    /// builds of it have noted them, and every other package that host and module both have, as the
    /// module and [`with_host_build`](Self::with_host_build) describe them. The first difference is
    /// named. Code of such a module stays mapped for ever, so that function pointers, vtables and
    /// `&'static` data that it leaves in a value stay valid.
    ///
    /// # Safety
    /// For as long as the host lives, what cannot be seen in a build must hold:
    /// - Artifacts are what cargo has built. Nobody has edited one, its manifest or a compiled
    ///   dependency, nor set back the time of a source.
    /// - What the sources do not show is the same on both sides: what build scripts and macros read
    ///   from elsewhere, where it decides about types.
    /// - Safety of the lent types does not rest on a static or a thread-local being the only one of
    ///   its kind: each library has its own. The same goes for addresses of functions and
    ///   constants.
    /// - No value of a type that the module's own crate, or one that the host does not have, defines
    ///   is found in what is lent by its `TypeId` (`Any`, an entity system) once an edit has changed
    ///   that type: the compiler gives it the same `TypeId` as before. The plan and an event name
    ///   such types; keep them in a package that the host has, or restart the host.
    /// - Nothing that belongs to a thread of a module, as its guard of a lock or an entry in its
    ///   thread-locals, is left in what is lent.
    /// - A module keeps no pointer to what was lent after the call, and does not hand out `unsafe`
    ///   promises about it that the host does not keep.
    #[must_use]
    #[expect(unsafe_code, reason = "its caller promises what no check can see")]
    pub const unsafe fn lend_rust_types(mut self) -> Self {
        self.lends_rust_types = true;
        self
    }

    /// How this program is built: [`host_build!()`](crate::host_build), in its own crate. Slots whose
    /// interface has `#[same_build]` arguments need it.
    ///
    /// An entity system, or anything else that finds values by their `TypeId`, holds types of
    /// packages that the interface has never heard of. So every package that the program and a
    /// module both have is compared.
    #[must_use]
    pub fn with_host_build(mut self, build: HostBuild) -> Self {
        self.packages = Some(build.packages());
        self
    }
}

/// Describes how this program is built: a [`HostBuild`](crate::HostBuild) with its packages, their
/// features and sources, as cargo and the compiler know them.
///
/// It belongs into the program's own crate, `main.rs`: a library does not see what the program links
/// beside it, and a host that is described by a library takes no artifact.
///
/// ```
/// use hotswap_core::{Config, host_build};
///
/// let config = Config::dev().with_host_build(host_build!());
/// ```
#[macro_export]
macro_rules! host_build {
    () => {
        $crate::abi::__private::host_build!($crate)
    };
}
