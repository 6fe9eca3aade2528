//! What plugins may add, and what nobody knows. Rule: domain, *How a decision is made*.

use std::collections::BTreeSet;

use super::world::{World, actions, allow, deny, person_id};
use crate::decision::{
    Effect, Finding, Relations, default_resource_kinds, default_subject_kinds, relations, stamped,
};
use crate::id::PluginId;

fn plugin(effect: Effect, declared: &[&str], action: &str) -> Vec<Finding> {
    let finding = Finding {
        code: "montana.rule".to_owned(),
        effect,
        message: "Said by the plugin.".to_owned(),
        source: "whatever the plugin claims".to_owned(),
    };
    let declared: BTreeSet<_> = declared.iter().map(|name| (*name).to_owned()).collect();
    let id = PluginId::new("montana-edition").unwrap();
    stamped(&id, &declared, action, vec![finding])
}

fn pine() -> World {
    let mut world = World::new();
    world.person("sam").role("sis");
    world.person("ned");
    world
}

#[test]
fn a_plugin_permits_only_actions_that_it_declares() {
    let action = "montana.audit";
    assert_eq!(plugin(Effect::Permit, &[], action), []);
    let findings = plugin(Effect::Permit, &[action], action);
    assert_eq!(findings[0].source, "montana-edition");
    let world = pine();
    let ask = || world.ask("ned", action, "pine");
    assert_eq!(ask().answer(), deny(&["default.deny"]));
    let permitted = ask().plugin(findings[0].clone());
    assert_eq!(permitted.answer(), allow(&["montana.rule"]));
}

#[test]
fn a_plugin_never_lifts_a_forbid_of_the_core() {
    let permit = plugin(Effect::Permit, &["group.create"], "group.create").remove(0);
    let world = pine();
    let ask = world
        .ask("ned", "group.create", "pine")
        .plugin(permit.clone());
    assert_eq!(ask.answer(), deny(&["group.create"]));
    let nowhere = world.ask("ned", "montana.audit", "nowhere").plugin(permit);
    assert_eq!(nowhere.answer(), deny(&["default.deny"]));
}

#[test]
fn a_plugin_forbids_anywhere_and_its_forbid_stands_alone() {
    let forbid = plugin(Effect::Forbid, &[], "group.create").remove(0);
    let world = pine();
    let ask = world.ask("sam", "group.create", "pine").plugin(forbid);
    assert_eq!(ask.answer(), deny(&["montana.rule"]));
}

#[test]
fn permits_of_core_and_plugin_stand_side_by_side() {
    let permit = plugin(Effect::Permit, &["group.create"], "group.create").remove(0);
    let world = pine();
    let ask = world.ask("sam", "group.create", "pine").plugin(permit);
    assert_eq!(ask.answer(), allow(&["group.create", "montana.rule"]));
}

#[test]
fn a_role_permits_the_actions_that_it_names() {
    let mut world = pine();
    world.person("moe").role("montana");
    let report = |world: &World| world.ask("moe", "montana.report", "pine").answer();
    assert_eq!(report(&world), deny(&["default.deny"]));
    world.pine().edition = "montana".parse().unwrap();
    assert_eq!(report(&world), allow(&["role.may"]));
    let elsewhere = world.ask("moe", "montana.report", "birch").answer();
    assert_eq!(elsewhere, deny(&["default.deny"]));
}

#[test]
fn an_action_is_done_only_to_things_of_its_types() {
    let world = pine();
    let answer = world.ask("sam", "group.create", "ned").answer();
    assert_eq!(answer, deny(&["default.deny"]));
}

#[test]
fn every_action_says_what_an_untyped_reference_means() {
    for action in actions() {
        assert!(!default_resource_kinds(action).is_empty(), "{action}");
        assert!(
            default_subject_kinds(action).contains(&"person"),
            "{action}"
        );
    }
    assert_eq!(default_subject_kinds("case.open-for"), ["agent", "person"]);
    assert_eq!(default_subject_kinds("call.talk"), ["person", "agent"]);
    assert_eq!(default_resource_kinds("tool.use"), ["tool"]);
}

#[test]
fn plugins_see_the_relations_that_the_core_sees() {
    let mut world = pine();
    world.person("sam").support();
    let session = world.session("s1", "sam");
    session.target = Some(person_id("ned"));
    session.used_login_as = true;
    let ask = world.ask("sam", "login-as", "ned").context("session", "s1");
    assert_eq!(
        relations(&ask.request, &ask.facts()),
        Relations {
            same_district: true,
            same_person: false,
            rights_subset: true,
            calendars_cover: true,
            nested_session: true,
            session_used: true,
            subject_is_contact: true,
            subject_is_technical: false,
            resource_is_contact: false,
            subject_enabled: true,
            resource_enabled: true,
            district_orphaned: false,
        }
    );
    let tool = world.ask("stranger", "tool.use", "attendance");
    let nothing = relations(&tool.request, &tool.facts());
    assert_eq!(nothing, Relations::default());
}
