//! What holds for every register, every action and every plugin.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

use super::world::{World, actions, now};
use crate::contact::{ContactKind, ContactState};
use crate::decision::{
    Candidates, Decision, Effect, Facts, Finding, Record, Request, candidates, combine, decide,
    judge,
};
use crate::id::Revision;

const ROLES: [&str; 6] = [
    "sis",
    "finance",
    "sis.login-as",
    "sis.group-assignment",
    "application-security",
    "montana",
];
const TOOLS: [&str; 5] = [
    "attendance",
    "user-account",
    "user-groups",
    "grades",
    "finance/ledger",
];
const LETTERS: [&str; 4] = ["R", "W", "RW", "RWAD"];
const STATES: [ContactState; 4] = [
    ContactState::Active,
    ContactState::Pending,
    ContactState::Suspended,
    ContactState::Deactivated,
];

/// Somebody, as far as the rules look.
#[derive(Debug, Clone)]
struct Life {
    roles: Vec<&'static str>,
    rights: Vec<(&'static str, &'static str)>,
    in_group: bool,
    contact: Option<(bool, ContactState)>,
    enabled: bool,
    away: bool,
    schools: usize,
    expired: bool,
}

fn life() -> impl Strategy<Value = Life> {
    let right = (
        prop::sample::select(&TOOLS[..]),
        prop::sample::select(&LETTERS[..]),
    );
    let contact = prop::option::of((any::<bool>(), prop::sample::select(&STATES[..])));
    (
        prop::collection::vec(prop::sample::select(&ROLES[..]), 0..3),
        prop::collection::vec(right, 0..4),
        any::<bool>(),
        contact,
        prop::bool::weighted(0.9),
        prop::bool::weighted(0.1),
        0..3_usize,
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(roles, rights, in_group, contact, enabled, away, schools, expired)| Life {
                roles,
                rights,
                in_group,
                contact,
                enabled,
                away,
                schools,
                expired,
            },
        )
}

fn live(world: &mut World, id: &str, life: &Life) {
    let somebody = world.person_of(if life.away { "birch" } else { "pine" }, id);
    somebody.person.enabled = life.enabled;
    somebody.schools(&["HS01", "HS02"][..life.schools.min(2)]);
    for role in &life.roles {
        somebody.role(role);
        if life.expired {
            somebody.until(now());
        }
    }
    for (tool, letters) in &life.rights {
        somebody.right(tool, letters);
    }
    if life.in_group {
        somebody.group("office").calendar("HS01");
    }
    if let Some((technical, state)) = life.contact {
        let kind = if technical {
            ContactKind::Technical
        } else {
            ContactKind::Support
        };
        somebody.contact(kind, state);
    }
}

/// A register of four people, with what differs between districts.
#[derive(Debug, Clone)]
struct Town {
    lives: Vec<Life>,
    montana: bool,
    finance: bool,
    restrict: bool,
    ceiling: bool,
    emergency: bool,
    used: bool,
    entered: bool,
    /// Ana works for an outside firm.
    outside: bool,
    /// The district is linked to the state.
    linked: bool,
    /// Ben's account begins at the parents' portal.
    portal: bool,
}

const PEOPLE: [&str; 4] = ["ana", "ben", "cleo", "dan"];

fn town() -> impl Strategy<Value = Town> {
    (
        prop::collection::vec(life(), PEOPLE.len()),
        any::<[bool; 6]>(),
        [
            prop::bool::weighted(0.2),
            prop::bool::weighted(0.1),
            prop::bool::weighted(0.3),
            prop::bool::weighted(0.2),
        ],
    )
        .prop_map(
            |(
                lives,
                [montana, finance, restrict, ceiling, emergency, used],
                [entered, outside, linked, portal],
            )| Town {
                lives,
                montana,
                finance,
                restrict,
                ceiling,
                emergency,
                used,
                entered,
                outside,
                linked,
                portal,
            },
        )
}

impl Town {
    fn world(&self) -> World {
        let mut world = World::new();
        if self.montana {
            world.pine().edition = "montana".parse().unwrap();
        }
        if self.finance {
            world.license("finance");
        }
        let preferences = &mut world.pine().preferences;
        preferences.restrict_login_as = self.restrict;
        preferences.group_assignment_ceiling = self.ceiling;
        world.group("office", &[("attendance", "RW"), ("zoology", "R")]);
        for (id, life) in PEOPLE.iter().zip(&self.lives) {
            live(&mut world, id, life);
        }
        if self.outside {
            world.person("ana").person.third_party = Some("Initech".to_owned());
        }
        if self.linked {
            world.pine().linked_to = Some("state".to_owned());
        }
        if self.portal {
            world.person("ben").person.homepage = "parent-portal".to_owned();
        }
        world.case("c1", "ben").emergency = self.emergency;
        let session = world.session("s1", "ana");
        session.used_login_as = self.used;
        session.target = self.entered.then(|| super::world::person_id("cleo"));
        world
    }
}

