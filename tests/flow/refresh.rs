//! Reads of changes against a real slapd: each change arrives, and what slapd cannot tell is never taken for a departure.

use provost_tests::{Change, Provost, World, directory};
use serde_json::Value;

use crate::rounds::quirk;
use crate::school::{self, FILTER, member, replace};
use crate::sync::{NOW, STAFF, apply, count, plan, register, run, status};

/// A district whose register holds the staff of its directory and goes on from there.
fn synced(filter: &'static str) -> World {
    let mut world = World::new(NOW)
        .with_directory(STAFF)
        .reading("auto", filter);
    world.configure("");
    world.provost.start();
    let first = apply(&world.provost);
    assert_eq!(first["extent"], "everything", "{first}");
    assert_eq!(count(&first, "added"), 3_000);
    world
}

/// An apply that read changes alone.
fn round(provost: &Provost) -> Value {
    let report = apply(provost);
    assert_eq!(report["extent"], "changes", "{report}");
    report
}

/// An apply that found it had to read everything, and why.
fn fell_back(provost: &Provost) -> (Value, String) {
    let report = apply(provost);
    assert_eq!(report["extent"], "everything", "{report}");
    let because = report["because"].as_str().unwrap_or_default().to_owned();
    (report, because)
}

#[test]
fn a_round_in_which_nothing_changed_reads_nothing() {
    let world = synced(FILTER);
    for _ in 0..3 {
        let report = apply(&world.provost);
        assert_eq!(report["extent"], "nothing", "{report}");
        assert_eq!(count(&report, "changes"), 0);
    }
    let planned = plan(&world.provost);
    assert_eq!(planned["extent"], "nothing", "{planned}");
    let whole = run(&world.provost, &["sync", "apply", "--full", "--json"]).json();
    assert_eq!(whole["extent"], "everything");
    assert_eq!(count(&whole, "changes"), 0);
}

#[test]
fn every_kind_of_change_arrives_with_the_next_round() {
    let mut world = synced(FILTER);
    school::every_kind_of_change(world.slapd());
    let before = register(&world.provost);
    let planned = plan(&world.provost);
    assert_eq!(planned["extent"], "changes", "{planned}");
    assert_eq!(register(&world.provost), before);

    let report = round(&world.provost);
    assert_eq!(
        report["hash"], planned["hash"],
        "what was planned is what was applied"
    );
    assert_eq!(
        count(&report, "read"),
        4,
        "only what changed was compared: {report}"
    );
    assert_eq!((count(&report, "added"), count(&report, "deleted")), (1, 3));
    school::every_kind_has_arrived(&before, &register(&world.provost));
    assert_eq!(apply(&world.provost)["extent"], "nothing");
    let whole = run(&world.provost, &["sync", "plan", "--full", "--json"]).json();
    assert_eq!(
        count(&whole, "changes"),
        0,
        "a full read sees the same: {whole}"
    );
}

#[test]
fn a_server_that_has_forgotten_its_session_log_loses_nobody() {
    let mut world = synced(FILTER);
    world
        .slapd()
        .apply(&[Change::Modify(100), Change::Delete(105)]);
    world.slapd().down();
    world.slapd().up();
    let (report, because) = fell_back(&world.provost);
    assert_eq!(
        because,
        "the server was started anew and may have forgotten deletions"
    );
    assert_eq!(
        (count(&report, "updated"), count(&report, "missing")),
        (1, 1)
    );
    assert_eq!(count(&report, "changes"), 2);
    // An absence needs a second opinion, so the next one reads everything as well.
    let (second, _) = fell_back(&world.provost);
    assert_eq!(count(&second, "gone"), 1);
    assert_eq!(apply(&world.provost)["extent"], "nothing");
}

