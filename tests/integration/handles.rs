//! What the public handles are: `Send`, `Sync`, `Debug`.

use std::fmt::Debug;

use counter_api::Counter;
use hotswap_core::{
    ArtifactHash, CallError, Config, Error, ErrorKind, Host, Pin, PinMut, Reader, Slot, SlotConfig,
    SlotStatus, Status, WatchError,
    event::{Event, Live, Refusal},
};
use hotswap_tests::Scene;

use crate::support::counter;

type I = dyn Counter;

const fn shared<T: Send + Sync + Debug>() {}
const fn cloned<T: Clone>() {}

/// Compiles where `T` does not have the trait: two ways to it make it ambiguous where it has.
macro_rules! not {
    ($ty:ty: $bound:path) => {
        const _: fn() = || {
            trait Either<A> {
                fn it() {}
            }
            struct Has;
            impl<T: ?Sized> Either<()> for T {}
            impl<T: ?Sized + $bound> Either<Has> for T {}
            let _ = <$ty as Either<_>>::it;
        };
    };
}

const _: () = {
    shared::<Host>();
    shared::<Slot<I>>();
    cloned::<Slot<I>>();
    shared::<Config>();
    cloned::<Config>();
    shared::<Error>();
    shared::<ErrorKind>();
    shared::<CallError>();
    shared::<Event>();
    shared::<Live>();
    shared::<Refusal>();
    shared::<Status>();
    shared::<SlotStatus>();
    shared::<ArtifactHash>();
    shared::<WatchError>();
};

// A pin stands for its thread's place inside.
not!(Pin<'static, I>: Send);
not!(PinMut<'static, I>: Send);

#[test]
fn every_handle_can_be_printed() {
    const fn printed<T: Debug>() {}
    printed::<Pin<'_, I>>();
    printed::<PinMut<'_, I>>();
    printed::<Reader<I>>();
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    let slot = format!("{:?}", scene.slot);
    assert!(slot.contains("main") && slot.contains('1'), "{slot}");
    for text in [
        format!("{:?}", scene.slot.pin()),
        format!("{:?}", scene.slot.pin_mut()),
        format!("{:?}", scene.slot.reader()),
        format!("{:?}", scene.host),
        format!("{:?}", scene.host.status()),
        format!("{:?}", Config::dev().slot("main", SlotConfig::artifact("x"))),
    ] {
        assert!(!text.is_empty());
    }
}
