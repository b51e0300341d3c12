//! A module with a subscriber of its own, which does not come back where the host has the module ask
//! again which callsites are wanted.
//!
//! A process of its own: the thread that has modules ask is the process's.

use std::time::Duration;

use chatter_api::Chatter;
use hotswap_core::{Retire, sync_log_filters};
use hotswap_tests::{Heard, Scene, fixture, patient, until};
use tracing_subscriber::{EnvFilter, prelude::*, reload};

#[test]
fn a_subscriber_of_a_module_that_hangs_holds_its_library_and_nothing_else() {
    let heard = Heard::default();
    let (filter, handle) = reload::Layer::new(EnvFilter::new("info"));
    tracing_subscriber::registry().with(filter).with(heard.clone()).init();
    let config = patient().with_retire(Retire::Unload).with_work_deadline(Duration::from_secs(20));
    let scene = Scene::<dyn Chatter>::with(config, &fixture("chatter").told("a=1"));
    for what in ["own subscriber", "levels"] {
        scene.slot.pin().say(what).unwrap();
    }
    sync_log_filters();

    // Its end waits for nobody, and who holds the library is named.
    scene.upgrade(&fixture("chatter").told("a=2"));
    let named = "thread of the module: hotswap-asker";
    until("the thread is named", || scene.host.status().to_string().contains(named));
    // Other modules follow the host's filters as before.
    for (directives, texts) in [("info", &[][..]), ("debug", &["detail"])] {
        handle.reload(EnvFilter::new(directives)).unwrap();
        sync_log_filters();
        let _ = heard.take();
        std::thread::scope(|scope| {
            scope.spawn(|| scene.slot.pin().say("detail").unwrap());
        });
        assert_eq!(heard.texts(), texts, "{directives}");
    }
    let Scene { host, slot, .. } = scene;
    drop(slot);
    host.shutdown().unwrap();
}
