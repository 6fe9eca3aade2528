//! Changes that a real slapd tells as they happen: they are in force without anybody asking, and nothing else ever is.

use provost_tests::staff::group_dn;
use provost_tests::{Change, Provost, StaffPerson, World, directory, wait};
use serde_json::Value;

use crate::school::{self, FILTER, member, replace};
use crate::sync::{NOW, STAFF, apply, count, plan, register, run, status};

/// A district whose register holds the staff of its directory and follows it.
fn followed(filter: &'static str) -> World {
    let world = World::new(NOW)
        .with_directory(STAFF)
        .reading("live", filter);
    world.configure("");
    begun(world)
}

/// The same, as its configuration says.
pub(crate) fn begun(world: World) -> World {
    begun_with(world, 3_000)
}

/// The same with so many staff.
pub(crate) fn begun_with(mut world: World, staff: u32) -> World {
    world.provost.start();
    assert_eq!(count(&apply(&world.provost), "added"), u64::from(staff));
    follows(&world.provost);
    world
}

/// Waits until changes are followed; how the stream is doing then.
pub(crate) fn follows(provost: &Provost) -> Value {
    stream(provost, |live| live["following"] == true)
}

/// Waits until the stream is as wanted.
pub(crate) fn stream(provost: &Provost, wanted: impl Fn(&Value) -> bool) -> Value {
    let status = provost.wait_json(&["sync", "status", "--json"], |sources| {
        wanted(&sources[0]["live"])
    });
    status[0]["live"].clone()
}

/// The person as the register has them, once they are as wanted.
fn person(provost: &Provost, person: &StaffPerson, wanted: impl Fn(&Value) -> bool) -> Value {
    let found = provost.wait_json(&["export", "--json"], |document| {
        of(document, person).is_some_and(&wanted)
    });
    of(&found, person).cloned().unwrap()
}

fn of<'d>(document: &'d Value, person: &StaffPerson) -> Option<&'d Value> {
    let people = document["person"].as_array()?;
    let mut people = people.iter();
    people.find(|candidate| candidate["employee-number"] == person.employee_number)
}

/// A change behind all others: once it is here they have been taken, too.
fn settled(world: &mut World, value: &str) {
    world.slapd().modify(&replace(2_900, "title", value));
    is_settled(world, value);
}

/// Waits until that change is here.
pub(crate) fn is_settled(world: &World, value: &str) {
    person(&world.provost, &STAFF.person(2_900), |person| {
        person["title"] == value
    });
}

#[test]
fn every_kind_of_change_is_in_force_without_anybody_asking() {
    let mut world = followed(FILTER);
    let before = register(&world.provost);
    school::every_kind_of_change(world.slapd());
    let gone = |person: &Value| person["directory"]["status"] == "deleted";
    person(&world.provost, &STAFF.person(107), gone);
    school::every_kind_has_arrived(&before, &register(&world.provost));
    let live = stream(&world.provost, |_| true);
    assert!(live["lag-ms"].as_f64().unwrap() > 0.0, "{live}");
    assert_eq!(
        (&live["reconnects"], &live["why"]),
        (&0.into(), &Value::Null)
    );
    assert_eq!(
        apply(&world.provost)["extent"],
        "nothing",
        "the cookie has come along"
    );
    let whole = run(&world.provost, &["sync", "plan", "--full", "--json"]).json();
    assert_eq!(
        count(&whole, "changes"),
        0,
        "a full read sees the same: {whole}"
    );
}

#[test]
fn a_burst_of_changes_is_taken_as_few_plans() {
    let mut world = followed(FILTER);
    let all: String = (100..600)
        .map(|number| replace(number, "title", "Burst"))
        .collect();
    world.slapd().modify(&all);
    settled(&mut world, "Behind");
    let people = register(&world.provost);
    let titled = people.values().filter(|person| person["title"] == "Burst");
    assert_eq!(titled.count(), 500);
    let plans = world.provost.log().matches("news taken").count();
    assert!(plans < 250, "{plans} plans for 501 changes");
}

