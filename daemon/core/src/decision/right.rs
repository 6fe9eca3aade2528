//! Who grants tool rights and who sees them. Rules: domain §2, `right.*`, `role.sis-excludes`.

use super::judge::{Ruling, acting_holder};
use super::{Facts, Finding, PersonFacts, Request};
use crate::rights::{Letters, ToolName};

/// Rule `right.grant`: a holder of a full or edition role that carries the tool's product.
///
/// For a holder of `sis` and a tool of another product `role.sis-excludes` answers instead.
pub(super) fn right_grant(request: &Request, facts: &Facts) -> Option<Finding> {
    if let (Ok(actor), Ok(tool)) = (acting_holder(facts), asked_tool(request))
        && actor.holding.sis
        && !tool.is_sis()
        && !actor.holding.carries(tool.product().as_str())
    {
        return Some(Finding::forbid(
            "role.sis-excludes",
            format!(
                "The role sis gives nothing in {}: its own role is needed.",
                tool.product()
            ),
        ));
    }
    Some(Finding::ruled("right.grant", may_grant(request, facts)))
}

fn may_grant(request: &Request, facts: &Facts) -> Ruling {
    let actor = acting_holder(facts)?;
    let tool = asked_tool(request)?;
    if let Some(letters) = request.text("letters") {
        letters
            .parse::<Letters>()
            .map_err(|bad| format!("{bad}."))?;
    }
    actor
        .holding
        .carries(tool.product().as_str())
        .then_some("A holder of the role of the tool's product.")
        .ok_or_else(|| {
            format!(
                "Only a holder of the role of {} grants its rights; holding the rights is not enough.",
                tool.product()
            )
        })
}

/// # Errors
/// The sentence that says what is wrong with the property `tool`.
pub(super) fn asked_tool(request: &Request) -> Result<ToolName, String> {
    request
        .text("tool")
        .ok_or("The property `tool` must name the tool.")?
        .parse()
        .map_err(|bad| format!("{bad}."))
}

/// Rule `right.self`: `sis.group-assignment` and `sis.login-as` never change their own tool rights.
pub(super) fn right_self(_: &Request, facts: &Facts) -> Option<Finding> {
    let (actor, target) = (facts.subject_person()?, facts.resource_person()?);
    let limited =
        actor.holding.is_limited_login_as() || actor.holding.is_limited_group_assignment();
    (limited && actor.id() == target.id()).then(|| {
        Finding::forbid(
            "right.self",
            "Holders of sis.group-assignment or sis.login-as never change their own tool rights.",
        )
    })
}

/// How much of another person's rights someone sees. Rule: `right.view`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visible {
    /// All of them.
    All,
    /// Only those that the viewer holds, too.
    OwnRights,
}

impl Visible {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::OwnRights => "own-rights",
        }
    }
}

/// What a holder sees. `sis.login-as` beside `sis.group-assignment` still sees what it sees alone: roles add up.
pub fn visible(actor: &PersonFacts) -> Option<Visible> {
    if actor.holding.has_user_security() {
        Some(Visible::All)
    } else {
        actor.holding.login_as.then_some(Visible::OwnRights)
    }
}

/// Rule `right.view`: `sis` and the edition role see all, `sis.login-as` what it holds itself, nobody else anything.
pub(super) fn right_view(_: &Request, facts: &Facts) -> Option<Finding> {
    let ruling = acting_holder(facts).and_then(|actor| match visible(actor) {
        Some(Visible::All) => Ok("A holder of sis or of the edition role sees all rights."),
        Some(Visible::OwnRights) => Ok("A holder of sis.login-as sees the rights it holds itself."),
        None => Err("Rights are seen with sis, the edition role or sis.login-as only.".to_owned()),
    });
    Some(Finding::ruled("right.view", ruling))
}
