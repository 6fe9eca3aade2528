//! The parts of the `provost` binary; `main.rs` only parses, runs and prints.

pub mod config;
pub mod deliver;
pub mod failpoint;
