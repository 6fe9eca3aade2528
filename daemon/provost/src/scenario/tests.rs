//! Promises of scenario files.

use super::read::{ScenarioError, read};
use super::report::{Ending, Report};
use super::run::run;
use super::simulation::{Shelf, Simulation, run_files};
use provost_core::contact::Hold;
use provost_core::notice::NoticeKind;
use provost_core::role::Roles;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const LONE_PINE: &str = r#"
[[district]]
id = "lone-pine"
timezone = "America/Denver"
[[person]]
id = "ana"
district = "lone-pine"
username = "ana"
[[person]]
id = "ned"
district = "lone-pine"
username = "ned"
[[contact]]
person = "ana"
type = "support"
"#;

fn problems(steps: &str) -> Vec<String> {
    let document = crate::document::parse("a.toml", &format!("{LONE_PINE}{steps}")).unwrap();
    match read("a.toml", &document, |_| Ok(Roles::standard())) {
        Err(error @ ScenarioError::Problems { .. }) => {
            error.to_string().lines().map(str::to_owned).collect()
        }
        other => panic!("no problems: {other:?}"),
    }
}

fn played(steps: &str) -> Report {
    let document = crate::document::parse("a.toml", &format!("{LONE_PINE}{steps}")).unwrap();
    let scenario = read("a.toml", &document, |_| Ok(Roles::standard())).unwrap();
    let mut world = Simulation::new(&scenario, Roles::standard(), Vec::new(), None).unwrap();
    let story = run("a.toml", &scenario, &mut world).unwrap();
    Report {
        endings: vec![Ending::Played(story)],
    }
}

/// The stories of the rule book that need no edition plugin; the flow tests play the others on built plugins.
fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            !std::fs::read_to_string(path)
                .unwrap()
                .contains("edition-plugins")
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_stories_of_the_rule_book_hold() {
    let files = stories();
    assert!(
        files.len() >= 25,
        "the stories are where they were: {files:?}"
    );
    let report = run_files(&files, &Shelf::folder(Path::new("no-plugins")));
    assert!(report.passed(), "{report}");
}

/// Everything that the expectations of all stories name: under which key, which word.
fn expected_words() -> BTreeSet<(String, String)> {
    let mut words = BTreeSet::new();
    for file in stories() {
        let document = crate::document::load(&file).unwrap();
        for step in document["step"].as_array().unwrap() {
            let Some(expect) = step.get("expect").and_then(Value::as_object) else {
                continue;
            };
            for (key, value) in expect {
                let mut note = |word: &Value| {
                    let word = word.get("stage").unwrap_or(word).as_str();
                    words.extend(word.map(|word| (key.clone(), word.to_owned())));
                };
                match value {
                    Value::Array(items) => items.iter().for_each(&mut note),
                    Value::Object(map) => map.values().for_each(&mut note),
                    other => note(other),
                }
            }
        }
    }
    words
}

#[test]
fn every_state_stage_hold_and_alarm_of_inactivity_has_a_story() {
    use provost_core::lifecycle::{
        DEAD_LETTER, LAST_CONTACT, MASS, STALE_FEED, TECHNICAL_CAP, UNDELIVERABLE, UNNOTIFIED,
    };
    let words = expected_words();
    let states = [
        "active",
        "pending",
        "held",
        "suspended",
        "deactivated",
        "removed",
    ];
    let stages = NoticeKind::WORDS.map(|(_, word)| word);
    let holds = Hold::WORDS.map(|(_, word)| word);
    let alarms = [
        LAST_CONTACT,
        MASS,
        STALE_FEED,
        UNDELIVERABLE,
        UNNOTIFIED,
        DEAD_LETTER,
        TECHNICAL_CAP,
    ];
    let needed: [(&str, &[&str]); 4] = [
        ("contacts", &states),
        ("notices", &stages),
        ("holds", &holds),
        ("alarms", &alarms),
    ];
    let of = |(key, words): (&str, &[&str])| -> Vec<(String, String)> {
        words
            .iter()
            .map(|word| (key.to_owned(), (*word).to_owned()))
            .collect()
    };
    let missing: Vec<_> = needed.into_iter().flat_map(of).collect();
    let missing: Vec<_> = missing
        .into_iter()
        .filter(|word| !words.contains(word))
        .collect();
    assert_eq!(missing, []);
}

