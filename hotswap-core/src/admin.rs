//! The operator's hands: a host answers on a Unix socket ([`Config::admin`](crate::Config::admin)),
//! and the program `hotswap` speaks to it.
//!
//! # The protocol
//! A connection carries one [`Operation`], a JSON object on one line of at most 64 KiB, and its
//! [`Reply`]s, a line each: any number of [`Reply::Progress`], then one [`Reply::Done`] or
//! [`Reply::Failed`]. A reply has a text for people, made by the host, and a value for scripts; so a
//! client need not know what it shows, and may be older or newer than the host.
//!
//! # Who may ask
//! Whoever could as well attach a debugger: the socket has mode 0600, and a peer that is neither
//! root nor of the host's own user is refused, whatever became of the mode since. The side that
//! asks looks in the same way at who answers, before it says anything, and escapes what it is told.
//!
//! # What it costs
//! One thread that sleeps in `poll` until somebody connects, and one for each connection, of which
//! there are at most 16 at a time.

mod answer;
mod asker;
mod asking;
mod await_end;
mod client;
mod protocol;
mod server;
mod socket;
mod table;
mod words;

pub(crate) use self::server::Admin;
pub use self::{
    client::{Client, ClientError},
    protocol::{Done, Reply},
};
pub use hotswap_types::Operation;
