//! Drift that is refused: the difference field by field, and a migration that really compiles once
//! it is pasted and filled in.

use std::{fs, path::Path};

use counter_api::Counter;
use hotswap_core::event::{Exit, Phase, StateNote};
use hotswap_tests::{Scene, fixture, pasted};

use crate::support::{counter, elsewhere, value};

#[test]
fn the_difference_is_told_and_the_stub_works_once_it_is_filled_in() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    let refusal = scene.refusal(&fixture("drift"));
    assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Assessed));
    let text = refusal.to_string();
    for line in [
        "Count.value  serving: u64   artifact: i64",
        "Count.owner  serving: String   artifact: nothing",
        "Count.level  serving: nothing   artifact: u8",
        "Count.mode  serving: nothing   artifact: Mode",
        "Note.at  serving: u64   artifact: nothing",
    ] {
        assert!(text.lines().any(|it| it.trim() == line), "{line}:\n{text}");
    }
    assert_eq!(value(&scene.slot), 5);

    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/modules/drift/src/lib.rs");
    let source = follow(&fs::read_to_string(source).unwrap(), &refusal.advice);
    let live = scene.upgrade(&pasted(&source));
    assert_eq!(live.state, StateNote::Migrated { from: 1, to: 2 });
    assert_eq!(
        elsewhere(|| scene.slot.pin().state_text().unwrap()),
        "Count { value: 5, level: 3, mode: Slow, notes: [Note { text: \"fresh\" }] }"
    );
}

/// Does what the advice says.
fn follow(source: &str, advice: &str) -> String {
    let stub = &advice[advice.find("    #[derive(HotState").expect("it has a stub")..];
    let attribute = stub
        .lines()
        .find_map(|line| line.trim().strip_prefix("// on Count: "))
        .expect("it says what to write on the new version");
    assert!(stub.contains("these changed as well") && stub.contains("Note.at"), "{stub}");
    // The old type is kept beside the new one, and the blanks are filled in.
    let filled = stub
        .replace("Vec<Note>", "Vec<old::Note>")
        .replace("todo!(\"i64\")", "old.value as i64")
        .replace("todo!(\"u8\")", "3")
        .replace("todo!(\"Mode\")", "Mode::Slow")
        .replace(
            "todo!(\"Vec<Note>\")",
            "old.notes.into_iter().map(|note| Note { text: note.text }).collect()",
        )
        .replace(
            "todo!(\"Vec<old::Note>\")",
            "old.notes.into_iter().map(|note| Note { text: note.text }).collect()",
        );
    assert!(!filled.contains("todo!"), "{filled}");
    let old = "mod old {
        use serde::{Deserialize, Serialize};
        #[derive(hotswap_abi::Shape, Serialize, Deserialize, Clone, Debug)]
        pub struct Note { pub at: u64, pub text: String }
    }";
    let source = source
        .replace(
            "use hotswap_abi::HotState;",
            "use hotswap_abi::{HotState, Migrate, MigrateError};",
        )
        .replace("#[hot_state(version = 1)]", attribute);
    // An included file begins with an item.
    let source: Vec<_> = source.lines().filter(|line| !line.starts_with("//!")).collect();
    format!("{}\n{old}\n{filled}\n", source.join("\n"))
}
