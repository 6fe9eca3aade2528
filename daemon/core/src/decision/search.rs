//! Where to look for those who may do something: no rule needs to be asked of everybody in a district.

use super::action::Action;

/// Among whom those are who may do an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidates {
    /// Valid contacts of the resource's district.
    Contacts,
    /// People with a grant of any role: without one every rule of such an action denies.
    RoleHolders,
    /// Everybody of the resource's district, or of all if the resource belongs to none.
    Everybody,
    /// Nobody of the register: only agents may.
    Nobody,
}

/// Among which people to look for those who may do the action of that name; everybody for one that only plugins know.
pub fn candidates(action: &str) -> Candidates {
    let Some(action) = Action::named(action) else {
        return Candidates::Everybody;
    };
    match action {
        Action::CaseOpenFor => Candidates::Nobody,
        Action::CaseSubmit
        | Action::CaseView
        | Action::CaseManage
        | Action::CaseClose
        | Action::CaseTransition
        | Action::UpdateRequest
        | Action::ContactDesignate
        | Action::ContactReactivate => Candidates::Contacts,
        Action::RoleGrant
        | Action::RightGrant
        | Action::RightView
        | Action::GroupCreate
        | Action::GroupAssign
        | Action::AccountModify
        | Action::LoginAs
        | Action::ReportProductRoles => Candidates::RoleHolders,
        // A clerk talks beside a contact, and a tool is open to whoever has the letter.
        Action::CallTalk | Action::ToolUse => Candidates::Everybody,
    }
}
