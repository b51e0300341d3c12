//! How things are with a slot, in words for people. Pure.

use std::fmt::Write as _;

use hotswap_types::{Phase, share_of_calls};

use crate::operator::{CanaryStatus, ServingStatus, SlotStatus};

/// A time that has passed.
pub(super) fn ago(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86400),
    }
}

pub(super) fn serves(slot: &SlotStatus) -> String {
    match &slot.serving {
        None => format!("slot {} serves nothing yet", slot.name),
        Some(ServingStatus { generation, release, .. }) => {
            let (name, condition) = (&slot.name, condition(slot));
            let release = release.module_version();
            format!("slot {name} serves {release}, generation {generation}, {condition}")
        }
    }
}

/// How things are with a slot, and what was not taken last.
pub(super) fn things(slot: &SlotStatus) -> String {
    let condition = condition(slot);
    match &slot.last_refusal {
        None => condition,
        Some(refusal) => format!("{condition}; last refusal at {}", refusal.phase),
    }
}

/// How things are with a slot, in a few words.
fn condition(slot: &SlotStatus) -> String {
    let mut words = Vec::new();
    if slot.degraded.is_some() {
        words.push("DEGRADED".to_owned());
    }
    if slot.serving.as_ref().is_some_and(|it| it.poisoned) {
        words.push("calls are refused since one has panicked".to_owned());
    }
    if let Some(trial) = &slot.trial {
        let (calls, panics) =
            (counted(trial.figures.calls, "call"), counted(trial.figures.panics, "panic"));
        let how = if slot.is_smooth_as_asked() { " with all calls at once, as asked" } else { "" };
        words.push(format!("on trial{how}, {calls}, {panics}"));
    }
    if let Some(canary) = &slot.canary {
        words.push(compared(canary));
    }
    if let Some(strategy) = slot.asked_strategy() {
        words.push(format!("with the strategy asked for, {strategy}"));
    }
    if let Some(phase) = slot.phase.filter(|phase| *phase != Phase::AwaitingApproval) {
        words.push(format!("upgrading: {phase}"));
    }
    if let Some(plan) = &slot.awaiting {
        words.push(format!("{} waits for approval, risk {}", plan.to, plan.level()));
    }
    if let Some(until) = &slot.pending {
        words.push(format!("pending: {until}"));
    }
    if slot.paused.is_some() {
        words.push("paused".to_owned());
    }
    if !slot.deferred.is_empty() {
        words.push(format!(
            "{} waiting until then",
            counted(slot.deferred.len() as u64, "artifact")
        ));
    }
    if words.is_empty() {
        words.push("stable".to_owned());
    }
    words.join("; ")
}

/// A canary, and how many of its calls fail beside the stable version's.
fn compared(canary: &CanaryStatus) -> String {
    let CanaryStatus { release, weight, step, steps, figures, stable, waits, .. } = canary;
    let (calls, new, old) =
        (share_of_calls(*weight), figures.failure_rate(), stable.failure_rate());
    let waits = if waits.is_some() { "; WAITS for promote, commit or rollback" } else { "" };
    format!(
        "canary {release}, {calls}, step {step} of {steps}: {new}, of the stable version \
         {old}{waits}"
    )
}

fn counted(number: u64, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// What somebody wants to know at 2 a.m.: what serves, what was refused and why, and what to do.
pub(super) fn reasons(slot: &SlotStatus) -> String {
    let mut text = format!("{}\n", serves(slot));
    if let Some(why) = &slot.degraded {
        let _ = writeln!(text, "DEGRADED: {why}");
    }
    if let Some(pause) = &slot.paused {
        let _ = writeln!(text, "upgrades are {pause}; `hotswap resume` ends that");
    }
    if let Some(canary) = &slot.canary {
        let _ = writeln!(text, "{canary}");
    }
    if let Some(plan) = &slot.awaiting {
        let hash = plan.artifact.short();
        let _ = writeln!(
            text,
            "{} waits for approval: `hotswap plan`, then `hotswap approve {hash}` or `hotswap reject {hash}`",
            plan.to
        );
    }
    match &slot.last_refusal {
        None if !slot.quarantined.is_empty() => {}
        None => text.push_str("nothing was refused\n"),
        Some(refusal) => {
            let _ = writeln!(text, "{refusal}");
        }
    }
    let last = slot.last_refusal.as_ref().and_then(|refusal| refusal.artifact);
    let others = slot.quarantined.iter().filter(|it| last.is_none() || it.artifact != last);
    for refusal in others {
        let (hash, version) = (refusal.artifact, refusal.module.as_ref().map(|it| &it.version));
        let hash = hash.map(|hash| hash.short().to_string()).unwrap_or_default();
        let version = version.map(|it| it.to_string()).unwrap_or_default();
        let finding = refusal.findings.first().map(String::as_str).unwrap_or_default();
        let also = if slot.last_refusal.is_some() { "also " } else { "" };
        let _ = writeln!(text, "{also}not taken: {hash} {version} at {}: {finding}", refusal.phase);
    }
    let again = match slot.quarantined.as_slice() {
        [] => return text,
        [only] => only.artifact.map(|it| format!("`hotswap clear {}` has it", it.short())),
        _ => None,
    };
    let again = again.unwrap_or_else(|| "`hotswap clear HASH` has one of them".to_owned());
    let _ = writeln!(text, "{again} looked at again as it is");
    text
}
