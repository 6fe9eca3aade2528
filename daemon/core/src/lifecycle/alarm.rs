//! What operators are alarmed of. The codes are stable; the sentences are for people.

/// The last valid contact of a district has reached a stage, or is held because it is the last.
pub const LAST_CONTACT: &str = "inactivity.last-contact";
/// A final notice or a deactivation waits for an activity feed.
pub const STALE_FEED: &str = "inactivity.stale-feed";
/// Every channel refuses a notice.
pub const UNDELIVERABLE: &str = "inactivity.undeliverable";
/// A notice that nobody accepted for 14 days counts as given.
pub const UNNOTIFIED: &str = "inactivity.unnotified";
/// More notices are due at once than go out without an operator's word.
pub const MASS: &str = "notice.mass";
/// A notice that is no stage's was given up.
pub const DEAD_LETTER: &str = "notice.failed";
/// A technical contact came back as support, because the slot was taken.
pub const TECHNICAL_CAP: &str = "contact.technical-cap";
