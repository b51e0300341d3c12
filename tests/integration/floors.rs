//! Floors: an older version does not come back by itself, and comes back once when it is allowed.

use std::path::PathBuf;

use hotswap_core::{
    ArtifactHash, Config, Host, Slot, SlotConfig, Timing, Trial,
    event::{Exit, Phase},
};
use hotswap_tests::{Fixture, LONG, Told, file_name, fixture, patient, replace};
use meter_api::Meter;

/// A build of `meter` with this version.
fn meter(version: &str) -> Fixture {
    let script = format!("label={version}");
    fixture("meter").told(&script).with_manifest_text("1.0.0", version)
}

struct Place(tempfile::TempDir);

struct Run {
    slot: Slot<dyn Meter>,
    host: Host,
    told: Told,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn artifact(&self) -> PathBuf {
        self.0.path().join(file_name("module"))
    }

    fn put(&self, build: &Fixture) {
        replace(&self.artifact(), build.bytes());
    }

    fn config(&self) -> Config {
        let config = patient().with_data_dir(self.0.path()).with_journal(false);
        config.slot("main", SlotConfig::artifact(self.artifact()))
    }

    fn run(&self, config: Config, build: &Fixture) -> Run {
        self.put(build);
        let host = Host::new(config).unwrap();
        let told = Told::of(&host);
        let slot = host.slot("main").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(told.live().generation, 1);
        Run { slot, host, told }
    }
}

impl Run {
    #[track_caller]
    fn live(&self, version: &str) {
        let live = self.told.live();
        assert_eq!(live.release.version.to_string(), version);
        assert_eq!(self.slot.pin().label().unwrap(), version);
    }

    #[track_caller]
    fn below(&self, floor: &str, version: &str) {
        let refusal = self.told.refused();
        assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Assessed), "{refusal}");
        let finding = format!("version of meter  floor: {floor}   artifact: {version}");
        assert_eq!(refusal.findings, [finding], "{refusal}");
        assert!(refusal.advice.contains("Operator::allow_downgrade"), "{refusal}");
    }

    fn allow(&self, version: &str) {
        self.host.operator().allow_downgrade("meter", version.parse().unwrap()).unwrap();
    }
}

#[test]
fn an_older_version_is_refused_also_after_a_restart_and_allowed_once() {
    let place = Place::new();
    let run = place.run(place.config(), &meter("1.0.0"));
    place.put(&meter("1.2.0"));
    run.live("1.2.0");
    place.put(&meter("1.1.0"));
    run.below("1.2.0", "1.1.0");
    // Another one than the one at the path, or another module: no way through.
    run.allow("1.0.0");
    run.below("1.2.0", "1.1.0");
    run.host.operator().allow_downgrade("other", "1.1.0".parse().unwrap()).unwrap();
    run.below("1.2.0", "1.1.0");
    run.host.shutdown().unwrap();

    let run = place.run(place.config(), &meter("1.2.0"));
    place.put(&meter("1.1.0"));
    run.below("1.2.0", "1.1.0");
    // It was rejected, and is tried again.
    run.allow("1.1.0");
    run.live("1.1.0");
    place.put(&meter("1.3.0"));
    run.live("1.3.0");
    // Once.
    place.put(&meter("1.1.0"));
    run.below("1.3.0", "1.1.0");
    run.host.shutdown().unwrap();
}

#[test]
fn a_downgrade_that_was_committed_is_the_floor_of_the_next_start() {
    let place = Place::new();
    let run = place.run(place.config(), &meter("2.0.0"));
    run.allow("1.0.0");
    place.put(&meter("1.0.0"));
    run.live("1.0.0");
    run.host.shutdown().unwrap();
    let run = place.run(place.config(), &meter("1.0.0"));
    place.put(&meter("0.9.0"));
    run.below("1.0.0", "0.9.0");
}

#[test]
fn a_version_that_did_not_take_over_raises_nothing() {
    let place = Place::new();
    let run = place.run(place.config(), &meter("1.0.0"));
    let bad = fixture("meter").told("label=bad;start=fail").with_manifest_text("1.0.0", "3.0.0");
    place.put(&bad);
    assert_eq!(run.told.refused().phase, Phase::Activated);
    place.put(&meter("2.0.0"));
    run.live("2.0.0");
}

#[test]
fn what_waits_to_be_applied_raises_nothing_yet_and_is_judged_again() {
    let place = Place::new();
    let other = place.0.path().join(file_name("other"));
    let config = place
        .config()
        .slot("other", SlotConfig::artifact(&other))
        .with_timing(Timing::on_request());
    let run = place.run(config, &meter("1.0.0"));
    place.put(&meter("1.1.0"));
    run.told.pending();
    // The same module in another slot goes first.
    replace(&other, meter("1.2.0").bytes());
    let second = run.host.slot::<dyn Meter>("other").unwrap();
    let _ = run.told.live();
    assert_eq!(second.pin().label().unwrap(), "1.2.0");
    assert_eq!(run.host.apply_pending().unwrap(), 0);
    run.below("1.2.0", "1.1.0");
    assert_eq!(run.slot.pin().label().unwrap(), "1.0.0");
}

#[test]
fn without_a_folder_every_version_may_serve() {
    let place = Place::new();
    let run =
        place.run(patient().slot("main", SlotConfig::artifact(place.artifact())), &meter("2.0.0"));
    place.put(&meter("1.0.0"));
    run.live("1.0.0");
}

/// Whoever goes back allows it once; what was tried and did not do is not allowed any more.
#[test]
fn a_revert_that_was_rolled_back_in_its_trial_allows_nothing_afterwards() {
    let place = Place::new();
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let config = place.config().with_journal(true).with_trial(trial);
    let first = meter("1.0.0");
    let run = place.run(config, &first);
    place.put(&meter("1.1.0"));
    run.live("1.1.0");
    run.host.operator().commit("main", "a test").unwrap();
    run.host.operator().revert_to("main", ArtifactHash::of(first.bytes()), "why").unwrap();
    run.live("1.0.0");
    run.host.operator().roll_back("main", "a test").unwrap();
    assert_eq!(run.told.refused().exit, Exit::RolledBack);
    // Another build of that version, which nobody has rejected.
    place.put(&fixture("meter").told("label=another"));
    run.below("1.1.0", "1.0.0");
}