#[test]
fn every_malformed_step_is_named_with_file_number_and_key() {
    let found = problems(
        r#"
        [[step]]
        at = "2025-01-01"
        [[step]]
        activity = { person = "zed", kind = "dance" }
        expect.contacts = { ana = "sleepy" }
        [[step]]
        session = { open = "s1", close = "s1" }
        swep = true
        [[step]]
        expect.decision = true
        [[step]]
        feed = { id = "portal" }
        [[step]]
        "#,
    );
    assert_eq!(
        found,
        [
            r#"a.toml: step 1: at = "2025-01-01": must be a time with its offset (RFC 3339), e.g. 2025-03-02T10:00:00-07:00"#,
            r#"a.toml: step 2: activity.person = "zed": no person `zed` in the document"#,
            r#"a.toml: step 2: activity.kind = "dance": `dance` must be portal-login, case-submitted, case-comment, case-attachment, case-closed, case-reopened, case-opened-for, update-request or verified-call"#,
            r#"a.toml: step 2: expect.contacts.ana = "sleepy": `sleepy` must be active, pending, held, suspended, deactivated or removed"#,
            r#"a.toml: step 3: session: must name exactly one of open, return, close"#,
            r#"a.toml: step 3: swep = true: unknown key; did you mean `sweep`?"#,
            r#"a.toml: step 4: expect = {"decision":true}: expects an answer of a step that asks nothing"#,
            r#"a.toml: step 5: feed.watermark: is missing"#,
            r#"a.toml: step 6: says nothing"#,
        ]
    );
}

#[test]
fn who_refuses_and_who_is_told_instead_is_said_in_known_words() {
    let found = problems(
        r#"
        [[step]]
        deliver = { refuse = [] }
        [[step]]
        deliver = "maybe"
        expect.notices = [{ to = "ana", stage = "notice", via = "boss" }]
        expect.holds = { ana = "tired" }
        "#,
    );
    assert_eq!(
        found,
        [
            "a.toml: step 1: deliver.refuse = []: must name addresses",
            r#"a.toml: step 2: deliver = "maybe": must be accept, refuse or { refuse = [ADDRESS] }"#,
            r#"a.toml: step 2: expect.notices[0].via = "boss": must be contact, colleague or mailbox"#,
            r#"a.toml: step 2: expect.holds.ana = "tired": `tired` must be stale-feed, undeliverable, last-contact or approval"#,
        ]
    );
}

#[test]
fn an_expectation_that_fails_shows_expected_and_got() {
    let report = played(
        r#"
        [[step]]
        at = "2025-01-01T10:00:00-07:00"
        decide = { subject = "ned", action = "case.submit", resource = "lone-pine" }
        expect.decision = true
        expect.redirect = ["ned"]
        expect.contacts = { ned = "active" }
        "#,
    );
    assert!(!report.passed());
    let steps = report.json()["files"][0]["steps"].clone();
    let differences: Vec<_> = steps[0]["differences"].as_array().unwrap().iter().collect();
    let shown: Vec<Value> = differences
        .iter()
        .map(|one| json!([one["what"], one["expected"], one["got"]]))
        .collect();
    let ana = json!({"contacts": [{"kind": "support", "name": "ana", "person": "ana"}]});
    assert_eq!(
        shown,
        [
            json!(["decision", true, false]),
            json!(["redirect", ["ned"], ana]),
            json!(["contacts.ned", "active", null]),
        ]
    );
    assert!(
        report
            .to_string()
            .contains("expected true\n         got      false"),
        "{report}"
    );
}

#[test]
fn a_refusal_that_nobody_expected_is_remarked_and_fails_nothing() {
    let report = played(
        r#"
        [[step]]
        at = "2025-01-01T10:00:00-07:00"
        contact = { designate = "ned", type = "technical", by = "ned" }
        expect.contacts = { ned = "none" }
        "#,
    );
    assert!(report.passed());
    assert!(report.to_string().contains("remark: refused"), "{report}");
}

