//! The whole road on real parts, one file a flow.

// Everything here is test code; clippy knows that only of the functions that carry the attribute.
#![allow(clippy::unwrap_used)]

mod audit;
mod authzen;
mod backup;
mod bench;
mod cast;
mod clock;
mod config;
mod doctor;
mod ds389;
mod erase;
mod failover;
mod faults;
mod feed;
mod full_disk;
mod hostile;
mod house;
mod kill;
mod kill_any_time;
mod live;
mod mail_trouble;
mod mass;
mod package;
mod plugins;
mod programs;
mod proof;
mod quiet_contact;
mod refresh;
mod reload;
mod rounds;
mod samba;
mod sandbox;
mod scenarios;
mod school;
mod seeds;
mod service;
mod sync;
mod systemd;
mod tls;
mod webhook;

/// A number from the environment: the runner's choice of how much, or of which run again.
#[allow(clippy::disallowed_methods)] // the runner's choice
fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}
