//! What `new` and `add` write: names, texts, and files that appear all at once.

mod dependency;
mod files;
mod interface;
mod members;
mod names;
mod template;

pub(crate) use dependency::{Dependencies, plain, quoted, relative};
pub(crate) use files::Draft;
pub(crate) use interface::Contract;
pub(crate) use members::Members;
pub(crate) use names::{Names, check_name, krate};
pub(crate) use template::Texts;
