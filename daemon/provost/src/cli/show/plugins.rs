//! Plugins as people read them.

use serde_json::{Value, json};

use super::{cell, rows, table, under};

/// Letters of a hash that tell versions apart.
const SHORT: usize = 12;

fn short(hash: &str) -> &str {
    hash.get(..SHORT).unwrap_or(hash)
}

pub(crate) fn plugins(answer: &Value) {
    let lines: Vec<Value> = rows(answer)
        .iter()
        .flat_map(|plugin| {
            let versions = under(plugin, "versions").iter();
            versions.map(|version| {
                json!({
                    "id": plugin["id"],
                    "state": state(plugin, version),
                    "hash": short(version["hash"].as_str().unwrap_or_default()),
                    "title": version["title"],
                    "kind": version["kind"],
                    "by": version["by"],
                    "added": version["added"],
                    "approved-by": version["approved-by"],
                    "asks-more": version["asks-more"],
                })
            })
        })
        .collect();
    table(
        &lines,
        &[
            ("PLUGIN", "id"),
            ("STATE", "state"),
            ("HASH", "hash"),
            ("KIND", "kind"),
            ("TITLE", "title"),
            ("FROM", "by"),
            ("ADDED", "added"),
            ("APPROVED BY", "approved-by"),
            ("ASKS MORE", "asks-more"),
        ],
    );
}

/// How a version stands; one that rests is in force and yet not asked.
fn state(plugin: &Value, version: &Value) -> String {
    let state = cell(version, "state");
    match plugin["quarantined"].as_str() {
        Some(until) if state == "in-force" => format!("quarantined until {until}"),
        _ => state,
    }
}

/// A plugin after a step: what is in force, and what still waits.
pub(crate) fn plugin(answer: &Value) {
    let (plugin, version) = (&answer["plugin"], &answer["version"]);
    let id = cell(plugin, "id");
    match plugin["in-force"].as_str() {
        Some(hash) => println!("plugin {id}: {} is in force", short(hash)),
        None => println!("plugin {id}: no version is in force"),
    }
    if version["state"] == "waiting" {
        let hash = short(version["hash"].as_str().unwrap_or_default());
        println!("{hash} waits for `provost plugin approve {id}`; it asks to");
        asks(version, "asks-more", ' ');
    }
}

/// What a version asks for, compared with what is approved.
pub(crate) fn plugin_difference(answer: &Value) {
    let (plugin, version) = (&answer["plugin"], &answer["version"]);
    println!("{} of plugin {}", cell(version, "hash"), cell(plugin, "id"));
    let of = |key: &str, value: &Value| under(value, key).to_vec();
    let (asked, approved) = (of("asks", version), of("approved", plugin));
    asks(version, "asks-more", '+');
    let each = |wants: &[Value], but: &[Value], sign: char| {
        for want in wants.iter().filter(|want| !but.contains(want)) {
            println!("{sign} {}", cell(want, ""));
        }
    };
    each(&approved, &asked, '-');
    each(&asked, &of("asks-more", version), '=');
    if under(version, "asks-more").is_empty() && !approved.is_empty() {
        println!("asks for no more than is approved");
    }
}

fn asks(version: &Value, key: &str, sign: char) {
    for want in under(version, key) {
        println!("{sign} {}", cell(want, ""));
    }
}
