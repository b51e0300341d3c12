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

use self::asker::Asker;
use crate::operator::Operator;

impl Operator {
    /// Does what is asked, and answers as the socket does: for a console of the program's own, or an
    /// HTTP route whose body is an [`Operation`] and whose answer a [`Reply`], both JSON by serde.
    ///
    /// Comes back when it is done; with [`Operation::Apply`] and `wait` that may take as long as the
    /// upgrade and its trial. `progress` is told meanwhile what happens, in lines for people. Whoever
    /// may call this may do all that an operator may: who asks is not checked.
    ///
    /// # Errors
    /// Why it was not done, and what can be done instead; nothing was changed.
    ///
    /// ```no_run
    /// use hotswap_core::{Operator, admin::Operation};
    ///
    /// fn pause(operator: &Operator) -> Result<(), String> {
    ///     let by = "the console".to_owned();
    ///     let pause = Operation::Pause { slot: None, by, why: "an audit".to_owned() };
    ///     println!("{}", operator.perform(pause, |_| ())?.text);
    ///     Ok(())
    /// }
    /// ```
    pub fn perform(
        &self,
        operation: Operation,
        mut progress: impl FnMut(&str),
    ) -> Result<Done, String> {
        let mut progress = |line: &str| {
            progress(line);
            true
        };
        let mut asker = Asker { progress: &mut progress, is_gone: &|| false };
        answer::answer(self, operation, &mut asker)
    }
}
