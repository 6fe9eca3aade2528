//! Who grants product roles and who sees who holds them. Rules: domain §2, `role.*`, `report.product-roles`.

use super::judge::{Ruling, acting_holder};
use super::{Facts, Finding, Request};
use crate::id::RoleId;
use crate::role::Role;

/// The property of a question about taking back what `role.grant` gives.
pub const REVOKE: &str = "revoke";

/// Rule `role.grant`: single-product district → holders of `sis` or the edition role; multi-product district →
/// holders of `application-security` only, who may also make peers.
pub(super) fn role_grant(request: &Request, facts: &Facts) -> Option<Finding> {
    Some(Finding::ruled("role.grant", may_grant(request, facts)))
}

fn may_grant(request: &Request, facts: &Facts) -> Ruling {
    let actor = acting_holder(facts)?;
    let of = facts
        .resource_district()
        .ok_or("The register does not know the person's district.")?;
    if let Some(id) = request.text("role")
        && asked_role(request, facts).is_none()
    {
        return Err(format!(
            "No role `{id}` exists in districts of the edition {}.",
            of.district.edition
        ));
    }
    match (of.district.is_multi_product(), &actor.holding) {
        (true, holding) if holding.application_security => Ok("A holder of application-security."),
        (true, _) => Err(
            "In a district with several products only holders of application-security grant product roles.".to_owned(),
        ),
        (false, holding) if holding.has_user_security() => {
            Ok("A holder of sis or of the edition role.")
        }
        (false, _) => {
            Err("Only holders of sis or of the edition role grant product roles.".to_owned())
        }
    }
}

/// The role that the request names, if it exists in the edition of the resource's district.
pub(super) fn asked_role<'f>(request: &Request, facts: &'f Facts) -> Option<&'f Role> {
    let id = RoleId::new(request.text("role")?).ok()?;
    let of = facts.resource_district()?;
    facts.roles.in_edition(&id, &of.district.edition)
}

/// Rule `role.homepage`: elsewhere than on the main application product roles cannot be granted. A role that came there
/// all the same is taken back (`revoke`) by whoever grants roles.
pub(super) fn role_homepage(request: &Request, facts: &Facts) -> Option<Finding> {
    if request.flag(REVOKE) {
        return None;
    }
    let target = facts.resource_person()?;
    (!target.person.has_main_homepage()).then(|| {
        Finding::forbid(
            "role.homepage",
            "Product roles exist only on accounts whose homepage is the main application.",
        )
    })
}

/// Rule `report.product-roles`: needs `sis` or the edition role.
pub(super) fn report_product_roles(_: &Request, facts: &Facts) -> Option<Finding> {
    let ruling = acting_holder(facts).and_then(|actor| {
        actor
            .holding
            .has_user_security()
            .then_some("A holder of sis or of the edition role.")
            .ok_or_else(|| "The report needs sis or the edition role.".to_owned())
    });
    Some(Finding::ruled("report.product-roles", ruling))
}

/// An action that the rule book does not know is permitted to holders of a role that names it in `may`.
///
/// The core then knows of no rule against it; the plugins that judge the action may still forbid.
pub(super) fn role_may(request: &Request, facts: &Facts) -> Option<Finding> {
    let actor = acting_holder(facts).ok()?;
    let role = actor.roles.iter().find(|id| {
        facts
            .roles
            .get(id)
            .is_some_and(|role| role.may.contains(&request.action))
    })?;
    Some(Finding::permit(
        "role.may",
        format!("The role {role} permits it."),
    ))
}
