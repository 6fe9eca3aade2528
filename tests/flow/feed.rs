//! Activity in by files: the spool, the command line, and a feed that vouches for them.

use std::os::unix::process::ExitStatusExt as _;

use provost_tests::{World, wait};

pub(crate) const REGISTER: &str = r#"
[[person]]
id = "ana"
district = "lone-pine"
username = "aortiz"
name = "Ana Ortiz"
[[person]]
id = "ben"
district = "lone-pine"
username = "bwhite"
name = "Ben White"
[[contact]]
person = "ana"
type = "support"
designated = "2025-01-10T09:00:00-07:00"
[[contact]]
person = "ben"
type = "technical"
designated = "2025-01-10T09:00:00-07:00"
"#;

const FEED: &str = "[[feed]]\nid = \"portal\"\ndistrict = \"lone-pine\"\nmax-lag = \"26h\"\n";

/// A district with two contacts and a spool.
fn district() -> World {
    let mut world = World::new("2025-03-02T10:00:00-07:00").with_spool();
    world.configure(FEED);
    world.provost.start();
    import(&world);
    world
}

pub(crate) fn import(world: &World) {
    world.import(REGISTER);
}

/// When a contact was last seen.
fn last_seen(world: &World, person: &str) -> serde_json::Value {
    let shown = world.provost.cli(&["contact", "show", person, "--json"]);
    shown.json()["last-activity"].clone()
}

/// Drops a file as a careful export job does: written aside, then renamed.
fn drop_file(world: &World, name: &str, text: &str) {
    let aside = world.file(&format!("spool/.{name}"), text);
    std::fs::rename(aside, world.path().join("spool").join(name)).unwrap();
}

fn wait_file(world: &World, name: &str) -> String {
    let path = world.path().join("spool").join(name);
    wait::until(
        name,
        || world.provost.log(),
        || std::fs::read_to_string(&path).ok(),
    )
}

#[test]
fn files_that_are_dropped_are_taken_and_their_feed_moves() {
    let world = district();
    drop_file(
        &world,
        "morning.csv",
        "person,kind,at,id,feed\n\
         aortiz,portal-login,2025-03-02T08:00:00-07:00,e1,portal\n\
         ,watermark,2025-03-02T09:30:00-07:00,,portal\n",
    );
    wait_file(&world, "done/morning.csv");
    assert_eq!(last_seen(&world, "ana"), "2025-03-02T08:00:00-07:00");
    let feeds = world.provost.cli(&["feed", "list", "--json"]).json();
    assert_eq!(feeds[0]["watermark"], "2025-03-02T09:30:00-07:00");
    assert_eq!(feeds[0]["lag-seconds"], 1800);
    assert_eq!(feeds[0]["stale"], false);

    drop_file(
        &world,
        "noon.ndjson",
        "{\"person\":\"bwhite\",\"kind\":\"portal-login\",\"at\":\"2025-03-02T09:00:00-07:00\",\"id\":\"e2\"}\n\
         {\"person\":\"nobody\",\"kind\":\"portal-login\",\"at\":\"2025-03-02T09:00:00-07:00\"}\n",
    );
    let reasons = wait_file(&world, "failed/noon.ndjson.reasons");
    assert_eq!(
        reasons,
        "2: unknown-person: the register knows none of that name\n"
    );
    assert_eq!(last_seen(&world, "ben"), "2025-03-02T09:00:00-07:00");
    let status = world.provost.wait_json(&["status", "--json"], |status| {
        status["spool"]["failed"] == 1
    });
    assert_eq!(status["spool"]["done"], 1);
    assert_eq!(status["spool"]["trouble"], serde_json::Value::Null);
}

