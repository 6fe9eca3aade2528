//! Whom a denied person should ask instead. Rules: `contact.redirect`, `contact.technical-topics`, `building-coach`.

use super::action::Action;
use super::contact::valid_contact_of;
use super::update::group_process;
use super::{
    DistrictFacts, Facts, Finding, Party, PersonFacts, Redirect, RedirectCoach, RedirectContact,
    Request,
};
use crate::contact::{Contact, ContactKind};
use crate::person::Person;

/// Topics of technical questions, as `topic` names them. Rule: `contact.technical-topics`.
pub const TECHNICAL_TOPICS: [&str; 13] = [
    "server-configuration",
    "error-logging",
    "update-request",
    "firewall",
    "local-network",
    "connectivity",
    "tomcat",
    "odbc",
    "access-connection",
    "non-production-site",
    "integration",
    "site-refresh",
    "version-update",
];

/// The topic of a question about how something is done in the application. Rule: `building-coach`.
pub const HOW_TO_TOPIC: &str = "how-to";

/// What a question is about, as far as it steers the redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Functional,
    Technical,
    HowTo,
}

fn topic(request: &Request) -> Topic {
    if request.action == "update.request" {
        return Topic::Technical;
    }
    match request.text("topic") {
        Some(HOW_TO_TOPIC) => Topic::HowTo,
        Some(topic) if TECHNICAL_TOPICS.contains(&topic) => Topic::Technical,
        _ => Topic::Functional,
    }
}

/// Whom to ask instead, if the denial has to do with missing authority towards the vendor.
///
/// Someone whom the register does not know as staff of that very district sees only what the district publishes.
pub(super) fn redirect(request: &Request, facts: &Facts, reasons: &[Finding]) -> Option<Redirect> {
    if !Action::named(&request.action)?.is_for_contacts() {
        return None;
    }
    let of = facts.resource_district()?;
    let topic = topic(request);
    let subject = match &facts.subject {
        Party::Agent(_) => return None,
        Party::Unknown(_) => return Some(published(of)),
        Party::Person(person) => person,
    };
    if subject.person.district != of.district.id || subject.person.is_shut_out() {
        return Some(published(of));
    }
    if reasons
        .iter()
        .any(|reason| reason.code == "update.group-process")
    {
        return group_process(request, facts).map(|to| Redirect::GroupProcess(to.to_owned()));
    }
    (!has_authority(subject, of, topic)).then(|| inside(of, subject, request, topic))
}

/// The one who asks is the one to be asked: a redirect would lead back.
fn has_authority(subject: &PersonFacts, of: &DistrictFacts, topic: Topic) -> bool {
    valid_contact_of(subject, &of.district.id)
        .is_some_and(|contact| topic != Topic::Technical || contact.kind == ContactKind::Technical)
}

/// Names and numbers that the district publishes to anyone; the vendor's verification path if it publishes none.
fn published(of: &DistrictFacts) -> Redirect {
    let help = &of.district.help;
    if help.phone.is_none() && help.mail.is_none() {
        Redirect::VendorVerification
    } else {
        Redirect::Help(help.clone())
    }
}

/// How-to → coach of the school; functional → support contacts; technical → the technical contact; else any valid
/// contact; none left → the vendor's verification path.
fn inside(of: &DistrictFacts, subject: &PersonFacts, request: &Request, topic: Topic) -> Redirect {
    if topic == Topic::HowTo {
        let coaches = coaches(of, subject, request);
        if !coaches.is_empty() {
            return Redirect::Coaches(coaches);
        }
    }
    let wanted = match topic {
        Topic::Technical => ContactKind::Technical,
        Topic::Functional | Topic::HowTo => ContactKind::Support,
    };
    let others: Vec<_> = of
        .valid_contacts()
        .filter(|(contact, _)| contact.person != *subject.id())
        .collect();
    let mut named: Vec<_> = others
        .iter()
        .filter(|(contact, _)| contact.kind == wanted)
        .map(|(contact, person)| reach(contact, person))
        .collect();
    if named.is_empty() {
        named = others
            .iter()
            .map(|(contact, person)| reach(contact, person))
            .collect();
    }
    if named.is_empty() {
        Redirect::VendorVerification
    } else {
        Redirect::Contacts(named)
    }
}

fn reach(contact: &Contact, person: &Person) -> RedirectContact {
    RedirectContact {
        person: person.id.clone(),
        name: person.name.clone(),
        kind: contact.kind,
        mail: person.mail.first().cloned(),
        phone: person.phone.first().cloned(),
    }
}

/// Coaches of the school named in `school`, else of the schools that the person works at.
fn coaches(of: &DistrictFacts, subject: &PersonFacts, request: &Request) -> Vec<RedirectCoach> {
    let named = request.text("school");
    let reached = |person: &&Person| {
        person.id != *subject.id()
            && !person.is_shut_out()
            && person.coach_of.iter().any(|school| match named {
                Some(named) => school.as_str() == named,
                None => subject.person.schools.contains(school),
            })
    };
    of.coaches
        .iter()
        .filter(reached)
        .map(|person| RedirectCoach {
            person: person.id.clone(),
            name: person.name.clone(),
            mail: person.mail.first().cloned(),
            phone: person.phone.first().cloned(),
        })
        .collect()
}
