//! Who the server is for: they buy all the time, and count what they have paid.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use hotswap_core::{CallError, Slot};
use prices_api::Pricing;

const PURCHASES: [(&str, u32); 5] =
    [("tea", 1), ("bread", 2), ("soap", 3), ("tea", 4), ("bread", 5)];

/// Customers on a thread of their own.
pub(crate) struct Customers {
    gone: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), CallError>>,
}

impl Customers {
    pub(crate) fn come(prices: &Slot<dyn Pricing>) -> Self {
        let gone = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (prices, gone) = (prices.clone(), Arc::clone(&gone));
            move || buy(&prices, &gone)
        });
        Self { gone, thread }
    }

    /// They leave; what they have come to is told once more.
    pub(crate) fn leave(self) -> Result<(), CallError> {
        self.gone.store(true, Ordering::Relaxed);
        self.thread.join().expect("customers do not panic")
    }
}

fn buy(prices: &Slot<dyn Pricing>, gone: &AtomicBool) -> Result<(), CallError> {
    // What is in the till at first was paid by others.
    let mut paid = prices.pin().takings()?;
    let (mut sales, mut failed) = (0, 0);
    let mut told = Instant::now();
    let tell = |paid, sales, failed| -> Result<(), CallError> {
        let till = prices.pin().takings()?;
        println!("{sales} sales, {failed} failed; {paid} cents paid, {till} in the till");
        Ok(())
    };
    for (item, count) in PURCHASES.into_iter().cycle() {
        match prices.pin_mut().sell(item, count) {
            Ok(cents) => (paid, sales) = (paid + cents, sales + 1),
            Err(_) => failed += 1,
        }
        if gone.load(Ordering::Relaxed) {
            break;
        }
        if told.elapsed() > Duration::from_secs(5) {
            told = Instant::now();
            tell(paid, sales, failed)?;
        }
        thread::sleep(Duration::from_millis(10));
    }
    tell(paid, sales, failed)
}
