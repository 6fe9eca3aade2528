//! `provost doctor`: everything that a daemon stands on, with what to do about what is wrong.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use provost_tests::provost::Answer;
use provost_tests::{Staff, World};
use serde_json::Value;

const NOW: &str = "2025-03-02T10:00:00-07:00";

fn asked(world: &World) -> (Answer, Vec<Value>) {
    let config = world.provost.config().display().to_string();
    let answer = world
        .provost
        .cli(&["doctor", "--json", "--config", &config]);
    let told: Value = serde_json::from_str(&answer.out).unwrap();
    let findings = told["findings"].as_array().unwrap().clone();
    (answer, findings)
}

/// What is wrong, each with an advice.
fn problems(findings: &[Value]) -> Vec<&str> {
    let bad = findings
        .iter()
        .filter(|finding| finding["state"] == "problem");
    bad.map(|finding| {
        assert!(finding["advice"].is_string(), "{finding}");
        finding["about"].as_str().unwrap()
    })
    .collect()
}

#[test]
fn whatever_a_daemon_stands_on_is_looked_at_and_what_is_wrong_has_an_advice() {
    let staff = Staff {
        count: 20,
        seed: 11,
    };
    let mut world = World::new(NOW)
        .with_directory(staff)
        .reading("full", "(objectClass=inetOrgPerson)");
    world.configure("");
    let password = world.path().join("ldap-password");
    let open = |path: &Path, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).unwrap();
    };
    open(world.path(), 0o700);
    world.provost.start();
    let (answer, findings) = asked(&world);
    assert_eq!(problems(&findings), Vec::<&str>::new());
    assert_eq!(answer.code, 0, "{findings:#?}");
    for about in ["directory staff-ldap", "daemon", "clock", "disk of"] {
        let mut abouts = findings.iter().filter_map(|it| it["about"].as_str());
        assert!(abouts.any(|it| it.starts_with(about)), "{about}");
    }

    open(world.path(), 0o755);
    open(&password, 0o644);
    world.slapd().down();
    world.provost.stop();
    let (answer, findings) = asked(&world);
    assert_eq!(answer.code, 1);
    let problems = problems(&findings);
    for about in [
        "folder of the register",
        "secret source.staff-ldap.bind.password-file",
        "directory staff-ldap",
        "daemon",
    ] {
        assert!(
            problems.iter().any(|it| it.starts_with(about)),
            "{problems:?}"
        );
    }
}
