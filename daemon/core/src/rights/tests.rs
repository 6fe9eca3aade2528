//! Rights as sets, on small catalogues.

use super::*;

fn tools(names: &[&str]) -> Tools {
    let mut tools = Tools::default();
    for name in names {
        tools.intern(&name.parse().unwrap());
    }
    tools
}

fn rights(tools: &mut Tools, listed: &[(&str, &str)]) -> ToolRights {
    let mut rights = ToolRights::default();
    for (name, letters) in listed {
        rights.add(
            tools.intern(&name.parse().unwrap()),
            letters.parse().unwrap(),
        );
    }
    rights
}

#[test]
fn one_letter_more_on_one_tool_is_no_subset_and_is_named() {
    let mut tools = Tools::default();
    let actor = rights(&mut tools, &[("attendance", "RW"), ("grades", "RWAD")]);
    let target = rights(&mut tools, &[("attendance", "RWD")]);
    assert!(!target.is_subset(&actor));
    assert_eq!(target.beyond(&actor, &tools).to_string(), "attendance (D)");
}

#[test]
fn a_whole_product_covers_its_tools_but_all_tools_are_not_the_product() {
    let mut tools = tools(&["attendance", "grades", "finance/ledger"]);
    let sis = ProductId::new("sis").unwrap();
    let mut role = ToolRights::default();
    role.add_product(&sis, &tools);
    let listed = rights(&mut tools, &[("attendance", "RWAD"), ("grades", "RWAD")]);
    assert!(listed.is_subset(&role));
    assert!(
        !role.is_subset(&listed),
        "a tool bought tomorrow is in the role but not in the list"
    );
    let ledger = rights(&mut tools, &[("finance/ledger", "R")]);
    assert!(!ledger.is_subset(&role));
}

#[test]
fn a_tool_that_was_interned_later_still_compares() {
    let mut tools = tools(&["attendance"]);
    let early = rights(&mut tools, &[("attendance", "R")]);
    let late = rights(&mut tools, &[("zoology", "R"); 1]);
    let names: Vec<_> = (0..40).map(|n| format!("tool-{n}")).collect();
    let many = rights(
        &mut tools,
        &names
            .iter()
            .map(|name| (name.as_str(), "R"))
            .collect::<Vec<_>>(),
    );
    assert!(!many.is_subset(&early));
    assert!(!late.is_subset(&early));
    assert!(early.is_subset(&early));
}

#[test]
fn letters_are_of_rwad_once_each() {
    assert_eq!("DR".parse::<Letters>().unwrap().to_string(), "RD");
    for bad in ["", "X", "RR", "rw", "R W"] {
        assert_eq!(bad.parse::<Letters>(), Err(BadLetters(bad.to_owned())));
    }
}

#[test]
fn a_tool_without_product_is_of_the_sis() {
    assert_eq!(
        "attendance".parse::<ToolName>().unwrap(),
        "sis/attendance".parse().unwrap()
    );
    for bad in ["", "/x", "x/", "a/b/c"] {
        assert!(bad.parse::<ToolName>().is_err(), "{bad}");
    }
}
