//! Domain §4, Roles.

use super::world::{World, allow, deny, now};
use crate::rights::{CalendarRight, Letters};

#[test]
fn sis_grants_rights_of_the_sis_and_of_nothing_else() {
    let mut world = World::new();
    world.license("finance");
    world.person("sam").role("sis");
    world.person("ned");
    let grant = |tool: &str| {
        let ask = world.ask("sam", "right.grant", "ned");
        ask.property("tool", tool)
            .property("letters", "RW")
            .answer()
    };
    assert_eq!(grant("attendance"), allow(&["right.grant"]));
    assert_eq!(grant("finance/ledger"), deny(&["role.sis-excludes"]));
}

#[test]
fn the_finance_role_grants_a_finance_right() {
    let mut world = World::new();
    world.license("finance");
    world.person("fay").role("finance");
    world.person("both").role("sis").role("finance");
    world.person("ned");
    for who in ["fay", "both"] {
        let ask = world.ask(who, "right.grant", "ned");
        let answer = ask.property("tool", "finance/ledger").answer();
        assert_eq!(answer, allow(&["right.grant"]), "{who}");
    }
    let sis_tool = world.ask("fay", "right.grant", "ned");
    assert_eq!(
        sis_tool.property("tool", "attendance").answer(),
        deny(&["right.grant"])
    );
}

#[test]
fn all_rights_without_the_role_grant_nothing() {
    let mut world = World::new();
    world
        .person("al")
        .right("attendance", "RWAD")
        .right("user-account", "RWAD");
    world.person("ned");
    let ask = world.ask("al", "right.grant", "ned");
    assert_eq!(
        ask.property("tool", "attendance").answer(),
        deny(&["right.grant"])
    );
}

#[test]
fn a_right_that_is_no_right_is_not_granted() {
    let mut world = World::new();
    world.person("sam").role("sis");
    world.person("ned");
    let ask = || world.ask("sam", "right.grant", "ned");
    assert_eq!(ask().answer(), deny(&["right.grant"]));
    let no_tool = ask().property("tool", "a/b/c").answer();
    assert_eq!(no_tool, deny(&["right.grant"]));
    let no_letters = ask()
        .property("tool", "attendance")
        .property("letters", "X");
    assert_eq!(no_letters.answer(), deny(&["right.grant"]));
}

#[test]
fn holders_of_sub_roles_never_change_their_own_rights() {
    let mut world = World::new();
    world.license("finance");
    let ask = |world: &World, who: &str| {
        let ask = world.ask(who, "right.grant", who);
        ask.property("tool", "finance/ledger").answer()
    };
    for role in ["sis.group-assignment", "sis.login-as"] {
        world.people.remove("gil");
        world.person("gil").role(role).role("finance");
        assert_eq!(ask(&world, "gil"), deny(&["right.self"]), "{role}");
    }
    world.person("fay").role("finance");
    assert_eq!(ask(&world, "fay"), allow(&["right.grant"]));
    world.person("gil").role("sis");
    assert_eq!(
        ask(&world, "gil"),
        allow(&["right.grant"]),
        "the full role of the sis lifts the limits of its sub roles"
    );
}

#[test]
fn group_assignment_assigns_colleagues_but_not_itself() {
    let mut world = World::new();
    world.group("office", &[("attendance", "RW")]);
    world.person("gil").role("sis.group-assignment");
    world.person("sam").role("sis").role("sis.group-assignment");
    world.person("log").role("sis.login-as");
    world.person("ned");
    let assign = |who: &str, whom: &str, group: &str| {
        let ask = world.ask(who, "group.assign", whom);
        ask.property("group", group).answer()
    };
    assert_eq!(assign("gil", "ned", "office"), allow(&["group.assign"]));
    assert_eq!(assign("gil", "gil", "office"), deny(&["group.assign"]));
    assert_eq!(assign("sam", "sam", "office"), allow(&["group.assign"]));
    assert_eq!(assign("log", "ned", "office"), deny(&["group.assign"]));
    assert_eq!(assign("gil", "ned", "nowhere"), deny(&["group.assign"]));
}