#[test]
fn a_change_of_a_mapped_group_gives_and_takes_at_once() {
    let mut world = followed(FILTER);
    // `Principals` is nested in the mapped group.
    world.slapd().modify(&member("add", "Principals", 200));
    holds(&world.provost, &STAFF.person(200), true);
    // Somebody with the role changes: the role stays.
    world.slapd().apply(&[Change::Modify(200)]);
    settled(&mut world, "Behind");
    holds(&world.provost, &STAFF.person(200), true);
    world.slapd().modify(&member("delete", "Principals", 200));
    holds(&world.provost, &STAFF.person(200), false);
    // A whole group comes in: who is in it takes a read of everything.
    let group = |verb: &str| {
        let (outer, inner) = (group_dn("Principals"), group_dn("Role, Technician"));
        format!("dn: {outer}\nchangetype: modify\n{verb}: member\nmember: {inner}\n\n")
    };
    let everything = |provost: &Provost| provost.log().matches("reading everything").count();
    assert_eq!(everything(&world.provost), 0, "nobody else had to be read");
    world.slapd().modify(&group("add"));
    wait::until(
        "everything to be read",
        || world.provost.log(),
        || (everything(&world.provost) > 0).then_some(()),
    );
    world.slapd().modify(&group("delete"));
    let level = |sources: &Value| sources[0]["outcome"] == "applied";
    world
        .provost
        .wait_json(&["sync", "status", "--json"], level);
}

/// Waits until the person holds the role of the mapped group, or no longer does.
fn holds(provost: &Provost, person: &StaffPerson, wanted: bool) {
    provost.wait_json(&["export", "--json"], |document| {
        let id = of(document, person).map(|person| person["id"].clone());
        let grants = document["grant"].as_array();
        let mut grants = grants.into_iter().flatten();
        grants.any(|grant| Some(&grant["person"]) == id.as_ref()) == wanted
    });
}

#[test]
fn a_renamed_school_takes_its_people_along_at_once() {
    let mut world = followed(FILTER);
    let someone = STAFF.person(school::of_second_school().next().unwrap());
    world.slapd().modify(&school::second_school_renamed());
    person(&world.provost, &someone, |person| {
        let dn = person["directory"]["dn"].as_str().unwrap_or_default();
        dn.contains("ou=Renamed")
    });
    assert_eq!(apply(&world.provost)["extent"], "nothing");
}

#[test]
fn a_server_that_is_killed_is_followed_again_and_nothing_is_lost() {
    let mut world = followed(FILTER);
    world.slapd().apply(&[Change::Modify(100)]);
    settled(&mut world, "Before");
    world.slapd().kill();
    stream(&world.provost, |live| {
        live["following"] == false && live["why"].is_string()
    });
    world.slapd().up();
    // It has forgotten its session log, and these come before the stream is back or after.
    world
        .slapd()
        .apply(&[Change::Modify(101), Change::Delete(105), Change::Add(3_000)]);
    let live = follows(&world.provost);
    assert_eq!(live["reconnects"], 1, "{live}");
    world.slapd().apply(&[Change::Delete(106)]);
    settled(&mut world, "Behind");
    let people = register(&world.provost);
    for (number, changed) in [(100, true), (101, true), (102, false)] {
        let phone = &people[&STAFF.person(number).employee_number]["phone"][0];
        assert_eq!(*phone == directory::new_phone(number), changed, "{number}");
    }
    assert!(people.contains_key(&STAFF.person(3_000).employee_number));
    assert_eq!(status(&people, &STAFF.person(106)), "deleted");
    // A deletion of which nobody tells takes complete reads.
    run(&world.provost, &["sync", "apply", "--full", "--json"]).ok();
    run(&world.provost, &["sync", "apply", "--full", "--json"]).ok();
    let gone = status(&register(&world.provost), &STAFF.person(105));
    assert!(["gone", "deleted"].contains(&gone.as_str()), "{gone}");
    let lost = "changes cannot be followed; trying again";
    assert_eq!(world.provost.log().matches(lost).count(), 1);
}

#[test]
fn a_provost_that_is_killed_goes_on_from_where_it_was_without_reading_everything() {
    let mut world = followed(FILTER);
    world.slapd().apply(&[Change::Modify(100)]);
    settled(&mut world, "Before");
    let read = |provost: &Provost| {
        let status = run(provost, &["sync", "status", "--json"]).json();
        status[0]["last-complete-read"].clone()
    };
    let before = read(&world.provost);
    world.provost.signal(nix::sys::signal::Signal::SIGKILL);
    world.provost.wait_end();
    // Person 0 is a member of the mapped group: what groups give outlives the daemon as well.
    world
        .slapd()
        .apply(&[Change::Delete(105), Change::Modify(0)]);
    world.provost.set_clock("2025-03-02T11:00:00-07:00");
    world.provost.start();
    follows(&world.provost);
    settled(&mut world, "Behind");
    let people = register(&world.provost);
    assert_eq!(status(&people, &STAFF.person(105)), "deleted");
    holds(&world.provost, &STAFF.person(0), true);
    let phone = &people[&STAFF.person(0).employee_number]["phone"][0];
    assert_eq!(*phone, directory::new_phone(0));
    assert_eq!(read(&world.provost), before, "nothing was read as a whole");
}

