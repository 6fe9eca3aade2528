//! A notice as a channel gets to see it: everything that its text needs, true at the time of the attempt.

use provost_core::Timestamp;
use provost_core::contact::{Contact, ContactKind};
use provost_core::decision::DistrictFacts;
use provost_core::district::Help;
use provost_core::notice::{Notice, NoticeKind, RecipientRole};
use provost_core::person::Person;
use provost_core::time::Zone;
use serde::{Deserialize, Serialize};

use crate::call::CallError;
use crate::printable;
use crate::wit::channel as wit;

/// The case by which another contact restores the authority. Rule: `contact.reactivation`.
const RESTORING_CASE: &str = "Modify Support Contact";

/// A moment in a district's time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Moment {
    /// The day as people read it, e.g. `1 April 2025`.
    pub day: String,
    /// RFC 3339 with the district's offset.
    pub rfc3339: String,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub unix_seconds: i64,
}

impl Moment {
    /// `at` as the clocks of `zone` show it.
    pub fn new(at: Timestamp, zone: &Zone) -> Self {
        Self {
            day: zone.day(at),
            rfc3339: zone.rfc3339(at),
            unix_seconds: at.as_second(),
        }
    }
}

/// Someone to turn to: another valid contact of the district.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Helper {
    /// Name.
    pub name: String,
    /// Support or technical.
    pub kind: ContactKind,
    /// Primary mail address.
    pub mail: Option<String>,
    /// Primary telephone number.
    pub phone: Option<String>,
}

/// A notice, ready to be put into words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NoticeView {
    /// The notice's id.
    pub id: String,
    /// What it tells.
    pub kind: NoticeKind,
    /// Name of the person it is about.
    pub person: String,
    /// As what that person speaks for the district.
    pub contact_kind: ContactKind,
    /// The district's name.
    pub district: String,
    /// When the text is written: the time of this attempt.
    pub written: Moment,
    /// The latest activity that was seen, if any was.
    pub last_activity: Option<Moment>,
    /// When the person is, or was, deactivated; `None` when the authority has been restored.
    pub deadline: Option<Moment>,
    /// Calendar days from today to the day of the deadline; zero on that day and after it.
    pub days_left: u32,
    /// No other valid contact is left. Rule: domain §3, last valid contact.
    pub last_contact: bool,
    /// The other valid contacts, who can restore the authority.
    pub others: Vec<Helper>,
    /// Title of the case by which they do.
    pub restoring_case: String,
    /// Help that the district publishes.
    pub help: Help,
}

impl NoticeView {
    /// Looks at a notice from `now`. `deadline` is when the person is or was deactivated, as the lifecycle works it
    /// out; it is left out of a notice of reactivation. `None` if the district has no such contact.
    pub fn new(
        notice: &Notice,
        facts: &DistrictFacts,
        now: Timestamp,
        deadline: Option<Timestamp>,
    ) -> Option<Self> {
        let is_meant = |(contact, _): &&(Contact, Person)| contact.person == notice.person;
        let (contact, person) = facts.contacts.iter().find(is_meant)?;
        let zone = &facts.district.timezone;
        let deadline = deadline.filter(|_| notice.kind != NoticeKind::Reactivated);
        let others = facts
            .valid_contacts()
            .filter(|(other, _)| other.person != notice.person);
        let others: Vec<Helper> = others.map(helper).collect();
        Some(Self {
            id: notice.id.to_string(),
            kind: notice.kind,
            person: person.name.clone(),
            contact_kind: contact.kind,
            district: facts.district.name.clone(),
            written: Moment::new(now, zone),
            last_activity: contact.last_activity.map(|at| Moment::new(at, zone)),
            days_left: deadline.map_or(0, |deadline| days_between(now, deadline, zone)),
            deadline: deadline.map(|at| Moment::new(at, zone)),
            last_contact: others.is_empty(),
            others,
            restoring_case: RESTORING_CASE.to_owned(),
            help: facts.district.help.clone(),
        })
    }
}

fn helper((contact, person): (&Contact, &Person)) -> Helper {
    Helper {
        name: person.name.clone(),
        kind: contact.kind,
        mail: person.mail.first().cloned(),
        phone: person.phone.first().cloned(),
    }
}

