//! Interfaces of as many methods as are asked for, written by the build script.
#![allow(missing_docs, reason = "methods that differ by a number alone")]

include!(concat!(env!("OUT_DIR"), "/wide.rs"));
