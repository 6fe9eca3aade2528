//! Syncs against a directory that speaks LDAP over loopback and misbehaves at a word.

mod absence;
mod controller;
mod group;
mod hostile;
mod live;
mod odd;
mod rig;
mod run;
mod settled;
mod state;
