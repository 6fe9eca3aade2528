//! Login as another user: all rules must hold, and every one that fails is named. Rules: domain §2, `login-as.*`.

use super::judge::asking_person;
use super::{Facts, Finding, PersonFacts, Request};
use crate::rights::Letters;

/// Actor and target, where both are people of the register.
fn both(facts: &Facts) -> Option<(&PersonFacts, &PersonFacts)> {
    Some((facts.subject_person()?, facts.resource_person()?))
}

/// Rule `login-as.feature`, the permit rule: a full or edition role, or `sis.login-as`.
pub(super) fn login_as_feature(_: &Request, facts: &Facts) -> Option<Finding> {
    let ruling = asking_person(facts).and_then(|actor| {
        (actor.holding.has_product() || actor.holding.login_as)
            .then_some("The role held gives login as another user.")
            .ok_or_else(|| {
                "Login as another user needs a full or edition role, or sis.login-as.".to_owned()
            })
    });
    Some(Finding::ruled("login-as.feature", ruling))
}

/// Rule `login-as.enabled`: both accounts enabled, different people, same district.
pub(super) fn login_as_enabled(_: &Request, facts: &Facts) -> Option<Finding> {
    let (actor, target) = both(facts)?;
    let why_not = if actor.id() == target.id() {
        "Nobody logs in as themselves."
    } else if actor.person.district != target.person.district {
        "Both people must be of the same district."
    } else if !actor.person.account_enabled() {
        "The account that asks is disabled."
    } else if !target.person.account_enabled() {
        "The account to be entered is disabled."
    } else {
        return None;
    };
    Some(Finding::forbid("login-as.enabled", why_not))
}

/// Rule `login-as.no-chain`: not from inside a login-as, and not from a session that is someone else's.
pub(super) fn login_as_no_chain(_: &Request, facts: &Facts) -> Option<Finding> {
    let nested = facts.session.as_ref()?;
    let actor = facts.subject_person()?;
    let why_not = if nested.session.target.is_some() {
        "This session is itself a login as another user; return first."
    } else if nested.session.actor != *actor.id() {
        "This session belongs to someone else."
    } else {
        return None;
    };
    Some(Finding::forbid("login-as.no-chain", why_not))
}

/// Rule `login-as.user-account-read`: the actor reads the tool `user-account`.
pub(super) fn login_as_user_account_read(_: &Request, facts: &Facts) -> Option<Finding> {
    let actor = facts.subject_person()?;
    (!actor.user_account.contains(Letters::R)).then(|| {
        Finding::forbid(
            "login-as.user-account-read",
            "Login as another user needs R on the tool user-account.",
        )
    })
}

/// Rule `login-as.peer`: a limited holder of `sis.login-as` cannot enter another holder.
pub(super) fn login_as_peer(_: &Request, facts: &Facts) -> Option<Finding> {
    let (actor, target) = both(facts)?;
    (actor.holding.is_limited_login_as() && target.holding.login_as).then(|| {
        Finding::forbid(
            "login-as.peer",
            "A holder of sis.login-as cannot enter another holder of it.",
        )
    })
}

/// Rule `login-as.once`: a limited holder of `sis.login-as` does it once per session; only one that started counts.
pub(super) fn login_as_once(_: &Request, facts: &Facts) -> Option<Finding> {
    let actor = facts.subject_person()?;
    let used = facts.session.as_ref()?.session.used_login_as;
    (used && actor.holding.is_limited_login_as()).then(|| {
        Finding::forbid(
            "login-as.once",
            "A holder of sis.login-as may enter one account per session.",
        )
    })
}

/// Rule `login-as.restrict`: with the district's preference on, nobody enters an account that holds a product role.
pub(super) fn login_as_restrict(_: &Request, facts: &Facts) -> Option<Finding> {
    let target = facts.resource_person()?;
    let preferences = facts.resource_district()?.district.preferences;
    (preferences.restrict_login_as && !target.roles.is_empty()).then(|| {
        Finding::forbid(
            "login-as.restrict",
            "The district lets nobody enter an account that holds a product role.",
        )
    })
}

/// Rule `login-as.rights`: the target's rights are a subset of the actor's, letter by letter.
pub(super) fn login_as_rights(_: &Request, facts: &Facts) -> Option<Finding> {
    let (actor, target) = both(facts)?;
    (!target.rights.is_subset(&actor.rights)).then(|| {
        let beyond = target.rights.beyond(&actor.rights, &facts.tools);
        Finding::forbid(
            "login-as.rights",
            format!("That person holds rights that the asking one lacks: {beyond}."),
        )
    })
}

/// Rule `login-as.calendars`: the actor has a calendar right for every school of the target's assignment.
pub(super) fn login_as_calendars(_: &Request, facts: &Facts) -> Option<Finding> {
    let (actor, target) = both(facts)?;
    let lacking: Vec<_> = target
        .person
        .schools
        .iter()
        .filter(|school| !actor.calendars.covers_school(school))
        .map(|school| school.as_str())
        .collect();
    (!lacking.is_empty()).then(|| {
        Finding::forbid(
            "login-as.calendars",
            format!(
                "No calendar right for {} of the other person's schools: {}.",
                lacking.len(),
                lacking.join(", ")
            ),
        )
    })
}
