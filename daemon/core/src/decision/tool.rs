//! Using a tool. Rules: domain §2, `tool.*`.

use super::judge::{Ruling, asking_person};
use super::{Facts, Finding, PersonFacts, Request, Thing};
use crate::rights::{Letters, ToolName};

/// Tools of user management beside those whose names begin with [`USER_TOOL_PREFIX`].
const USER_MANAGEMENT: [&str; 6] = [
    "account-security",
    "calendar-rights",
    "login-as",
    "password-reset",
    "product-security-roles",
    "tool-rights",
];

/// Sis tools that begin so manage users: `user-account`, `user-groups`, `user-management`, `user-rights`, …
const USER_TOOL_PREFIX: &str = "user-";

/// The tool that shows accounts; open to whoever has the right. Rules: `tool.user-management`, `login-as.user-account-read`.
pub(super) const USER_ACCOUNT: &str = "user-account";

/// The tool that shows user groups; open to `sis.group-assignment`, too. Rule: `tool.user-management`.
const USER_GROUPS: &str = "user-groups";

/// Rule `tool.use`: the account is enabled and has the letter (R if none is named).
///
/// Under login-as only what actor and target both have counts, from the facts of this very moment.
pub(super) fn tool_use(request: &Request, facts: &Facts) -> Option<Finding> {
    let Thing::Tool(tool) = &facts.resource else {
        return None;
    };
    Some(Finding::ruled("tool.use", may_use(request, facts, tool)))
}

fn may_use(request: &Request, facts: &Facts, tool: &ToolName) -> Ruling {
    let asked = match request.text("letter").or_else(|| request.text("letters")) {
        None => Letters::R,
        Some(letters) => letters.parse().map_err(|bad| format!("{bad}."))?,
    };
    let actor = asking_person(facts)?;
    let mut held = open_letters(actor, tool, facts)?;
    if let Some(nested) = &facts.session {
        if nested.session.actor != *actor.id() {
            return Err("This session belongs to someone else.".to_owned());
        }
        if nested.session.target.is_some() {
            let target = nested
                .target
                .as_ref()
                .ok_or("The register no longer knows the person that the session has entered.")?;
            held = held.intersection(open_letters(target, tool, facts)?);
        }
    }
    held.contains(asked)
        .then_some("The account has the right.")
        .ok_or_else(|| format!("The right {tool} ({}) is missing.", asked.minus(held)))
}

/// # Errors
/// The sentence that says that the account is disabled.
fn open_letters(person: &PersonFacts, tool: &ToolName, facts: &Facts) -> Result<Letters, String> {
    if person.person.account_enabled() {
        Ok(person.letters(tool, &facts.tools))
    } else {
        Err(format!("The account of {} is disabled.", person.id()))
    }
}

/// Rule `tool.user-management`: these tools open only for `sis` or the edition role, with two exceptions.
///
/// Inside a login-as both actor and target must pass: the intersection counts.
pub(super) fn tool_user_management(_: &Request, facts: &Facts) -> Option<Finding> {
    let Thing::Tool(tool) = &facts.resource else {
        return None;
    };
    if !manages_users(tool) || tool.tool() == USER_ACCOUNT {
        return None;
    }
    let passes = |person: &PersonFacts| {
        person.holding.has_user_security()
            || (tool.tool() == USER_GROUPS && person.holding.group_assignment)
    };
    let entered = facts.session.as_ref().and_then(|of| of.target.as_deref());
    let all_pass = facts.subject_person().is_none_or(passes) && entered.is_none_or(passes);
    (!all_pass).then(|| {
        Finding::forbid(
            "tool.user-management",
            "User management tools open only with sis or the edition role.",
        )
    })
}

fn manages_users(tool: &ToolName) -> bool {
    tool.is_sis()
        && (tool.tool().starts_with(USER_TOOL_PREFIX) || USER_MANAGEMENT.contains(&tool.tool()))
}
