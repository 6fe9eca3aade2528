//! What holds for every register.

use proptest::prelude::*;

use super::world::World;
use crate::decision::{Effect, Finding, combine, decide};
use crate::id::Revision;
use crate::rights::{Letters, ToolName, ToolRights, Tools};

const TOOLS: [&str; 6] = [
    "attendance",
    "grades",
    "user-account",
    "zoology",
    "finance/ledger",
    "hr/hiring",
];
const ROLES: [&str; 6] = [
    "sis",
    "finance",
    "hr",
    "sis.login-as",
    "sis.group-assignment",
    "application-security",
];
const LETTERS: [&str; 5] = ["R", "W", "RW", "RWA", "RWAD"];

/// One grant: a role, or letters on a tool.
#[derive(Debug, Clone)]
enum Given {
    Role(&'static str),
    Right(&'static str, &'static str),
}

fn given() -> impl Strategy<Value = Given> {
    prop_oneof![
        prop::sample::select(&ROLES[..]).prop_map(Given::Role),
        (
            prop::sample::select(&TOOLS[..]),
            prop::sample::select(&LETTERS[..])
        )
            .prop_map(|(tool, letters)| Given::Right(tool, letters)),
    ]
}

fn grants() -> impl Strategy<Value = Vec<Given>> {
    prop::collection::vec(given(), 0..6)
}

fn give(world: &mut World, who: &str, grants: &[Given]) {
    for grant in grants {
        match grant {
            Given::Role(role) => world.person(who).role(role),
            Given::Right(tool, letters) => world.person(who).right(tool, letters),
        };
    }
    world.person(who);
}

/// Rights on more tools than fit one word, and on whole products.
fn rights() -> impl Strategy<Value = ToolRights> {
    let single = prop::collection::vec((0..40_usize, prop::sample::select(&LETTERS[..])), 0..8);
    let products = prop::collection::vec(prop::sample::select(&["sis", "finance"][..]), 0..2);
    (single, products).prop_map(|(single, products)| {
        let tools = catalogue();
        let mut rights = ToolRights::default();
        for (place, letters) in single {
            rights.add(place, letters.parse().unwrap());
        }
        for product in products {
            rights.add_product(&product.parse().unwrap(), &tools);
        }
        rights
    })
}

/// Forty tools, every second one of finance.
fn catalogue() -> Tools {
    let mut tools = Tools::default();
    for n in 0..40 {
        let product = if n % 2 == 0 { "sis" } else { "finance" };
        tools.intern(&format!("{product}/tool-{n}").parse().unwrap());
    }
    tools
}

fn finding() -> impl Strategy<Value = Finding> {
    (any::<bool>(), 0..4_u8).prop_map(|(permits, n)| {
        let code = format!("rule.{n}");
        if permits {
            Finding::permit(&code, "Yes.")
        } else {
            Finding::forbid(&code, "No.")
        }
    })
}

proptest! {
    #[test]
    fn a_forbid_never_allows_and_nothing_never_allows(
        core in prop::collection::vec(finding(), 0..4),
        plugins in prop::collection::vec(finding(), 0..4),
    ) {
        let all: Vec<_> = core.iter().chain(&plugins).cloned().collect();
        let forbidden = all.iter().any(|finding| finding.effect == Effect::Forbid);
        let permitted = all.iter().any(|finding| finding.effect == Effect::Permit);
        let decision = combine(core, plugins, Revision(1));
        prop_assert_eq!(decision.decision, permitted && !forbidden);
        let expected = if decision.decision { Effect::Permit } else { Effect::Forbid };
        prop_assert!(decision.reasons.iter().all(|reason| reason.effect == expected));
        let said = all.iter().filter(|finding| finding.effect == expected).count();
        prop_assert_eq!(decision.reasons.len(), said.max(1));
    }

    #[test]
    fn another_grant_to_the_actor_never_breaks_the_comparison_of_rights(
        actor in grants(),
        target in grants(),
        more in given(),
    ) {
        let mut world = World::new();
        give(&mut world, "actor", &actor);
        give(&mut world, "target", &target);
        let fails = |world: &World| {
            world.ask("actor", "login-as", "target").answer().1.contains("login-as.rights")
        };
        let before = fails(&world);
        give(&mut world, "actor", &[more]);
        prop_assert!(before || !fails(&world));
    }

    #[test]
    fn an_allow_holds_every_rule_of_login_as(actor in grants(), target in grants()) {
        let mut world = World::new();
        give(&mut world, "actor", &actor);
        give(&mut world, "target", &target);
        let ask = world.ask("actor", "login-as", "target");
        let facts = ask.facts();
        let decision = decide(&ask.request, &facts, Vec::new());
        let (actor, target) = (world.facts_of("actor").unwrap(), world.facts_of("target").unwrap());
        let feature = actor.holding.has_product() || actor.holding.login_as;
        let peer = actor.holding.is_limited_login_as() && target.holding.login_as;
        let expected = feature
            && actor.user_account.contains(Letters::R)
            && !peer
            && target.rights.is_subset(&actor.rights);
        prop_assert_eq!(decision.decision, expected);
    }

    #[test]
    fn subset_is_a_partial_order(a in rights(), b in rights(), c in rights()) {
        prop_assert!(a.is_subset(&a));
        if a.is_subset(&b) && b.is_subset(&c) {
            prop_assert!(a.is_subset(&c));
        }
        if a.is_subset(&b) && b.is_subset(&a) {
            let tools = catalogue();
            prop_assert_eq!(a.listed(&tools), b.listed(&tools));
        }
        let nothing = a.beyond(&b, &catalogue());
        prop_assert_eq!(
            a.is_subset(&b),
            nothing.products.is_empty() && nothing.tools.is_empty(),
        );
    }

    #[test]
    fn an_intersection_is_in_both_and_holds_whatever_both_hold(a in rights(), b in rights()) {
        let both = a.intersection(&b);
        prop_assert!(both.is_subset(&a) && both.is_subset(&b));
        let tools = catalogue();
        for place in 0..tools.len() {
            let name: &ToolName = tools.name(place).unwrap();
            let expected = a.letters(name, &tools).intersection(b.letters(name, &tools));
            prop_assert_eq!(both.letters(name, &tools), expected);
        }
    }
}
