//! Cases. Rules: domain §1, `case.*`.

use super::contact::{Authority, authority, valid_contact_of};
use super::judge::{Ruling, asking_person};
use super::{Facts, Finding, Party, Request, Thing};

/// Rule `case.same-district`: a contact of another district sees none of this one's cases.
///
/// It answers alone for a valid contact, whom `contact.only` has nothing to reproach with; a deactivated or suspended
/// one hears both.
pub(super) fn case_same_district(_: &Request, facts: &Facts) -> Option<Finding> {
    let person = facts.subject_person()?;
    if authority(person) == Authority::None {
        return None;
    }
    let contact = person.contact.as_ref()?;
    (facts.resource.district() != Some(&contact.district)).then(|| {
        Finding::forbid(
            "case.same-district",
            "A contact deals with the cases of the own district only.",
        )
    })
}

/// Rule `case.on-behalf`, if the person is a valid contact of the own district.
pub(super) fn case_on_behalf(_: &Request, facts: &Facts) -> Option<Finding> {
    is_for_valid_contact(facts).then(|| {
        let ruling = asking_agent(facts).map(|()| "An agent opens the case for a valid contact.");
        Finding::ruled("case.on-behalf", ruling)
    })
}

/// Rule `case.emergency`, if the person is not a valid contact: only with `emergency` and a reason.
pub(super) fn case_emergency(request: &Request, facts: &Facts) -> Option<Finding> {
    (!is_for_valid_contact(facts))
        .then(|| Finding::ruled("case.emergency", emergency(request, facts)))
}

fn emergency(request: &Request, facts: &Facts) -> Ruling {
    asking_agent(facts)?;
    let reason = request.text("reason").map(str::trim);
    match (request.flag("emergency"), reason) {
        (true, Some(reason)) if !reason.is_empty() => {
            Ok("An emergency with a reason, opened by an agent.")
        }
        (true, _) => Err("An emergency needs a reason.".to_owned()),
        (false, _) => Err(
            "That person is not a valid contact: only an emergency with a reason opens the case."
                .to_owned(),
        ),
    }
}

fn is_for_valid_contact(facts: &Facts) -> bool {
    facts
        .resource_person()
        .is_some_and(|person| valid_contact_of(person, &person.person.district).is_some())
}

/// # Errors
/// The sentence for everyone but an agent.
fn asking_agent(facts: &Facts) -> Result<(), String> {
    match &facts.subject {
        Party::Agent(_) => Ok(()),
        Party::Person(_) => {
            Err("Only an agent of the vendor's support desk opens a case for someone.".to_owned())
        }
        Party::Unknown(id) => Err(format!("The register knows no agent `{id}`.")),
    }
}

/// Rule `case.transition-first`: an emergency case is closed only after it went to a valid contact.
pub(super) fn case_transition_first(_: &Request, facts: &Facts) -> Option<Finding> {
    let Thing::Case(case) = &facts.resource else {
        return None;
    };
    (case.emergency && !case.transitioned).then(|| {
        Finding::forbid(
            "case.transition-first",
            "An emergency case is transitioned to a valid contact of the district before it is closed.",
        )
    })
}

/// Rule `case.transition`: only to a valid contact of the case's district; by an agent or by such a contact.
pub(super) fn case_transition(request: &Request, facts: &Facts) -> Option<Finding> {
    let district = facts.resource.district()?;
    let ruling = (|| {
        if !matches!(facts.subject, Party::Agent(_)) {
            valid_contact_of(asking_person(facts)?, district)
                .ok_or("Only an agent or a valid contact of the district hands a case over.")?;
        }
        let to = request
            .text("to")
            .ok_or("The property `to` must say who receives the case.")?;
        let receiver = facts
            .people
            .get(to)
            .ok_or_else(|| format!("The register knows no person `{to}` to receive the case."))?;
        valid_contact_of(receiver, district)
            .map(|_| "The receiver is a valid contact of the district.")
            .ok_or_else(|| {
                "The receiver must be a valid contact of the case's district.".to_owned()
            })
    })();
    Some(Finding::ruled("case.transition", ruling))
}
