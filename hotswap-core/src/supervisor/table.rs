//! What a slot does about what comes, whatever it is in the middle of. Pure; [`SlotSupervisor`] asks it
//! before it does anything, and carries out what it says.
//!
//! | serves | on its way | artifact | revert | prepared | child ended | yes | no, expired | commit, roll back | abandon | end |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | nothing | – | begin | begin | apply | – | – | – | – | give up | close |
//! | nothing | rehearsal | supersede | supersede | apply | continue | – | – | – | give up | close |
//! | nothing | revert's rehearsal | defer | supersede | apply | continue | – | – | – | give up | close |
//! | nothing | approval | supersede | supersede | apply | – | decide | decide | – | give up | close |
//! | stable | – | begin | begin | schedule | – | – | – | – | give up | close |
//! | stable | rehearsal | supersede | supersede | schedule | continue | – | – | – | give up | close |
//! | stable | revert's rehearsal | defer | supersede | schedule | continue | – | – | – | give up | close |
//! | stable | approval | supersede | supersede | schedule | – | decide | decide | – | give up | close |
//! | on trial | – | defer | refuse | defer | – | – | – | judge | roll back | undo |
//! | on trial | rehearsal | defer | refuse | defer | defer | – | – | judge | roll back | undo |
//! | on trial | revert's rehearsal | defer | refuse | defer | refuse | – | – | judge | roll back | undo |
//! | on trial | approval | defer | refuse | defer | – | refuse | decide | judge | roll back | undo |
//!
//! - *on trial*: also where a version serves beside the stable one, with a share of the calls.
//! - *–*: there is no such thing here; whoever has asked is told so.
//! - *artifact*: deferred as well where upgrades are paused, nobody has asked for it, and something serves.
//! - *prepared*: applied at once as well where somebody has asked for it, and nothing is on trial.
//! - *child ended*: judged and rehearsed again where another instance serves than the one that it was
//!   rehearsed against.
//! - *begin* and *supersede*: an artifact that is taken leads to *rehearsal*, *approval* or *prepared*,
//!   as the slot is configured; one that takes over leads to *stable*, or to *on trial* where the slot
//!   has trials and there is a version to go back to.
//!
//! A candidate that is ready, and waits for a request, for its time or for its next try, stands beside
//! all this: a newer artifact may be rehearsed meanwhile, and takes its place when it is ready itself.
//!
//! [`SlotSupervisor`]: super::slot::SlotSupervisor

/// What a slot serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Serving {
    Nothing,
    Stable,
    OnTrial,
}

/// What is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Idle,
    Rehearsing,
    RehearsingRevert,
    AwaitingApproval,
}

/// What comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// An artifact; whether upgrades that nobody has asked for are paused, and this is one.
    Artifact { is_paused: bool },
    /// Somebody goes back to an artifact.
    Revert,
    /// A candidate is prepared; whether somebody has asked for it.
    Prepared { is_asked_for: bool },
    /// A rehearsal's child has ended; whether what it was rehearsed against serves still.
    ChildEnded { is_current: bool },
    /// Somebody has said yes to a plan.
    Approved,
    /// Somebody has said no, or nobody has said anything in time.
    Declined,
    /// Somebody, or the trial itself, wants what serves committed or rolled back.
    Judged,
    /// The callers inside are given up.
    Abandon,
    /// The host ends.
    End,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// There is no such thing here.
    Nothing,
    /// The artifact goes through an upgrade.
    Begin,
    /// The same; what was on its way before is called off once this one's manifest was read.
    Supersede,
    /// The artifact is looked at later.
    Defer,
    /// It is refused, since a version is on trial.
    RefuseOnTrial,
    /// The candidate takes over now.
    Apply,
    /// The candidate takes over when the slot's timing says so.
    Schedule,
    /// The upgrade goes on with what was rehearsed.
    Continue,
    /// It is judged and rehearsed again.
    Reassess,
    /// What was said counts.
    Decide,
    /// The trial ends.
    Judge,
    /// Callers inside are given up.
    GiveUp,
    /// The version before serves again.
    RollBack,
    /// What was not committed is undone, where that can be.
    Undo,
    /// The slot is closed.
    Close,
}

