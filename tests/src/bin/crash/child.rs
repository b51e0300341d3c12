//! The host that dies, in a process of its own.

use std::{
    error::Error,
    fmt::Debug,
    io::Write as _,
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{Approval, Config, Host, Rehearsal, SlotConfig, Trial, event::EventKind};
use hotswap_tests::{file_name, patient};
use rustix::process::{Signal, getpid, kill_process};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer, layer::Context, layer::SubscriberExt as _, registry::LookupSpan,
    util::SubscriberInitExt as _,
};

/// Those of the pause are told when it is over: their spans say when they begin.
const IN_THE_PAUSE: [&str; 3] = ["Quiescing", "Snapshotted", "Migrating"];

/// A host: says what it serves, and unless it is only to `look`, counts on until it is killed, at the
/// latest at its moment.
pub(crate) fn run(folder: &Path, moment: &str) -> Result<ExitCode, Box<dyn Error>> {
    let passed_over = Arc::new(AtomicU64::new(0));
    // What is recovered goes through the phases as well.
    let serves = Arc::new(AtomicBool::new(false));
    let (seen, upgrades, at) = (Arc::clone(&passed_over), Arc::clone(&serves), moment.to_owned());
    let mut config: Config = patient()
        .on_event(move |event| match &event.kind {
            EventKind::Recovered(recovered) => {
                seen.store(recovered.passed_over.len() as u64, Ordering::Relaxed);
                if at == "Recovered" {
                    die();
                }
            }
            EventKind::Phase { phase, .. }
                if upgrades.load(Ordering::Relaxed)
                    && !IN_THE_PAUSE.contains(&&*at)
                    && phase.to_string() == at =>
            {
                die();
            }
            _ => {}
        })
        .with_first_artifact_deadline(Duration::from_secs(20))
        .slot("main", SlotConfig::artifact(folder.join(file_name("module"))))
        .with_data_dir(folder)
        .with_checkpoint_interval(Duration::from_millis(15))
        .with_trial(Trial::new(Duration::from_millis(30)));
    match moment {
        "Rehearsed" => config = config.with_rehearsal(Rehearsal::new()),
        "AwaitingApproval" => config = config.with_approval(Approval::by_call()),
        _ if IN_THE_PAUSE.contains(&moment) => {
            let spans = Spans { moment: moment.to_owned(), serves: Arc::clone(&serves) };
            tracing_subscriber::registry().with(spans).init();
        }
        _ => {}
    }
    let host = Host::new(config)?;
    if moment == "Opened" {
        die();
    }
    let slot = host.slot::<dyn Counter>("main")?;
    let (label, value) = (slot.pin().label()?, slot.pin().value()?);
    println!("serves {label} {value} {}", passed_over.load(Ordering::Relaxed));
    if moment == "look" {
        return Ok(ExitCode::SUCCESS);
    }
    serves.store(true, Ordering::Relaxed);
    loop {
        let mut last = 0;
        for _ in 0..20 {
            last = slot.pin_mut().add(1)?;
        }
        // A trial that begins at this moment may have it wait.
        if host.operator().checkpoint("main").is_ok() {
            println!("acknowledged {last}");
            std::io::stdout().flush()?;
        }
    }
}

/// As if somebody else had done it.
fn die() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    loop {
        thread::park();
    }
}

/// Dies when the span of a phase is entered.
struct Spans {
    moment: String,
    serves: Arc<AtomicBool>,
}

/// The phase of a span.
struct OfPhase(String);

impl Visit for OfPhase {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "phase" {
            self.0 = format!("{value:?}");
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut phase = OfPhase(String::new());
        attributes.record(&mut phase);
        if let Some(span) = context.span(id).filter(|_| phase.0 == self.moment) {
            span.extensions_mut().insert(phase);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let is_it = context.span(id).is_some_and(|it| it.extensions().get::<OfPhase>().is_some());
        if is_it && self.serves.load(Ordering::Relaxed) {
            die();
        }
    }
}
