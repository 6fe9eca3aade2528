//! Domain §4, Decisions.

use super::world::{World, allow, deny, now};
use crate::call::Call;
use crate::contact::{ContactKind, ContactState};
use crate::person::{DirectoryLink, DirectoryStatus};

/// `kim` and `lou` are the support contacts of `pine`, `tess` the technical one, `ned` a teacher.
fn pine() -> World {
    let mut world = World::new();
    world.person("kim").support();
    world.person("lou").support();
    world.person("tess").technical();
    world.person("ned");
    world.person_of("birch", "bo").support();
    world.person_of("birch", "ben");
    world
}

#[test]
fn an_active_support_contact_submits() {
    let answer = pine().ask("kim", "case.submit", "pine").answer();
    assert_eq!(answer, allow(&["contact.only"]));
}

#[test]
fn a_technical_contact_may_do_what_a_support_contact_may() {
    let mut world = pine();
    world.case("c1", "kim");
    for action in ["case.submit", "case.view", "case.manage", "case.close"] {
        let answer = world.ask("tess", action, "c1").answer();
        assert_eq!(answer, allow(&["contact.only"]), "{action}");
    }
}

#[test]
fn a_teacher_is_denied() {
    let answer = pine().ask("ned", "case.submit", "pine").answer();
    assert_eq!(answer, deny(&["contact.only"]));
}

#[test]
fn a_contact_of_another_district_is_denied_by_that_alone() {
    let mut world = pine();
    world.case("c1", "kim");
    for (action, on) in [
        ("case.submit", "pine"),
        ("case.view", "c1"),
        ("case.close", "c1"),
    ] {
        let answer = world.ask("bo", action, on).answer();
        assert_eq!(answer, deny(&["case.same-district"]), "{action}");
    }
}

#[test]
fn a_teacher_of_another_district_is_simply_no_contact() {
    let answer = pine().ask("ben", "case.submit", "pine").answer();
    assert_eq!(answer, deny(&["contact.only"]));
}

#[test]
fn a_contact_in_the_warning_period_or_held_keeps_full_authority() {
    for state in [ContactState::Pending, ContactState::Held] {
        let mut world = pine();
        world.person("kim").contact(ContactKind::Support, state);
        let answer = world.ask("kim", "case.submit", "pine").answer();
        assert_eq!(answer, allow(&["contact.only"]), "{state}");
    }
}

#[test]
fn a_contact_without_authority_hears_why_instead_of_contact_only() {
    for (state, code) in [
        (ContactState::Deactivated, "contact.deactivated"),
        (ContactState::Suspended, "contact.suspended"),
        (ContactState::Removed, "contact.only"),
    ] {
        let mut world = pine();
        world.person("kim").contact(ContactKind::Support, state);
        let answer = world.ask("kim", "case.submit", "pine").answer();
        assert_eq!(answer, deny(&[code]), "{state}");
    }
}

#[test]
fn a_contact_whom_the_directory_has_disabled_is_suspended_before_the_state_says_so() {
    let mut world = pine();
    world.person("kim").person.directory = Some(DirectoryLink {
        source: "staff".parse().unwrap(),
        stable_id: "1".to_owned(),
        dn: "uid=kim".to_owned(),
        status: DirectoryStatus::Disabled,
    });
    let decision = world.ask("kim", "case.submit", "pine").decide();
    assert_eq!(decision.reasons[0].code, "contact.suspended");
    let message = &decision.reasons[0].message;
    assert!(message.contains("disabled"), "{message}");
}

#[test]
fn a_deactivated_contact_is_told_the_day_and_the_way_back() {
    let mut world = pine();
    world.person("kim").deactivated(ContactKind::Support);
    let contact = world.person("kim").contact.as_mut().unwrap();
    contact.deactivated = Some("2025-01-01T10:00:00-07:00".parse().unwrap());
    let decision = world.ask("kim", "case.submit", "pine").decide();
    let message = &decision.reasons[0].message;
    assert!(message.contains("on 1 January 2025"), "{message}");
    assert!(message.contains("Modify Support Contact"), "{message}");
}

