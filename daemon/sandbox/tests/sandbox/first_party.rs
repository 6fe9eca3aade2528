//! The plugins that ship: built as guests, encoded, loaded and called.

use provost_core::decision::{Effect, Finding};
use provost_core::role::{Role, RoleKind};
use provost_sandbox::{Kind, Plugin, Policy, TrustInMemory, inspect};
use std::collections::BTreeSet;

use crate::facts::{facts, person};
use crate::guest::guest;
use crate::{ask, engine, id};

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

#[test]
fn a_guest_imports_nothing_and_carries_its_manifest() {
    for (name, kind) in [
        ("montana-edition", Kind::RolePolicy),
        ("email", Kind::Channel),
        ("webhook", Kind::Channel),
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
