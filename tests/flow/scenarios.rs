//! The worked cases of the domain as scenario files, run by the very command that districts use.

use provost_tests::World;
use provost_tests::provost::alone;
use std::path::Path;

fn files() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|file| file.path().display().to_string())
        .collect();
    files.sort();
    files
}

#[test]
fn every_worked_case_of_the_domain_holds() {
    let files = files();
    let mut args = vec!["test"];
    args.extend(files.iter().map(String::as_str));
    let answer = alone(&args);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    let all = format!("{0} of {0} scenarios hold", files.len());
    assert!(answer.out.ends_with(&format!("{all}\n")), "{}", answer.out);
}

#[test]
fn an_expectation_that_fails_shows_expected_and_got_and_exits_1() {
    let world = World::new("2025-01-01T00:00:00Z");
    let file = world.file(
        "wrong.toml",
        r#"
title = "A contact may not submit"
[[district]]
id = "lone-pine"
name = "Lone Pine Unified"
timezone = "America/Denver"
[[person]]
id = "ana"
district = "lone-pine"
username = "aortiz"
name = "Ana Ortiz"
[[contact]]
person = "ana"
type = "support"
[[step]]
at = "2025-03-02T10:00:00-07:00"
decide = { subject = "ana", action = "case.submit", resource = "lone-pine" }
expect.decision = false
"#,
    );
    let answer = alone(&["test", &file.to_string_lossy()]);
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("expected false"), "{}", answer.out);
    assert!(answer.out.contains("got      true"), "{}", answer.out);
}

#[test]
fn a_scenario_with_mistakes_names_every_one_and_plays_nothing() {
    let world = World::new("2025-01-01T00:00:00Z");
    let file = world.file(
        "mistakes.toml",
        "title = \"x\"\n[[person]]\nid = \"ana\"\ndistrict = \"nowhere\"\n[[step]]\nat = \"tomorrow\"\nswep = true\n",
    );
    let answer = alone(&["test", &file.to_string_lossy()]);
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    for named in ["nowhere", "tomorrow", "swep", "username"] {
        assert!(answer.out.contains(named), "{named} in {}", answer.out);
    }
}
