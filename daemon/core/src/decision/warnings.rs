//! Remarks that deny nothing.

use std::collections::BTreeSet;

use super::action::Action;
use super::right::asked_tool;
use super::role::asked_role;
use super::{DistrictFacts, Facts, PersonFacts, Request, Thing, Warning};
use crate::contact::ContactKind;
use crate::district::District;
use crate::id::ProductId;

/// Support contacts recommended for every district. Rule: `contact.recommended`.
const SUPPORT_RECOMMENDED: usize = 2;

/// Technical contacts recommended for every district. Rule: `contact.recommended`.
const TECHNICAL_RECOMMENDED: usize = 1;

/// Everything worth a remark about the request, whether it is allowed or not.
pub(super) fn warnings(action: Option<Action>, request: &Request, facts: &Facts) -> Vec<Warning> {
    let Some(action) = action else {
        return Vec::new();
    };
    if action.is_for_contacts() {
        return facts
            .resource_district()
            .and_then(recommended)
            .into_iter()
            .collect();
    }
    unlicensed(action, request, facts)
        .into_iter()
        .map(|product| Warning {
            code: "product.unlicensed".to_owned(),
            message: format!(
                "The district has not licensed {product}; its rights and roles count all the same."
            ),
        })
        .collect()
}

/// Rule `contact.recommended`: two support contacts and a technical one, one more with each add-on product.
fn recommended(of: &DistrictFacts) -> Option<Warning> {
    let count = |kind| {
        of.valid_contacts()
            .filter(|(contact, _)| contact.kind == kind)
            .count()
    };
    let support = count(ContactKind::Support);
    let technical = count(ContactKind::Technical);
    let add_ons = of.district.products.len().saturating_sub(1);
    let most = SUPPORT_RECOMMENDED + add_ons;
    let fits =
        (SUPPORT_RECOMMENDED..=most).contains(&support) && technical == TECHNICAL_RECOMMENDED;
    (!fits).then(|| Warning {
        code: "contact.recommended".to_owned(),
        message: format!(
            "The district has {support} support and {technical} technical contacts; {SUPPORT_RECOMMENDED} and \
             {TECHNICAL_RECOMMENDED} are recommended, more with add-on products."
        ),
    })
}

/// Products that the request touches and the district has not licensed. Rule: domain §2.
fn unlicensed(action: Action, request: &Request, facts: &Facts) -> BTreeSet<ProductId> {
    let mut products: BTreeSet<ProductId> = [facts.subject_person(), facts.resource_person()]
        .into_iter()
        .flatten()
        .flat_map(|person: &PersonFacts| person.holding.unlicensed.iter().cloned())
        .collect();
    let Some(of) = facts
        .resource_district()
        .or_else(|| facts.subject_district())
    else {
        return products;
    };
    match action {
        Action::RoleGrant => {
            let role = asked_role(request, facts);
            products.extend(role.into_iter().flat_map(|role| {
                let unlicensed = role.products.iter();
                unlicensed
                    .filter(|id| is_unlicensed(id, &of.district))
                    .cloned()
            }));
        }
        Action::RightGrant => {
            let tool = asked_tool(request).ok();
            products.extend(
                tool.map(|tool| tool.product().clone())
                    .filter(|id| is_unlicensed(id, &of.district)),
            );
        }
        _ => {}
    }
    if let Thing::Tool(tool) = &facts.resource
        && is_unlicensed(tool.product(), &of.district)
    {
        products.insert(tool.product().clone());
    }
    products
}

fn is_unlicensed(product: &ProductId, district: &District) -> bool {
    !district.products.contains(product)
}
