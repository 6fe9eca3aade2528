//! The rooms of the daemon: adapters, flows and the command line. `main.rs` only calls in here.

pub mod document;
pub mod failpoint;
pub mod scenario;
pub mod store;