/// What a slot does about an input: see the table.
pub(super) const fn action(serving: Serving, progress: Progress, input: Input) -> Action {
    let is_on_trial = matches!(serving, Serving::OnTrial);
    let serves_nothing = matches!(serving, Serving::Nothing);
    match (input, progress) {
        (Input::Artifact { .. }, _) if is_on_trial => Action::Defer,
        (Input::Artifact { .. }, Progress::RehearsingRevert) => Action::Defer,
        (Input::Artifact { is_paused: true }, _) if !serves_nothing => Action::Defer,
        (Input::Artifact { .. }, Progress::Idle) => Action::Begin,
        (Input::Artifact { .. }, Progress::Rehearsing | Progress::AwaitingApproval) => {
            Action::Supersede
        }
        (Input::Revert, _) if is_on_trial => Action::RefuseOnTrial,
        (Input::Revert, Progress::Idle) => Action::Begin,
        (Input::Revert, _) => Action::Supersede,
        (Input::Prepared { .. }, _) if is_on_trial => Action::Defer,
        (Input::Prepared { is_asked_for }, _) if is_asked_for || serves_nothing => Action::Apply,
        (Input::Prepared { .. }, _) => Action::Schedule,
        (Input::ChildEnded { .. }, Progress::Idle | Progress::AwaitingApproval) => Action::Nothing,
        (Input::ChildEnded { .. }, Progress::Rehearsing) if is_on_trial => Action::Defer,
        (Input::ChildEnded { .. }, _) if is_on_trial => Action::RefuseOnTrial,
        (Input::ChildEnded { is_current: false }, _) => Action::Reassess,
        (Input::ChildEnded { is_current: true }, _) => Action::Continue,
        (Input::Approved, Progress::AwaitingApproval) if is_on_trial => Action::RefuseOnTrial,
        (Input::Approved | Input::Declined, Progress::AwaitingApproval) => Action::Decide,
        (Input::Approved | Input::Declined, _) => Action::Nothing,
        (Input::Judged, _) => {
            if is_on_trial {
                Action::Judge
            } else {
                Action::Nothing
            }
        }
        (Input::Abandon, _) => {
            if is_on_trial {
                Action::RollBack
            } else {
                Action::GiveUp
            }
        }
        (Input::End, _) => {
            if is_on_trial {
                Action::Undo
            } else {
                Action::Close
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table at the top of this file, as rows of cells.
    fn table() -> Vec<Vec<&'static str>> {
        let rows = include_str!("table.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
        let cells = |row: &'static str| row.trim_end_matches('|').split('|').map(str::trim);
        rows.map(|row| cells(row).collect()).collect()
    }

    fn serving(text: &str) -> Serving {
        match text {
            "nothing" => Serving::Nothing,
            "stable" => Serving::Stable,
            "on trial" => Serving::OnTrial,
            other => panic!("{other}"),
        }
    }

    fn progress(text: &str) -> Progress {
        match text {
            "–" => Progress::Idle,
            "rehearsal" => Progress::Rehearsing,
            "revert's rehearsal" => Progress::RehearsingRevert,
            "approval" => Progress::AwaitingApproval,
            other => panic!("{other}"),
        }
    }

    fn input(text: &str) -> Input {
        match text {
            "artifact" => Input::Artifact { is_paused: false },
            "revert" => Input::Revert,
            "prepared" => Input::Prepared { is_asked_for: false },
            "child ended" => Input::ChildEnded { is_current: true },
            "yes" => Input::Approved,
            "no, expired" => Input::Declined,
            "commit, roll back" => Input::Judged,
            "abandon" => Input::Abandon,
            "end" => Input::End,
            other => panic!("{other}"),
        }
    }

    fn expected(text: &str) -> Action {
        match text {
            "–" => Action::Nothing,
            "begin" => Action::Begin,
            "supersede" => Action::Supersede,
            "defer" => Action::Defer,
            "refuse" => Action::RefuseOnTrial,
            "apply" => Action::Apply,
            "schedule" => Action::Schedule,
            "continue" => Action::Continue,
            "decide" => Action::Decide,
            "judge" => Action::Judge,
            "give up" => Action::GiveUp,
            "roll back" => Action::RollBack,
            "undo" => Action::Undo,
            "close" => Action::Close,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn each_cell_of_the_table_is_what_a_slot_does() {
        let table = table();
        let (head, rows) = table.split_first().expect("the table has a head");
        let inputs: Vec<_> = head[2..].iter().map(|text| input(text)).collect();
        assert_eq!((rows.len(), inputs.len()), (12, 9));
        for row in rows {
            for (input, cell) in inputs.iter().zip(&row[2..]) {
                let found = action(serving(row[0]), progress(row[1]), *input);
                assert_eq!(found, expected(cell), "{} and {}: {input:?}", row[0], row[1]);
            }
        }
    }

    const ALL_SERVING: [Serving; 3] = [Serving::Nothing, Serving::Stable, Serving::OnTrial];
    const ALL_PROGRESS: [Progress; 4] = [
        Progress::Idle,
        Progress::Rehearsing,
        Progress::RehearsingRevert,
        Progress::AwaitingApproval,
    ];

    #[test]
    fn a_pause_holds_what_nobody_asked_for_but_never_a_first_version() {
        for serving in ALL_SERVING {
            for progress in ALL_PROGRESS {
                let usual = action(serving, progress, Input::Artifact { is_paused: false });
                let paused = action(serving, progress, Input::Artifact { is_paused: true });
                let expected = if serving == Serving::Nothing { usual } else { Action::Defer };
                assert_eq!(paused, expected, "{serving:?} and {progress:?}");
            }
        }
    }

    #[test]
    fn what_somebody_asked_for_does_not_wait_for_its_time() {
        for serving in ALL_SERVING {
            for progress in ALL_PROGRESS {
                let prepared = Input::Prepared { is_asked_for: true };
                let is_tried = serving == Serving::OnTrial;
                let expected = if is_tried { Action::Defer } else { Action::Apply };
                assert_eq!(action(serving, progress, prepared), expected);
            }
        }
    }

    #[test]
    fn a_rehearsal_counts_only_against_what_it_was_made_with() {
        for serving in [Serving::Nothing, Serving::Stable] {
            for progress in [Progress::Rehearsing, Progress::RehearsingRevert] {
                let ended = Input::ChildEnded { is_current: false };
                assert_eq!(action(serving, progress, ended), Action::Reassess);
            }
        }
        // On trial it is of no use, whatever it was made with.
        for is_current in [true, false] {
            let ended = Input::ChildEnded { is_current };
            assert_eq!(action(Serving::OnTrial, Progress::Rehearsing, ended), Action::Defer);
        }
    }
}
