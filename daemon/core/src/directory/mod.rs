//! Directory sync: what a directory says, and what follows from it for the register.
//!
//! The way of an entry: [`Entry`] (names and bytes as they came) → [`observe`] → [`Observed`], or [`Quarantined`] with
//! a reason → [`Reconciler`], which is fed pairs of ours and theirs in the order of their stable ids and yields changes →
//! [`Summary`] with the concerns that keep a plan from being applied by itself. Nothing here holds more than one pair.
//!
//! Rule: directory design, *proof before absence*: positive evidence suspends at once, absence by omission needs two
//! complete reads that agree and an explanation for each id.

mod absence;
mod dn;
mod effects;
mod entry;
mod guard;
mod mapping;
mod observed;
mod pair;
mod reconcile;
mod stable_id;
mod status;

pub use absence::Absence;
pub use dn::{BadDn, Dn};
pub use effects::{Effects, Lately};
pub use entry::{Attribute, Entry};
pub use guard::{BadPercent, Concern, Guard, Percent, Summary};
pub use mapping::{Mapping, observe};
pub use observed::{Observation, Observed, Quarantined, Remark};
pub use pair::{Goes, Held, Namesake, Ours, Pair, Standing, Theirs, relink};
pub use reconcile::{About, Consequence, Reach, Reconciler};
pub use stable_id::{IdAttribute, IdFormat};
pub use status::StatusRule;