#[test]
fn a_person_whom_the_register_does_not_know_is_denied_under_the_permit_rule() {
    let decision = pine().ask("stranger", "case.submit", "pine").decide();
    assert_eq!(decision.reasons[0].code, "contact.only");
    let message = &decision.reasons[0].message;
    assert!(message.contains("knows no person"), "{message}");
}

#[test]
fn an_agent_opens_a_case_for_a_valid_contact() {
    let world = pine();
    let ask = world.ask("a7", "case.open-for", "kim").by_an_agent();
    assert_eq!(ask.answer(), allow(&["case.on-behalf"]));
    let nobody_but_agents = world.ask("tess", "case.open-for", "kim").answer();
    assert_eq!(nobody_but_agents, deny(&["case.on-behalf"]));
}

#[test]
fn an_emergency_without_a_reason_is_denied() {
    let world = pine();
    let ask = |reason: &str| {
        let ask = world.ask("a7", "case.open-for", "ned").by_an_agent();
        ask.context("emergency", true).context("reason", reason)
    };
    assert_eq!(ask(" ").answer(), deny(&["case.emergency"]));
    assert_eq!(ask("flood").answer(), allow(&["case.emergency"]));
    assert_eq!(ask("flood").decide().obligations, ["transition"]);
    let no_emergency = world.ask("a7", "case.open-for", "ned").by_an_agent();
    assert_eq!(
        no_emergency.context("reason", "flood").answer(),
        deny(&["case.emergency"])
    );
}

#[test]
fn an_emergency_without_a_valid_contact_is_allowed_unowned_with_an_alarm() {
    let mut world = World::new();
    world.person("kim").deactivated(ContactKind::Support);
    let ask = world.ask("a7", "case.open-for", "kim").by_an_agent();
    let ask = ask.context("emergency", true).context("reason", "flood");
    let decision = ask.decide();
    assert!(decision.decision);
    assert_eq!(decision.obligations, ["transition", "alarm"]);
}

#[test]
fn an_emergency_case_is_not_closed_before_its_transition() {
    let mut world = pine();
    world.case("c1", "ned").emergency = true;
    let by_agent = |world: &World| world.ask("a7", "case.close", "c1").by_an_agent().answer();
    assert_eq!(by_agent(&world), deny(&["case.transition-first"]));
    let by_contact = world.ask("kim", "case.close", "c1").answer();
    assert_eq!(by_contact, deny(&["case.transition-first"]));
    world.case("c1", "ned").transitioned = true;
    assert_eq!(by_agent(&world), allow(&["case.on-behalf"]));
    assert_eq!(
        world.ask("kim", "case.close", "c1").answer(),
        allow(&["contact.only"])
    );
}

#[test]
fn a_case_goes_only_to_a_valid_contact_of_its_district() {
    let mut world = pine();
    world.case("c1", "ned").emergency = true;
    world.person("old").deactivated(ContactKind::Support);
    let to = |receiver: &str| {
        let ask = world.ask("a7", "case.transition", "c1").by_an_agent();
        ask.property("to", receiver).answer()
    };
    assert_eq!(to("kim"), allow(&["case.transition"]));
    for bad in ["bo", "old", "ned", "stranger"] {
        assert_eq!(to(bad), deny(&["case.transition"]), "{bad}");
    }
    let nowhere = world.ask("a7", "case.transition", "c1").by_an_agent();
    assert_eq!(nowhere.answer(), deny(&["case.transition"]));
    let by_teacher = world.ask("ned", "case.transition", "c1");
    assert_eq!(
        by_teacher.property("to", "kim").answer(),
        deny(&["case.transition"])
    );
}

#[test]
fn a_clerk_talks_while_a_contact_is_on_the_call() {
    let world = pine();
    let talk = |with: &[&str]| {
        let ask = world.ask("ned", "call.talk", "pine");
        ask.property("with", with.to_vec()).answer()
    };
    assert_eq!(talk(&["ned", "kim"]), allow(&["call.accompanied"]));
    assert_eq!(talk(&["ned"]), deny(&["call.accompanied"]));
    assert_eq!(talk(&["ned", "bo"]), deny(&["call.accompanied"]));
    let contact = world.ask("kim", "call.talk", "pine").answer();
    assert_eq!(contact, allow(&["contact.only"]));
    let foreign = world.ask("ben", "call.talk", "pine");
    assert_eq!(
        foreign.property("with", "kim").answer(),
        deny(&["call.accompanied"])
    );
}

