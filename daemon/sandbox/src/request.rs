//! A question as a policy gets to see it: the facts that it asked for, and no more.

use provost_core::contact::{Contact, ContactKind, ContactState};
use provost_core::decision::{DistrictFacts, Facts, Party, PersonFacts, Relations, Request, Thing};
use provost_core::time::Zone;
use serde_json::{Map, Value};

use crate::policy::{Edition, Need};
use crate::wit::role_policy as wit;

/// The request in the words of the interface.
pub(crate) fn request(
    request: &Request,
    facts: &Facts,
    relations: &Relations,
    edition: &Edition,
) -> wit::Request {
    let wants = |need: Need| edition.needs.contains(&need);
    let district = facts
        .resource_district()
        .or_else(|| facts.subject_district());
    let given = |need: Need, properties: &Map<String, Value>| {
        let wanted = wants(need).then(|| properties.iter().map(property));
        wanted.into_iter().flatten().collect()
    };
    wit::Request {
        action: request.action.clone(),
        now: moment(facts, district),
        district: district
            .filter(|_| wants(Need::District))
            .map(district_record),
        subject: party(facts, edition),
        resource: thing(facts, edition),
        relations: if wants(Need::Relations) {
            relation_flags(relations)
        } else {
            wit::Relations::empty()
        },
        properties: given(Need::Properties, &request.properties),
        context: given(Need::Context, &request.context),
    }
}

fn moment(facts: &Facts, district: Option<&DistrictFacts>) -> wit::Moment {
    let ahead = |zone: &Zone| {
        let wall = zone.wall(facts.now);
        wall.duration_since(Zone::utc().wall(facts.now)).as_secs()
    };
    wit::Moment {
        unix_seconds: facts.now.as_second(),
        utc_offset_seconds: district
            .and_then(|facts| i32::try_from(ahead(&facts.district.timezone)).ok())
            .unwrap_or(0),
    }
}

fn district_record(facts: &DistrictFacts) -> wit::District {
    let district = &facts.district;
    let vendor_cloud = district.hosting.as_deref() == Some("cloud-choice");
    let preferences = &district.preferences;
    let switches = [
        (
            wit::DistrictFlags::MULTI_PRODUCT,
            district.is_multi_product(),
        ),
        (wit::DistrictFlags::VENDOR_CLOUD, vendor_cloud),
        (wit::DistrictFlags::LINKED, district.linked_to.is_some()),
        (
            wit::DistrictFlags::RESTRICT_LOGIN_AS,
            preferences.restrict_login_as,
        ),
        (
            wit::DistrictFlags::GROUP_ASSIGNMENT_CEILING,
            preferences.group_assignment_ceiling,
        ),
    ];
    let on = switches.into_iter().filter(|(_, on)| *on);
    wit::District {
        id: district.id.to_string(),
        products: district.products.iter().map(ToString::to_string).collect(),
        switches: on.fold(wit::DistrictFlags::empty(), |all, (flag, _)| all | flag),
    }
}

fn relation_flags(relations: &Relations) -> wit::Relations {
    use wit::Relations as Flag;
    let flags = [
        (Flag::SAME_PERSON, relations.same_person),
        (Flag::SAME_DISTRICT, relations.same_district),
        (Flag::RIGHTS_SUBSET, relations.rights_subset),
        (Flag::CALENDARS_COVER, relations.calendars_cover),
        (Flag::NESTED_SESSION, relations.nested_session),
        (Flag::SESSION_USED, relations.session_used),
        (Flag::SUBJECT_IS_CONTACT, relations.subject_is_contact),
        (Flag::SUBJECT_IS_TECHNICAL, relations.subject_is_technical),
        (Flag::RESOURCE_IS_CONTACT, relations.resource_is_contact),
        (Flag::SUBJECT_ENABLED, relations.subject_enabled),
        (Flag::RESOURCE_ENABLED, relations.resource_enabled),
        (Flag::DISTRICT_ORPHANED, relations.district_orphaned),
    ];
    let on = flags.into_iter().filter(|(_, on)| *on);
    on.fold(Flag::empty(), |all, (flag, _)| all | flag)
}

fn party(facts: &Facts, edition: &Edition) -> wit::Party {
    match &facts.subject {
        Party::Person(_) if !edition.needs.contains(&Need::Subject) => wit::Party::Someone,
        Party::Person(subject) => wit::Party::Person(person(subject, edition)),
        Party::Agent(_) => wit::Party::Agent,
        Party::Unknown(_) => wit::Party::Unknown,
    }
}

fn thing(facts: &Facts, edition: &Edition) -> wit::Thing {
    let record = edition.needs.contains(&Need::Resource);
    match &facts.resource {
        Thing::Person(_) | Thing::Case(_) if !record => wit::Thing::Something,
        Thing::Person(target) => wit::Thing::Person(person(target, edition)),
        Thing::Case(case) => wit::Thing::SupportCase(wit::SupportCase {
            id: case.id.to_string(),
            district: case.district.to_string(),
            emergency: case.emergency,
            transitioned: case.transitioned,
            closed: case.closed.is_some(),
        }),
        Thing::District(id) => wit::Thing::District(id.to_string()),
        Thing::Group(group) => wit::Thing::Group(group.id.to_string()),
        Thing::Tool(tool) => wit::Thing::Tool(tool.to_string()),
        Thing::Unknown { .. } => wit::Thing::Unknown,
    }
}

fn person(facts: &PersonFacts, edition: &Edition) -> wit::Person {
    let person = &facts.person;
    let account = [
        (wit::Account::ENABLED, person.account_enabled()),
        (wit::Account::MAIN_HOMEPAGE, person.has_main_homepage()),
        (wit::Account::THIRD_PARTY, person.third_party.is_some()),
    ];
    let on = account.into_iter().filter(|(_, on)| *on);
    let roles = edition.needs.contains(&Need::Roles).then_some(&facts.roles);
    let schools = edition
        .needs
        .contains(&Need::Schools)
        .then_some(&person.schools);
    wit::Person {
        id: person.id.to_string(),
        district: person.district.to_string(),
        account: on.fold(wit::Account::empty(), |all, (flag, _)| all | flag),
        contact: facts.contact.as_ref().map(contact),
        roles: roles
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect(),
        schools: schools
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect(),
    }
}

fn contact(contact: &Contact) -> wit::Contact {
    wit::Contact {
        kind: contact_kind(contact.kind),
        state: contact_state(contact.state),
    }
}

pub(crate) fn contact_kind(kind: ContactKind) -> wit::ContactKind {
    match kind {
        ContactKind::Support => wit::ContactKind::Support,
        ContactKind::Technical => wit::ContactKind::Technical,
    }
}

pub(crate) fn contact_state(state: ContactState) -> wit::ContactState {
    match state {
        ContactState::Active => wit::ContactState::Active,
        ContactState::Pending => wit::ContactState::Pending,
        ContactState::Held => wit::ContactState::Held,
        ContactState::Suspended => wit::ContactState::Suspended,
        ContactState::Deactivated => wit::ContactState::Deactivated,
        ContactState::Removed => wit::ContactState::Removed,
    }
}

pub(crate) fn property((name, value): (&String, &Value)) -> wit::Property {
    wit::Property {
        name: name.clone(),
        value: value.into(),
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
