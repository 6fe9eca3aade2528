//! The rules of Provost: who is an authorized contact, who may act, who has gone quiet.
//!
//! This crate is pure. It does no I/O, reads no clock and no environment, logs nothing and draws no random
//! numbers; time comes in as an argument and every collection it hands out is ordered, so that the same input
//! gives the same plan, byte for byte. Its `Cargo.toml` has nothing to do otherwise with.
//!
//! The rule book is the domain page of the design; each rule's code (`contact.only`, `login-as.rights`, …) names
//! the function that implements it.

pub mod breaker;
pub mod call;
pub mod case;
pub mod change;
pub mod contact;
pub mod decision;
pub mod directory;
pub mod district;
pub mod document;
pub mod erasure;
mod hex;
pub mod id;
pub mod lifecycle;
pub mod limits;
pub mod notice;
pub mod person;
pub mod plugin;
pub mod register;
pub mod rights;
pub mod role;
pub mod session;
pub mod time;
pub mod timeline;
pub mod token;
pub mod training;
pub mod update;

pub use hex::{hex, unhex};
pub use jiff::Timestamp;
