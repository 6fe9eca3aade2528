//! Accounts and tools. Rules: domain §2, `account.modify`, `tool.*`.

use super::world::{World, allow, deny, person_id};

fn modify(world: &World, who: &str, whom: &str) -> (bool, std::collections::BTreeSet<String>) {
    let ask = world.ask(who, "account.modify", whom);
    ask.property("what", "password").answer()
}

#[test]
fn login_as_resets_passwords_of_people_with_fewer_rights_if_it_writes_user_account() {
    let mut world = World::new();
    world
        .person("log")
        .role("sis.login-as")
        .right("user-account", "R");
    world.person("ned").right("user-account", "R");
    assert_eq!(
        modify(&world, "log", "ned"),
        deny(&["account.modify"]),
        "R alone forbids"
    );
    world.person("log").right("user-account", "W");
    assert_eq!(modify(&world, "log", "ned"), allow(&["account.modify"]));
    world.person("ned").right("attendance", "R");
    assert_eq!(modify(&world, "log", "ned"), deny(&["account.modify"]));
}

#[test]
fn sis_changes_accounts_but_nobody_is_shown_a_password() {
    let mut world = World::new();
    world.person("sam").role("sis");
    world.person("al").right("user-account", "RWAD");
    world.person("ned");
    assert_eq!(modify(&world, "sam", "ned"), allow(&["account.modify"]));
    assert_eq!(modify(&world, "al", "ned"), deny(&["account.modify"]));
    let shown = world.ask("sam", "account.modify", "ned");
    assert_eq!(
        shown.property("what", "show-password").answer(),
        deny(&["account.modify"])
    );
}

fn use_tool(
    world: &World,
    who: &str,
    tool: &str,
    letter: &str,
) -> (bool, std::collections::BTreeSet<String>) {
    let ask = world.ask(who, "tool.use", tool);
    let ask = ask.property("letter", letter);
    if world.sessions.is_empty() {
        ask.answer()
    } else {
        ask.context("session", "s1").answer()
    }
}

#[test]
fn a_tool_is_open_with_the_letter_and_an_enabled_account() {
    let mut world = World::new();
    world.person("ned").right("attendance", "R");
    assert_eq!(
        use_tool(&world, "ned", "attendance", "R"),
        allow(&["tool.use"])
    );
    assert_eq!(
        use_tool(&world, "ned", "attendance", "W"),
        deny(&["tool.use"])
    );
    assert_eq!(use_tool(&world, "ned", "zoology", "R"), deny(&["tool.use"]));
    assert_eq!(
        use_tool(&world, "stranger", "attendance", "R"),
        deny(&["tool.use"])
    );
    world.person("ned").person.enabled = false;
    assert_eq!(
        use_tool(&world, "ned", "attendance", "R"),
        deny(&["tool.use"])
    );
}

#[test]
fn inside_a_login_as_only_the_rights_of_both_count_at_this_moment() {
    let mut world = World::new();
    world.person("sam").role("sis");
    world
        .person("ned")
        .right("attendance", "RW")
        .right("finance/ledger", "R");
    world.session("s1", "sam").target = Some(person_id("ned"));
    assert_eq!(
        use_tool(&world, "sam", "attendance", "W"),
        allow(&["tool.use"])
    );
    assert_eq!(
        use_tool(&world, "sam", "attendance", "D"),
        deny(&["tool.use"])
    );
    assert_eq!(
        use_tool(&world, "sam", "finance/ledger", "R"),
        deny(&["tool.use"])
    );
    assert_eq!(
        use_tool(&world, "ned", "attendance", "R"),
        deny(&["tool.use"]),
        "not ned's session"
    );
    world.person("ned").person.enabled = false;
    assert_eq!(
        use_tool(&world, "sam", "attendance", "R"),
        deny(&["tool.use"])
    );
    world.people.remove("ned");
    assert_eq!(
        use_tool(&world, "sam", "attendance", "R"),
        deny(&["tool.use"])
    );
}

#[test]
fn user_management_opens_for_sis_with_two_exceptions() {
    let mut world = World::new();
    world.person("sam").role("sis");
    world
        .person("al")
        .right("user-rights", "R")
        .right("user-account", "R")
        .right("user-groups", "R");
    world
        .person("gil")
        .role("sis.group-assignment")
        .right("user-groups", "R")
        .right("user-rights", "R");
    let denied = deny(&["tool.user-management"]);
    assert_eq!(
        use_tool(&world, "sam", "user-rights", "R"),
        allow(&["tool.use"])
    );
    assert_eq!(use_tool(&world, "al", "user-rights", "R"), denied);
    assert_eq!(
        use_tool(&world, "al", "user-account", "R"),
        allow(&["tool.use"])
    );
    assert_eq!(use_tool(&world, "al", "user-groups", "R"), denied);
    assert_eq!(
        use_tool(&world, "gil", "user-groups", "R"),
        allow(&["tool.use"])
    );
    assert_eq!(use_tool(&world, "gil", "user-rights", "R"), denied);
}
