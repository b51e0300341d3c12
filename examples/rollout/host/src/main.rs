//! Takes orders all the time, and rolls out each new version of the module that knows their taxes:
//! `rollout smooth`, `rollout gradual` or `rollout parallel`. Edit `examples/rollout/module/src/lib.rs`
//! meanwhile. Enter shows the status; ends with the input.

mod orders;

use std::{env, error::Error, io, sync::mpsc::Receiver, thread, time::Duration};

use hotswap_core::{
    Config, Host, Operator, Slot, SlotConfig, Strategy, Trial,
    event::{Event, EventKind},
};
use tax_api::Tax;

use crate::orders::Orders;

fn main() -> Result<(), Box<dyn Error>> {
    let strategy = match env::args().nth(1).as_deref() {
        Some("smooth") => Strategy::smooth(),
        Some("gradual") => Strategy::gradual([0.05, 0.25]),
        Some("parallel") => Strategy::parallel().with_manual_promotion(),
        _ => return Err("usage: rollout smooth|gradual|parallel".into()),
    };
    // ANCHOR: config
    let trial = Trial::new(Duration::from_secs(2)).with_calls(1000, Duration::from_secs(60));
    let slot = SlotConfig::cargo("tax").with_strategy(strategy).with_trial(trial);
    let host = Host::new(Config::dev().slot("tax", slot).with_reporter(|line| println!("{line}")))?;
    // ANCHOR_END: config
    let events = host.events();
    let tax = host.slot::<dyn Tax>("tax")?;

    let orders = Orders::come(&tax);
    let follower = thread::spawn({
        let (operator, tax) = (host.operator().clone(), tax);
        move || follow(&events, &operator, &tax)
    });
    for line in io::stdin().lines() {
        line?;
        println!("{}", host.status());
    }
    let (taken, failed) = orders.end();
    println!("{taken} orders, {failed} of them without their tax");
    host.shutdown()?;
    // The channel has ended with the host.
    follower.join().expect("it does not panic");
    Ok(())
}

/// Looks at each version that gets no calls yet.
fn follow(events: &Receiver<Event>, operator: &Operator, tax: &Slot<dyn Tax>) {
    for event in events {
        if matches!(event.kind, EventKind::Step { weight: 0.0, .. }) {
            look_at_canary(operator, tax);
        }
    }
}

// ANCHOR: preview
/// Promotes the new version when it answers as the stable one does, else takes it back.
fn look_at_canary(operator: &Operator, tax: &Slot<dyn Tax>) {
    let told = match compare(tax) {
        Ok(()) => operator.promote("tax", "all answers are the same"),
        Err(why) => operator.roll_back("tax", why.to_string()),
    };
    if let Err(error) = told {
        println!("{error}");
    }
}

fn compare(tax: &Slot<dyn Tax>) -> Result<(), Box<dyn Error>> {
    for (country, price) in [("DE", 999), ("FR", 999), ("JP", 999)] {
        // A thread is inside one version at a time: this pin ends before the next begins.
        let new = tax.preview().ok_or("it is gone")?.tax_in(country, price)?;
        let old = tax.pin().tax_in(country, price)?;
        if new != old {
            let why = format!("the tax in {price} cents, {country}, is {new:?} and was {old:?}");
            return Err(why.into());
        }
    }
    Ok(())
}
// ANCHOR_END: preview
