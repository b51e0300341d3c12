//! What may go wrong in an upgrade, and what is done about it. Pure.

use std::time::Duration;

use hotswap_loader::STATIC_TLS_REMEDY;

use super::{Side, Situation, has_pause};
use crate::{
    plan::{Level, Risk},
    upgrade::{Handover, Sizes},
};

/// A rollback is recent for so long.
const RECENT: Duration = Duration::from_secs(3600);

/// What may go wrong, the worst first.
pub(crate) fn risks(
    from: Option<Side<'_>>,
    to: Side<'_>,
    handover: &Handover,
    situation: &Situation,
) -> Vec<Risk> {
    let mut risks = Vec::new();
    let mut risk = |level, reason: String, remedy: &str| {
        risks.push(Risk { level, reason, remedy: remedy.to_owned() });
    };
    let Situation {
        degraded,
        poisoned,
        panics,
        rolled_back,
        generations: (mapped, cap),
        disk,
        static_tls,
        memory,
        state: (state, copies),
        has_trial,
        is_smooth_for_state,
        is_smooth_as_asked,
        pause: (longest, likely),
        window,
        unrehearsed,
        way_back_works,
        no_way_back,
        replay,
        lending,
    } = situation;

    match handover {
        Handover::Drop { why } => risk(
            Level::High,
            format!("the state is dropped: {}", why.join("; ")),
            "give the module a migration, or keep a backup of the state",
        ),
        Handover::State { downgraded: Some(own), to, .. } => risk(
            Level::Medium,
            format!("the state goes back from version {own} to {to}"),
            "what serves writes it; where a step cannot go back the upgrade is refused",
        ),
        Handover::State { by_name: true, .. } => risk(
            Level::Medium,
            "the state's shape changed under its version: it is carried by the fields' names"
                .to_owned(),
            "the event names each field that is dropped or has got a default value",
        ),
        Handover::State { from, to, .. } if from != to => risk(
            Level::Medium,
            format!("the state is migrated from version {from} to {to}"),
            if *way_back_works {
                "a failed migration changes nothing; the way back was rehearsed"
            } else {
                "a failed migration changes nothing; whether it can go back is known when it has to"
            },
        ),
        _ => {}
    }
    if let Some(why) = unrehearsed {
        risk(
            Level::Medium,
            format!("it was not rehearsed: {why}"),
            "its own self_test alone stands between it and the callers",
        );
    }
    if !no_way_back.is_empty() {
        risk(
            Level::High,
            format!("what serves could not come back with its state: {}", no_way_back.join("; ")),
            "write `Migrate::downgrade`, or be ready to lose what changes after the upgrade",
        );
    }
    if let Some(why) = degraded {
        risk(
            Level::High,
            format!("the slot is degraded: {why}"),
            "this upgrade is the way out, if it is a good one",
        );
    }
    if *poisoned {
        risk(
            Level::High,
            "a panic has left the instance that serves half changed".to_owned(),
            "the new version begins with the state of the last upgrade",
        );
    } else if *panics > 0 {
        risk(
            Level::Low,
            format!("{panics} calls of the version that serves have panicked"),
            "look at what they have left of its state",
        );
    }
    if let Some(ago) = rolled_back.filter(|ago| *ago < RECENT) {
        risk(
            Level::High,
            format!("another version was rolled back {ago:.0?} ago"),
            "see that what was wrong with it is mended",
        );
    }
    if *cap > 0 && mapped + 1 >= *cap {
        risk(
            Level::High,
            format!("{mapped} generations are mapped, and {cap} may be"),
            "`status` says who holds them; allow more, or have them unloaded",
        );
    }
    if let Some(uses) = static_tls {
        risk(Level::Medium, uses.to_string(), STATIC_TLS_REMEDY);
    }
    let size = to.size.unwrap_or_default();
    if let Some(free) = disk.filter(|free| *free < size.saturating_mul(2)) {
        risk(
            Level::High,
            format!("{free} bytes are free for private copies, and the artifact has {size}"),
            "make room, or set another private folder",
        );
    }
    let wanted = Sizes { artifact: size, state: *state, copies: *copies }.memory();
    if let Some(free) = memory.filter(|free| *free < wanted) {
        risk(
            Level::High,
            format!("{free} bytes of memory are left, and the upgrade may take {wanted}"),
            "make room, or upgrade another process in its place",
        );
    }
    if let Some(likely) = likely.filter(|likely| has_pause(handover) && likely > longest) {
        risk(
            Level::High,
            format!("a pause has taken {likely:.1?} before, and {longest:.1?} are allowed"),
            "set a longer deadline, or make the state smaller",
        );
    }
    if let Some((window, likely)) = window.filter(|(window, likely)| likely > window) {
        risk(
            Level::High,
            format!("it takes about {likely:.0?} with its trial, and its hours are {window:.0?}"),
            "give it longer hours, or a shorter trial: it goes on when they are over",
        );
    }
    if let Some(from) = from {
        if to.manifest.version < from.manifest.version {
            risk(
                Level::Medium,
                format!(
                    "version {} is older than {}, which serves",
                    to.manifest.version, from.manifest.version
                ),
                "see that what the newer one has mended is not needed",
            );
        }
        if to.manifest.rustc != from.manifest.rustc {
            risk(
                Level::Low,
                "another compiler has built it".to_owned(),
                "nothing relies on its layouts; its code may differ where the sources do not",
            );
        }
        if *is_smooth_for_state {
            risk(
                Level::Medium,
                "all calls go to it at once, and not a share of them: it has a state".to_owned(),
                "two versions would each change a state of their own; keep the state in the host or \
                 in another slot to have a share of the calls",
            );
        }
        if *is_smooth_as_asked {
            risk(
                Level::Medium,
                "all calls go to it at once, and not a share of them: somebody has asked for that"
                    .to_owned(),
                "a fault meets every caller until the trial rolls it back",
            );
        }
        if !has_trial {
            risk(
                Level::Low,
                "there is no trial: once it serves nothing goes back by itself".to_owned(),
                "set a trial with Config::with_trial",
            );
        }
    }
    if from.is_some() {
        risks.extend(replay.iter().cloned());
    }
    risks.extend(lending.iter().cloned());
    risks.sort_by_key(|risk| std::cmp::Reverse(risk.level));
    risks
}
