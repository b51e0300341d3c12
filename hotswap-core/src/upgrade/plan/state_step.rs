//! The steps that a state's migration takes, and whether each can go back. Pure.

use hotswap_abi::Manifest;

use crate::{
    event::{RehearsalReport, WayBack},
    plan::{StateStep, StepBack},
};

/// The steps between two versions, in the order in which the state takes them.
pub(super) fn state_steps(
    (old, from): (&Manifest, u32),
    (new, to): (&Manifest, u32),
    rehearsal: Option<&RehearsalReport>,
) -> Vec<StateStep> {
    // The newer module has the chain.
    let chain = if from < to { &new.states } else { &old.states };
    let between = from.min(to)..=from.max(to);
    let mut versions: Vec<_> =
        chain.iter().map(|it| it.version).filter(|it| between.contains(it)).collect();
    versions.sort_unstable();
    if from > to {
        versions.reverse();
    }
    let back = |from, to| {
        let Some(report) = rehearsal else { return StepBack::Untried };
        if report.way_back == WayBack::Works {
            return StepBack::Works;
        }
        match report.downgrades.iter().find(|it| (it.from, it.to) == (to, from)) {
            Some(tried) if tried.works => StepBack::Works,
            Some(_) => StepBack::Impossible,
            None => StepBack::Untried,
        }
    };
    let steps = versions.windows(2).filter_map(|step| <&[u32; 2]>::try_from(step).ok());
    steps.map(|&[from, to]| StateStep { from, to, back: back(from, to) }).collect()
}
