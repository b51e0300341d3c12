//! The text of each kind of change and of each risk is what an operator reads: it is pinned.

use std::time::Duration;

use hotswap_abi::Manifest;
use hotswap_loader::StaticTls;

use super::{Side, Situation, changes, risks};
use crate::{
    plan::{Change, Level, StateStep, StepBack},
    sample::manifest,
    upgrade::Handover,
};

fn side(manifest: &Manifest, size: u64) -> Side<'_> {
    Side { manifest, artifact: None, size: Some(size), signer: None }
}

#[test]
fn each_kind_of_change_has_its_text() {
    let version = |text: &str| text.parse().unwrap();
    let text = |text: &str| text.to_owned();
    let table = [
        (Change::Version { from: version("1.0.0"), to: version("1.1.0") }, "version 1.0.0 → 1.1.0"),
        (
            Change::Interface { from: version("1.0.0"), to: version("1.1.0") },
            "built against interface 1.0.0 → 1.1.0",
        ),
        (Change::MethodAdded { method: text("close(&self)") }, "new method `close(&self)`"),
        (
            Change::MethodRemoved { method: text("close(&self)") },
            "without method `close(&self)`: its default body runs in the host",
        ),
        (
            Change::State {
                name: text("Sum"),
                from: 1,
                to: 4,
                steps: vec![
                    StateStep { from: 1, to: 2, back: StepBack::Untried },
                    StateStep { from: 2, to: 3, back: StepBack::Impossible },
                    StateStep { from: 3, to: 4, back: StepBack::Works },
                ],
            },
            "state Sum version 1 → 4: step 1 → 2 was not tried backwards, step 2 → 3 cannot go \
             back, step 3 → 4 can go back",
        ),
        (
            Change::StateField { at: text("Sum.total"), from: Some(text("i64")), to: None },
            "`Sum.total`: i64 → nothing",
        ),
        (Change::Compiler { from: text("a"), to: text("b") }, "compiler a → b"),
        (Change::Requires { service: text("audio") }, "requires the service audio"),
        (Change::Signer { from: text("AB"), to: text("CD") }, "signed with key AB → CD"),
        (Change::Size { from: 1, to: 2 }, "1 → 2 bytes"),
        (Change::Code, "code alone"),
        (Change::First, "the first version"),
    ];
    for (change, wanted) in table {
        assert_eq!(change.to_string(), wanted);
    }
}

#[test]
fn what_differs_is_found() {
    let old = manifest();
    assert_eq!(changes(Some(side(&old, 7)), side(&old, 7), None), [Change::Code]);
    assert_eq!(changes(None, side(&old, 7), None), [Change::First]);
    let mut new = old.clone();
    new.version = "9.0.0".parse().unwrap();
    new.rustc = "another".to_owned();
    new.requires = vec!["audio".to_owned()];
    let found: Vec<_> =
        changes(Some(side(&old, 7)), side(&new, 8), None).iter().map(ToString::to_string).collect();
    assert_eq!(found[0], format!("version {} → 9.0.0", old.version));
    assert_eq!(found[1], format!("compiler {} → another", old.rustc));
    assert_eq!(found[2..], ["requires the service audio", "7 → 8 bytes"]);
    let signed = |key| Side { signer: Some(key), ..side(&old, 7) };
    let signer = Change::Signer { from: "AB".to_owned(), to: "CD".to_owned() };
    assert_eq!(changes(Some(signed("AB")), signed("CD"), None), [signer]);
    assert_eq!(changes(Some(signed("AB")), signed("AB"), None), [Change::Code]);
    assert_eq!(changes(Some(side(&old, 7)), signed("AB"), None), [Change::Code]);
}

/// All is well.
fn well() -> Situation {
    Situation {
        has_trial: true,
        disk: Some(1 << 30),
        memory: Some(1 << 30),
        pause: (Duration::from_secs(1), Some(Duration::from_millis(1))),
        ..Situation::default()
    }
}

/// The risks of an upgrade from one version to the next.
fn of(old: &Manifest, new: &Manifest, handover: &Handover, situation: &Situation) -> Vec<String> {
    let found = risks(Some(side(old, 100)), side(new, 100), handover, situation);
    found.iter().map(|risk| format!("{}: {}", risk.level, risk.reason)).collect()
}

const KEPT: Handover = Handover::State {
    from: 1,
    to: 1,
    downgraded: None,
    by_name: false,
    check: false,
    moves: false,
};