#[test]
fn who_is_on_a_recorded_call_accompanies_until_they_leave_it() {
    let mut world = pine();
    let (id, place) = ("k1".parse().unwrap(), "pine".parse().unwrap());
    let call = Call::open(id, place, "kim".parse().unwrap(), now());
    let talk = |call: Call| {
        let mut world = pine();
        world.calls.insert("k1".to_owned(), call);
        let ask = world.ask("ned", "call.talk", "pine");
        ask.property("call", "k1").answer()
    };
    assert_eq!(talk(call.clone()), allow(&["call.accompanied"]));
    let alone = call.left(&"kim".parse().unwrap(), now()).unwrap();
    assert_eq!(talk(alone), deny(&["call.accompanied"]));
    let over = call.closed(now()).unwrap();
    assert_eq!(talk(over), deny(&["call.accompanied"]));
    // Deactivated in the middle of the call.
    world.person("kim").deactivated(ContactKind::Support);
    world.calls.insert("k1".to_owned(), call);
    let ask = world.ask("ned", "call.talk", "pine");
    let answer = ask.property("call", "k1").answer();
    assert_eq!(answer, deny(&["call.accompanied"]));
}

#[test]
fn a_third_party_takes_part_only_with_a_recorded_agreement() {
    let mut world = pine();
    world.person("ned").person.third_party = Some("Initech".to_owned());
    let talk = |world: &World| {
        let ask = world.ask("ned", "call.talk", "pine");
        ask.property("with", "kim").answer()
    };
    assert_eq!(talk(&world), deny(&["contact.third-party"]));
    world.pine().third_parties.insert("Initech".to_owned());
    assert_eq!(talk(&world), allow(&["call.accompanied"]));
}

#[test]
fn the_technical_contact_refreshes_sites_that_exist() {
    let world = pine();
    let refresh = |who: &str, kind: &str| {
        let ask = world.ask(who, "update.request", "pine");
        ask.property("kind", kind)
    };
    assert_eq!(
        refresh("tess", "sandbox-refresh").answer(),
        allow(&["update.technical"])
    );
    let staging = refresh("tess", "staging-refresh").decide();
    assert!(!staging.decision && !staging.applicable);
    assert_eq!(staging.reasons[0].code, "update.not-applicable");
    assert_eq!(staging.reasons.len(), 1);
    let by_support = refresh("kim", "sandbox-refresh").decide();
    assert!(by_support.applicable);
    assert_eq!(
        refresh("kim", "sandbox-refresh").answer(),
        deny(&["update.technical"])
    );
    assert_eq!(
        refresh("tess", "moon-landing").answer(),
        deny(&["update.technical"])
    );
}

#[test]
fn version_updates_are_for_cloud_districts_that_are_not_linked() {
    let mut world = pine();
    let update = |world: &World, who: &str| {
        let ask = world.ask(who, "update.request", "pine");
        ask.property("kind", "version-update").answer()
    };
    assert_eq!(update(&world, "tess"), allow(&["update.version"]));
    assert_eq!(update(&world, "kim"), deny(&["update.version"]));
    world.pine().linked_to = Some("state".to_owned());
    assert_eq!(update(&world, "tess"), deny(&["update.group-process"]));
    world.pine().linked_to = None;
    world.pine().hosting = None;
    assert_eq!(update(&world, "tess"), deny(&["update.version"]));
}

