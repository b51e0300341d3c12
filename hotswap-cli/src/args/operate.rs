//! The command line of the operator's verbs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hotswap_core::{
    Strategy,
    plan::{Purpose, Urgency},
};

/// Which host is asked, and how it is answered.
#[derive(Debug, Args)]
pub(crate) struct Host {
    /// The socket that the host answers at; unless given, $HOTSWAP_HOST
    #[arg(long, value_name = "SOCKET")]
    pub(crate) host: Option<PathBuf>,
    /// The user whose host answers there; unless given, the host is this user's or root's, or root
    /// asks and the socket's folder was made for its user
    #[arg(long, value_name = "NAME|UID", value_parser = user)]
    pub(crate) host_user: Option<u32>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A user, by name or number.
pub(crate) fn user(text: &str) -> Result<u32, String> {
    let users = || std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let by_name = || {
        users().lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_meant = fields.next() == Some(text);
            fields.nth(1).filter(|_| is_meant)?.parse().ok()
        })
    };
    text.parse().ok().or_else(by_name).ok_or_else(|| {
        "no such user in /etc/passwd; give its number, as `id -u NAME` shows it".to_owned()
    })
}

/// What one is asked about.
#[derive(Debug, Args)]
pub(crate) struct Slot {
    /// The slot; may be left out where the host has one
    pub(crate) slot: Option<String>,
}

/// Who asks.
#[derive(Debug, Args)]
pub(crate) struct By {
    /// Who says so; unless given, $USER
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

/// What a host is asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Show what each slot of a host serves, and how things are with it
    #[command(after_help = "\
Examples:
  hotswap status --host /run/shop/admin.sock
  export HOTSWAP_HOST=/run/shop/admin.sock
  hotswap status --json | jq '.slots[] | select(.degraded != null)'

Exit codes: 0 shown, 1 the host knows no such slot, 2 no host answers")]
    Status {
        #[command(flatten)]
        slot: Slot,
        #[command(flatten)]
        host: Host,
    },
    /// Say what was refused, why, what serves now, and what to do
    #[command(after_help = "\
Examples:
  hotswap why
  hotswap why shop --json | jq '.[0].last_refusal.findings'

Exit codes: 0 said, 1 the host knows no such slot, 2 no host answers")]
    Why {
        #[command(flatten)]
        slot: Slot,
        #[command(flatten)]
        host: Host,
    },
    /// Show the plan that waits for approval, or was made last
    #[command(after_help = "\
Examples:
  hotswap plan shop
  hotswap plan --json | jq '.[0].risks'

Exit codes: 0 shown, 1 nothing was planned yet, 2 no host answers")]
    Plan {
        #[command(flatten)]
        slot: Slot,
        #[command(flatten)]
        host: Host,
    },
    /// Take an artifact through an upgrade; without a file, apply what is pending
    #[command(after_help = "\
Examples:
  hotswap apply shop new/libshop.so --wait && echo it is committed
  hotswap apply shop new/libshop.so --purpose security --urgency critical --why CVE-2026-1
  hotswap apply shop new/libshop.so --at-once  # all calls, although the slot's strategy is gradual
  hotswap apply shop new/libshop.so --strategy gradual=1,10,50   # and the other way round
  hotswap apply shop new/libshop.so --strategy parallel --manual # previews alone, until `promote`
  hotswap apply                                # applies every pending upgrade now
  hotswap apply shop                           # the same, of one slot

The host must be able to read the file. It is judged as one that appears in the host's own folder:
signature, versions, rehearsal, approval and trial are as configured.

Exit codes: 0 under way; with --wait only 0 when it is committed; 1 refused, rolled back, or nothing
was pending; 2 no host answers")]
    Apply {
        #[command(flatten)]
        slot: Slot,
        /// The artifact
        file: Option<PathBuf>,
        /// Wait until the upgrade is over, and show what happens meanwhile
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        wanted: IntentArgs,
        #[command(flatten)]
        host: Host,
    },
    /// Say yes to a plan that waits
    #[command(after_help = "\
Examples:
  hotswap approve 3f9a01c2

Exit codes: 0 approved (`hotswap status` says how it went on), 1 no such artifact waits, 2 no host
answers")]
    Approve {
        /// The artifact's hash, or the beginning of it
        artifact: String,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        host: Host,
    },
    /// Say no to a plan that waits
    #[command(after_help = "\
Examples:
  hotswap reject 3f9a01c2 --why 'not before the weekend'

Exit codes: 0 rejected, 1 no such artifact waits, 2 no host answers")]
    Reject {
        /// The artifact's hash, or the beginning of it
        artifact: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        why: String,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        host: Host,
    },
    /// Let no upgrade begin by itself, until `resume`
    #[command(after_help = "\
Examples:
  hotswap pause --why 'sale until midnight'
  hotswap pause shop

What has begun goes on, a rollback too; what somebody asks for is done.

Exit codes: 0 paused, 1 the host knows no such slot, 2 no host answers")]
    Pause {
        #[command(flatten)]
        slot: Slot,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        host: Host,
    },
    /// Let upgrades begin by themselves again
    #[command(after_help = "\
Examples:
  hotswap resume

Exit codes: 0 the pause is over, 1 there was none, 2 no host answers")]
    Resume {
        #[command(flatten)]
        slot: Slot,
        #[command(flatten)]
        host: Host,
    },
    /// End a trial, or a rollout: the new version stays, with all calls
    #[command(after_help = "\
Examples:
  hotswap commit shop --why 'looked at the orders myself'

Exit codes: 0 committed, 1 nothing is on trial, or the canary says that it is not well, 2 no host
answers")]
    Commit {
        #[command(flatten)]
        slot: Slot,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "an operator has said so")]
        why: String,
        #[command(flatten)]
        host: Host,
    },
    /// End a step of a canary: it gets more calls, or all of them
    #[command(after_help = "\
