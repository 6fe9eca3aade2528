//! Whom a denied person is sent to. Rules: `contact.redirect`, `building-coach`.

use super::world::{World, person_id};
use crate::contact::ContactKind;
use crate::decision::{Redirect, RedirectContact};
use crate::district::Help;

fn contact(id: &str, kind: ContactKind) -> RedirectContact {
    RedirectContact {
        person: person_id(id),
        name: id.to_owned(),
        kind,
        mail: Some(format!("{id}@pine.example")),
        phone: None,
    }
}

fn pine() -> World {
    let mut world = World::new();
    world.person("kim").support();
    world.person("old").deactivated(ContactKind::Support);
    world.person("tess").technical();
    world.person("ned").schools(&["HS01"]);
    world.person_of("birch", "bo").support();
    world
}

fn asked(world: &World, who: &str, topic: Option<&str>) -> Option<Redirect> {
    let ask = world.ask(who, "case.submit", "pine");
    match topic {
        Some(topic) => ask.context("topic", topic).decide().redirect,
        None => ask.decide().redirect,
    }
}

#[test]
fn a_functional_question_goes_to_the_valid_support_contacts() {
    let expected = Redirect::Contacts(vec![contact("kim", ContactKind::Support)]);
    assert_eq!(asked(&pine(), "ned", None), Some(expected.clone()));
    assert_eq!(asked(&pine(), "old", None), Some(expected));
}

#[test]
fn a_technical_question_and_an_update_go_to_the_technical_contact() {
    let world = pine();
    let expected = Some(Redirect::Contacts(vec![contact(
        "tess",
        ContactKind::Technical,
    )]));
    assert_eq!(asked(&world, "ned", Some("firewall")), expected);
    let update = world.ask("kim", "update.request", "pine");
    let update = update.property("kind", "sandbox-refresh").decide();
    assert_eq!(update.redirect, expected);
}

#[test]
fn without_the_right_kind_any_other_valid_contact_is_named() {
    let mut world = pine();
    world.people.remove("tess");
    assert_eq!(
        asked(&world, "ned", Some("tomcat")),
        Some(Redirect::Contacts(vec![contact(
            "kim",
            ContactKind::Support
        )]))
    );
    let update = world.ask("kim", "update.request", "pine");
    let update = update.property("kind", "sandbox-refresh").decide();
    assert_eq!(
        update.redirect,
        Some(Redirect::VendorVerification),
        "nobody is sent to themselves"
    );
}

#[test]
fn with_no_valid_contact_left_the_vendor_verifies() {
    let mut world = World::new();
    world.person("ned");
    world.person("old").deactivated(ContactKind::Support);
    let expected = Some(Redirect::VendorVerification);
    assert_eq!(asked(&world, "ned", None), expected);
}

#[test]
fn an_unverified_caller_sees_only_what_the_district_publishes() {
    let mut world = pine();
    let help = Help {
        phone: Some("+1 555 0100".to_owned()),
        mail: None,
    };
    world.pine().help = help.clone();
    assert_eq!(
        asked(&world, "stranger", None),
        Some(Redirect::Help(help.clone()))
    );
    assert_eq!(asked(&world, "bo", None), Some(Redirect::Help(help)));
}

#[test]
fn a_version_update_of_a_linked_district_names_the_group_process() {
    let mut world = pine();
    world.pine().linked_to = Some("state".to_owned());
    let ask = world.ask("tess", "update.request", "pine");
    let decision = ask.property("kind", "version-update").decide();
    assert_eq!(
        decision.redirect,
        Some(Redirect::GroupProcess("state".to_owned()))
    );
}

#[test]
fn a_how_to_question_goes_to_the_coach_of_the_school() {
    let mut world = pine();
    let named = |world: &World| match asked(world, "ned", Some("how-to")) {
        Some(Redirect::Coaches(coaches)) => coaches
            .into_iter()
            .map(|coach| coach.person)
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    world.person("cora").person.coach_of = ["HS01".parse().unwrap()].into();
    world.person("carl").person.coach_of = ["HS02".parse().unwrap()].into();
    assert_eq!(named(&world), [person_id("cora")]);
    world.people.remove("cora");
    assert_eq!(
        asked(&world, "ned", Some("how-to")),
        Some(Redirect::Contacts(vec![contact(
            "kim",
            ContactKind::Support
        )]))
    );
}

#[test]
fn a_denial_inside_the_application_redirects_to_nobody() {
    let decision = pine().ask("ned", "login-as", "kim").decide();
    assert!(!decision.decision);
    assert_eq!(decision.redirect, None);
}
