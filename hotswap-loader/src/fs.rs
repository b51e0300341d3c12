//! Small file primitives that the rest of the host is built on.
//!
//! - [`PrivateFolder`] and [`PrivateFile`]: where private copies live, and how they go away.
//! - [`read_lease`]: is anybody still writing this file? Known, not guessed.
//! - [`read_regular`]: what others may have put there, without being caught by what is no file.
//! - [`remove_within`]: a folder that others have filled goes, in a bounded time.
//! - [`replace()`]: a file that is there as a whole, old or new; [`disk`]: what that rests on.
//! - [`make_private`]: a folder that stays, for this user alone.
//! - [`file_stem_of`]: a name of any text for a file.
//! - [`Spared`]: a file that would become too large is an error, and not the end of the process.

pub mod disk;
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "masks a signal"))]
mod file_size;
mod lease;
mod name;
mod private;
mod regular;
mod remove;
mod replace;

pub use file_size::Spared;
pub use lease::{Claim, ReadLease, read_lease};
pub use name::file_stem_of;
pub use private::{FolderError, PrivateFile, PrivateFolder, is_private_folder, make_private};
pub use regular::{Unopened, open_regular, read_regular};
pub use remove::remove_within;
pub use replace::{remove_left_aside, replace};
