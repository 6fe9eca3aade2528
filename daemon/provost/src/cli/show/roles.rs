//! Grants, previews, groups and decisions on record.

use serde_json::Value;

use super::{fields, rows, under};
use crate::cli::print::{cell, table};

pub(in crate::cli) fn granted(what: &str, answer: &Value) {
    let grant = &answer["grant"];
    let given = grant["what"].as_object();
    let words = given.and_then(|of| of.iter().next()).map(|(kind, which)| {
        let which = match which {
            Value::Array(parts) => parts
                .iter()
                .map(|part| cell(part, ""))
                .collect::<Vec<_>>()
                .join(" "),
            other => cell(other, ""),
        };
        format!("{kind} {which}")
    });
    let until = match cell(grant, "expires").as_str() {
        "-" => String::new(),
        until => format!(" until {until}"),
    };
    println!(
        "{what}: {} ({}){until}",
        words.unwrap_or_default(),
        cell(grant, "person")
    );
    for warning in under(&answer["decision"], "warnings") {
        println!(
            "warning: {} ({})",
            cell(warning, "message"),
            cell(warning, "code")
        );
    }
}

pub(in crate::cli) fn preview(answer: &Value) {
    let rights = answer["rights"].as_object().into_iter().flatten();
    let rights: Vec<_> = rights
        .map(|(tool, letters)| format!("{tool} ({})", cell(letters, "")))
        .collect();
    let lists = [
        ("actions", cell(answer, "actions")),
        ("all tools of", cell(answer, "products")),
        ("rights", rights.join(", ")),
        ("calendars", cell(answer, "calendars")),
    ];
    let mut any = false;
    for (what, list) in lists {
        if !list.is_empty() {
            any = true;
            println!("+ {what}: {list}");
        }
    }
    let people = answer["could-enter-in-all"].as_u64().unwrap_or(0);
    if people > 0 {
        let more = if answer["and-more"] == true {
            " or more"
        } else {
            ""
        };
        println!(
            "+ could log in as {people}{more}: {}",
            cell(answer, "could-enter")
        );
    } else if !any {
        println!("nothing that was not possible before");
    }
}

pub(in crate::cli) fn groups(answer: &Value) {
    let groups: Vec<_> = rows(answer)
        .iter()
        .map(|group| {
            let rights = group["rights"].as_object().into_iter().flatten();
            let rights = rights.map(|(tool, letters)| format!("{tool}={}", cell(letters, "")));
            let mut group = group.clone();
            group["rights"] = rights.collect::<Vec<_>>().join(" ").into();
            group["calendars"] = group["calendars"].as_array().map_or(0, Vec::len).into();
            group
        })
        .collect();
    let columns = [
        ("DISTRICT", "district"),
        ("GROUP", "id"),
        ("RIGHTS", "rights"),
        ("CALENDARS", "calendars"),
    ];
    table(&groups, &columns);
}

pub(in crate::cli) fn decisions(answer: &Value) {
    table(
        rows(answer),
        &[
            ("ID", "id"),
            ("LAST", "last"),
            ("TIMES", "times"),
            ("DISTRICT", "district"),
            ("SUBJECT", "subject"),
            ("ACTION", "action"),
            ("RESOURCE", "resource"),
            ("ALLOWED", "decision"),
            ("REASONS", "reasons"),
        ],
    );
}

pub(in crate::cli) fn replayed(answer: &Value) {
    let word = |decision: &Value| {
        if decision["decision"] == true {
            "allow"
        } else {
            "deny"
        }
    };
    let codes = |decision: &Value| -> Vec<String> {
        let reasons = under(decision, "reasons").iter();
        reasons.map(|reason| cell(reason, "code")).collect()
    };
    for (when, decision) in [("then", &answer["then"]), ("now", &answer["now"])] {
        println!("{when}  {}: {}", word(decision), codes(decision).join(", "));
    }
    if answer["same"] == true {
        println!("the same in every word");
    } else {
        println!("not the same");
    }
    fields(answer, &[("rules then and now", "rules")]);
    for (plugin, hashes) in answer["plugins"].as_object().into_iter().flatten() {
        println!("plugin {plugin} is another one: {}", cell(hashes, ""));
    }
}