/// Every action, asked by ana for what it is done to, with the properties that it looks at.
fn questions(world: &World) -> Vec<(Request, Facts)> {
    let things = |action: &str| match action {
        "case.submit" | "case.view" | "case.manage" => vec!["pine", "birch", "c1"],
        "case.close" | "case.transition" => vec!["c1"],
        "call.talk" | "update.request" | "group.create" | "report.product-roles" => {
            vec!["pine", "birch"]
        }
        "tool.use" => vec!["attendance", "user-groups", "tool-rights", "finance/ledger"],
        _ => vec!["ana", "ben", "cleo"],
    };
    let mut questions = Vec::new();
    for action in actions() {
        let kinds: &[&str] = match action {
            "update.request" => &["sandbox-refresh", "staging-refresh", "version-update"],
            _ => &["sandbox-refresh"],
        };
        let things = things(action).into_iter();
        for (thing, kind) in things.flat_map(|thing| kinds.iter().map(move |kind| (thing, *kind))) {
            let ask = world
                .ask("ana", action, thing)
                .property("kind", kind)
                .property("to", "ben")
                .property("with", vec!["ben", "cleo"])
                .property("role", "finance")
                .property("tool", "grades")
                .property("letters", "R")
                .property("group", "office")
                .property("type", "technical")
                .property("what", "password")
                .context("session", "s1");
            let facts = ask.facts();
            questions.push((ask.request, facts));
        }
    }
    questions
}

fn allows(decision: &Decision) -> bool {
    decision.decision
}

fn codes(decision: &Decision) -> BTreeSet<(String, String)> {
    let reasons = decision.reasons.iter();
    reasons
        .map(|reason| (reason.source.clone(), reason.code.clone()))
        .collect()
}

