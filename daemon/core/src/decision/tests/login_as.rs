//! Domain §4, Login as.

use std::collections::BTreeSet;

use super::world::{World, allow, deny, person_id};

const ALLOWED: &[&str] = &["login-as.feature"];

/// `sam` holds `sis`; `log` and `lee` hold `sis.login-as` with what it needs; `ned` is a teacher.
fn pine() -> World {
    let mut world = World::new();
    world.person("sam").role("sis");
    for holder in ["log", "lee"] {
        let holder = world.person(holder).role("sis.login-as");
        holder.right("user-account", "R").right("attendance", "RW");
        holder.calendar("HS01").calendar("HS02");
    }
    let ned = world.person("ned").right("attendance", "RW");
    ned.schools(&["HS01", "HS02"]);
    world
}

fn enter(world: &World, who: &str, whom: &str) -> (bool, BTreeSet<String>) {
    let ask = world.ask(who, "login-as", whom);
    ask.context("session", "s1").answer()
}

#[test]
fn sis_enters_a_teacher_and_both_logs_are_to_be_written() {
    let world = pine();
    assert_eq!(enter(&world, "sam", "ned"), allow(ALLOWED));
    let decision = world.ask("sam", "login-as", "ned").decide();
    assert_eq!(decision.obligations, ["access-log"]);
}

#[test]
fn sis_does_not_enter_a_finance_clerk() {
    let mut world = pine();
    world.person("clerk").right("finance/ledger", "R");
    let decision = world.ask("sam", "login-as", "clerk").decide();
    assert_eq!(decision.reasons.len(), 1);
    assert_eq!(decision.reasons[0].code, "login-as.rights");
    let message = &decision.reasons[0].message;
    assert!(message.contains("finance/ledger (R)"), "{message}");
    assert!(decision.obligations.is_empty());
}

#[test]
fn equal_rights_allow_and_one_letter_more_denies() {
    let mut world = pine();
    world.person("ned").right("user-account", "R");
    assert_eq!(enter(&world, "log", "ned"), allow(ALLOWED));
    world.person("ned").right("attendance", "D");
    assert_eq!(enter(&world, "log", "ned"), deny(&["login-as.rights"]));
}

#[test]
fn sis_enters_sis_unless_the_district_restricts_it() {
    let mut world = pine();
    world.person("sue").role("sis");
    assert_eq!(enter(&world, "sam", "sue"), allow(ALLOWED));
    world.pine().preferences.restrict_login_as = true;
    assert_eq!(enter(&world, "sam", "sue"), deny(&["login-as.restrict"]));
    assert_eq!(enter(&world, "sam", "log"), deny(&["login-as.restrict"]));
    assert_eq!(enter(&world, "sam", "ned"), allow(ALLOWED));
}

#[test]
fn sis_enters_a_login_as_holder_but_goes_no_further_from_there() {
    let mut world = pine();
    assert_eq!(enter(&world, "sam", "log"), allow(ALLOWED));
    let session = world.session("s1", "sam");
    session.target = Some(person_id("log"));
    session.used_login_as = true;
    assert_eq!(enter(&world, "sam", "ned"), deny(&["login-as.no-chain"]));
    let as_entered = enter(&world, "log", "ned");
    assert!(as_entered.1.contains("login-as.no-chain"));
}

#[test]
fn a_login_as_holder_does_it_once_per_session() {
    let mut world = pine();
    assert_eq!(enter(&world, "log", "ned"), allow(ALLOWED));
    world.session("s1", "log");
    assert_eq!(
        enter(&world, "log", "ned"),
        allow(ALLOWED),
        "refused tries do not use it up"
    );
    world.session("s1", "log").used_login_as = true;
    assert_eq!(enter(&world, "log", "ned"), deny(&["login-as.once"]));
    world.session("s2", "log");
    let anew = world.ask("log", "login-as", "ned").context("session", "s2");
    assert_eq!(anew.answer(), allow(ALLOWED));
}

