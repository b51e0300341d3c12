//! A fixed number of calls by one way, for callgrind to count: `benches-instructions WAY FOLDER`,
//! where the folder has the modules. Only what is inside functions named `counted_…` is counted.

use std::{env, hint::black_box, path::Path, process::ExitCode};

use benches_api::{Calls, Counter};
use hotswap_core::{Config, Host, Interface, Pin, PinMut, Reader, Slot, SlotConfig};
use libloading::Library;

/// As many as `.ci/instructions` divides by.
const CALLS: u64 = 10_000;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [way, folder] = &args[..] else {
        eprintln!("a way and a folder");
        return ExitCode::FAILURE;
    };
    let folder = Path::new(folder);
    let (calls, counter) = ("libbenches_calls.so", "libbenches_counter.so");
    match way.as_str() {
        "fn_pointer" => {
            // SAFETY: a module of ours, which runs nothing when it is opened.
            let library = unsafe { Library::new(folder.join(calls)) }.expect("it can be opened");
            // SAFETY: the type is the one in the module's source.
            let add = unsafe { library.get::<fn(u64) -> u64>(b"direct_add") };
            counted_fn_pointer(&mut { *add.expect("the module exports it") });
        }
        "reader" => {
            let (_host, slot) = live::<dyn Calls>(&folder.join(calls));
            counted_reader(&mut slot.reader());
        }
        "pin" => {
            let (_host, slot) = live::<dyn Calls>(&folder.join(calls));
            counted_pin(&mut slot.pin());
        }
        "slot" => {
            let (_host, mut slot) = live::<dyn Calls>(&folder.join(calls));
            counted_slot(&mut slot);
        }
        "reader_mut" => {
            let (_host, slot) = live::<dyn Counter>(&folder.join(counter));
            counted_reader_mut(&mut slot.reader());
        }
        "pin_mut" => {
            let (_host, slot) = live::<dyn Counter>(&folder.join(counter));
            counted_pin_mut(&mut slot.pin_mut());
        }
        "slot_mut" => {
            let (_host, mut slot) = live::<dyn Counter>(&folder.join(counter));
            counted_slot_mut(&mut slot);
        }
        _ => {
            eprintln!("no such way: {way}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Functions of their own, so that callgrind can tell them from the rest.
macro_rules! counted {
    ($($name:ident($way:ident: $type:ty) |$x:ident| $call:expr;)*) => {
        $(
            #[inline(never)]
            fn $name($way: &mut $type) {
                let mut sum = 0_u64;
                for $x in 0..CALLS {
                    let $x = black_box($x);
                    sum = sum.wrapping_add($call);
                }
                black_box(sum);
            }
        )*
    };
}

counted! {
    counted_fn_pointer(add: fn(u64) -> u64) |x| add(x);
    counted_reader(reader: Reader<dyn Calls>) |x| reader.add(x).expect("the slot serves");
    counted_pin(pin: Pin<'_, dyn Calls>) |x| pin.add(x).expect("the slot serves");
    counted_slot(slot: Slot<dyn Calls>) |x| slot.pin().add(x).expect("the slot serves");
    counted_reader_mut(reader: Reader<dyn Counter>) |x| reader.count(x).expect("the slot serves");
    counted_pin_mut(pin: PinMut<'_, dyn Counter>) |x| pin.count(x).expect("the slot serves");
    counted_slot_mut(slot: Slot<dyn Counter>) |x| slot.pin_mut().count(x).expect("the slot serves");
}

fn live<I: Interface + ?Sized>(artifact: &Path) -> (Host, Slot<I>) {
    let host = Host::new(Config::production().slot("slot", SlotConfig::artifact(artifact)))
        .expect("it starts");
    let slot = host.slot("slot").expect("the module is live");
    (host, slot)
}