fn days_between(now: Timestamp, then: Timestamp, zone: &Zone) -> u32 {
    let (today, day) = (zone.wall(now).date(), zone.wall(then).date());
    u32::try_from((day - today).get_days()).unwrap_or(0)
}

/// Whom to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Recipient {
    /// The address, of the channel's kind.
    pub address: String,
    /// Name; empty for a mailbox.
    pub name: String,
    /// As what.
    pub role: RecipientRole,
}

/// Why a channel will not render a notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderFailure {
    /// Its settings are wrong.
    #[error("its settings: {0}")]
    Settings(String),
    /// The address is not one that it can send to.
    #[error("the address: {0}")]
    Address(String),
    /// Anything else about this notice.
    #[error("this notice: {0}")]
    Notice(String),
}

/// A notice that was not rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The channel refuses, and says why.
    #[error("channel {plugin} does not render the notice")]
    Refused {
        /// Which channel.
        plugin: provost_core::id::PluginId,
        /// What it objects to.
        #[source]
        why: RenderFailure,
    },
}

pub(crate) fn refusal(failure: wit::Failure) -> RenderFailure {
    match failure {
        wit::Failure::Settings(why) => RenderFailure::Settings(printable(&why)),
        wit::Failure::Address(why) => RenderFailure::Address(printable(&why)),
        wit::Failure::Notice(why) => RenderFailure::Notice(printable(&why)),
    }
}

fn contact_kind(kind: ContactKind) -> wit::ContactKind {
    match kind {
        ContactKind::Support => wit::ContactKind::Support,
        ContactKind::Technical => wit::ContactKind::Technical,
    }
}

fn moment(moment: &Moment) -> wit::Moment {
    wit::Moment {
        day: moment.day.clone(),
        rfc3339: moment.rfc3339.clone(),
        unix_seconds: moment.unix_seconds,
    }
}

/// The notice in the words of the interface.
pub(crate) fn notice(view: &NoticeView) -> wit::Notice {
    let others = view.others.iter().map(|other| wit::Helper {
        name: other.name.clone(),
        kind: contact_kind(other.kind),
        mail: other.mail.clone(),
        phone: other.phone.clone(),
    });
    wit::Notice {
        id: view.id.clone(),
        kind: match view.kind {
            NoticeKind::Notice => wit::NoticeKind::Notice,
            NoticeKind::Reminder => wit::NoticeKind::Reminder,
            NoticeKind::Final => wit::NoticeKind::Final,
            NoticeKind::Deactivated => wit::NoticeKind::Deactivated,
            NoticeKind::Reactivated => wit::NoticeKind::Reactivated,
        },
        person: view.person.clone(),
        contact_kind: contact_kind(view.contact_kind),
        district: view.district.clone(),
        written: moment(&view.written),
        last_activity: view.last_activity.as_ref().map(moment),
        deadline: view.deadline.as_ref().map(moment),
        days_left: view.days_left,
        last_contact: view.last_contact,
        others: others.collect(),
        restoring_case: view.restoring_case.clone(),
        help_phone: view.help.phone.clone(),
        help_mail: view.help.mail.clone(),
    }
}

/// The recipient in the words of the interface.
pub(crate) fn recipient(recipient: &Recipient) -> wit::Recipient {
    wit::Recipient {
        address: recipient.address.clone(),
        name: recipient.name.clone(),
        role: match recipient.role {
            RecipientRole::Contact => wit::RecipientRole::Contact,
            RecipientRole::Colleague => wit::RecipientRole::Colleague,
            RecipientRole::Mailbox => wit::RecipientRole::Mailbox,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_on_the_calendar_of_the_district() {
        let denver = Zone::new("America/Denver").unwrap();
        let days = |now: &str, then: &str| {
            days_between(now.parse().unwrap(), then.parse().unwrap(), &denver)
        };
        let noon = "2025-04-01T12:00:00-06:00";
        assert_eq!(days("2025-03-02T10:00:00-07:00", noon), 30);
        assert_eq!(days("2025-03-31T23:59:00-06:00", noon), 1);
        assert_eq!(days("2025-04-01T00:01:00-06:00", noon), 0);
        assert_eq!(days("2025-04-09T10:00:00-06:00", noon), 0);
    }
}