Examples:
  hotswap promote shop --why 'looked at it myself'

Exit codes: 0 promoted, 1 there is no canary, or it says that it is not well, 2 no host answers")]
    Promote {
        #[command(flatten)]
        slot: Slot,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "an operator has said so")]
        why: String,
        #[command(flatten)]
        host: Host,
    },
    /// End a trial, or a rollout: the version before serves again, with all calls
    #[command(after_help = "\
Examples:
  hotswap rollback shop --why 'prices are wrong'

Exit codes: 0 rolled back, 1 nothing is on trial, or it does not go back now, 2 no host answers")]
    Rollback {
        #[command(flatten)]
        slot: Slot,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "an operator has said so")]
        why: String,
        #[command(flatten)]
        host: Host,
    },
    /// Go back to an artifact that was committed before, long after the commit
    #[command(after_help = "\
Examples:
  hotswap history shop
  hotswap revert shop --to 1.0.0 --why 'orders are slow since 1.1.0'
  hotswap revert shop --to 3f9a01c2 --why 'orders are slow'

Exit codes: 0 it serves, 1 refused (what served goes on), 2 no host answers")]
    Revert {
        #[command(flatten)]
        slot: Slot,
        /// The version, or the artifact's hash or the beginning of it
        #[arg(long, value_name = "VERSION|HASH")]
        to: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        why: String,
        #[command(flatten)]
        host: Host,
    },
    /// Write a slot's state to the disk, and say where it lies
    #[command(after_help = "\
Examples:
  hotswap checkpoint shop

Exit codes: 0 it is on disk, 1 it is not (no journal, no state, no room), 2 no host answers")]
    Checkpoint {
        #[command(flatten)]
        slot: Slot,
        #[command(flatten)]
        host: Host,
    },
    /// Forget that an artifact was rejected, and look at all artifacts again
    #[command(after_help = "\
Examples:
  hotswap why                    # names the artifacts that are not taken
  hotswap clear 3f9a01c2

Exit codes: 0 cleared, 1 it was not rejected, 2 no host answers")]
    Clear {
        /// The artifact's hash, or the beginning of it
        artifact: String,
        #[command(flatten)]
        host: Host,
    },
    /// List the upgrades that are over, the newest first
    #[command(after_help = "\
Examples:
  hotswap history
  hotswap history shop --most 100 --json

Exit codes: 0 listed, 1 the host keeps none, 2 no host answers")]
    History {
        #[command(flatten)]
        slot: Slot,
        /// So many of them
        #[arg(long, value_name = "N", default_value_t = 20)]
        most: usize,
        #[command(flatten)]
        host: Host,
    },
    /// Show how an upgrade went, as Markdown: the last one, or that of an artifact
    #[command(after_help = "\
Examples:
  hotswap report shop > upgrade.md
  hotswap report shop --artifact 3f9a01c2 --json

Exit codes: 0 shown, 1 there is no such report, 2 no host answers")]
    Report {
        #[command(flatten)]
        slot: Slot,
        /// The artifact's hash, or the beginning of it; the last report unless given
        #[arg(long, value_name = "HASH")]
        artifact: Option<String>,
        #[command(flatten)]
        host: Host,
    },
    /// Add a note to a report: what the problem was, and what has solved it
    #[command(after_help = "\
Examples:
  hotswap note shop --problem 'orders were slow' --solution 'went back to 1.0.0'

Exit codes: 0 noted, 1 there is no such report, 2 no host answers")]
    Note {
        #[command(flatten)]
        slot: Slot,
        /// The artifact's hash, or the beginning of it; the last report unless given
        #[arg(long, value_name = "HASH")]
        artifact: Option<String>,
        /// What the problem was
        #[arg(long, value_name = "TEXT")]
        problem: String,
        /// What has solved it
        #[arg(long, value_name = "TEXT")]
        solution: Option<String>,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        host: Host,
    },
}

/// Why an upgrade is wanted.
#[derive(Debug, Args)]
pub(crate) struct IntentArgs {
    /// What it is for: security, fix, feature, performance, or another word
    #[arg(long, value_name = "WORD", default_value = "unstated")]
    pub(crate) purpose: Purpose,
    /// How soon it is wanted: low, normal, high, critical
    #[arg(long, value_name = "WORD", default_value = "normal")]
    pub(crate) urgency: Urgency,
    /// What comes first among upgrades of the same urgency: the higher one
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) priority: i8,
    /// How callers come to the new version this time, whatever the slot's strategy is: smooth (all calls
    /// at once), parallel (previews alone, then all), or gradual with shares in percent
    #[arg(long, value_name = "smooth|parallel|gradual=1,10,50")]
    pub(crate) strategy: Option<Strategy>,
    /// The same as `--strategy smooth`
    #[arg(long, conflicts_with = "strategy")]
    pub(crate) at_once: bool,
    /// Wait for `promote` after each step of the strategy, also when all is well
    #[arg(long, requires = "strategy")]
    pub(crate) manual: bool,
    /// Why, in a sentence
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    #[command(flatten)]
    pub(crate) by: By,
}