#[test]
fn a_kill_between_the_commit_and_the_move_counts_nothing_twice() {
    let mut world = district();
    assert!(world.provost.stop().success());
    drop_file(
        &world,
        "a.csv",
        "person,kind,at,id\nana,portal-login,2025-03-02T08:00:00-07:00,e1\n",
    );
    world.provost.start_to_die_at("spool.move.before");
    assert_eq!(world.provost.wait_end().signal(), Some(9));
    assert!(world.path().join("spool/a.csv").exists());
    world.provost.start();
    wait_file(&world, "done/a.csv");
    assert_eq!(last_seen(&world, "ana"), "2025-03-02T08:00:00-07:00");
    let journal = world
        .provost
        .cli(&["audit", "list", "--limit", "1000", "--json"]);
    let journal = journal.json();
    let events = journal.as_array().into_iter().flatten();
    let events = events.filter(|entry| entry["noun"] == "activity");
    assert_eq!(events.count(), 1, "{journal}");
    world.provost.cli(&["audit", "verify"]).ok();
}

#[test]
fn a_file_imported_by_hand_tells_its_refused_lines_by_number() {
    let world = district();
    let mut text = "person,kind,at,id\n".to_owned();
    for n in 0..1500 {
        let minute = n % 60;
        text.push_str(&format!(
            "ana,portal-login,2025-03-01T08:{minute:02}:00-07:00,e{n}\n"
        ));
    }
    text.push_str("ana,portal-login,yesterday,late\nbroken\n");
    let file = world.file("events.csv", &text);
    let file = file.to_string_lossy();
    let answer = world.provost.cli(&["activity", "import", &file]);
    assert_eq!(answer.code, 1, "{}\n{}", answer.out, answer.err);
    assert!(
        answer
            .out
            .contains("line 1502: malformed: at: `yesterday` must be an RFC 3339 time"),
        "{}",
        answer.out
    );
    assert!(
        answer
            .out
            .contains("line 1503: malformed: the row has 1 fields, the header 4"),
        "{}",
        answer.out
    );
    assert_eq!(last_seen(&world, "ana"), "2025-03-01T08:59:00-07:00");

    let good = world.file(
        "again.csv",
        text.split("ana,portal-login,yest").next().unwrap(),
    );
    let good = good.to_string_lossy();
    let again = world.provost.cli(&["activity", "import", &good]).ok();
    assert_eq!(again.out, "1500 duplicate\n");
}

#[test]
fn a_watermark_by_hand_never_goes_back_nor_into_the_future() {
    let world = district();
    let mark = |at: &str| {
        world
            .provost
            .cli(&["feed", "watermark", "portal", at, "--json"])
    };
    assert_eq!(mark("2025-03-02T09:00:00-07:00").json()["result"], "moved");
    assert_eq!(mark("2025-03-02T08:00:00-07:00").json()["result"], "older");
    let future = mark("2025-03-02T10:06:00-07:00");
    assert_eq!(future.code, 1);
    assert!(future.err.contains("lies in the future"), "{}", future.err);
    let unknown = world
        .provost
        .cli(&["feed", "watermark", "portals", "2025-03-02T09:00:00-07:00"]);
    assert!(unknown.err.contains("portals"), "{}", unknown.err);
}

#[test]
fn what_is_exported_imports_again_as_no_change_in_either_form() {
    let world = district();
    let seen = [
        "activity",
        "record",
        "ana",
        "--at",
        "2025-03-02T08:00:00-07:00",
        "--feed",
        "portal",
    ];
    world.provost.cli(&seen).ok();
    for form in ["toml", "json"] {
        let exported = world.provost.cli(&["export", "--format", form]).ok();
        let file = world.file(&format!("export.{form}"), &exported.out);
        let dry = ["import", &file.to_string_lossy(), "--dry-run", "--json"];
        let plan = world.provost.cli(&dry).json();
        assert_eq!(plan["lines"], serde_json::json!([]), "{form}");
        assert_eq!(plan["committed"], false);
    }
    let file = world.file(
        "bad.toml",
        "[[person]]\nid = \"x\"\n[[contact]]\nperson = \"y\"\ntype = \"boss\"\n",
    );
    let refused = world.provost.cli(&["import", &file.to_string_lossy()]);
    assert_eq!(refused.code, 1);
    for problem in ["person[0].district", "contact[0].person", "contact[0].type"] {
        assert!(refused.err.contains(problem), "{problem}: {}", refused.err);
    }
}
