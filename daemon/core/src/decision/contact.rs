//! Who may deal with the vendor's support. Rules: domain §1, `contact.*`.

use super::judge::asking_person;
use super::{DistrictFacts, Facts, Finding, Party, PersonFacts, Request};
use crate::contact::{Contact, ContactKind, ContactState};
use crate::id::{DistrictId, PersonId};

/// How far a person speaks for a district towards the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Authority<'f> {
    /// A valid contact: full authority. Rule: `contact.pending-still-valid`.
    Valid(&'f Contact),
    /// Deactivated for inactivity.
    Deactivated(&'f Contact),
    /// Shut out by the directory.
    Suspended,
    /// Not a contact, or no longer.
    None,
}

/// The authority of a person, whatever the district.
pub(super) fn authority(person: &PersonFacts) -> Authority<'_> {
    let Some(contact) = &person.contact else {
        return Authority::None;
    };
    match contact.state {
        ContactState::Removed => Authority::None,
        ContactState::Deactivated => Authority::Deactivated(contact),
        ContactState::Suspended => Authority::Suspended,
        // The directory's word counts from the moment it is proved, even before the contact's state is committed.
        _ if person.person.is_shut_out() => Authority::Suspended,
        ContactState::Active | ContactState::Pending | ContactState::Held => {
            Authority::Valid(contact)
        }
    }
}

/// The contact, if the person is a valid one of that district.
pub(super) fn valid_contact_of<'f>(
    person: &'f PersonFacts,
    district: &DistrictId,
) -> Option<&'f Contact> {
    match authority(person) {
        Authority::Valid(contact) if contact.district == *district => Some(contact),
        _ => None,
    }
}

/// Rule `contact.only`, and `contact.deactivated` or `contact.suspended` instead of it.
///
/// Says nothing of a valid contact of another district: `case.same-district` does.
pub(super) fn contact_only(_: &Request, facts: &Facts) -> Option<Finding> {
    let person = match asking_person(facts) {
        Ok(person) => person,
        Err(why_not) => return Some(Finding::forbid("contact.only", why_not)),
    };
    match authority(person) {
        Authority::Valid(contact) if facts.resource.district() == Some(&contact.district) => Some(
            Finding::permit("contact.only", "A valid contact of the district."),
        ),
        Authority::Valid(_) => None,
        Authority::Deactivated(contact) => Some(deactivated(contact, facts)),
        Authority::Suspended => Some(suspended(person)),
        Authority::None => Some(Finding::forbid(
            "contact.only",
            "Only authorized contacts of the district deal with the vendor's support.",
        )),
    }
}

/// Rule `contact.only`; an agent closes a case under `case.on-behalf`.
pub(super) fn contact_only_or_agent(request: &Request, facts: &Facts) -> Option<Finding> {
    match &facts.subject {
        Party::Agent(_) => Some(Finding::permit(
            "case.on-behalf",
            "An agent of the vendor's support desk.",
        )),
        Party::Person(_) | Party::Unknown(_) => contact_only(request, facts),
    }
}

/// Rule `contact.deactivated`: the reason says how access is restored.
fn deactivated(contact: &Contact, facts: &Facts) -> Finding {
    let since = contact
        .deactivated
        .zip(facts.districts.get(&contact.district))
        .map(|(at, of)| format!(" on {}", of.district.timezone.day(at)))
        .unwrap_or_default();
    Finding::forbid(
        "contact.deactivated",
        format!(
            "This contact was deactivated for inactivity{since}. Another valid contact of the district restores the \
             access with a \"Modify Support Contact\" case."
        ),
    )
}

/// Rule `contact.suspended`: the reason names the directory's state.
fn suspended(person: &PersonFacts) -> Finding {
    let state = person
        .person
        .directory
        .as_ref()
        .map_or("not linked", |link| link.status.word());
    Finding::forbid(
        "contact.suspended",
        format!(
            "This contact is suspended: the district's directory entry is {state}. The access returns when the \
             directory has the person again."
        ),
    )
}

/// Rule `contact.third-party`: a third party accompanies or acts only with an agreement recorded for that district.
pub(super) fn contact_third_party(_: &Request, facts: &Facts) -> Option<Finding> {
    let firm = facts.subject_person()?.person.third_party.as_ref()?;
    let agreed = facts
        .resource_district()
        .is_some_and(|of| of.district.third_parties.contains(firm));
    (!agreed).then(|| {
        Finding::forbid(
            "contact.third-party",
            format!("No licence agreement with {firm} is recorded for this district."),
        )
    })
}

