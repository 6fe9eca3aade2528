//! Which rules judge which action. The table of domain, *How a decision is made*, line by line.

use super::action::Action;
use super::{Facts, Finding, Party, PersonFacts, Request};
use super::{account, call, case, contact, group, login_as, right, role, tool, update};

/// A rule: says something of a request, or nothing.
pub(super) type Rule = fn(&Request, &Facts) -> Option<Finding>;

/// What a permit rule found: why it permits, or why it forbids.
pub(super) type Ruling = Result<&'static str, String>;

/// The code of a decision about actions and things that nobody knows.
pub(super) const DEFAULT_DENY: &str = "default.deny";

/// Everything that the rules of the core say of a request.
///
/// An action that the core does not know is left to the plugins that declare it (and to roles that name it): nothing
/// said is a denial, see [`super::combine`]. A thing that the register does not know, or one of a type that the
/// action is not done to, is denied by `default.deny`, which no plugin can lift.
pub fn judge(request: &Request, facts: &Facts) -> Vec<Finding> {
    let action = Action::named(&request.action);
    if let Some(finding) = unknown_thing(action, request, facts) {
        return vec![finding];
    }
    let Some(action) = action else {
        return role::role_may(request, facts).into_iter().collect();
    };
    rules(action)
        .iter()
        .filter_map(|rule| rule(request, facts))
        .collect()
}

/// The permit rule of each action first, then those that only forbid.
pub(super) fn rules(action: Action) -> &'static [Rule] {
    match action {
        Action::CaseSubmit | Action::CaseView | Action::CaseManage => &[
            contact::contact_only,
            case::case_same_district,
            contact::contact_third_party,
        ],
        Action::CaseOpenFor => &[case::case_on_behalf, case::case_emergency],
        Action::CaseClose => &[
            contact::contact_only_or_agent,
            case::case_same_district,
            contact::contact_third_party,
            case::case_transition_first,
        ],
        Action::CaseTransition => &[case::case_transition],
        Action::CallTalk => &[call::call_talk, contact::contact_third_party],
        Action::UpdateRequest => &[
            update::update_permitted,
            update::update_not_applicable,
            update::update_group_process,
            contact::contact_third_party,
        ],
        Action::ContactDesignate => &[
            contact::contact_designate,
            contact::contact_technical_cap_on_designation,
        ],
        Action::ContactReactivate => &[
            contact::contact_reactivation,
            contact::contact_technical_cap_on_reactivation,
        ],
        Action::RoleGrant => &[role::role_grant, role::role_homepage],
        Action::RightGrant => &[right::right_grant, right::right_self],
        Action::RightView => &[right::right_view],
        Action::GroupCreate => &[group::group_create],
        Action::GroupAssign => &[group::group_assign, group::group_ceiling],
        Action::AccountModify => &[account::account_modify],
        Action::LoginAs => &[
            login_as::login_as_feature,
            login_as::login_as_enabled,
            login_as::login_as_no_chain,
            login_as::login_as_user_account_read,
            login_as::login_as_peer,
            login_as::login_as_once,
            login_as::login_as_restrict,
            login_as::login_as_rights,
            login_as::login_as_calendars,
        ],
        Action::ToolUse => &[tool::tool_use, tool::tool_user_management],
        Action::ReportProductRoles => &[role::report_product_roles],
    }
}

/// `default.deny` for a thing that the register does not know or that the action is not done to.
fn unknown_thing(action: Option<Action>, request: &Request, facts: &Facts) -> Option<Finding> {
    let id = &request.resource.id;
    let Some(kind) = facts.resource.kind() else {
        return Some(Finding::forbid(
            DEFAULT_DENY,
            format!(
                "The register knows no `{id}` that `{}` is done to.",
                request.action
            ),
        ));
    };
    let allowed = action?.resource_kinds();
    (!allowed.contains(&kind)).then(|| {
        let allowed = allowed.join(" or ");
        Finding::forbid(
            DEFAULT_DENY,
            format!(
                "`{}` is done to a {allowed}, not to a {kind}.",
                request.action
            ),
        )
    })
}

impl Finding {
    /// What a permit rule says: it permits or forbids under its own code.
    pub(super) fn ruled(code: &str, ruling: Ruling) -> Self {
        match ruling {
            Ok(why) => Self::permit(code, why),
            Err(why_not) => Self::forbid(code, why_not),
        }
    }
}

/// The person who asks, where only people of the register can have the authority.
///
/// # Errors
/// The sentence that says why there is no such person.
pub(super) fn asking_person(facts: &Facts) -> Result<&PersonFacts, String> {
    match &facts.subject {
        Party::Person(person) => Ok(person),
        Party::Agent(id) => Err(format!(
            "Agent {id} of the vendor's support desk holds no authority of the district."
        )),
        Party::Unknown(id) => Err(format!("The register knows no person `{id}`.")),
    }
}

/// The person who asks, with an enabled account, in the district of the resource: what every security rule needs.
///
/// # Errors
/// The sentence that says which of these is missing.
pub(super) fn acting_holder(facts: &Facts) -> Result<&PersonFacts, String> {
    let actor = asking_person(facts)?;
    if !actor.person.account_enabled() {
        return Err("The account that asks is disabled.".to_owned());
    }
    if facts
        .resource
        .district()
        .is_some_and(|of| *of != actor.person.district)
    {
        return Err("That belongs to another district.".to_owned());
    }
    Ok(actor)
}
