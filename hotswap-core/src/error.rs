//! Why something that was asked of a host was not done.

use std::{fmt, time::Duration};

#[cfg(feature = "cargo")]
use hotswap_abi::__private::text::in_full;
use hotswap_loader::fs::FolderError;
pub use hotswap_types::ErrorKind;

use hotswap_types::ArtifactHash;
use hotswap_watch::WatchError;

use crate::{
    config::ConfigError, event::Refusal, floors::FloorsError, journal::JournalError,
    machine::owner::Forked, snapshot::SnapshotError,
};

/// Why something that was asked of a host was not done. The host goes on as before.
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Reason);

hotswap_abi::debug_in_full!(Error);

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Reason::from(error).into()
    }
}

impl From<Forked> for Error {
    fn from(forked: Forked) -> Self {
        Reason::from(forked).into()
    }
}

impl Error {
    /// Who or what is to blame.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match &self.0 {
            Reason::Config(error) => error.kind(),
            Reason::Builtin { .. }
            | Reason::NotRestarted { .. }
            | Reason::NotCommitted { .. }
            | Reason::NotRolledBack { .. }
            | Reason::NotRestored { .. }
            | Reason::NotReverted { .. } => ErrorKind::Artifact,
            #[cfg(feature = "cargo")]
            Reason::NotBuilt { .. } => ErrorKind::Artifact,
            Reason::NoArtifact { refusal, .. } => match refusal {
                Some(_) => ErrorKind::Artifact,
                None => ErrorKind::Timeout,
            },
            Reason::NotLive { .. } => ErrorKind::Timeout,
            Reason::UnknownSlot { .. }
            | Reason::OtherInterface { .. }
            | Reason::NotOptedIn { .. }
            | Reason::NotSideBySide { .. }
            | Reason::NothingToReplay { .. }
            | Reason::NoHostBuild { .. }
            | Reason::Inside { .. }
            | Reason::Callback
            | Reason::RehearsalNotServed
            | Reason::NotOffered { .. }
            | Reason::NotByStrategy { .. }
            | Reason::NoTrial { .. }
            | Reason::NoCanary { .. }
            | Reason::NoJournal
            | Reason::NoPlan { .. }
            | Reason::NotApproved { .. }
            | Reason::NoReport { .. }
            | Reason::Forked(_)
            | Reason::Ended => ErrorKind::Misuse,
            #[cfg(feature = "cargo")]
            Reason::Cargo(_) => ErrorKind::Misuse,
            Reason::Folder(_)
            | Reason::Watch(_)
            | Reason::Thread(_)
            | Reason::Scratch(_)
            | Reason::Floors(_)
            | Reason::Journal(_)
            | Reason::Checkpoint { .. }
            | Reason::NotNoted { .. }
            | Reason::NotBackedUp { .. }
            | Reason::NotKept { .. }
            | Reason::Died => ErrorKind::System,
            #[cfg(unix)]
            Reason::Admin(_) => ErrorKind::System,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Reason {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("no slot {name} is configured; there are: {}", known.join(", "))]
    UnknownSlot { name: String, known: Vec<String> },
    #[error("slot {name} was opened for interface {first} before, and not for {second}")]
    OtherInterface { name: String, first: String, second: String },
    #[error(
        "interface {interface} of slot {name} has methods that take `&mut self`, and the slot's \
         strategy has two versions serve side by side, which would each change an instance of their \
         own: let the methods take `&self`, or set Strategy::smooth for the slot"
    )]
    NotSideBySide { name: String, interface: String },
    #[error(
        "interface {interface} of slot {name} has no method {method}, which the slot's replay names; \
         it has: {}", methods.join(", ")
    )]
    NothingToReplay {
        name: String,
        interface: String,
        method: String,
        methods: &'static [&'static str],
    },
    #[error(
        "interface {interface} of slot {name} lends values as #[same_build] ({method}), and the \
         host has not opted in: call the unsafe Config::lend_rust_types, and keep its conditions"
    )]
    NotOptedIn { name: String, interface: String, method: String },
    #[error(
        "interface {interface} of slot {name} lends values as #[same_build], and the host has not \
         said how it is built: call Config::with_host_build(hotswap_core::host_build!()) in main.rs"
    )]
    NoHostBuild { name: String, interface: String },
    #[error(
        "no artifact for slot {name} after {after:.0?}; looked at {source_path}{}",
        last(refusal)
    )]
    NoArtifact { name: String, after: Duration, source_path: String, refusal: Option<Box<Refusal>> },
    #[error("the module built into the program for slot {name} does not start: {refusal}")]
    Builtin { name: String, refusal: Box<Refusal> },
    #[error(
        "generation {wanted} of slot {name} is not live after {after:?}; {serving} is{}",
        last(refusal)
    )]
    NotLive {
        name: String,
        wanted: u64,
        serving: u64,
        after: Duration,
        refusal: Option<Box<Refusal>>,
    },
    #[error("this was asked from inside a call of slot {name}, which would wait for itself")]
    Inside { name: String },
    #[error("an event callback asked for this, and would wait for what waits for it")]
    Callback,
    #[error(
        "this process was started to rehearse an artifact, and probe::serve() does not stand first \
         in its main"
    )]
    RehearsalNotServed,
    #[error("the host was shut down")]
    Ended,
    #[error(
        "the host's own thread has panicked: what serves goes on, and the host does nothing more; \
         restart the program"
    )]
    Died,
    #[error(transparent)]
    Forked(#[from] Forked),
    #[cfg(feature = "cargo")]
    #[error("modules cannot be built from their sources: {}", in_full(.0))]
    Cargo(hotswap_watch::cargo::CargoError),
    #[error(
        "the state of slot {name} from the last run cannot be read; it was left as it is: mend the \
         file, or move it away to start afresh"
    )]
    Checkpoint { name: String, source: SnapshotError },
    #[error("the host has ended, and for the next start has not kept: {}", lost.join("; "))]
    NotKept { lost: Vec<String> },
    #[error(
        "the host has no journal: give it a data folder with Config::with_data_dir, and have a \
         journal kept there with Config::with_journal"
    )]
    NoJournal,
    #[error("the state of slot {name} is not backed up: {why}")]
    NotBackedUp { name: String, why: String },
    #[error("slot {name} goes on with the state that it has, and not with backup {number}: {why}")]
    NotRestored { name: String, number: u64, why: String },
    #[error("slot {name} is not reverted to {to}: {why}")]
    NotReverted { name: String, to: String, why: String },
    #[error("slot {slot} has no report {number}")]
    NoReport { slot: String, number: u64 },
    #[error("report {number} of slot {slot} is as it was, without the note: {why}")]
    NotNoted { slot: String, number: u64, why: String },
    #[error("no artifact {artifact} waits for approval")]
    NoPlan { artifact: ArtifactHash },
    #[error("artifact {artifact} is not approved: {why}")]
    NotApproved { artifact: ArtifactHash, why: String },
    #[error("nothing can be offered to slot {name}: {why}")]
    NotOffered { name: String, why: String },
    #[error("the next upgrade of slot {name} cannot have the strategy that is asked for: {why}")]
    NotByStrategy { name: String, why: String },
    #[error("slot {name} has no version on trial")]
    NoTrial { name: String },
    #[error("slot {name} has no canary")]
    NoCanary { name: String },
    #[error("what is on trial in slot {name} is not committed: {}", why.join("; "))]
    NotCommitted { name: String, why: Vec<String> },
    #[error("slot {name} is not rolled back: {}", why.join("; "))]
    NotRolledBack { name: String, why: Vec<String> },
    #[error("slot {name} goes on with the instance that it had: {why}")]
    NotRestarted { name: String, why: String },
    #[error("no folder can be made for the states of a test")]
    Scratch(#[source] std::io::Error),
    #[cfg(feature = "cargo")]
    #[error("the package {package} does not build:\n{found}")]
    NotBuilt { package: String, found: String },
    #[error("the floors of the modules' versions cannot be had")]
    Floors(#[source] FloorsError),
    #[error("the journal cannot be had")]
    Journal(#[source] JournalError),
    #[cfg(unix)]
    #[error("operators cannot be answered")]
    Admin(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the folder for private copies cannot be used")]
    Folder(#[source] FolderError),
    #[error("artifacts cannot be watched")]
    Watch(#[source] WatchError),
    #[error("a thread of the host cannot be started")]
    Thread(#[source] std::io::Error),
}

fn last(refusal: &Option<Box<Refusal>>) -> impl fmt::Display + '_ {
    fmt::from_fn(move |f| match refusal {
        Some(refusal) => write!(f, "; the last one was refused:\n{refusal}"),
        None => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use std::{error, io, path::PathBuf};

    use super::*;

    /// What a `main` that returns `error` prints behind `Error: `.
    fn printed(error: impl Into<Box<dyn error::Error>>) -> String {
        format!("{:?}", error.into())
    }

    #[test]
    fn an_error_prints_as_its_message_and_its_causes() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let path = PathBuf::from("/srv/journal.jsonl");
        let journal = || JournalError::Write { path: path.clone(), source: full() };
        let told = "/srv/journal.jsonl cannot be written: no storage space";
        assert_eq!(printed(journal()), told);
        assert_eq!(
            printed(Error::from(Reason::Journal(journal()))),
            format!("the journal cannot be had: {told}")
        );
        assert_eq!(
            printed(WatchError::Refused { folder: "/srv".into(), source: full() }),
            "cannot watch /srv: no storage space"
        );
        let unknown = Reason::UnknownSlot { name: "b".to_owned(), known: vec!["a".to_owned()] };
        assert_eq!(printed(Error::from(unknown)), "no slot b is configured; there are: a");
        assert_eq!(printed("x".parse::<ArtifactHash>().unwrap_err()).split(',').count(), 2);
    }

    /// Every error that a program can name; an error's derived `Debug` is a dump of its fields.
    #[test]
    fn every_public_error_prints_so() {
        let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let abi = concat!(env!("CARGO_MANIFEST_DIR"), "/../hotswap-abi/src");
        let types = concat!(env!("CARGO_MANIFEST_DIR"), "/../hotswap-types/src");
        let mut folders = vec![PathBuf::from(sources), abi.into(), types.into()];
        let mut errors = 0;
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let (source, mut derives) = (std::fs::read_to_string(&path).unwrap(), "");
                    for line in source.lines() {
                        if line.starts_with("#[derive(") {
                            derives = line;
                        } else if line.starts_with("pub ") {
                            let is_error = derives.contains("Error)");
                            errors += u32::from(is_error);
                            assert!(!(is_error && derives.contains("Debug")), "{line}: {derives}");
                            derives = "";
                        }
                    }
                }
            }
        }
        assert!(errors > 15, "only {errors} were found");
    }
}
