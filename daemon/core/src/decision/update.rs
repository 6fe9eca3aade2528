//! Update requests. Rules: domain §1, `update.*`.

use super::contact::valid_contact_of;
use super::judge::{Ruling, asking_person};
use super::{DistrictFacts, Facts, Finding, Request};
use crate::contact::ContactKind;
use crate::update::UpdateKind;

/// Where the vendor's cloud runs a district's application, as `hosting` says it. Rule: `update.version`.
const VENDOR_CLOUD: &str = "cloud-choice";

/// What is asked for, from the property `kind`.
fn kind(request: &Request) -> Option<UpdateKind> {
    request.text("kind")?.parse().ok()
}

/// Rule `update.version` for a version update, else `update.technical`, which also refuses kinds that don't exist.
pub(super) fn update_permitted(request: &Request, facts: &Facts) -> Option<Finding> {
    let of = facts.resource_district();
    Some(match kind(request) {
        Some(UpdateKind::VersionUpdate) => Finding::ruled("update.version", version(facts, of)),
        Some(UpdateKind::SandboxRefresh | UpdateKind::StagingRefresh) => {
            Finding::ruled("update.technical", technical(facts, of))
        }
        None => Finding::forbid(
            "update.technical",
            "The property `kind` must be sandbox-refresh, staging-refresh or version-update.",
        ),
    })
}

/// Rule `contact.technical-topics`: site refreshes and version updates are the technical contact's.
fn technical(facts: &Facts, of: Option<&DistrictFacts>) -> Ruling {
    let of = of.ok_or("The register does not know that district.")?;
    match valid_contact_of(asking_person(facts)?, &of.district.id) {
        Some(contact) if contact.kind == ContactKind::Technical => {
            Ok("The technical contact of the district.")
        }
        _ => Err("Only a valid technical contact of the district requests updates.".to_owned()),
    }
}

fn version(facts: &Facts, of: Option<&DistrictFacts>) -> Ruling {
    let permit = technical(facts, of)?;
    if of.and_then(|of| of.district.hosting.as_deref()) == Some(VENDOR_CLOUD) {
        Ok(permit)
    } else {
        Err(format!(
            "Version updates are requested for districts on the vendor's cloud only (hosting = \"{VENDOR_CLOUD}\")."
        ))
    }
}

/// Rule `update.not-applicable`: the district has no such site.
pub(super) fn update_not_applicable(request: &Request, facts: &Facts) -> Option<Finding> {
    let site = kind(request)?.site()?;
    let of = facts.resource_district()?;
    (!of.district.sites.contains(site)).then(|| {
        Finding::forbid(
            "update.not-applicable",
            format!("The district has no {site} site."),
        )
    })
}

/// Rule `update.group-process`: a linked district's version updates go through the state or consortium.
pub(super) fn update_group_process(request: &Request, facts: &Facts) -> Option<Finding> {
    let linked_to = group_process(request, facts)?;
    Some(Finding::forbid(
        "update.group-process",
        format!("Version updates of this district go through the group process of {linked_to}."),
    ))
}

/// Whose group process a version update of the district goes through, if it does.
pub(super) fn group_process<'f>(request: &Request, facts: &'f Facts) -> Option<&'f str> {
    if kind(request) != Some(UpdateKind::VersionUpdate) {
        return None;
    }
    facts.resource_district()?.district.linked_to.as_deref()
}
