//! Changing someone's account. Rule: domain §2, `account.modify`.

use super::judge::{Ruling, acting_holder};
use super::{Facts, Finding, Request};
use crate::rights::Letters;

/// Rule `account.modify`: `sis` or the edition role; `sis.login-as` with W on `user-account`, for targets whose
/// rights are a subset of its own.
pub(super) fn account_modify(request: &Request, facts: &Facts) -> Option<Finding> {
    Some(Finding::ruled("account.modify", may_modify(request, facts)))
}

fn may_modify(request: &Request, facts: &Facts) -> Ruling {
    let actor = acting_holder(facts)?;
    if let Some(what) = request.text("what")
        && !matches!(what, "username" | "password")
    {
        return Err(format!(
            "`{what}` must be username or password; passwords are reset, never shown."
        ));
    }
    if actor.holding.has_user_security() {
        return Ok("A holder of sis or of the edition role.");
    }
    if !actor.holding.login_as {
        return Err("Only sis, the edition role or sis.login-as changes accounts.".to_owned());
    }
    if !actor.user_account.contains(Letters::W) {
        return Err("A holder of sis.login-as needs W on the tool user-account.".to_owned());
    }
    let target = facts
        .resource_person()
        .ok_or("The register does not know that person.")?;
    if target.rights.is_subset(&actor.rights) {
        Ok("A holder of sis.login-as, for a person whose rights are a subset of its own.")
    } else {
        Err(format!(
            "That person holds rights that the asking one lacks: {}.",
            target.rights.beyond(&actor.rights, &facts.tools)
        ))
    }
}
