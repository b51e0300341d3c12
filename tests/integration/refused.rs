//! Refused artifacts: one of each kind. Nothing of them runs, what served goes on, the text says
//! what to do, and in the same process a good build is live afterwards.

mod table;

use std::time::Duration;

use hotswap_abi::interface;
use hotswap_core::{
    Config, Host, Interface, SlotConfig,
    event::{Exit, Phase, Refusal},
};
use hotswap_tests::{Scene, file_name, fixture};
use meter_api::Meter;

use self::table::{Bad, meter, table};

/// Everything that must be in the text of a refusal.
#[expect(clippy::print_stdout, reason = "shown with --nocapture: one of each kind")]
fn says_it_all(bad: &Bad, refusal: &Refusal) {
    let text = refusal.to_string();
    println!("\n# {}\n{text}", bad.what);
    assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, bad.phase), "{}: {text}", bad.what);
    let first = text.lines().next().unwrap();
    let artifact = refusal.artifact.expect("it was hashed");
    let mut parts = vec![
        format!("({}…)", artifact.short()),
        "for slot main".to_owned(),
        format!("at {}; ", bad.phase),
        "serving 1.0.0 (generation 1), state untouched".to_owned(),
    ];
    match bad.module {
        // What it is cannot be told; where it lies can.
        "" => parts.push(refusal.path.clone()),
        module => parts.push(format!("refused {module} (")),
    }
    for part in parts {
        assert!(first.contains(&part), "{}: {part:?} is not in {first:?}", bad.what);
    }
    let advice =
        text.lines().find_map(|line| line.strip_prefix("  do: ")).expect("it says what to do");
    assert!(advice.contains(bad.advice), "{}: {advice}", bad.what);
    assert!(advice.contains("tried again when the file changes"), "{}: {advice}", bad.what);
    for finding in bad.findings {
        assert!(refusal.findings.iter().any(|it| it.contains(finding)), "{finding}: {text}");
    }
}

#[test]
fn each_bad_artifact_is_refused_with_a_text_that_says_it_all() {
    let scene = Scene::<dyn Meter>::of(&fixture("meter").told("label=good"));
    for bad in table() {
        let refusal = scene.refusal(&(bad.build)());
        says_it_all(&bad, &refusal);
        assert_eq!(scene.slot.pin().label().unwrap(), "good");
        assert_eq!(scene.slot.generation(), 1);
    }
    // All in one process, and a good build is live.
    let live = scene.upgrade(&fixture("meter").told("label=better"));
    assert_eq!(live.generation, 2);
    assert_eq!(scene.slot.pin().label().unwrap(), "better");
}

#[test]
fn after_each_bad_artifact_the_next_good_build_is_live() {
    let scene = Scene::<dyn Meter>::of(&fixture("meter").told("label=0"));
    for (n, bad) in (1..).zip(table()) {
        let _ = scene.refusal(&(bad.build)());
        let label = format!("after {}", bad.what);
        let live = scene.upgrade(&fixture("meter").told(&format!("label={label}")));
        assert_eq!(live.generation, n + 1, "{label}");
        assert_eq!(scene.slot.pin().label().unwrap(), label);
    }
}

#[test]
fn every_reason_against_an_artifact_is_told_at_once() {
    let scene = Scene::<dyn Meter>::of(&fixture("meter"));
    let build = fixture("meter-argument").with_manifest_text("0.11.3", "0.12.0");
    let refusal = scene.refusal(&build);
    assert_eq!(refusal.findings.len(), 2, "{refusal}");
}

/// A host whose interfaces have other supertraits than `meter_api`.
macro_rules! promising {
    ($name:ident: Panel [$($panel:tt)*], Meter [$($meter:tt)*]) => {
        mod $name {
            use hotswap_abi::interface;
            #[interface]
            pub(super) trait Panel $($panel)* {
                fn print(&mut self, text: &str);
            }
            #[interface(version = "1.3.0")]
            pub(super) trait Meter $($meter)* {
                fn label(&self) -> String;
                fn show(&self, panel: &mut dyn Panel);
            }
        }
    };
}
promising!(lends_more: Panel [: Send + Sync], Meter []);
promising!(assumes_more: Panel [], Meter [: Sync]);

#[test]
fn a_host_may_lend_more_than_an_artifact_assumes_and_may_not_assume_more_than_it_has() {
    let lends = Scene::<dyn lends_more::Meter>::of(&fixture("meter").told("label=a"));
    assert_eq!(lends.slot.pin().label().unwrap(), "a");
    // This one assumes just what is lent.
    lends.upgrade(&fixture("meter-shares").told("label=b"));
    struct Text(String);
    impl lends_more::Panel for Text {
        fn print(&mut self, text: &str) {
            self.0.push_str(text);
        }
    }
    let mut text = Text(String::new());
    lends.slot.pin().show(&mut text).unwrap();
    assert_eq!(text.0, "21 m");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name("meter"));
    std::fs::write(&path, fixture("meter").bytes()).unwrap();
    let config = Config::production().with_first_artifact_deadline(Duration::from_secs(3));
    let host = Host::new(config.slot("main", SlotConfig::artifact(&path))).unwrap();
    let text = host.slot::<dyn assumes_more::Meter>("main").unwrap_err().to_string();
    assert!(text.contains("Meter  host: trait Meter: Sync   artifact: trait Meter "), "{text}");
}

