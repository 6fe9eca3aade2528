//! The parts of the `provost` binary; `main.rs` only parses the command line and runs it.

pub mod author;
pub mod checkpoint;
pub mod cli;
pub mod compile;
pub mod config;
pub mod daemon;
pub mod deliver;
pub mod demo;
pub mod document;
mod doors;
pub mod failpoint;
pub mod fault;
mod files;
pub mod flow;
pub mod http;
pub mod ldap;
pub mod live;
pub mod ports;
pub mod pulse;
pub mod scenario;
pub mod sheet;
pub mod signals;
pub mod spool;
pub mod store;
pub mod systemd;
pub mod timer;
pub mod watch;