#[test]
fn a_second_technical_contact_exceeds_the_cap_unless_the_first_is_deactivated() {
    let mut world = pine();
    let designate = |world: &World, who: &str, kind: &str| {
        let ask = world.ask("kim", "contact.designate", who);
        ask.property("type", kind).answer()
    };
    assert_eq!(
        designate(&world, "ned", "technical"),
        deny(&["contact.technical-cap"])
    );
    assert_eq!(
        designate(&world, "tess", "technical"),
        allow(&["contact.designate"])
    );
    assert_eq!(
        designate(&world, "ned", "support"),
        allow(&["contact.designate"])
    );
    assert_eq!(
        designate(&world, "ned", "boss"),
        deny(&["contact.designate"])
    );
    world.person("tess").deactivated(ContactKind::Technical);
    assert_eq!(
        designate(&world, "ned", "technical"),
        allow(&["contact.designate"])
    );
    world.person("tess").technical();
    world.pine().technical_cap = 2;
    assert_eq!(
        designate(&world, "ned", "technical"),
        allow(&["contact.designate"])
    );
}

#[test]
fn people_without_authority_in_the_district_designate_nobody() {
    let world = pine();
    for who in ["ned", "bo", "stranger"] {
        let answer = world.ask(who, "contact.designate", "ned").answer();
        assert_eq!(answer, deny(&["contact.designate"]), "{who}");
    }
    let agent = world.ask("a7", "contact.designate", "ned").by_an_agent();
    assert_eq!(agent.answer(), allow(&["contact.designate"]));
}

#[test]
fn an_orphaned_district_is_recovered_by_two_different_agents_with_evidence() {
    let mut world = World::new();
    world.person("ned");
    let ask = |second: &str, evidence: &str| {
        let ask = world.ask("a7", "contact.designate", "ned").by_an_agent();
        ask.context("second-agent", second)
            .context("evidence", "letter of the board")
            .context("second-evidence", evidence)
            .answer()
    };
    assert_eq!(ask("a8", "call back"), allow(&["contact.designate"]));
    assert_eq!(ask("a7", "call back"), deny(&["contact.designate"]));
    assert_eq!(ask("a8", " "), deny(&["contact.designate"]));
    let alone = world.ask("a7", "contact.designate", "ned").by_an_agent();
    assert_eq!(alone.answer(), deny(&["contact.designate"]));
}

#[test]
fn one_support_contact_only_is_a_warning() {
    let mut world = pine();
    assert_eq!(
        world.ask("kim", "case.submit", "pine").decide().warnings,
        []
    );
    world.people.remove("lou");
    let decision = world.ask("kim", "case.submit", "pine").decide();
    assert!(decision.decision);
    assert_eq!(decision.warnings[0].code, "contact.recommended");
    world.person("lou").support();
    world.person("max").support();
    let three = |world: &World| world.ask("kim", "case.submit", "pine").decide().warnings;
    assert_eq!(three(&world)[0].code, "contact.recommended");
    world.license("finance");
    assert_eq!(three(&world), []);
}

#[test]
fn only_another_valid_contact_restores_a_deactivated_one() {
    let mut world = pine();
    world.person("old").deactivated(ContactKind::Support);
    world.person("older").deactivated(ContactKind::Support);
    let restore = |who: &str| world.ask(who, "contact.reactivate", "old").answer();
    assert_eq!(restore("kim"), allow(&["contact.reactivation"]));
    for who in ["old", "older", "ned", "bo", "stranger"] {
        assert_eq!(restore(who), deny(&["contact.reactivation"]), "{who}");
    }
    let agent = world.ask("a7", "contact.reactivate", "old").by_an_agent();
    assert_eq!(agent.answer(), deny(&["contact.reactivation"]));
    for nothing in ["lou", "ned"] {
        let answer = world.ask("kim", "contact.reactivate", nothing).answer();
        assert_eq!(answer, deny(&["contact.reactivation"]), "{nothing}");
    }
}

#[test]
fn a_technical_contact_whose_slot_is_taken_is_offered_support() {
    let mut world = pine();
    world.person("old").deactivated(ContactKind::Technical);
    let refused = world.ask("kim", "contact.reactivate", "old");
    assert_eq!(refused.answer(), deny(&["contact.technical-cap"]));
    let offered = world.ask("kim", "contact.reactivate", "old").decide();
    assert!(offered.reasons[0].message.contains("support"));
    let taken = world.ask("kim", "contact.reactivate", "old");
    assert_eq!(
        taken.property("type", "support").answer(),
        allow(&["contact.reactivation"])
    );
}