fn said(effect: Effect) -> Finding {
    Finding {
        code: "plugin.rule".to_owned(),
        effect,
        message: "Said by a plugin.".to_owned(),
        source: "a-plugin".to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn another_right_of_the_target_never_turns_a_deny_into_an_allow(
        town in town(),
        tool in prop::sample::select(&TOOLS[..]),
        letters in prop::sample::select(&LETTERS[..]),
    ) {
        let mut world = town.world();
        let before: Vec<_> = questions(&world).iter().map(|(request, facts)| decide(request, facts, vec![])).collect();
        for target in ["ben", "cleo"] {
            world.people.get_mut(target).unwrap().right(tool, letters);
        }
        // What concerns nobody but the target: a session inside cleo's account is one of her rights, too.
        for ((request, facts), before) in questions(&world).iter().zip(before) {
            if town.entered && request.action == "tool.use" {
                continue;
            }
            let after = decide(request, facts, vec![]);
            prop_assert!(allows(&before) || !allows(&after), "{} {}", request.action, request.resource.id);
        }
    }

    #[test]
    fn a_plugins_forbid_taken_away_never_makes_anything_stricter(town in town(), others in prop::collection::vec(any::<bool>(), 0..3)) {
        let others: Vec<_> = others.into_iter().map(|permits| said(if permits { Effect::Permit } else { Effect::Forbid })).collect();
        for (request, facts) in questions(&town.world()) {
            let with: Vec<_> = others.iter().cloned().chain([said(Effect::Forbid)]).collect();
            let with = decide(&request, &facts, with);
            prop_assert!(!allows(&with));
            let without = decide(&request, &facts, others.clone());
            prop_assert!(allows(&without) || codes(&without).is_subset(&codes(&with)));
            let core = decide(&request, &facts, vec![]);
            let forbid = decide(&request, &facts, vec![said(Effect::Forbid)]);
            prop_assert!(allows(&core) || codes(&forbid).is_superset(&codes(&core)));
        }
    }

    #[test]
    fn a_plugin_never_lifts_a_forbid_of_the_core(town in town(), permits in 1..4_usize) {
        for (request, facts) in questions(&town.world()) {
            let core = decide(&request, &facts, vec![]);
            let plugins = vec![said(Effect::Permit); permits];
            let with = decide(&request, &facts, plugins);
            prop_assert_eq!(allows(&core), allows(&with), "{}", request.action);
            if !allows(&core) {
                prop_assert_eq!(codes(&core), codes(&with));
            }
        }
    }

    #[test]
    fn the_order_of_evaluation_never_matters(town in town(), turn in any::<prop::sample::Index>(), plugins in prop::collection::vec(any::<bool>(), 0..4)) {
        let plugins: Vec<_> = plugins.into_iter().map(|permits| said(if permits { Effect::Permit } else { Effect::Forbid })).collect();
        for (request, facts) in questions(&town.world()) {
            let findings = judge(&request, &facts);
            let straight = combine(findings.clone(), plugins.clone(), Revision(7));
            let (mut findings, mut turned) = (findings, plugins.clone());
            findings.reverse();
            let by = turn.index(findings.len().max(1));
            if !findings.is_empty() {
                findings.rotate_left(by);
            }
            turned.reverse();
            let other = combine(findings, turned, Revision(7));
            prop_assert_eq!(allows(&straight), allows(&other));
            prop_assert_eq!(codes(&straight), codes(&other));
        }
    }

    #[test]
    fn every_action_has_one_permit_rule_and_the_others_only_forbid(town in town()) {
        for (request, facts) in questions(&town.world()) {
            let permits: Vec<_> = judge(&request, &facts).into_iter().filter(|of| of.effect == Effect::Permit).collect();
            prop_assert!(permits.len() <= 1, "{}: {permits:?}", request.action);
        }
    }

    #[test]
    fn nothing_is_ever_done_across_districts(town in town()) {
        for (request, facts) in questions(&town.world()) {
            let home = facts.subject_person().map(|of| of.person.district.clone());
            if allows(&decide(&request, &facts, vec![])) && let Some(place) = facts.resource.district() {
                prop_assert_eq!(home.as_ref(), Some(place), "{}", request.action);
            }
        }
    }

    #[test]
    fn whoever_may_is_among_those_who_are_looked_at(town in town()) {
        for (request, facts) in questions(&town.world()) {
            if !allows(&decide(&request, &facts, vec![])) {
                continue;
            }
            let person = facts.subject_person().unwrap();
            let among = match candidates(&request.action) {
                Candidates::Everybody => true,
                Candidates::Nobody => false,
                Candidates::RoleHolders => !person.roles.is_empty(),
                Candidates::Contacts => facts.resource_district().unwrap().valid_contacts()
                    .any(|(contact, _)| contact.person == person.person.id),
            };
            prop_assert!(among, "{}", request.action);
        }
    }

    #[test]
    fn a_decision_made_again_of_what_was_kept_comes_out_the_same(town in town()) {
        for (request, facts) in questions(&town.world()) {
            let then = decide(&request, &facts, vec![]);
            let kept = Record::of(request.clone(), &facts, BTreeMap::new(), "", then.clone());
            let kept = serde_json::to_string(&kept).unwrap();
            let again: Record = serde_json::from_str(&kept).unwrap();
            let now = decide(&request, &again.input.unwrap().facts(), vec![]);
            prop_assert_eq!(then, now, "{}", request.action);
        }
    }
}

/// What an agent of the vendor asks: the actions that people of the register are never allowed.
fn questions_of_agents(world: &World) -> Vec<(Request, Facts)> {
    let mut questions = Vec::new();
    for emergency in [true, false] {
        for who in ["ben", "cleo"] {
            let ask = world.ask("kim", "case.open-for", who).by_an_agent();
            let ask = ask
                .property("emergency", emergency)
                .property("reason", "fire");
            let facts = ask.facts();
            questions.push((ask.request, facts));
        }
    }
    questions
}

/// Registers that are tried at most until every rule has made a difference.
const TOWNS: usize = 1_500;

#[test]
fn leaving_any_one_rule_out_changes_an_answer() {
    use super::super::judge::rules;
    use crate::decision::Action;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut idle, mut all) = (BTreeSet::new(), 0);
    for (action, name) in Action::NAMES {
        for place in 0..rules(action).len() {
            idle.insert((name, place));
            all += 1;
        }
    }
    for _ in 0..TOWNS {
        if idle.is_empty() {
            break;
        }
        let world = town().new_tree(&mut runner).unwrap().current().world();
        for (request, facts) in questions(&world)
            .into_iter()
            .chain(questions_of_agents(&world))
        {
            let action = Action::named(&request.action).unwrap();
            let said: Vec<_> = rules(action)
                .iter()
                .map(|rule| rule(&request, &facts))
                .collect();
            let answer = |without: Option<usize>| {
                let findings = said
                    .iter()
                    .enumerate()
                    .filter(|(place, _)| Some(*place) != without);
                let findings = findings
                    .filter_map(|(_, finding)| finding.clone())
                    .collect();
                let decision = combine(findings, vec![], Revision(7));
                (decision.decision, codes(&decision))
            };
            let whole = answer(None);
            for place in 0..said.len() {
                if answer(Some(place)) != whole {
                    idle.remove(&(
                        Action::NAMES
                            .iter()
                            .find(|(of, _)| *of == action)
                            .unwrap()
                            .1,
                        place,
                    ));
                }
            }
        }
    }
    assert_eq!(idle, BTreeSet::new(), "of {all} rules these change nothing");
    assert!(all >= 45, "{all}");
}