#[test]
fn a_file_that_cannot_be_played_does_not_keep_others_from_it() {
    let files = [PathBuf::from("no-such-file.toml"), stories().remove(0)];
    let report = run_files(&files, &Shelf::folder(Path::new("no-plugins")));
    let holds: Vec<_> = report.endings.iter().map(Ending::holds).collect();
    assert_eq!(holds, [false, true], "{report}");
}

/// Codes that the rules of the core give, read from the rules themselves: a new one cannot be forgotten here.
fn codes_of_the_rules() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src/decision");
    let mut codes = BTreeSet::from(["default.deny".to_owned()]);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for call in ["Finding::permit(", "Finding::forbid(", "Finding::ruled("] {
            for rest in text.split(call).skip(1) {
                let literal = rest.trim_start().strip_prefix('"');
                let code = literal.and_then(|literal| literal.split('"').next());
                codes.extend(code.map(str::to_owned));
            }
        }
    }
    // Given by an edition's role alone; the core's own tests and the edition's stories have it.
    codes.remove("role.may");
    codes
}

/// The action that a step decides about, as far as its answer is that decision.
fn action_of(step: &Value) -> Option<String> {
    let has = |act: &str, key: &str| step.get(act).is_some_and(|act| act.get(key).is_some());
    if let Some(decide) = step.get("decide") {
        return decide["action"].as_str().map(str::to_owned);
    }
    let acts = [
        ("login-as", "target", "login-as"),
        ("contact", "designate", "contact.designate"),
        ("contact", "remove", "contact.designate"),
        ("contact", "reactivate", "contact.reactivate"),
        ("call", "open", "call.talk"),
        ("call", "join", "call.talk"),
        ("update-request", "submit", "update.request"),
        ("case", "open", "case.open-for"),
        ("case", "close", "case.close"),
        ("case", "transition", "case.transition"),
        ("grant", "role", "role.grant"),
        ("grant", "group", "group.assign"),
        ("grant", "tool", "right.grant"),
    ];
    let act = acts.iter().find(|(act, key, _)| has(act, key));
    act.map(|(.., action)| (*action).to_owned())
}

#[test]
fn every_rule_has_a_story_that_it_permits_and_one_that_it_forbids() {
    let (mut permits, mut forbids, mut allowed) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut steps = 0;
    for file in stories() {
        let document = crate::document::load(&file).unwrap();
        for step in document["step"].as_array().unwrap() {
            let expect = &step["expect"];
            let (Some(decision), Some(action)) = (expect["decision"].as_bool(), action_of(step))
            else {
                continue;
            };
            steps += 1;
            if decision {
                allowed.insert(action.clone());
            }
            for code in expect["reasons"].as_array().into_iter().flatten() {
                let code = code.as_str().unwrap().to_owned();
                if decision {
                    permits.insert(code);
                } else {
                    forbids.insert((code, action.clone()));
                }
            }
        }
    }
    let codes = codes_of_the_rules();
    assert!(
        codes.len() >= 37,
        "the rules are where they were: {codes:?}"
    );
    let silent: Vec<_> = codes
        .iter()
        .filter(|code| !forbids.iter().any(|(of, _)| of == *code))
        .collect();
    assert_eq!(
        silent,
        Vec::<&String>::new(),
        "no story is forbidden by these"
    );
    // A rule that only forbids permits where the very action that it forbids elsewhere is allowed.
    let lets = |code: &&String| {
        permits.contains(*code)
            || forbids
                .iter()
                .any(|(of, action)| of == *code && allowed.contains(action))
    };
    let never: Vec<_> = codes
        .iter()
        .filter(|code| !lets(code) && *code != "default.deny")
        .collect();
    assert_eq!(
        never,
        Vec::<&String>::new(),
        "no story is permitted by these"
    );
    let unknown: Vec<_> = permits
        .iter()
        .chain(forbids.iter().map(|(code, _)| code))
        .filter(|code| !codes.contains(*code))
        .collect();
    assert_eq!(
        unknown,
        Vec::<&String>::new(),
        "stories expect codes that no rule gives"
    );
    assert!(steps >= 150, "{steps} steps with a decision");
}
