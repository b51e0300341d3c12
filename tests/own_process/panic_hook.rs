//! The program's own panic hook stays: modules, linked in or loaded, leave it alone.
//!
//! A process of its own: the hook is the process's.

use std::{
    panic,
    sync::{Mutex, PoisonError},
};

use counter_api::{Counter, Failing};
use hotswap_core::{CallError, Host, SlotConfig};
use hotswap_tests::{Told, file_name, fixture, patient, replace};

static REPORTED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn reported() -> Vec<String> {
    std::mem::take(&mut REPORTED.lock().unwrap_or_else(PoisonError::into_inner))
}

#[test]
fn the_hosts_own_panic_hook_stays() {
    panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or("no text").to_owned();
        REPORTED.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name("module"));
    let config =
        patient().slot("main", SlotConfig::artifact(&path).with_builtin::<counter::Counting>());
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let slot = host.slot::<dyn Counter>("main").unwrap();
    assert_eq!(told.live().generation, 1);

    // The module that is linked in is part of the program: its panics are reported by the
    // program's hook, and contained.
    let result = slot.pin().fail(Failing::Text);
    assert!(matches!(result, Err(CallError::Panicked(_))), "{result:?}");
    assert_eq!(reported(), ["told to panic"]);

    // A loaded module has its own hook, which is quiet; the error has message and place.
    replace(&path, fixture("counter").told("label=b").bytes());
    assert_eq!(told.live().generation, 2);
    let result = slot.pin().fail(Failing::Text);
    let Err(CallError::Panicked(failure)) = result else { panic!("{result:?}") };
    assert!(failure.place.contains("counting.rs:"), "{failure:?}");
    assert_eq!(reported(), [""; 0]);

    // The program's own panics are still its own.
    let thrown = panic::catch_unwind(|| panic!("the program's own"));
    assert!(thrown.is_err());
    assert_eq!(reported(), ["the program's own"]);
}
