//! The actions that the rule book knows, and what they are done by and to.

/// An action of the rule book. Rule: domain, *How a decision is made*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // the words are the domain's own
pub enum Action {
    CaseSubmit,
    CaseView,
    CaseManage,
    CaseOpenFor,
    CaseClose,
    CaseTransition,
    CallTalk,
    UpdateRequest,
    ContactDesignate,
    ContactReactivate,
    RoleGrant,
    RightGrant,
    RightView,
    GroupCreate,
    GroupAssign,
    AccountModify,
    LoginAs,
    ToolUse,
    ReportProductRoles,
}

impl Action {
    /// All actions with their names.
    pub const NAMES: [(Self, &'static str); 19] = [
        (Self::CaseSubmit, "case.submit"),
        (Self::CaseView, "case.view"),
        (Self::CaseManage, "case.manage"),
        (Self::CaseOpenFor, "case.open-for"),
        (Self::CaseClose, "case.close"),
        (Self::CaseTransition, "case.transition"),
        (Self::CallTalk, "call.talk"),
        (Self::UpdateRequest, "update.request"),
        (Self::ContactDesignate, "contact.designate"),
        (Self::ContactReactivate, "contact.reactivate"),
        (Self::RoleGrant, "role.grant"),
        (Self::RightGrant, "right.grant"),
        (Self::RightView, "right.view"),
        (Self::GroupCreate, "group.create"),
        (Self::GroupAssign, "group.assign"),
        (Self::AccountModify, "account.modify"),
        (Self::LoginAs, "login-as"),
        (Self::ToolUse, "tool.use"),
        (Self::ReportProductRoles, "report.product-roles"),
    ];

    /// The action of that name; `None` if the rule book knows none.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(action, _)| *action)
    }

    /// Types of the things that it is done to; an id without a type is tried in this order.
    pub fn resource_kinds(self) -> &'static [&'static str] {
        match self {
            Self::CaseSubmit => &["district", "case"],
            Self::CaseView | Self::CaseManage => &["case", "district"],
            Self::CaseClose | Self::CaseTransition => &["case"],
            Self::CallTalk | Self::UpdateRequest | Self::GroupCreate | Self::ReportProductRoles => {
                &["district"]
            }
            Self::ToolUse => &["tool"],
            Self::CaseOpenFor
            | Self::ContactDesignate
            | Self::ContactReactivate
            | Self::RoleGrant
            | Self::RightGrant
            | Self::RightView
            | Self::GroupAssign
            | Self::AccountModify
            | Self::LoginAs => &["person"],
        }
    }

    /// Types of those who may ask; an id without a type is tried in this order.
    pub fn subject_kinds(self) -> &'static [&'static str] {
        match self {
            Self::CaseOpenFor => &["agent", "person"],
            Self::CaseClose | Self::CaseTransition | Self::ContactDesignate | Self::CallTalk => {
                &["person", "agent"]
            }
            _ => &["person"],
        }
    }

    /// It has to do with the vendor, so that contacts matter. Rule: domain §1.
    pub fn is_for_contacts(self) -> bool {
        matches!(
            self,
            Self::CaseSubmit
                | Self::CaseView
                | Self::CaseManage
                | Self::CaseOpenFor
                | Self::CaseClose
                | Self::CaseTransition
                | Self::CallTalk
                | Self::UpdateRequest
                | Self::ContactDesignate
                | Self::ContactReactivate
        )
    }
}

/// Types in which a resource without a type is looked for, in that order; all types for an action unknown to the core.
pub fn default_resource_kinds(action: &str) -> &'static [&'static str] {
    Action::named(action).map_or(
        &["person", "district", "case", "group", "tool"],
        Action::resource_kinds,
    )
}

/// Types in which a subject without a type is looked for, in that order.
pub fn default_subject_kinds(action: &str) -> &'static [&'static str] {
    Action::named(action).map_or(&["person"], Action::subject_kinds)
}
