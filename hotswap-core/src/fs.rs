//! Small file primitives that the rest of the host is built on.
//!
//! - [`PrivateFolder`] and [`PrivateFile`]: where private copies live, and how they go away.
//! - [`read_lease`]: is anybody still writing this file? Known, not guessed.
//! - [`read_regular`]: what others may have put there, without being caught by what is no file.
//! - [`replace`]: a file that is there as a whole, old or new; [`disk`]: what that rests on.
//! - [`make_private`]: a folder that stays, for this user alone.
//! - [`file_stem_of`]: a name of any text for a file.
//! - [`is_mounted`]: whether a watch of a file's folder sees what is done to it.
//! - [`Fingerprint`]: what can be told of a file from outside, for file systems where it must be
//!   guessed after all.

mod apart;
pub(crate) mod disk;
mod fingerprint;
mod lease;
mod name;
mod private;
mod regular;
mod replace;

pub(crate) use apart::is_mounted;
pub(crate) use fingerprint::Fingerprint;
pub(crate) use lease::{Claim, ReadLease, read_lease};
pub(crate) use name::file_stem_of;
pub(crate) use private::{FolderError, PrivateFile, PrivateFolder, make_private};
pub(crate) use regular::{Unopened, open_regular, read_regular};
pub(crate) use replace::{remove_left_aside, replace};