#[test]
fn a_plan_that_waits_goes_on_waiting_while_the_stream_goes_on() {
    let mut world = World::new(NOW)
        .with_directory(STAFF)
        .reading("live", FILTER);
    world.configure("");
    let text = std::fs::read_to_string(world.provost.config()).unwrap();
    let rule = "disabled = { attribute = \"employeeType\", value = \"retired\" }\nevery = \"24h\"";
    world.file("provost.toml", &text.replace("every = \"24h\"", rule));
    world.provost.start();
    apply(&world.provost);
    follows(&world.provost);
    // Ten people at once would gain a role.
    let members: String = (200..210)
        .map(|number| format!("member: {}\n", STAFF.person(number).dn()))
        .collect();
    world.slapd().modify(&format!(
        "dn: {}\nchangetype: modify\nadd: member\n{members}",
        group_dn("Principals")
    ));
    let waiting = |provost: &Provost| {
        let sources = provost.wait_json(&["sync", "status", "--json"], |sources| {
            sources[0]["waiting-plan"].is_string()
        });
        sources[0]["waiting-plan"].clone()
    };
    let hash = waiting(&world.provost);
    // A change of one of them brings the role by no other door, and whoever is shut out is so at once.
    world.slapd().apply(&[Change::Modify(200)]);
    world
        .slapd()
        .modify(&replace(201, "employeeType", "retired"));
    world
        .slapd()
        .apply(&[Change::Delete(300), Change::Modify(301)]);
    let disabled = |person: &Value| person["directory"]["status"] == "disabled";
    person(&world.provost, &STAFF.person(201), disabled);
    settled(&mut world, "Behind");
    let people = register(&world.provost);
    assert_eq!(status(&people, &STAFF.person(300)), "deleted");
    let phone = &people[&STAFF.person(301).employee_number]["phone"][0];
    assert_eq!(*phone, directory::new_phone(301));
    for number in 200..210 {
        holds(&world.provost, &STAFF.person(number), false);
    }
    let alarms = world.provost.cli(&["status", "--json"]).json()["alarms"].clone();
    assert!(alarms.to_string().contains("sync.waiting"), "{alarms}");
    let planned = plan(&world.provost);
    assert_eq!(
        planned["hash"], hash,
        "whatever else came was taken beside it"
    );
    let approved = hash.as_str().unwrap();
    let apply_it = ["sync", "apply", "--plan", approved, "--json"];
    run(&world.provost, &apply_it).ok();
    holds(&world.provost, &STAFF.person(202), true);
    world.slapd().apply(&[Change::Modify(302)]);
    settled(&mut world, "Later");
    assert_eq!(apply(&world.provost)["extent"], "nothing");
}

#[test]
fn who_is_absent_from_a_read_is_read_for_again_soon() {
    let mut world = followed(FILTER);
    world.provost.stop();
    world.slapd().apply(&[Change::Delete(105)]);
    // Another question cannot go on from where the last one stood.
    world.reconfigure(FILTER, "(&(objectClass=inetOrgPerson)(uid=*))");
    world.provost.start();
    let gone = |person: &Value| person["directory"]["status"] == "gone";
    person(&world.provost, &STAFF.person(105), gone);
    assert_eq!(register(&world.provost).len(), STAFF.count as usize);
}

#[test]
fn what_a_guard_refuses_stays_refused_until_the_directory_is_mended() {
    let mut world = followed(school::TITLED);
    let before = register(&world.provost);
    world.slapd().modify(&school::titles_lost());
    settled(&mut world, "Behind");
    let same = |provost: &Provost| {
        let people = register(provost);
        for number in school::UNTITLED {
            let key = STAFF.person(number).employee_number;
            assert_eq!(people[&key], before[&key]);
        }
    };
    same(&world.provost);
    let report = run(&world.provost, &["sync", "apply", "--json"]).refused();
    assert_eq!(report["done"]["outcome"], "refused", "{report}");
    settled(&mut world, "Further behind");
    same(&world.provost);
    world.slapd().modify(&school::titles_restored());
    let applied = |sources: &Value| sources[0]["outcome"] == "applied";
    world
        .provost
        .wait_json(&["sync", "status", "--json"], applied);
    follows(&world.provost);
    settled(&mut world, STAFF.person(2_900).title);
    assert_eq!(register(&world.provost), before);
}

