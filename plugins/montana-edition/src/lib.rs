//! The Montana edition: its role, and who uploads the state report.
//!
//! Districts with `edition = "montana"` have the role `montana`, which carries the student information system with
//! its user security (domain §2). What the role opens there is the core's to decide; this plugin judges one action of
//! its own, `montana.aim-submit`: the upload of enrolment data to AIM, the state's system "Achievement in Montana".

use provost_plugin::policy::{Edition, Finding, Needs, Request, Role, RoleKind};

/// The action that is this edition's own.
const AIM_SUBMIT: &str = "montana.aim-submit";

/// Roles whose holders upload: the edition's own, and the full role of the system whose data it is.
const UPLOADERS: [&str; 2] = ["montana", "sis"];

/// The plugin.
pub struct Montana;

impl provost_plugin::Policy for Montana {
    fn describe() -> Edition {
        Edition {
            id: "montana".into(),
            title: "Montana edition".into(),
            roles: vec![Role {
                id: "montana".into(),
                title: "Montana".into(),
                kind: RoleKind::Edition,
                products: vec!["sis".into()],
                // Judged below; an action listed here the core would permit by itself, under a code of its own.
                may: vec![],
            }],
            judges: vec![AIM_SUBMIT.into()],
            needs: Needs::SUBJECT | Needs::ROLES | Needs::RELATIONS,
        }
    }

    fn evaluate(request: Request) -> Vec<Finding> {
        if request.action != AIM_SUBMIT {
            return vec![];
        }
        vec![aim_submit(&request)]
    }
}

/// The permit rule of `montana.aim-submit`: permits or forbids, with the reason.
fn aim_submit(request: &Request) -> Finding {
    use provost_plugin::policy::{Account, Relations};
    let facts = [
        "subject.account",
        "subject.roles",
        "relations.same-district",
    ];
    let forbid = |why: &str| Finding::forbid(AIM_SUBMIT, why, &facts);
    let Some(person) = request.subject.as_person() else {
        return forbid("Only staff of the district upload its state report to AIM.");
    };
    if !person.account.contains(Account::ENABLED) {
        return forbid("A disabled account uploads nothing to AIM.");
    }
    if !request.relations.contains(Relations::SAME_DISTRICT) {
        return forbid("The state report of another district is for that district to upload.");
    }
    if !person.holds_any(&UPLOADERS) {
        return forbid("Uploading the state report to AIM takes the role montana or sis.");
    }
    Finding::permit(
        AIM_SUBMIT,
        "Holders of montana or sis upload the state report to AIM.",
        &facts,
    )
}

provost_plugin::policy!(Montana);

#[cfg(test)]
mod tests {
    use super::*;
    use provost_plugin::Policy;
    use provost_plugin::policy::{Account, Effect, Moment, Party, Person, Relations, Thing};

    fn ask(action: &str, roles: &[&str], account: Account, relations: Relations) -> Vec<Effect> {
        let request = Request {
            action: action.into(),
            now: Moment {
                unix_seconds: 1_740_934_800,
                utc_offset_seconds: -25_200,
            },
            district: None,
            subject: Party::Person(Person {
                id: "ana".into(),
                district: "big-sky".into(),
                account,
                contact: None,
                roles: roles.iter().map(|role| (*role).into()).collect(),
                schools: vec![],
            }),
            resource: Thing::District("big-sky".into()),
            relations,
            properties: vec![],
            context: vec![],
        };
        let findings = Montana::evaluate(request);
        findings.iter().map(|finding| finding.effect).collect()
    }

    #[test]
    fn holders_of_montana_or_sis_upload_and_nobody_else_does() {
        let (on, home) = (Account::ENABLED, Relations::SAME_DISTRICT);
        assert_eq!(ask(AIM_SUBMIT, &["montana"], on, home), [Effect::Permit]);
        assert_eq!(ask(AIM_SUBMIT, &["hr", "sis"], on, home), [Effect::Permit]);
        assert_eq!(
            ask(AIM_SUBMIT, &["sis.login-as"], on, home),
            [Effect::Forbid]
        );
        assert_eq!(
            ask(AIM_SUBMIT, &["montana"], Account::empty(), home),
            [Effect::Forbid]
        );
        assert_eq!(
            ask(AIM_SUBMIT, &["montana"], on, Relations::empty()),
            [Effect::Forbid]
        );
    }

    #[test]
    fn actions_of_the_core_are_left_to_the_core() {
        let (on, home) = (Account::ENABLED, Relations::SAME_DISTRICT);
        for action in ["role.grant", "login-as", "tool.use"] {
            assert_eq!(ask(action, &["montana"], on, home), []);
        }
    }
}