#[test]
fn the_ceiling_binds_group_assignment_to_its_own_rights_if_the_district_wants_it() {
    let mut world = World::new();
    world.group("office", &[("attendance", "RW")]);
    world
        .person("gil")
        .role("sis.group-assignment")
        .right("attendance", "R");
    world.person("sam").role("sis");
    world.person("ned");
    let assign = |world: &World, who: &str| {
        let ask = world.ask(who, "group.assign", "ned");
        ask.property("group", "office").answer()
    };
    assert_eq!(assign(&world, "gil"), allow(&["group.assign"]));
    world.pine().preferences.group_assignment_ceiling = true;
    assert_eq!(assign(&world, "gil"), deny(&["group.ceiling"]));
    assert_eq!(assign(&world, "sam"), allow(&["group.assign"]));
    world.person("gil").right("attendance", "W");
    assert_eq!(assign(&world, "gil"), allow(&["group.assign"]));
    let office = world.groups.values_mut().next().unwrap();
    office.calendars.insert(CalendarRight {
        school: Some("HS01".parse().unwrap()),
        calendar: None,
        modify: false,
    });
    assert_eq!(assign(&world, "gil"), deny(&["group.ceiling"]));
    world.person("gil").calendar("HS01");
    assert_eq!(assign(&world, "gil"), allow(&["group.assign"]));
}

#[test]
fn who_sees_rights_sees_all_or_its_own_or_none() {
    let mut world = World::new();
    world.person("sam").role("sis");
    world.person("log").role("sis.login-as");
    world.person("gil").role("sis.group-assignment");
    world.person("ned");
    let view = |who: &str, whom: &str| world.ask(who, "right.view", whom).decide();
    assert_eq!(view("sam", "ned").visible.as_deref(), Some("all"));
    assert_eq!(view("log", "ned").visible.as_deref(), Some("own-rights"));
    for whom in ["ned", "gil"] {
        let decision = view("gil", whom);
        assert_eq!(
            (decision.decision, decision.visible),
            (false, None),
            "{whom}"
        );
    }
}

#[test]
fn only_sis_creates_groups_and_reads_the_report() {
    let mut world = World::new();
    world.person("sam").role("sis");
    world.person("gil").role("sis.group-assignment");
    world.person("fay").role("finance");
    for action in ["group.create", "report.product-roles"] {
        assert_eq!(world.ask("sam", action, "pine").answer(), allow(&[action]));
        for who in ["gil", "fay", "stranger"] {
            let answer = world.ask(who, action, "pine").answer();
            assert_eq!(answer, deny(&[action]), "{who}");
        }
        assert_eq!(world.ask("sam", action, "birch").answer(), deny(&[action]));
    }
}

#[test]
fn in_a_single_product_district_sis_grants_roles() {
    let mut world = World::new();
    world.person("sam").role("sis");
    world.person("ned");
    world.person("pat").person.homepage = "parent-portal".to_owned();
    let grant = |who: &str, whom: &str, role: &str| {
        let ask = world.ask(who, "role.grant", whom);
        ask.property("role", role).answer()
    };
    assert_eq!(grant("sam", "ned", "sis"), allow(&["role.grant"]));
    assert_eq!(grant("ned", "sam", "sis"), deny(&["role.grant"]));
    assert_eq!(grant("sam", "pat", "sis"), deny(&["role.homepage"]));
    assert_eq!(grant("sam", "ned", "no-such-role"), deny(&["role.grant"]));
    assert_eq!(grant("sam", "ned", "montana"), deny(&["role.grant"]));
}

#[test]
fn in_a_multi_product_district_only_application_security_grants_roles() {
    let mut world = World::new();
    world.license("finance");
    world.person("sam").role("sis");
    world.person("app").role("application-security");
    world.person("ned");
    let grant = |who: &str, role: &str| {
        let ask = world.ask(who, "role.grant", "ned");
        ask.property("role", role).answer()
    };
    assert_eq!(grant("sam", "sis"), deny(&["role.grant"]));
    assert_eq!(grant("app", "finance"), allow(&["role.grant"]));
    assert_eq!(grant("app", "application-security"), allow(&["role.grant"]));
}

#[test]
fn application_security_carries_nothing_else() {
    let mut world = World::new();
    world.license("finance");
    world.person("app").role("application-security");
    world.person("ned");
    let answer = world.ask("app", "login-as", "ned").answer();
    assert_eq!(
        answer,
        deny(&["login-as.feature", "login-as.user-account-read"])
    );
    assert_eq!(world.letters("app", "attendance"), Letters::default());
}

