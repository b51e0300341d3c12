//! A subscriber that is set when modules serve already and have logged into the void.
//!
//! A process of its own: the subscriber is the process's, and there is none at first.

use chatter_api::Chatter;
use hotswap_core::sync_log_filters;
use hotswap_tests::{Heard, Scene, fixture};
use tracing_subscriber::prelude::*;

#[test]
fn a_subscriber_may_come_late() {
    let scene = Scene::<dyn Chatter>::of(&fixture("chatter"));
    for what in ["levels", "detail", "records", "doubled", "spans", "if enabled"] {
        scene.slot.pin().say(what).unwrap();
    }
    // Nobody listens: no value was made.
    assert_eq!(scene.slot.pin().values_made().unwrap(), 0);

    let heard = Heard::default();
    tracing_subscriber::registry().with(heard.clone()).init();
    sync_log_filters();
    for what in ["levels", "records", "doubled"] {
        scene.slot.pin().say(what).unwrap();
    }
    assert_eq!(
        heard.texts(),
        ["1", "2", "3", "4", "5", "a record", "with values", "made 0", "doubled: doubled"]
    );
}
