//! The service as a program sees it: in memory, and over loopback.

mod authzen;
mod changes;
mod doors;
mod once;
mod pages;
mod problems;
pub(super) mod rig;
mod scopes;
mod search;
mod shape;
mod token;
