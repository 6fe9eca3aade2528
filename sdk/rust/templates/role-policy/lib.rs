//! {{title}}: who submits the district's report, and that nobody logs in as another user at night.

use provost_plugin::policy::{Account, Edition, Finding, Needs, Relations, Request};

/// The action that is this edition's own. Other actions are the core's: a plugin may forbid them, never permit.
const SUBMIT: &str = "{{id}}.report-submit";

struct Plugin;

impl provost_plugin::Policy for Plugin {
    fn describe() -> Edition {
        Edition {
            id: "{{id}}".into(),
            title: "{{title}}".into(),
            roles: vec![],
            judges: vec![SUBMIT.into(), "login-as".into()],
            needs: Needs::SUBJECT | Needs::ROLES | Needs::RELATIONS,
        }
    }

    fn evaluate(request: Request) -> Vec<Finding> {
        match request.action.as_str() {
            SUBMIT => vec![submit(&request)],
            "login-as" => night(&request).into_iter().collect(),
            _ => vec![],
        }
    }
}

provost_plugin::policy!(Plugin);

/// Enabled staff of the district who hold `sis` submit its report.
fn submit(request: &Request) -> Finding {
    let facts = ["subject.account", "subject.roles", "relations.same-district"];
    let submits = request.subject.as_person().is_some_and(|person| {
        person.account.contains(Account::ENABLED)
            && person.holds_any(&["sis"])
            && request.relations.contains(Relations::SAME_DISTRICT)
    });
    match submits {
        true => Finding::permit(SUBMIT, "Holders of sis submit the report.", &facts),
        false => Finding::forbid(SUBMIT, "Submitting the report takes the role sis.", &facts),
    }
}

/// Between 22:00 and 6:00 on the district's clock. Time comes with the request: a plugin has no clock.
fn night(request: &Request) -> Option<Finding> {
    let local = request.now.unix_seconds + i64::from(request.now.utc_offset_seconds);
    let hour = local.rem_euclid(86_400) / 3_600;
    let why = "Nobody logs in as another user between 22:00 and 6:00.";
    (!(6..22).contains(&hour)).then(|| Finding::forbid("{{id}}.night", why, &["now"]))
}
