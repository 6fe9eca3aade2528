//! Inactivity: who is told what and when, who is cut off, who comes back. Rule: domain §3.

use jiff::Timestamp;

use crate::contact::Contact;
use crate::district::District;
use crate::notice::{Alarm, Notice};

/// What a step needs to know beside the contact itself.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'d> {
    /// The contact's district with its periods and time zone.
    pub district: &'d District,
    /// How many *other* contacts of the district are valid.
    pub other_valid: usize,
    /// How many *other* valid contacts of the district are technical.
    pub other_technical: usize,
    /// The district's feed, if one is configured: its watermark, `None` as long as it has never reported.
    pub feed: Option<Option<Timestamp>>,
}

/// What one evaluation of one contact changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The contact afterwards, its `next_due` worked out.
    pub contact: Contact,
    /// Notices to put into the outbox.
    pub notices: Vec<Notice>,
    /// Alarms to raise.
    pub alarms: Vec<Alarm>,
}