#[test]
fn a_refused_round_is_read_again_until_it_is_applied() {
    let mut world = synced(school::TITLED);
    let before = register(&world.provost);
    world.slapd().modify(&school::titles_lost());
    let mut hashes = Vec::new();
    for _ in 0..2 {
        let report = run(&world.provost, &["sync", "apply", "--json"]).refused();
        assert_eq!(report["done"]["outcome"], "refused", "{report}");
        assert_eq!(report["extent"], "changes", "{report}");
        hashes.push(report["hash"].clone());
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(register(&world.provost), before);
    world.slapd().modify(&school::titles_restored());
    assert_eq!(count(&round(&world.provost), "changes"), 0);
    assert_eq!(register(&world.provost), before);
}

#[test]
fn people_whom_an_access_rule_hides_are_no_departures_in_a_round_either() {
    let mut world = synced(FILTER);
    let before = register(&world.provost);
    world.slapd().hide_second_school();
    for number in school::of_second_school().take(5) {
        world.slapd().modify(&replace(number, "title", "Hidden"));
        // slapd reports a departure, and looking it up says nothing: only a read of everything can tell.
        let (report, because) = fell_back(&world.provost);
        assert_eq!(because, "whether somebody has left could not be looked up");
        let acted = ["gone", "deleted", "suspended"].map(|what| count(&report, what));
        assert_eq!(acted, [0; 3], "{report}");
    }
    let after = register(&world.provost);
    assert_eq!(after.len(), before.len());
    for person in STAFF.people() {
        let hidden = if person.school == 1 {
            "missing"
        } else {
            "present"
        };
        assert_eq!(status(&after, &person), hidden);
    }
}

#[test]
fn a_change_of_a_mapped_group_gives_and_takes_at_the_next_round() {
    let mut world = synced(FILTER);
    // `Principals` is nested in the mapped group.
    world.slapd().modify(&member("add", "Principals", 200));
    let (report, because) = fell_back(&world.provost);
    assert_eq!(because, "a mapped group has changed");
    assert_eq!(
        (count(&report, "granted"), count(&report, "changes")),
        (1, 1)
    );
    // Somebody with the role changes: the role stays.
    world.slapd().apply(&[Change::Modify(200)]);
    let modified = round(&world.provost);
    assert_eq!(
        (count(&modified, "updated"), count(&modified, "changes")),
        (1, 1)
    );
    world.slapd().modify(&member("delete", "Principals", 200));
    let (report, _) = fell_back(&world.provost);
    assert_eq!(count(&report, "revoked"), 1);
    assert_eq!(apply(&world.provost)["extent"], "nothing");
}

#[test]
fn a_restart_takes_no_role_away_and_costs_no_complete_read() {
    let mut world = synced(FILTER);
    let roles = |provost: &Provost| provost.cli(&["export"]).json()["grant"].clone();
    let before = roles(&world.provost);
    world.provost.stop();
    world.provost.start();
    // Person 0 is a member of the mapped group.
    world.slapd().apply(&[Change::Modify(0)]);
    assert_eq!(count(&round(&world.provost), "changes"), 1);
    assert_eq!(roles(&world.provost), before);
}

#[test]
fn a_renamed_school_takes_its_people_along() {
    let mut world = synced(FILTER);
    world.slapd().modify(&school::second_school_renamed());
    let (report, because) = fell_back(&world.provost);
    assert_eq!(because, "something that holds entries has changed");
    let people = school::of_second_school().count() as u64;
    assert!(count(&report, "updated") >= people, "{report}");
    assert_eq!(apply(&world.provost)["extent"], "nothing");
}

#[test]
fn everything_is_verified_once_a_day_and_what_rounds_missed_is_counted() {
    let mut world = synced(FILTER);
    // No entry changes, so no round can see it.
    world.slapd().hide_second_school();
    assert_eq!(apply(&world.provost)["extent"], "nothing");
    world.provost.set_clock("2025-03-03T10:01:00-07:00");
    let (report, _) = fell_back(&world.provost);
    let missing = count(&report, "missing");
    assert!(missing > 0, "{report}");
    let status = run(&world.provost, &["sync", "status", "--json"]).json();
    assert_eq!(status[0]["missed-by-incremental"], missing, "{status}");
    // Until it is clear what has become of them.
    assert_eq!(status[0]["mode"], "full", "{status}");
    assert_eq!(status[0]["overdue"], false, "{status}");
}

#[test]
fn a_probe_and_an_explanation_say_what_is_there_and_change_nothing() {
    let mut world = synced(FILTER);
    let before = register(&world.provost);
    let probe = world.provost.cli(&["sync", "probe", "--json"]).json();
    assert_eq!(probe["profile"], "openldap", "{probe}");
    assert_eq!(probe["mode"], "refresh", "{probe}");
    assert_eq!(probe["schema-ok"], true, "{probe}");
    assert_eq!(probe["first-page"], 1000, "{probe}");
    assert_eq!(
        quirk(&probe, "page limit"),
        "none seen: all 3000 came in one page"
    );
    assert_eq!(
        quirk(&probe, "refreshDeletes"),
        "TRUE after a first refresh, TRUE after one without changes"
    );
    assert_eq!(
        quirk(&probe, "a foreign cookie"),
        "not noticed: 1 entries came as if it were the first time"
    );

    let person = STAFF.person(300);
    world.slapd().apply(&[Change::Modify(300)]);
    let dn = person.dn();
    for about in [person.uid.as_str(), dn.as_str()] {
        let told = run(&world.provost, &["sync", "explain", about, "--json"]).json();
        assert_eq!(
            told["mapped"]["phone"][0],
            directory::new_phone(300),
            "{told}"
        );
        assert_eq!(told["register"]["phone"][0], person.phone, "{told}");
        assert_eq!(told["follows"].as_array().unwrap().len(), 1, "{told}");
    }
    world.slapd().modify(&replace(301, "employeeType", "left"));
    let left = STAFF.person(301);
    let told = run(&world.provost, &["sync", "explain", &left.uid, "--json"]).json();
    assert_eq!(told["absence"], "left the filter", "{told}");
    let nobody = world.provost.cli(&["sync", "explain", "nobody-at-all"]);
    assert_eq!(nobody.code, 1, "{nobody:?}");
    let shown = run(&world.provost, &["sync", "explain", &person.uid]).ok();
    assert!(shown.out.contains("telephonenumber"), "{}", shown.out);
    assert_eq!(register(&world.provost), before);
    // Nothing of that has used up what the next round must see.
    assert_eq!(count(&round(&world.provost), "changes"), 2);
}

#[test]
fn a_server_is_reached_over_tls_at_an_ipv6_address_and_its_certificate_checked_for_it() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("this machine has no IPv6: nothing to try");
        return;
    }
    let mut world = World::new(NOW).with_directory(STAFF);
    world.configure("");
    let (plain, tls6) = (world.slapd().url(), world.slapd().tls6_url());
    let ca = world.slapd().tls().ca.clone();
    let text = std::fs::read_to_string(world.provost.config()).unwrap();
    let secured = text.replace(
        &format!("urls = [\"{plain}\"]"),
        &format!("urls = [\"{tls6}\"]\nca-file = \"{}\"", ca.display()),
    );
    assert_ne!(secured, text);
    world.file("provost.toml", &secured);
    world.provost.start();
    let probe = run(&world.provost, &["sync", "probe", "--json"]).json();
    assert_eq!(probe["server"], tls6.as_str(), "{probe}");
    assert_eq!(probe["first-page"], 1000, "{probe}");
}
