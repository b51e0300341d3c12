//! Gauges and counters reach the recorder of the program.
//!
//! Installs the recorder of its process.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use counter_api::{Counter, Failing};
use hotswap_core::{Strategy, Trial};
use hotswap_tests::{LONG, Scene, fixture, patient, until};
use metrics::{
    Counter as Counts, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata,
    Recorder, SharedString, Unit,
};
use tally_api::Tally;

/// The last value of each figure; of a histogram, how many there were.
#[derive(Debug, Default, Clone)]
struct Figures(Arc<Mutex<BTreeMap<String, f64>>>);

struct Figure(Figures, String);

impl Figures {
    fn figure(&self, key: &Key) -> Arc<Figure> {
        let labels: Vec<_> =
            key.labels().map(|it| format!("{}={}", it.key(), it.value())).collect();
        Arc::new(Figure(self.clone(), format!("{} {}", key.name(), labels.join(" "))))
    }

    fn get(&self, figure: &str) -> Option<f64> {
        self.0.lock().unwrap().get(figure).copied()
    }
}

impl Figure {
    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut all = self.0.0.lock().unwrap();
        let value = all.entry(self.1.clone()).or_default();
        *value = change(*value);
    }
}

impl CounterFn for Figure {
    fn increment(&self, by: u64) {
        self.change(|value| value + by as f64);
    }
    fn absolute(&self, to: u64) {
        self.change(|_| to as f64);
    }
}

impl GaugeFn for Figure {
    fn increment(&self, by: f64) {
        self.change(|value| value + by);
    }
    fn decrement(&self, by: f64) {
        self.change(|value| value - by);
    }
    fn set(&self, to: f64) {
        self.change(|_| to);
    }
}

impl HistogramFn for Figure {
    fn record(&self, _: f64) {
        self.change(|count| count + 1.0);
    }
}

impl Recorder for Figures {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counts {
        Counts::from_arc(self.figure(key))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.figure(key))
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.figure(key))
    }
}

#[test]
fn what_a_host_does_is_counted() {
    let figures = Figures::default();
    metrics::set_global_recorder(figures.clone()).unwrap();
    let counter = |script: &str| fixture("counter").told(script);
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let scene = Scene::<dyn Counter>::with(patient().with_trial(trial), &counter("label=a"));
    let outcome =
        |outcome: &str| figures.get(&format!("hotswap_upgrades_total slot=main outcome={outcome}"));
    assert_eq!(figures.get("hotswap_generation slot=main"), Some(1.0), "{figures:#?}");
    assert_eq!((outcome("committed"), outcome("refused")), (Some(1.0), None));

    let _ = scene.refusal(&counter("label=b;prepare=fail"));
    assert_eq!(outcome("refused"), Some(1.0));

    scene.upgrade(&counter("label=c"));
    assert_eq!(figures.get("hotswap_generation slot=main"), Some(2.0));
    assert_eq!(figures.get("hotswap_on_trial slot=main"), Some(1.0));
    assert_eq!(figures.get("hotswap_pause_seconds slot=main"), Some(1.0));
    scene.slot.pin().fail(Failing::Text).unwrap_err();
    let rolled_back = scene.told.refused();
    assert_eq!(outcome("rolled_back"), Some(1.0), "{rolled_back}");
    assert_eq!(figures.get("hotswap_generation slot=main"), Some(1.0));
    assert_eq!(figures.get("hotswap_on_trial slot=main"), Some(0.0));
    assert_eq!(figures.get("hotswap_degraded slot=main"), Some(0.0));
    assert_eq!(figures.get("hotswap_phases_total slot=main phase=Activated"), Some(2.0));

    // What was on trial when the host ended is on trial no more: by itself, and beside the stable one.
    scene.upgrade(&counter("label=d"));
    assert_eq!(figures.get("hotswap_on_trial slot=main"), Some(1.0));
    scene.host.shutdown().unwrap();
    assert_eq!(figures.get("hotswap_on_trial slot=main"), Some(0.0));
    let till = |script: &str| fixture("till").told(script);
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let config = patient().with_strategy(Strategy::parallel()).with_trial(trial);
    let scene = Scene::<dyn Tally>::with(config, &till("label=a"));
    scene.put(&till("label=b"));
    until("it is the canary", || scene.host.status().slots[0].canary.is_some());
    until("it is told", || figures.get("hotswap_on_trial slot=main") == Some(1.0));
    scene.host.shutdown().unwrap();
    assert_eq!(figures.get("hotswap_on_trial slot=main"), Some(0.0));
}
