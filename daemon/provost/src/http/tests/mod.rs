//! The service as a program sees it: in memory, and over loopback.

mod authzen;
mod borders;
mod changes;
mod dealings;
mod desk;
mod doors;
mod figures;
mod grants;
mod once;
mod pages;
mod problems;
mod records;
pub(super) mod rig;
mod scopes;
mod search;
mod shape;
mod strangers;
mod token;
