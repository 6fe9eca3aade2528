//! What the host has worked out between subject and resource, for plugins that judge the same request.

use serde::Serialize;

use super::contact::valid_contact_of;
use super::{Facts, PersonFacts, Request};
use crate::contact::ContactKind;

/// Relations of one request: cheap to pass, and the same as the core's own rules see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(clippy::struct_excessive_bools)] // each is an independent fact
pub struct Relations {
    /// Subject and resource belong to the same district.
    pub same_district: bool,
    /// Subject and resource are the same person.
    pub same_person: bool,
    /// The resource's tool rights are a subset of the subject's, letter by letter.
    pub rights_subset: bool,
    /// The subject has a calendar right for every school of the resource's assignment.
    pub calendars_cover: bool,
    /// The session of the request is inside a login-as.
    pub nested_session: bool,
    /// A login-as has started in the session of the request.
    pub session_used: bool,
    /// The subject is a valid contact of the resource's district.
    pub subject_is_contact: bool,
    /// The subject is a valid technical contact of it.
    pub subject_is_technical: bool,
    /// The resource is a valid contact of the own district.
    pub resource_is_contact: bool,
    /// The subject's account is enabled.
    pub subject_enabled: bool,
    /// The resource's account is enabled.
    pub resource_enabled: bool,
    /// The resource's district has no valid contact.
    pub district_orphaned: bool,
}

/// Works out the relations of one request. What does not apply (a tool has no district) is `false`.
pub fn relations(_: &Request, facts: &Facts) -> Relations {
    let subject = facts.subject_person();
    let resource = facts.resource_person();
    let district = facts.resource.district();
    let contact = subject
        .zip(district)
        .and_then(|(person, district)| valid_contact_of(person, district));
    let pair = subject.zip(resource);
    let session = facts.session.as_ref().map(|nested| &nested.session);
    let enabled =
        |person: Option<&PersonFacts>| person.is_some_and(|of| of.person.account_enabled());
    Relations {
        same_district: subject
            .zip(district)
            .is_some_and(|(subject, district)| subject.person.district == *district),
        same_person: pair.is_some_and(|(subject, resource)| subject.id() == resource.id()),
        rights_subset: pair
            .is_some_and(|(subject, resource)| resource.rights.is_subset(&subject.rights)),
        calendars_cover: pair.is_some_and(|(subject, resource)| {
            let mut schools = resource.person.schools.iter();
            schools.all(|school| subject.calendars.covers_school(school))
        }),
        nested_session: session.is_some_and(|session| session.target.is_some()),
        session_used: session.is_some_and(|session| session.used_login_as),
        subject_is_contact: contact.is_some(),
        subject_is_technical: contact.is_some_and(|of| of.kind == ContactKind::Technical),
        resource_is_contact: resource
            .is_some_and(|person| valid_contact_of(person, &person.person.district).is_some()),
        subject_enabled: enabled(subject),
        resource_enabled: enabled(resource),
        district_orphaned: facts
            .resource_district()
            .is_some_and(|of| of.valid_contacts().next().is_none()),
    }
}
