//! The program that does not stop. It owns the world, and knows the interface and not the module.

use std::{error::Error, thread, time::Duration};

{{imports}}

fn main() -> Result<(), Box<dyn Error>> {
    // Built now, and again whenever one of its sources is saved.
    let sources = SlotConfig::cargo("{{package}}");
    let config = Config::dev()
        .slot("{{package}}", sources)
        // As this program is: a module that was built with another world is refused.
        .build(|request| request.with_features_of(env!("CARGO_PKG_NAME")))
        .with_host_build(host_build!());
    // SAFETY: cargo builds both sides. Modules start no threads, and the world has no value that rests
    // on a static, or that is looked up by a type which the module's own crate defines. The book's
    // chapter on worlds says more.
    let config = unsafe { config.lend_rust_types() };
    let host = Host::new(config)?;
    // Waits for the first build.
    let module = host.slot::<dyn {{Interface}}>("{{package}}")?;

    let mut world = World::default();
    loop {
        // The module panicked, say. The world is as the panic left it, and the next good build goes on.
        if let Err(error) = module.pin_mut().update(&mut world) {
            println!("no update: {error}");
        }
        thread::sleep(Duration::from_secs(1));
    }
}
