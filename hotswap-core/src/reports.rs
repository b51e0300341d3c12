//! The reports of a host: drafts of upgrades on their way, and those of upgrades that are over.
//!
//! `draft` is what is known while an upgrade goes on, fed by what the host tells; `times` and
//! `history` are what reports come to. All are pure. `store` is where they are kept.

mod draft;
mod history;
mod store;
mod times;

pub(crate) use self::{
    draft::{Drafts, Moment},
    history::{history, unfinished},
    store::{FOLDER, Store, Unnoted},
    times::Times,
};