#[test]
fn another_module_than_the_slots_is_refused() {
    let own = |slot: SlotConfig| slot.with_module("meter");
    let first = fixture("meter").told("label=a");
    let scene = Scene::<dyn Meter>::with_slot(hotswap_tests::patient(), own, &first);
    let text = scene.refusal(&fixture("meter-older")).to_string();
    assert!(text.contains("module  slot: meter   artifact: meter-older"), "{text}");
    assert!(text.contains("do: put an artifact of meter there"), "{text}");
    scene.upgrade(&fixture("meter").told("label=b"));
}

#[test]
fn a_service_that_the_host_offers_is_no_reason_to_refuse() {
    let config = hotswap_tests::patient().with_service("audio");
    let scene = Scene::<dyn Meter>::with(config, &fixture("meter"));
    assert_eq!(scene.upgrade(&fixture("meter-services")).release.module, "meter-services");
}

#[test]
fn a_file_that_is_too_large_or_empty_is_refused_before_it_is_read() {
    let config = hotswap_tests::patient().with_max_artifact_bytes(4 << 20);
    let scene = Scene::<dyn Meter>::with(config, &fixture("meter"));
    let large = meter().damaged(|bytes| bytes.resize((4 << 20) + 1, 1));
    let refusal = scene.refusal(&large);
    assert_eq!(refusal.phase, Phase::Staged);
    let text = refusal.to_string();
    assert!(text.contains("4194305") && text.contains("with_max_artifact_bytes"), "{text}");
    let text = scene.refusal(&meter().damaged(Vec::clear)).to_string();
    assert!(text.contains("empty"), "{text}");
    scene.upgrade(&fixture("meter").told("label=b"));
}

/// As the module `early` was built against it, but for its version.
#[interface(version = "0.3.0")]
pub(crate) trait Early {
    /// What the build calls itself.
    fn label(&self) -> String;
}

#[test]
fn below_one_the_minor_version_counts() {
    assert_eq!(<dyn Early as Interface>::VERSION, "0.3.0");
    let early = |label: &str| fixture("early").told(&format!("label={label}"));
    // 0.3.1 is taken by a host of 0.3.0.
    let scene = Scene::<dyn Early>::of(&early("a"));
    for version in ["0.4.0", "0.2.9", "1.3.1"] {
        let refusal = scene.refusal(&early("b").with_manifest_text("0.3.1", version));
        assert_eq!(refusal.phase, Phase::Assessed);
        let finding = format!("Early  host: version 0.3.0   artifact: built against {version}");
        assert!(refusal.to_string().contains(&finding), "{refusal}");
    }
    scene.upgrade(&early("c").with_manifest_text("0.3.1", "0.3.9"));
    assert_eq!(scene.slot.pin().label().unwrap(), "c");
}

#[test]
fn a_rejected_artifact_is_not_tried_again_until_it_is_cleared() {
    let scene = Scene::<dyn Meter>::of(&fixture("meter").told("label=a"));
    let log = scene.folder().join("log");
    let tries = || std::fs::read_to_string(&log).unwrap_or_default().lines().count();
    let bad = fixture("meter").told(&format!("label=bad;start=fail;log={}", log.display()));
    let refusal = scene.refusal(&bad);
    assert_eq!(tries(), 1);
    // Touched, and written anew with the same content: not tried, and nothing is told.
    let file = std::fs::File::options().append(true).open(scene.artifact()).unwrap();
    file.set_modified(std::time::SystemTime::now()).unwrap();
    drop(file);
    scene.put(&bad);
    // Back after another build: told again, with what serves now, and not tried.
    scene.upgrade(&fixture("meter").told("label=b"));
    let again = scene.refusal(&bad);
    assert_eq!(again.artifact, refusal.artifact);
    assert_eq!(again.serving.as_ref().map(|it| it.generation), Some(2));
    assert_eq!(tries(), 1);
    // Cleared: tried.
    assert!(scene.host.operator().clear(refusal.artifact.unwrap()).unwrap());
    assert_eq!(scene.told.refused().artifact, refusal.artifact);
    assert_eq!(tries(), 2);
    assert!(scene.host.operator().clear(refusal.artifact.unwrap()).unwrap());
    let _ = scene.told.refused();
    scene.upgrade(&fixture("meter").told("label=c"));
    // Nothing to clear.
    let other = "00".repeat(32).parse().unwrap();
    assert!(!scene.host.operator().clear(other).unwrap());
}
