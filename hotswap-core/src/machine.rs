//! The machine and the process that a host runs in: what is free, what to do about an error of the
//! system, and whether this is still the process that has made the host.

pub(crate) mod cause;
pub(crate) mod free;
pub(crate) mod owner;
