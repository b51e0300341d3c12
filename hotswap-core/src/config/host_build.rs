//! How the host's own program was built: what a module that works on its values must match.

use hotswap_abi::__private::same_build::Packages;

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