#[test]
fn nobody_grants_anything_into_another_district_or_from_a_disabled_account() {
    let mut world = World::new();
    world.person("sam").role("sis");
    world.person("off").role("sis").person.enabled = false;
    world.person("ned");
    world.person_of("birch", "ben");
    let far = world.ask("sam", "role.grant", "ben");
    assert_eq!(far.property("role", "sis").answer(), deny(&["role.grant"]));
    let off = world.ask("off", "role.grant", "ned");
    assert_eq!(off.property("role", "sis").answer(), deny(&["role.grant"]));
}

#[test]
fn a_full_role_without_a_listed_calendar_has_all_with_modify() {
    let mut world = World::new();
    world.person("sam").role("sis");
    world.person("log").role("sis.login-as").calendar("HS01");
    let calendars = |who: &str| {
        let facts = world.facts_of(who).unwrap();
        facts.calendars.iter().cloned().collect::<Vec<_>>()
    };
    let all = CalendarRight {
        school: None,
        calendar: None,
        modify: true,
    };
    assert_eq!(calendars("sam"), [all]);
    let one = CalendarRight {
        school: Some("HS01".parse().unwrap()),
        calendar: None,
        modify: false,
    };
    assert_eq!(
        calendars("log"),
        [one],
        "a sub role stays at its one school"
    );
}

#[test]
fn a_full_role_has_every_right_of_its_product_only() {
    let mut world = World::new();
    world.person("sam").role("sis");
    assert_eq!(world.letters("sam", "attendance"), Letters::ALL);
    assert_eq!(world.letters("sam", "bought-tomorrow"), Letters::ALL);
    assert_eq!(world.letters("sam", "finance/ledger"), Letters::default());
}

#[test]
fn a_role_on_a_parent_portal_account_has_no_effect() {
    let mut world = World::new();
    world.person("pat").role("sis").person.homepage = "parent-portal".to_owned();
    let facts = world.facts_of("pat").unwrap();
    assert!(facts.roles.is_empty());
    assert_eq!(world.letters("pat", "attendance"), Letters::default());
    assert_eq!(facts.calendars.iter().count(), 0);
    let answer = world.ask("pat", "group.create", "pine").answer();
    assert_eq!(answer, deny(&["group.create"]));
}

#[test]
fn montana_has_an_effect_in_districts_of_its_edition_only() {
    let mut world = World::new();
    world.person("moe").role("montana");
    let create = |world: &World| world.ask("moe", "group.create", "pine").answer();
    assert_eq!(create(&world), deny(&["group.create"]));
    world.pine().edition = "montana".parse().unwrap();
    assert_eq!(create(&world), allow(&["group.create"]));
    assert_eq!(world.letters("moe", "user-rights"), Letters::ALL);
}

#[test]
fn a_grant_is_not_held_from_the_moment_it_expires() {
    let mut world = World::new();
    world.person("sam").role("sis").until(now());
    assert!(world.facts_of("sam").unwrap().grants.is_empty());
    assert_eq!(world.letters("sam", "attendance"), Letters::default());
    let later = now() + std::time::Duration::from_secs(1);
    world.person("tom").role("sis").until(later);
    assert_eq!(world.letters("tom", "attendance"), Letters::ALL);
}

#[test]
fn rights_of_groups_roles_and_single_grants_add_up() {
    let mut world = World::new();
    world.group("office", &[("attendance", "RW")]);
    world.person("ned").group("office").right("attendance", "D");
    assert_eq!(world.letters("ned", "attendance"), "RWD".parse().unwrap());
}

#[test]
fn roles_and_rights_of_unlicensed_products_count_with_a_warning() {
    let mut world = World::new();
    world.person("fay").role("finance");
    world.person("ned");
    let ask = world.ask("fay", "right.grant", "ned");
    let decision = ask.property("tool", "finance/ledger").decide();
    assert!(decision.decision);
    let codes: Vec<_> = decision.warnings.iter().map(|of| &*of.code).collect();
    assert_eq!(codes, ["product.unlicensed"]);
}