/// Rule `contact.designate`: a valid contact of the district, or an agent.
///
/// An agent alone acts only where a valid contact is left who would notice; elsewhere `contact.orphan` asks for two.
pub(super) fn contact_designate(request: &Request, facts: &Facts) -> Option<Finding> {
    let ruling = (|| {
        if let Some(word) = request.text("type") {
            word.parse::<ContactKind>()
                .map_err(|bad| format!("The contact's type is wrong: {bad}."))?;
        }
        let district = facts
            .resource_district()
            .ok_or("The register does not know the person's district.")?;
        match &facts.subject {
            Party::Agent(agent) if district.valid_contacts().next().is_none() => {
                orphan_evidence(request, agent.as_str())
            }
            Party::Agent(_) => Ok("An agent of the vendor's support desk."),
            Party::Person(_) | Party::Unknown(_) => {
                valid_contact_of(asking_person(facts)?, &district.district.id)
                    .map(|_| "A valid contact of the district.")
                    .ok_or_else(|| {
                        "Only a valid contact of the district designates its contacts.".to_owned()
                    })
            }
        }
    })();
    Some(Finding::ruled("contact.designate", ruling))
}

/// Rule `contact.orphan`: two different agents, both with evidence.
///
/// The request names the second in `second-agent` and what each recorded in `evidence` and `second-evidence`.
fn orphan_evidence(request: &Request, agent: &str) -> super::judge::Ruling {
    let given = |key| {
        request
            .text(key)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let second = given("second-agent");
    if second.is_some_and(|second| second == agent) {
        return Err("The second agent must be another one (contact.orphan).".to_owned());
    }
    match (second, given("evidence"), given("second-evidence")) {
        (Some(_), Some(_), Some(_)) => {
            Ok("Two agents recorded evidence for a district without a valid contact.")
        }
        _ => Err(
            "No valid contact is left: two different agents must record evidence, in second-agent, evidence and \
             second-evidence (contact.orphan)."
                .to_owned(),
        ),
    }
}

/// Rule `contact.reactivation`: another valid contact of the same district, by the case that the action is.
pub(super) fn contact_reactivation(_: &Request, facts: &Facts) -> Option<Finding> {
    let target = facts.resource_person()?;
    let ruling = (|| {
        let Some(contact) = &target.contact else {
            return Err("That person is not a contact; designate one instead.".to_owned());
        };
        match contact.state {
            ContactState::Deactivated => {}
            ContactState::Suspended => {
                return Err("A suspended contact returns with the directory entry.".to_owned());
            }
            ContactState::Removed => {
                return Err("A removed contact is designated anew.".to_owned());
            }
            _ => return Err("That contact has its authority; nothing is to restore.".to_owned()),
        }
        let asking = asking_person(facts)?;
        if asking.id() == target.id() {
            return Err("Nobody restores themselves: another valid contact must ask.".to_owned());
        }
        valid_contact_of(asking, &contact.district)
            .map(|_| "Another valid contact of the district.")
            .ok_or_else(|| {
                "Only another valid contact of the district restores a contact.".to_owned()
            })
    })();
    Some(Finding::ruled("contact.reactivation", ruling))
}

/// Rule `contact.technical-cap` for `contact.designate` with the type `technical`.
pub(super) fn contact_technical_cap_on_designation(
    request: &Request,
    facts: &Facts,
) -> Option<Finding> {
    if request.text("type") != Some(ContactKind::Technical.word()) {
        return None;
    }
    technical_cap(facts.resource_district()?, facts.resource_person()?.id())
        .map(|why_not| Finding::forbid("contact.technical-cap", why_not))
}

/// Rule `contact.technical-cap` for `contact.reactivate`: a taken slot offers `support`, which `type` may choose.
pub(super) fn contact_technical_cap_on_reactivation(
    request: &Request,
    facts: &Facts,
) -> Option<Finding> {
    let target = facts.resource_person()?;
    let as_support = request.text("type") == Some(ContactKind::Support.word());
    if as_support || target.contact.as_ref()?.kind != ContactKind::Technical {
        return None;
    }
    technical_cap(facts.resource_district()?, target.id()).map(|why_not| {
        let offer = "Restore the contact as support instead.";
        Finding::forbid("contact.technical-cap", format!("{why_not} {offer}"))
    })
}

/// The cap, if *other* valid technical contacts take all slots. Deactivated contacts free theirs.
fn technical_cap(of: &DistrictFacts, except: &PersonId) -> Option<String> {
    let taken = of
        .valid_contacts()
        .filter(|(contact, _)| contact.kind == ContactKind::Technical && contact.person != *except)
        .count();
    let cap = of.district.technical_cap;
    (taken >= usize::try_from(cap).unwrap_or(usize::MAX))
        .then(|| format!("The district has {taken} technical contact(s) and may have {cap}."))
}
