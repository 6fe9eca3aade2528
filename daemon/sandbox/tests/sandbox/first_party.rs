//! The plugins that ship: built as guests, encoded, loaded and called.

use provost_core::contact::ContactKind;
use provost_core::decision::{Effect, Finding};
use provost_core::district::Help;
use provost_core::notice::NoticeKind;
use provost_core::role::{Role, RoleKind};
use provost_sandbox::{
    Channel, Delivery, Helper, Kind, Moment, NoticeView, Plugin, Policy, Recipient, RecipientRole,
    RenderError, RenderFailure, TrustInMemory, encode, inspect,
};
use serde_json::{Map, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::facts::{facts, person};
use crate::{ask, engine, id};

/// Builds the guests once, beside what cargo built of this test, and hands out one as a component with its manifest.
fn guest(name: &str) -> Vec<u8> {
    static BUILT: OnceLock<()> = OnceLock::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    BUILT.get_or_init(|| {
        let what = "build --quiet --profile guest --target wasm32-unknown-unknown";
        let built = Command::new(env!("CARGO"))
            .current_dir(&root)
            .args(what.split(' '))
            .args(["-p", "montana-edition", "-p", "email", "--target-dir"])
            .arg(target)
            .status()
            .unwrap();
        assert!(built.success());
    });
    let module = format!("{}.wasm", name.replace('-', "_"));
    let folder = target.join("wasm32-unknown-unknown/guest");
    let module = std::fs::read(folder.join(module)).unwrap();
    encode(&module, Some(&format!("id = \"{name}\"\n"))).unwrap()
}

fn montana() -> Policy {
    let loaded = engine().load(
        id("montana-edition"),
        None,
        &guest("montana-edition"),
        &TrustInMemory::default(),
    );
    match loaded.unwrap() {
        Plugin::Policy(policy) => policy,
        Plugin::Channel(channel) => panic!("{channel:?}"),
    }
}

fn email() -> Channel {
    let loaded = engine().load(
        id("email"),
        None,
        &guest("email"),
        &TrustInMemory::default(),
    );
    match loaded.unwrap() {
        Plugin::Channel(channel) => channel,
        Plugin::Policy(policy) => panic!("{policy:?}"),
    }
}

#[test]
fn a_guest_imports_nothing_and_carries_its_manifest() {
    for (name, kind) in [
        ("montana-edition", Kind::RolePolicy),
        ("email", Kind::Channel),
    ] {
        let inspected = inspect(&guest(name)).unwrap();
        assert_eq!(inspected.kind, Ok(kind));
        assert_eq!(inspected.imports, [""; 0]);
        assert_eq!(inspected.exports, [kind.interface()]);
        assert_eq!(inspected.manifest, Some(format!("id = \"{name}\"\n")));
        assert!(
            inspected.size < 100_000,
            "{name} has {} bytes",
            inspected.size
        );
    }
}

#[test]
fn montana_adds_one_role_and_judges_one_action() {
    let policy = montana();
    let edition = policy.edition();
    let role = Role {
        id: "montana".parse().unwrap(),
        title: "Montana".to_owned(),
        kind: RoleKind::Edition,
        products: BTreeSet::from(["sis".parse().unwrap()]),
        edition: Some("montana".parse().unwrap()),
        may: BTreeSet::new(),
    };
    assert_eq!(edition.roles, [role]);
    assert_eq!(
        edition.judges,
        BTreeSet::from(["montana.aim-submit".to_owned()])
    );
    assert!(!edition.judges_all);
}

#[test]
fn montana_lets_its_role_upload_in_its_districts_and_nobody_else() {
    let policy = montana();
    let says = |district: &str, roles: &[&str], action: &str| {
        let facts = facts(district, person("ana", roles));
        let said = ask(&policy, action, &facts);
        let findings = said.unwrap().findings.into_iter();
        findings
            .map(|found| (found.code, found.effect, found.source))
            .collect::<Vec<_>>()
    };
    let finding = |effect| {
        vec![(
            "montana.aim-submit".to_owned(),
            effect,
            "montana-edition".to_owned(),
        )]
    };
    let submit = "montana.aim-submit";
    assert_eq!(
        says("montana", &["montana"], submit),
        finding(Effect::Permit)
    );
    assert_eq!(says("montana", &["sis"], submit), finding(Effect::Permit));
    assert_eq!(
        says("montana", &["sis.login-as"], submit),
        finding(Effect::Forbid)
    );
    assert_eq!(says("standard", &["montana"], submit), []);
    assert_eq!(says("montana", &["montana"], "role.grant"), []);
}

#[test]
fn a_denial_of_montana_says_why() {
    let facts = facts("montana", person("ana", &["hr"]));
    let said = ask(&montana(), "montana.aim-submit", &facts);
    let said = said.unwrap();
    let expected = Finding {
        code: "montana.aim-submit".to_owned(),
        effect: Effect::Forbid,
        message: "Uploading the state report to AIM takes the role montana or sis.".to_owned(),
        source: "montana-edition".to_owned(),
    };
    assert_eq!(said.findings, [expected]);
    assert_eq!(
        said.facts["montana.aim-submit"],
        [
            "subject.account",
            "subject.roles",
            "relations.same-district"
        ]
    );
}

fn view(kind: NoticeKind) -> NoticeView {
    let zone = provost_core::time::Zone::new("America/Denver").unwrap();
    let moment = |at: &str| Moment::new(at.parse().unwrap(), &zone);
    NoticeView {
        id: "0a1b2c".to_owned(),
        kind,
        person: "Ana Ortiz".to_owned(),
        contact_kind: ContactKind::Support,
        district: "Big Sky Unified".to_owned(),
        written: moment("2025-03-02T10:00:00-07:00"),
        last_activity: Some(moment("2024-09-03T10:00:00-06:00")),
        deadline: Some(moment("2025-04-01T10:00:00-06:00")),
        days_left: 30,
        last_contact: false,
        others: vec![Helper {
            name: "Ben Cho".to_owned(),
            kind: ContactKind::Technical,
            mail: Some("ben@bigsky.example".to_owned()),
            phone: None,
        }],
        restoring_case: "Modify Support Contact".to_owned(),
        help: Help {
            phone: Some("+1 555 0100".to_owned()),
            mail: None,
        },
    }
}

fn ana(address: &str) -> Recipient {
    Recipient {
        address: address.to_owned(),
        name: "Ana Ortiz".to_owned(),
        role: RecipientRole::Contact,
    }
}

#[test]
fn email_renders_every_notice_as_one_mail() {
    let channel = email();
    let kinds = [
        (
            NoticeKind::Notice,
            "Your support access will be deactivated on 1 April 2025",
        ),
        (
            NoticeKind::Reminder,
            "Reminder: Your support access will be deactivated on 1 April 2025",
        ),
        (
            NoticeKind::Final,
            "Final notice: Your support access ends on 1 April 2025",
        ),
        (
            NoticeKind::Deactivated,
            "Your support access was deactivated on 1 April 2025",
        ),
        (
            NoticeKind::Reactivated,
            "Your support access has been restored",
        ),
    ];
    for (kind, subject) in kinds {
        let rendered = channel
            .render(&view(kind), &ana("ana@bigsky.example"), &Map::new())
            .unwrap();
        let [Delivery::Mail(mail)] = &rendered[..] else {
            panic!("{rendered:?}");
        };
        assert_eq!(mail.subject, subject);
        assert!(
            mail.text.contains("Ben Cho, ben@bigsky.example"),
            "{}",
            mail.text
        );
        assert!(
            mail.html.as_ref().unwrap().contains("<li>Ben Cho"),
            "{mail:?}"
        );
    }
}

#[test]
fn email_refuses_what_is_no_mail_address() {
    let refused = email().render(&view(NoticeKind::Notice), &ana("+1 555 0100"), &Map::new());
    let expected = RenderError::Refused {
        plugin: id("email"),
        why: RenderFailure::Address("not a mail address".to_owned()),
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn email_has_a_schema_that_finds_misspelt_settings() {
    let settings = json!({ "signature": "IT", "orgnisation": "Big Sky" });
    let problems = email().check_settings(settings.as_object().unwrap());
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["orgnisation is not a setting of this plugin; it has: organisation, portal, signature"]
    );
}
