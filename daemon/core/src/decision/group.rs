//! User groups: who creates and who assigns them. Rules: domain §2, `group.*`.

use super::judge::{Ruling, acting_holder};
use super::{Facts, Finding, PersonFacts, Request};
use crate::role::Group;

/// Rule `group.create`: only `sis` or the edition role.
pub(super) fn group_create(_: &Request, facts: &Facts) -> Option<Finding> {
    let ruling = acting_holder(facts).and_then(|actor| {
        actor
            .holding
            .has_user_security()
            .then_some("A holder of sis or of the edition role.")
            .ok_or_else(|| "Only sis or the edition role creates user groups.".to_owned())
    });
    Some(Finding::ruled("group.create", ruling))
}

/// Rule `group.assign`: `sis`, the edition role, or `sis.group-assignment`, which never assigns itself.
pub(super) fn group_assign(request: &Request, facts: &Facts) -> Option<Finding> {
    Some(Finding::ruled("group.assign", may_assign(request, facts)))
}

fn may_assign(request: &Request, facts: &Facts) -> Ruling {
    let actor = acting_holder(facts)?;
    if let (Some(id), None) = (request.text("group"), &facts.group) {
        return Err(format!("The district has no user group `{id}`."));
    }
    let target = facts.resource_person().map(PersonFacts::id);
    if actor.holding.has_user_security() {
        return Ok("A holder of sis or of the edition role.");
    }
    if !actor.holding.group_assignment {
        return Err(
            "Only sis, the edition role or sis.group-assignment assigns user groups.".to_owned(),
        );
    }
    if target == Some(actor.id()) {
        return Err("A holder of sis.group-assignment never assigns itself.".to_owned());
    }
    Ok("A holder of sis.group-assignment.")
}

/// Rule `group.ceiling`: with the preference on, `sis.group-assignment` assigns no group that exceeds its own rights.
pub(super) fn group_ceiling(_: &Request, facts: &Facts) -> Option<Finding> {
    let actor = facts.subject_person()?;
    let preferences = facts.resource_district()?.district.preferences;
    if !preferences.group_assignment_ceiling || !actor.holding.is_limited_group_assignment() {
        return None;
    }
    let why_not = match &facts.group {
        None => "The group must be known to compare it with the holder's own rights.".to_owned(),
        Some(group) => {
            let beyond = beyond(group, actor, facts)?;
            format!("The group exceeds the holder's own rights: {beyond}.")
        }
    };
    Some(Finding::forbid("group.ceiling", why_not))
}

/// The first right of the group that the person does not hold, in words.
fn beyond(group: &Group, actor: &PersonFacts, facts: &Facts) -> Option<String> {
    let tool = group.rights.iter().find_map(|(tool, letters)| {
        let missing = letters.minus(actor.letters(tool, &facts.tools));
        (!missing.is_empty()).then(|| format!("{tool} ({missing})"))
    });
    tool.or_else(|| {
        let mut calendars = group.calendars.iter();
        calendars
            .find(|right| !actor.calendars.covers(right))
            .map(|right| crate::role::Granted::Calendar(right.clone()).to_string())
    })
}
