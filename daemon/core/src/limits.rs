//! Every bound of the core, with its unit and reason.

use jiff::SignedDuration;

/// Bytes of an identifier: the longest LDAP stable ids and usernames seen are under 100.
pub const ID_BYTES_MAX: usize = 255;

/// Bytes of a free text of a document or an attribute value (names, titles, reasons, addresses).
pub const TEXT_BYTES_MAX: usize = 4096;

/// Values kept of one multi-valued attribute; the rest is reported. A person with more mail addresses is bad data.
pub const VALUES_MAX: usize = 64;

/// Days of an inactivity period: more than ten years is a typing error.
pub const PERIOD_DAYS_MAX: u16 = 3650;

/// Days between notice and deactivation at least: reminder, final notice and deactivation each need a day. Rule: domain §3.
pub const EPISODE_DAYS_MIN: u16 = 3;

/// How far an event may lie in the future before it is quarantined. Rule: domain §3.
pub const SKEW_SECONDS_MAX: i64 = 5 * 60;

/// Acceptance within this time of due counts as due. Rule: domain §3.
pub const ON_TIME_SECONDS: i64 = 60 * 60;

/// Days after which a stage that every channel refused counts as given. Rule: domain §3.
pub const UNDELIVERABLE_DAYS: i64 = 14;

/// Days a last contact is held at most with `last-contact = "hold"`. Rule: domain §3.
pub const LAST_CONTACT_HOLD_DAYS: i64 = 30;

/// Days of a hold on which its alarm is raised again: weekly, on the eve of a last contact's deactivation, and now and
/// then where a feed stays away.
pub const HOLD_ALARM_DAYS: [i64; 8] = [7, 14, 21, 28, 29, 60, 90, 180];

/// From then on, where a feed stays away for good: every so many days.
pub const HOLD_ALARM_YEARLY: i64 = 365;

/// Days that the clock may be ahead after a restart without anything to prove it. Rule: domain §3.
pub const CLOCK_GAP_DAYS_MAX: i64 = 30;

/// Days after which a suspended contact is removed. Rule: domain §3.
pub const SUSPENDED_DAYS_MAX: i64 = 30;

/// Guard default: absences of this share of a source refuse the plan. Rule: directory design, proof before absence.
pub const MISSING_MAX_PERCENT: f64 = 5.0;
/// The guard never refuses this few absences on the percentage alone.
pub const MISSING_FLOOR: u64 = 3;
/// The guard always refuses more absences than this.
pub const MISSING_CEILING: u64 = 500;

/// People that one plan may give product roles to before an operator must approve it.
pub const ROLE_GAINS_MAX: u64 = 5;

/// Levels of nested groups that are followed; cycles end by themselves, this ends a hostile chain.
pub const GROUP_DEPTH_MAX: u32 = 64;

/// Activity events of one batch: one durable commit, after which others have their turn.
pub const ACTIVITY_BATCH_MAX: usize = 1000;

/// Bytes of one event as a line of a file: its five fields at their longest, written with escapes, take less.
pub const ACTIVITY_LINE_BYTES_MAX: usize = 16 << 10;

/// Bytes of a question, as it weighs in memory: who asks, for what, and a page of circumstances. What is recorded keeps
/// it whole, and thousands may wait.
pub const QUESTION_BYTES_MAX: usize = 32 << 10;

/// Bytes that a value of a question counts for beside its text: what it takes in memory.
pub const VALUE_BYTES: usize = 32;

/// People that a question names in `with`, or in `to`: more than anyone has on one call. Each is looked up.
pub const QUESTION_NAMES_MAX: usize = 100;

/// Bytes of one message of a directory server: a group of half a million members comes as one.
pub const LDAP_MESSAGE_BYTES_MAX: usize = 64 << 20;

/// Elements of one such message, each of which takes much more memory than bytes: the members of that group.
pub const LDAP_MESSAGE_ELEMENTS_MAX: u32 = 1_000_000;

/// Elements within each other in one such message. A value of an entry is the sixth, those of extended answers are fewer;
/// readers that descend by recursion would have no end of stack.
pub const LDAP_MESSAGE_DEPTH_MAX: usize = 12;

/// Versions of one plugin that are kept to return to: with components of up to 64 MiB this bounds the register's file.
pub const PLUGIN_VERSIONS_MAX: usize = 20;

/// Failed calls of a plugin within [`BREAKER_WINDOW`] that put it in quarantine.
pub const BREAKER_FAILURES: usize = 5;

/// The time in which they count.
pub const BREAKER_WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// How long a plugin in quarantine rests before it is tried, at first; twice as long after each try that fails.
pub const BREAKER_REST: SignedDuration = SignedDuration::from_secs(30);

/// The longest rest: a plugin that was mended outside is back within this.
pub const BREAKER_REST_MAX: SignedDuration = SignedDuration::from_mins(15);

/// How long a try may take before another one is allowed: calls are cut off long before.
pub const BREAKER_TRY: SignedDuration = SignedDuration::from_secs(10);

/// Checkpoints of the journal verified at once: one a day for a working life.
pub const CHECKPOINTS_MAX: usize = 10_000;
