//! The root of another crate, `hotswap-gate-tests`: the gate and its tests, with nothing else of
//! hotswap-core and what that depends on. Under loom, or at full speed, all of it is compiled anew.

#![cfg(test)]
#![deny(unsafe_code)]
#![allow(dead_code, unused_imports, reason = "what only a host calls")]

mod gate;
mod sync;
