//! A whole host against modules that cargo has really built: a file per theme.

mod building;
mod builtin;
mod calls;
mod faults;
mod handles;
mod hooks;
mod host;
mod load;
mod loading;
mod refused;
mod state;
mod stub;
mod support;
mod watching;
mod worlds;
