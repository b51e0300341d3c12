//! A whole host against modules that cargo has really built: a file per theme.

mod abandoned;
mod building;
mod builtin;
mod calls;
mod deadlocks;
mod faults;
mod floors;
mod handles;
mod harness;
mod hooks;
mod host;
mod journal;
mod load;
mod loading;
mod panics;
mod plans;
mod refused;
mod rehearsal;
mod restart;
mod state;
mod stub;
mod support;
mod trials;
mod trusted;
mod watching;
mod worlds;
