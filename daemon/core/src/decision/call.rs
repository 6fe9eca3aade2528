//! Calls. Rules: domain §1, `call.accompanied`.

use super::contact::valid_contact_of;
use super::judge::Ruling;
use super::{Facts, Finding, Party, Request};
use crate::call::Call;
use crate::id::{DistrictId, PersonId};

/// Rule `contact.only` for a valid contact of the district, `call.accompanied` for anyone else.
pub(super) fn call_talk(request: &Request, facts: &Facts) -> Option<Finding> {
    let district = facts.resource.district()?;
    if let Party::Person(person) = &facts.subject
        && valid_contact_of(person, district).is_some()
    {
        return Some(Finding::permit(
            "contact.only",
            "A valid contact of the district.",
        ));
    }
    Some(Finding::ruled(
        "call.accompanied",
        accompanied(request, facts, district),
    ))
}

/// The person talks only while a valid contact of the same district is on the call.
fn accompanied(request: &Request, facts: &Facts, district: &DistrictId) -> Ruling {
    match &facts.subject {
        Party::Person(person) if person.person.district != *district => {
            return Err("A call is accompanied inside one district only.".to_owned());
        }
        Party::Unknown(id) => return Err(format!("The register knows no person `{id}`.")),
        Party::Person(_) | Party::Agent(_) => {}
    }
    on_the_call(request, facts)
        .filter_map(|id| facts.people.get(id))
        .any(|person| valid_contact_of(person, district).is_some())
        .then_some("A valid contact of the district is on the call.")
        .ok_or_else(|| "The call pauses until a valid contact of the district is on it.".to_owned())
}

/// The persons on the call: those named in `with`, a list of ids or one id, and those who are on the recorded `call`.
fn on_the_call<'f>(request: &'f Request, facts: &'f Facts) -> impl Iterator<Item = &'f str> {
    let recorded = facts.call.iter().flat_map(Call::present);
    request.texts("with").chain(recorded.map(PersonId::as_str))
}
