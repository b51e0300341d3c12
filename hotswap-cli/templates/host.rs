//! The program that does not stop. It knows the interface, and not the module.

use std::{
    error::Error,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

{{imports}}

fn main() -> Result<(), Box<dyn Error>> {
    // Built now, and again whenever one of its sources is saved.
    let sources = SlotConfig::cargo("{{package}}");
    // The module's state is kept there over a restart.
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "{{data}}");
    let config = Config::dev().with_data_dir(data);
    let host = Host::new(config.slot("{{package}}", sources))?;
    // Waits for the first build.
    let module = host.slot::<dyn {{Interface}}>("{{package}}")?;

    let interrupted = interrupted()?;
    while !interrupted.load(Ordering::Relaxed) {
        match module.pin_mut().tick() {
            Ok(line) => println!("{line}"),
            // The module panicked, say. The program goes on, and so does the next good build.
            Err(error) => println!("no line: {error}"),
        }
        thread::sleep(Duration::from_secs(1));
    }
    Ok(host.shutdown()?)
}

/// Is true after Ctrl-C. A second one ends the program at once.
fn interrupted() -> io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for &signal in TERM_SIGNALS {
        flag::register_conditional_shutdown(signal, 1, Arc::clone(&interrupted))?;
        flag::register(signal, Arc::clone(&interrupted))?;
    }
    Ok(interrupted)
}
