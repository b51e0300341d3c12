//! When a version takes over that is ready: in its hours, when nobody is inside, after users were
//! told; and in which order.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use counter_api::Counter;
use hotswap_core::{
    ArtifactHash, Config, Host, SlotConfig, Timing,
    config::Window,
    event::{EventKind, Until},
    plan::{Intent, Purpose, Urgency},
};
use hotswap_tests::{LONG, Scene, Told, file_name, patient, replace, until};

use crate::support::{counter, label, stay_inside};

/// Hours that are over now, and begin again in about two hours.
fn closed() -> Window {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let minutes = |after: u64| (now / 60 + after) % (24 * 60);
    let clock = |minutes: u64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    format!("{}-{}", clock(minutes(120)), clock(minutes(180))).parse().unwrap()
}

fn at(timing: Timing) -> Scene<dyn Counter> {
    Scene::<dyn Counter>::with_slot(patient(), |slot| slot.with_timing(timing), &counter("label=a"))
}

fn pending(told: &Told) -> Until {
    told.find(|event| match &event.kind {
        EventKind::Pending { until, .. } => Some(*until),
        EventKind::Live(live) => panic!("it has not waited: {live}"),
        _ => None,
    })
}

#[test]
fn outside_of_its_hours_a_version_waits_and_a_request_brings_it_on() {
    let scene = at(Timing::in_window(closed()));
    scene.put(&counter("label=b"));
    let Until::Window { opens } = pending(&scene.told) else { panic!("it has hours") };
    let left = opens.duration_since(SystemTime::now()).unwrap();
    assert!(left > Duration::from_secs(3600) && left <= Duration::from_secs(7200), "{left:?}");
    let status = scene.host.status();
    assert!(status.slots[0].pending.is_some(), "{status}");
    assert!(status.to_string().contains("pending: window opens in 1"), "{status}");
    assert_eq!(label(&scene.slot), "a");
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!(label(&scene.slot), "b");
    assert!(scene.host.status().slots[0].pending.is_none());
}

#[test]
fn what_is_urgent_waits_for_no_hours_and_the_rest_until_the_latest_time() {
    let scene = at(Timing::in_window(closed()).with_at_once_from(Urgency::High));
    let urgent = counter("label=urgent");
    let intent = Intent::new(Purpose::Security).with_urgency(Urgency::High);
    let artifact = ArtifactHash::of(urgent.bytes());
    scene.host.operator().intend("main", artifact, intent).unwrap();
    assert_eq!(scene.upgrade(&urgent).generation, 2);

    let scene = at(Timing::in_window(closed()).with_latest(Duration::from_millis(50)));
    scene.put(&counter("label=b"));
    assert!(matches!(pending(&scene.told), Until::Window { .. }));
    assert_eq!(scene.told.live().generation, 2);
}

#[test]
fn a_quiet_moment_is_waited_for() {
    let scene = at(Timing::when_quiet(Duration::from_millis(40)));
    let inside = stay_inside(&scene.slot, "busy");
    scene.put(&counter("label=b"));
    assert_eq!(pending(&scene.told), Until::Quiet { time: Duration::from_millis(40) });
    // So that it is looked at while somebody is inside, as often as it takes for a quiet moment.
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(scene.host.status().slots[0].serving.as_ref().unwrap().generation, 1);
    inside.leave();
    assert_eq!(scene.told.live().generation, 2);
}

#[test]
fn users_are_told_before() {
    let scene = at(Timing::at_once().with_notice(Duration::from_millis(50)));
    scene.put(&counter("label=b"));
    let mut told = Vec::new();
    scene.told.find(|event| {
        told.push(match event.kind {
            EventKind::Announced { at, .. } => {
                assert!(at.unwrap() > SystemTime::now() - LONG);
                "announced"
            }
            EventKind::Pending { until: Until::Notice, .. } => "pending",
            EventKind::Live(_) => "live",
            _ => return None,
        });
        (told.last() == Some(&"live")).then_some(())
    });
    assert_eq!(told, ["announced", "pending", "live"]);
}

#[test]
fn a_newer_artifact_takes_the_place_of_one_that_waits() {
    let scene = at(Timing::in_window(closed()));
    scene.put(&counter("label=b"));
    pending(&scene.told);
    scene.put(&counter("label=c"));
    pending(&scene.told);
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    assert_eq!((label(&scene.slot).as_str(), scene.told.live().generation), ("c", 2));
}

#[test]
fn of_several_the_most_urgent_is_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = |slot: &str| folder.path().join(file_name(slot));
    let wanted =
        |urgency, priority| Intent::new(Purpose::Fix).with_urgency(urgency).with_priority(priority);
    let intents = [
        ("one", wanted(Urgency::Low, 9)),
        ("two", wanted(Urgency::Normal, -1)),
        ("three", wanted(Urgency::Normal, 1)),
        ("four", wanted(Urgency::Critical, 0)),
    ];
    let slots = intents.each_ref().map(|(slot, _)| *slot);
    let mut config: Config = patient();
    for (slot, intent) in intents {
        fs::write(path(slot), counter("label=a").bytes()).unwrap();
        config = config.slot(slot, SlotConfig::artifact(path(slot)).with_intent(intent));
    }
    let host = Host::new(config).unwrap();
    let open = slots.map(|slot| host.slot::<dyn Counter>(slot).unwrap());
    let told = Told::of(&host);
    host.operator().pause(None, "a test", "").unwrap();
    for slot in slots {
        replace(&path(slot), counter("label=b").bytes());
    }
    until("each was seen", || host.status().slots.iter().all(|slot| slot.deferred.len() == 1));
    assert!(host.operator().resume(None).unwrap());
    let live = |_| {
        told.find(|event| match event.kind {
            EventKind::Live(_) => Some(event.slot.to_string()),
            _ => None,
        })
    };
    assert_eq!(slots.map(live), ["four", "three", "two", "one"]);
    assert!(open.iter().all(|slot| label(slot) == "b"));
}
