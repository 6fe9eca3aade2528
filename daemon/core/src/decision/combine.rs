//! From findings to the answer.

use std::collections::BTreeSet;

use super::action::Action;
use super::judge::{DEFAULT_DENY, judge};
use super::redirect::redirect;
use super::right::visible;
use super::warnings::warnings;
use super::{Decision, Effect, Facts, Finding, Request};
use crate::id::{PluginId, Revision};

/// Any forbid denies; otherwise any permit allows; otherwise denied by `default.deny`.
///
/// The answer carries all forbids of a denial, or all permits of an allow: those of the core first, then those of
/// the plugins in the order they came.
pub fn combine(findings: Vec<Finding>, plugins: Vec<Finding>, revision: Revision) -> Decision {
    let (forbids, permits): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .chain(plugins)
        .partition(|finding| finding.effect == Effect::Forbid);
    let decision = forbids.is_empty() && !permits.is_empty();
    let mut reasons = if decision { permits } else { forbids };
    if reasons.is_empty() {
        reasons.push(Finding::forbid(
            DEFAULT_DENY,
            "No rule permits an action of that name.",
        ));
    }
    let applicable = !reasons
        .iter()
        .any(|reason| reason.code == "update.not-applicable");
    Decision {
        decision,
        reasons,
        redirect: None,
        obligations: Vec::new(),
        applicable,
        warnings: Vec::new(),
        visible: None,
        revision,
    }
}

/// The findings of one plugin, stamped with its id, without permits for an action that it does not declare.
///
/// So a plugin adds restrictions anywhere in its districts, and permits only where it said that it would.
pub fn stamped(
    plugin: &PluginId,
    declared: &BTreeSet<String>,
    action: &str,
    findings: Vec<Finding>,
) -> Vec<Finding> {
    let declares = declared.contains(action);
    findings
        .into_iter()
        .filter(|finding| declares || finding.effect == Effect::Forbid)
        .map(|finding| Finding {
            source: plugin.as_str().to_owned(),
            ..finding
        })
        .collect()
}

/// Decides one request: the core's rules, what the plugins found (see [`stamped`]), and everything that the answer
/// says beside the reasons.
pub fn decide(request: &Request, facts: &Facts, plugins: Vec<Finding>) -> Decision {
    let mut decision = combine(judge(request, facts), plugins, facts.revision);
    let action = Action::named(&request.action);
    decision.warnings = warnings(action, request, facts);
    if decision.decision {
        decision.obligations = obligations(action, &decision.reasons, facts);
        if action == Some(Action::RightView) {
            let actor = facts.subject_person();
            decision.visible = actor.and_then(visible).map(|shown| shown.word().to_owned());
        }
    } else {
        decision.redirect = redirect(request, facts, &decision.reasons);
    }
    decision
}

/// What the caller must do when it acts on the allow.
///
/// `access-log`: write both logs (`login-as.third-party`). `transition`: hand the emergency case to a valid contact
/// before it is closed. `alarm`: no valid contact is there to own it (`case.emergency`).
fn obligations(action: Option<Action>, reasons: &[Finding], facts: &Facts) -> Vec<String> {
    let mut duties = Vec::new();
    if action == Some(Action::LoginAs) {
        duties.push("access-log");
    }
    if reasons.iter().any(|reason| reason.code == "case.emergency") {
        duties.push("transition");
        let owned = facts
            .resource_district()
            .is_some_and(|of| of.valid_contacts().next().is_some());
        if !owned {
            duties.push("alarm");
        }
    }
    duties.into_iter().map(str::to_owned).collect()
}