#[test]
fn the_limits_of_login_as_do_not_bind_a_holder_of_sis() {
    let mut world = pine();
    world.person("log").role("sis");
    world.session("s1", "log").used_login_as = true;
    assert_eq!(enter(&world, "log", "ned"), allow(ALLOWED));
    assert_eq!(enter(&world, "log", "lee"), allow(ALLOWED));
}

#[test]
fn a_full_role_of_another_product_does_not_lift_the_limits() {
    let mut world = pine();
    world.person("log").role("finance");
    world.session("s1", "log").used_login_as = true;
    assert_eq!(enter(&world, "log", "ned"), deny(&["login-as.once"]));
}

#[test]
fn a_login_as_holder_does_not_enter_another() {
    assert_eq!(enter(&pine(), "log", "lee"), deny(&["login-as.peer"]));
}

#[test]
fn nobody_enters_without_reading_user_account() {
    let mut world = pine();
    let bare = world.person("bare").role("sis.login-as");
    bare.right("attendance", "RW")
        .calendar("HS01")
        .calendar("HS02");
    let expected = deny(&["login-as.user-account-read"]);
    assert_eq!(enter(&world, "bare", "ned"), expected);
}

#[test]
fn a_calendar_is_needed_for_every_school_of_the_target() {
    let mut world = pine();
    let one = world.person("one").role("sis.login-as");
    one.right("user-account", "R").right("attendance", "RW");
    one.calendar("HS01");
    let expected = deny(&["login-as.calendars"]);
    assert_eq!(enter(&world, "one", "ned"), expected);
}

#[test]
fn group_assignment_alone_does_not_give_it() {
    let mut world = pine();
    let gil = world.person("gil").role("sis.group-assignment");
    gil.right("user-account", "R").right("attendance", "RW");
    gil.calendar("HS01").calendar("HS02");
    let expected = deny(&["login-as.feature"]);
    assert_eq!(enter(&world, "gil", "ned"), expected);
}

#[test]
fn both_accounts_are_enabled_and_the_people_differ_in_one_district() {
    let mut world = pine();
    world.person_of("birch", "ben");
    let expected = deny(&["login-as.enabled"]);
    assert_eq!(enter(&world, "sam", "sam"), expected);
    assert_eq!(enter(&world, "sam", "ben"), expected);
    world.person("ned").person.enabled = false;
    assert_eq!(enter(&world, "sam", "ned"), expected);
    world.person("ned").person.enabled = true;
    world.person("sam").person.enabled = false;
    assert_eq!(enter(&world, "sam", "ned"), expected);
}

#[test]
fn every_rule_that_failed_is_named() {
    let mut world = pine();
    world.person("al");
    world.person("sue").role("sis").schools(&["HS01"]);
    world.pine().preferences.restrict_login_as = true;
    world.person("sue").person.enabled = false;
    let session = world.session("s1", "al");
    session.target = Some(person_id("ned"));
    assert_eq!(
        enter(&world, "al", "sue"),
        deny(&[
            "login-as.feature",
            "login-as.enabled",
            "login-as.no-chain",
            "login-as.user-account-read",
            "login-as.restrict",
            "login-as.rights",
            "login-as.calendars",
        ])
    );
}

#[test]
fn a_session_of_someone_else_opens_nothing() {
    let mut world = pine();
    world.session("s1", "lee");
    assert_eq!(enter(&world, "log", "ned"), deny(&["login-as.no-chain"]));
}

#[test]
fn a_stranger_is_denied_by_the_permit_rule_alone_and_an_unknown_target_by_default() {
    let world = pine();
    assert_eq!(
        enter(&world, "stranger", "ned"),
        deny(&["login-as.feature"])
    );
    assert_eq!(enter(&world, "sam", "stranger"), deny(&["default.deny"]));
}
