//! The whole road on real parts, one file a flow.

mod bench;
mod config;
mod house;
mod kill;
mod quiet_contact;
mod sync;
mod systemd;
