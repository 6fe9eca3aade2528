//! The bench of the flow tests: real servers on loopback, the real binary, and a clock that the test turns.
//!
//! Every server has its own folder, port and process, and ends with the value that started it; a test that is killed
//! takes its servers with it.

pub mod client;
pub mod consumer;
pub mod directory;
pub mod ds389;
pub mod fault_proxy;
pub mod hostile;
pub mod mailbox;
pub mod office;
pub mod process;
pub mod provost;
pub mod receiver;
pub mod relay;
pub mod samba;
pub mod slapd;
pub mod smtpd;
pub mod staff;
pub mod systemd;
pub mod tls;
pub mod wait;
pub mod world;

pub use client::{Client, Reply};
pub use directory::{Change, ldif};
pub use ds389::Ds389;
pub use fault_proxy::{Fault, FaultProxy};
pub use mailbox::Received;
pub use office::{Office, Step};
pub use provost::{Answer, Provost};
pub use relay::{Does, Relay};
pub use samba::SambaAd;
pub use slapd::{Slapd, Variant};
pub use smtpd::Smtpd;
pub use staff::{Staff, StaffPerson};
pub use world::World;
