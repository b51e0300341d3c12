//! The program that does not stop. It knows the interface, and not the module.

use std::{error::Error, thread, time::Duration};

{{imports}}

fn main() -> Result<(), Box<dyn Error>> {
    // Built now, and again whenever one of its sources is saved.
    let sources = SlotConfig::cargo("{{package}}");
    let host = Host::new(Config::dev().slot("{{package}}", sources))?;
    // Waits for the first build.
    let module = host.slot::<dyn {{Interface}}>("{{package}}")?;

    loop {
        match module.pin_mut().tick() {
            Ok(line) => println!("{line}"),
            // The module panicked, say. The program goes on, and so does the next good build.
            Err(error) => println!("no line: {error}"),
        }
        thread::sleep(Duration::from_secs(1));
    }
}