#[test]
fn where_all_is_well_there_is_no_risk() {
    let same = manifest();
    assert_eq!(of(&same, &same, &KEPT, &well()), [""; 0]);
}

#[test]
fn each_risk_has_its_level_and_its_text() {
    let same = manifest();
    let second = Duration::from_secs(1);
    let situations = [
        (
            Situation { degraded: Some("it hangs".to_owned()), ..well() },
            "high: the slot is degraded: it hangs",
        ),
        (
            Situation { poisoned: true, panics: 1, ..well() },
            "high: a panic has left the instance that serves half changed",
        ),
        (
            Situation { panics: 2, ..well() },
            "low: 2 calls of the version that serves have panicked",
        ),
        (
            Situation { rolled_back: Some(second * 60), ..well() },
            "high: another version was rolled back 60s ago",
        ),
        (
            Situation { window: Some((second * 60, second * 90)), ..well() },
            "high: it takes about 90s with its trial, and its hours are 60s",
        ),
        (
            Situation { generations: (9, 10), ..well() },
            "high: 9 generations are mapped, and 10 may be",
        ),
        (
            Situation { disk: Some(199), ..well() },
            "high: 199 bytes are free for private copies, and the artifact has 100",
        ),
        (
            Situation {
                static_tls: Some(StaticTls { bytes: 264, libraries: 2, taken: 528 }),
                ..well()
            },
            "medium: each version takes 264 bytes of static thread-local storage, of which a process \
             has about 1600 for modules, and gives none back; 2 libraries have taken 528",
        ),
        (
            Situation { memory: Some(399), state: (100, 3), ..well() },
            "high: 399 bytes of memory are left, and the upgrade may take 400",
        ),
        (
            Situation { pause: (second, Some(second * 2)), ..well() },
            "high: a pause has taken 2.0s before, and 1.0s are allowed",
        ),
        (
            Situation { unrehearsed: Some("nobody serves".to_owned()), ..well() },
            "medium: it was not rehearsed: nobody serves",
        ),
        (
            Situation { no_way_back: vec!["it is irreversible".to_owned()], ..well() },
            "high: what serves could not come back with its state: it is irreversible",
        ),
        (
            Situation { is_smooth_as_asked: true, ..well() },
            "medium: all calls go to it at once, and not a share of them: somebody has asked for that",
        ),
        (
            Situation { has_trial: false, ..well() },
            "low: there is no trial: once it serves nothing goes back by itself",
        ),
    ];
    for (situation, wanted) in situations {
        assert_eq!(of(&same, &same, &KEPT, &situation), [wanted]);
    }
    // Of a state that goes over as memory no copy is made.
    let moves = Situation { memory: Some(399), state: (100, 0), ..well() };
    assert_eq!(of(&same, &same, &KEPT, &moves), [""; 0]);
    // Neither is told where it does not matter any more.
    let past = Situation { rolled_back: Some(second * 3600), generations: (8, 10), ..well() };
    assert_eq!(of(&same, &same, &KEPT, &past), [""; 0]);

    let drop = Handover::Drop { why: vec!["another name".to_owned()] };
    let state = |from, to, downgraded, by_name| Handover::State {
        from,
        to,
        downgraded,
        by_name,
        check: false,
        moves: false,
    };
    let handovers = [
        (drop, "high: the state is dropped: another name"),
        (state(1, 1, Some(3), false), "medium: the state goes back from version 3 to 1"),
        (
            state(1, 1, None, true),
            "medium: the state's shape changed under its version: it is carried by the fields' names",
        ),
        (state(1, 2, None, false), "medium: the state is migrated from version 1 to 2"),
    ];
    for (handover, wanted) in handovers {
        assert_eq!(of(&same, &same, &handover, &well()), [wanted]);
    }

    let mut older = same.clone();
    older.version = "0.0.1".parse().unwrap();
    let wanted = format!("medium: version 0.0.1 is older than {}, which serves", same.version);
    assert_eq!(of(&same, &older, &KEPT, &well()), [wanted]);
    let mut other = same.clone();
    other.rustc = "another".to_owned();
    assert_eq!(of(&same, &other, &KEPT, &well()), ["low: another compiler has built it"]);
}

#[test]
fn the_worst_comes_first() {
    let same = manifest();
    let bad = Situation { has_trial: false, degraded: Some("it hangs".to_owned()), ..well() };
    let found = risks(Some(side(&same, 100)), side(&same, 100), &KEPT, &bad);
    let levels: Vec<_> = found.iter().map(|risk| risk.level).collect();
    assert_eq!(levels, [Level::High, Level::Low]);
}
