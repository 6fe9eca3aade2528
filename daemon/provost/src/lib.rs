//! The rooms of the daemon: adapters, flows and the command line. `main.rs` only calls in here.

pub mod failpoint;
pub mod store;
