//! The subscriber of the process, and a module that logs what it is told to.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use chatter_api::Chatter;
use hotswap_core::sync_log_filters;
use hotswap_tests::{Fixture, Heard, Line, Scene, fixture};
use tracing_subscriber::{EnvFilter, Registry, prelude::*, reload};

/// The subscriber, and its filter.
pub(crate) struct Stage {
    pub(crate) heard: Heard,
    pub(crate) filter: reload::Handle<EnvFilter, Registry>,
    _alone: MutexGuard<'static, ()>,
}

impl Stage {
    pub(crate) fn filter(&self, directives: &str) {
        self.filter.reload(EnvFilter::new(directives)).expect("the subscriber is there");
        sync_log_filters();
    }

    /// What the module says when it is told to.
    pub(crate) fn said(&self, scene: &Scene<dyn Chatter>, what: &str) -> Vec<Line> {
        let _ = self.heard.take();
        scene.slot.pin().say(what).expect("it serves");
        self.heard.take()
    }

    /// The texts of the events of it.
    pub(crate) fn texts(&self, scene: &Scene<dyn Chatter>, what: &str) -> Vec<String> {
        self.said(scene, what).iter().filter(|it| !it.is_span).map(|it| it.text()).collect()
    }
}

pub(crate) fn stage(directives: &str) -> Stage {
    type Shared = (Heard, reload::Handle<EnvFilter, Registry>);
    static ALONE: Mutex<()> = Mutex::new(());
    static SHARED: LazyLock<Shared> = LazyLock::new(|| {
        let heard = Heard::default();
        let (filter, handle) = reload::Layer::new(EnvFilter::new("off"));
        tracing_subscriber::registry().with(filter).with(heard.clone()).init();
        (heard, handle)
    });
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (heard, filter) = SHARED.clone();
    heard.unhook();
    let stage = Stage { heard, filter, _alone: alone };
    stage.filter(directives);
    let _ = stage.heard.take();
    stage
}

pub(crate) fn chatter(script: &str) -> Fixture {
    fixture("chatter").told(script)
}