#[test]
fn people_whom_an_access_rule_hides_are_no_departures_for_a_stream_either() {
    let mut world = followed(FILTER);
    let before = register(&world.provost);
    world.slapd().hide_second_school();
    for number in school::of_second_school().take(5) {
        world.slapd().modify(&replace(number, "title", "Hidden"));
    }
    settled(&mut world, "Behind");
    let mut after = register(&world.provost);
    let key = STAFF.person(2_900).employee_number;
    after.insert(key.clone(), before[&key].clone());
    assert_eq!(after, before);
}

#[test]
fn a_verification_counts_what_the_stream_has_missed() {
    let mut world = followed(FILTER);
    // No entry changes, so no stream can tell it.
    world.slapd().hide_second_school();
    world.provost.set_clock("2025-03-03T10:01:00-07:00");
    let report = apply(&world.provost);
    let missing = count(&report, "missing");
    assert!(missing > 0, "{report}");
    let status = run(&world.provost, &["sync", "status", "--json"]).json();
    assert_eq!(status[0]["missed-by-incremental"], missing, "{status}");
    let mut client = provost_tests::Client::unix(&world.provost.socket());
    let metrics = client.get("/metrics").text();
    let line = format!("provost_sync_missed_total{{source=\"staff-ldap\"}} {missing}\n");
    assert!(metrics.contains(&line), "{metrics}");
    assert!(
        metrics.contains("provost_sync_live{source=\"staff-ldap\"} "),
        "{metrics}"
    );
}

#[test]
fn a_reload_follows_another_question_and_a_stop_ends_the_stream() {
    let mut world = followed(FILTER);
    let text = std::fs::read_to_string(world.provost.config()).unwrap();
    let narrower = text.replace(
        FILTER,
        "(&(objectClass=inetOrgPerson)(!(employeeType=gone)))",
    );
    assert_ne!(narrower, text);
    world.file("provost.toml", &narrower);
    // Another question has no cookie to go on from, so everything is read, and then followed.
    wait::until(
        "the source to be followed anew",
        || world.provost.log(),
        || {
            let follows = "changes are followed as they happen";
            (world.provost.log().matches(follows).count() == 2).then_some(())
        },
    );
    world.slapd().modify(&replace(106, "employeeType", "left"));
    world.slapd().modify(&replace(107, "employeeType", "gone"));
    let gone = |person: &Value| person["directory"]["status"] == "deleted";
    person(&world.provost, &STAFF.person(107), gone);
    let people = register(&world.provost);
    assert_eq!(status(&people, &STAFF.person(106)), "present");
    assert!(world.provost.stop().success());
}

#[test]
fn a_source_that_cannot_be_followed_is_no_hindrance_to_another() {
    let mut world = followed(FILTER);
    let text = std::fs::read_to_string(world.provost.config()).unwrap();
    let (head, source) = text.split_once("[[source]]").unwrap();
    let dead = source
        .replace("staff-ldap", "dead-ldap")
        .replace(&world.slapd().url(), "ldap://127.0.0.1:1");
    world.file(
        "provost.toml",
        &format!("{head}[[source]]{source}[[source]]{dead}"),
    );
    world
        .provost
        .wait_json(&["sync", "status", "--json"], |sources| {
            sources[0]["outcome"] == "failed" && sources[1]["live"]["following"] == true
        });
    world.slapd().apply(&[Change::Modify(100)]);
    settled(&mut world, "Behind");
    let phone = &register(&world.provost)[&STAFF.person(100).employee_number]["phone"][0];
    assert_eq!(*phone, directory::new_phone(100));
}

#[test]
fn a_probe_says_that_a_server_can_be_followed_and_why() {
    let world = followed(FILTER);
    let probe = world.provost.cli(&["sync", "probe", "--json"]).json();
    assert_eq!(probe["mode"], "live", "{probe}");
    let because = "the configuration says so, and the server can";
    assert_eq!(probe["mode-because"], because, "{probe}");
    let shown = run(&world.provost, &["sync", "status"]).ok();
    assert!(shown.out.contains("live"), "{}", shown.out);
}
