//! How a slot goes on after its last run.

use std::fmt;

use hotswap_types::Release;

use super::Backup;

/// What a slot goes on with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Recovered {
    /// The committed artifact that serves again; `None` if none does.
    pub artifact: Option<Release>,
    /// The state; `None` if there is none, and the module starts afresh.
    pub backup: Option<Backup>,
    /// The last run did not end in order: what was changed after the backup is lost.
    pub is_older: bool,
    /// An artifact that served at the end without having been committed.
    pub uncommitted: Option<Release>,
    /// Later backups, and why they are of no use.
    pub passed_over: Vec<String>,
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { artifact, backup, is_older, uncommitted, passed_over } = self;
        f.write_str(if *is_older {
            "the last run did not end in order; "
        } else {
            "goes on where the last run has ended; "
        })?;
        match artifact {
            Some(artifact) => write!(f, "{artifact} serves again")?,
            None => f.write_str("no committed artifact serves again")?,
        }
        match backup {
            Some(backup) => write!(f, ", with {backup}")?,
            None => f.write_str(", without a state")?,
        }
        if *is_older {
            f.write_str("; what was changed after that is lost")?;
        }
        if let Some(uncommitted) = uncommitted {
            write!(f, "; {uncommitted} was not committed")?;
        }
        for why in passed_over {
            write!(f, "\n  passed over: {why}")?;
        }
        Ok(())
    }
}
