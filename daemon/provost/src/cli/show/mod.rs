//! How each answer of the daemon looks to people.

mod dealings;
mod notices;
mod plugins;
mod roles;
mod tokens;

pub(super) use dealings::{call, calls, cases, update_requests};
pub(super) use notices::{notice, notices, proof, rendered};
pub(super) use plugins::{plugin, plugin_difference, plugins};
pub(super) use roles::{decisions, granted, groups, preview, replayed};
pub(super) use tokens::{made_token, tokens};

use serde_json::Value;

mod sync;

pub(super) use sync::{sync_explanation, sync_plan, sync_probe, sync_status};

use super::print::{cell, table};

fn rows(answer: &Value) -> &[Value] {
    answer.as_array().map_or(&[], Vec::as_slice)
}

fn under<'a>(answer: &'a Value, key: &str) -> &'a [Value] {
    answer.get(key).map_or(&[], rows)
}

/// Lines of `label: value` for fields that are there.
fn fields(answer: &Value, labels: &[(&str, &str)]) {
    let width = labels
        .iter()
        .map(|(label, _)| label.len())
        .max()
        .unwrap_or(0);
    for (label, field) in labels {
        let text = cell(answer, field);
        if text != "-" {
            println!("{label:width$}  {text}");
        }
    }
}

pub(super) fn status(answer: &Value) {
    fields(
        answer,
        &[
            ("revision", "revision"),
            ("people", "people"),
            ("contacts", "contacts"),
            ("pending", "pending"),
            ("held", "held"),
            ("notices waiting", "notices-waiting"),
            ("notices given up", "notices-failed"),
            ("notices held", "approval.notices"),
            ("held since", "approval.since"),
            ("approve or refuse by", "approval.hash"),
            ("next due", "next-due"),
            ("clock", "clock"),
            ("takes no writes", "takes-no-writes.why"),
            ("since", "takes-no-writes.since"),
            ("configuration refused", "configuration-refused"),
        ],
    );
    println!();
    sync_status(answer.get("sources").unwrap_or(&Value::Null));
    if !under(answer, "feeds").is_empty() {
        println!();
        feeds(&answer["feeds"]);
    }
    if let Some(spool) = answer.get("spool").filter(|spool| !spool.is_null()) {
        println!();
        fields(
            spool,
            &[
                ("spool", "folder"),
                ("files waiting", "waiting"),
                ("files taken", "done"),
                ("files with refusals", "failed"),
                ("trouble", "trouble"),
            ],
        );
    }
    println!();
    table(
        under(answer, "plugins"),
        &[
            ("PLUGIN", "id"),
            ("KIND", "kind"),
            ("TITLE", "title"),
            ("HASH", "hash"),
        ],
    );
    if !under(answer, "alarms").is_empty() {
        println!();
        table(
            under(answer, "alarms"),
            &[("AT", "at"), ("ALARM", "code"), ("MESSAGE", "message")],
        );
    }
}

/// A backup, or a register that one was put in place of.
pub(in crate::cli) fn backup(answer: &Value) {
    fields(
        answer,
        &[
            ("file", "file"),
            ("revision", "revision"),
            ("journal entries", "entries"),
            ("journal head", "head"),
            ("bytes", "bytes"),
            ("replaced, kept as", "replaced"),
        ],
    );
}

pub(super) fn feeds(answer: &Value) {
    table(
        rows(answer),
        &[
            ("FEED", "feed"),
            ("DISTRICT", "district"),
            ("WATERMARK", "watermark"),
            ("LAG (S)", "lag-seconds"),
            ("MAX LAG (S)", "max-lag-seconds"),
            ("STALE", "stale"),
        ],
    );
}

/// A plan: one line a change, then its size and hash.
pub(super) fn plan(answer: &Value) {
    let lines = under(answer, "lines");
    for line in lines {
        println!("{}", cell(line, ""));
    }
    println!("{} changes", lines.len());
    if answer.get("committed").and_then(Value::as_bool) == Some(true) {
        println!("committed");
    }
}

pub(super) fn forecast(answer: &Value) {
    table(
        rows(answer),
        &[
            ("AT", "at"),
            ("DISTRICT", "district"),
            ("USERNAME", "username"),
            ("STAGE", "stage"),
            ("PERSON", "person"),
        ],
    );
}

pub(super) fn recorded(answer: &Value) {
    match cell(answer, "why").as_str() {
        "-" => println!("{}", cell(answer, "result")),
        why => println!("{}: {why}", cell(answer, "result")),
    }
}

pub(super) fn contacts(answer: &Value) {
    table(
        rows(answer),
        &[
            ("DISTRICT", "district"),
            ("USERNAME", "username"),
            ("NAME", "name"),
            ("TYPE", "type"),
            ("STATE", "state"),
            ("LAST ACTIVITY", "last-activity"),
            ("NEXT DUE", "next-due"),
        ],
    );
}

pub(super) fn contact(answer: &Value) {
    fields(
        answer,
        &[
            ("person", "person"),
            ("district", "district"),
            ("username", "username"),
            ("name", "name"),
            ("mail", "mail"),
            ("phone", "phone"),
            ("type", "type"),
            ("state", "state"),
            ("designated", "designated"),
            ("last activity", "last-activity"),
            ("next due", "next-due"),
            ("deactivated", "deactivated"),
        ],
    );
    for (course, day) in answer["training"].as_object().into_iter().flatten() {
        println!("completed {course} on {}", cell(day, ""));
    }
    for remark in under(answer, "remarks") {
        println!(
            "warning: {} ({})",
            cell(remark, "message"),
            cell(remark, "code")
        );
    }
    println!();
    table(
        under(answer, "ahead"),
        &[("AHEAD", "at"), ("STAGE", "stage")],
    );
    println!();
    notices(answer.get("notices").unwrap_or(&Value::Null));
    println!();
    table(
        under(answer, "timeline"),
        &[
            ("HAPPENED", "at"),
            ("EVENT", "event"),
            ("WHAT", "text"),
            ("BY", "by"),
            ("JOURNAL", "seq"),
        ],
    );
}

pub(super) fn changed(answer: &Value) {
    let contact = answer.get("contact").unwrap_or(&Value::Null);
    println!(
        "{} is {} contact, {}",
        cell(contact, "person"),
        cell(contact, "kind"),
        cell(contact, "state")
    );
    for warning in under(answer, "warnings") {
        println!(
            "warning: {} ({})",
            cell(warning, "message"),
            cell(warning, "code")
        );
    }
}

pub(super) fn who(answer: &Value) {
    println!(
        "{} ({}/{})",
        cell(answer, "name"),
        cell(answer, "district"),
        cell(answer, "username")
    );
    match answer.get("contact") {
        Some(Value::Object(_)) => {
            println!(
                "{} contact, {}",
                cell(answer, "contact.type"),
                cell(answer, "contact.state")
            );
        }
        _ => println!("no authorized contact"),
    }
    decision(answer);
}

pub(super) fn decision(answer: &Value) {
    let allowed = answer.get("decision").and_then(Value::as_bool) == Some(true);
    println!("{}", if allowed { "allow" } else { "deny" });
    let context = answer.get("context").unwrap_or(&Value::Null);
    for reason in under(context, "reasons") {
        let source = match cell(reason, "source").as_str() {
            "core" => String::new(),
            plugin => format!(" [{plugin}]"),
        };
        println!(
            "  {} {}: {}{source}",
            cell(reason, "effect"),
            cell(reason, "code"),
            cell(reason, "message")
        );
    }
    for warning in under(context, "warnings") {
        println!(
            "  warning {}: {}",
            cell(warning, "code"),
            cell(warning, "message")
        );
    }
    redirect(context.get("redirect").unwrap_or(&Value::Null));
}

fn redirect(redirect: &Value) {
    let Some(members) = redirect.as_object() else {
        if let Some(word) = redirect.as_str() {
            println!("  ask instead: {}", word.replace('-', " "));
        }
        return;
    };
    for (kind, who) in members {
        match who.as_array() {
            Some(people) => {
                for person in people {
                    let (name, role) = (cell(person, "name"), cell(person, "kind"));
                    println!(
                        "  ask instead: {name}, {role} ({}, {})",
                        cell(person, "mail"),
                        cell(person, "phone")
                    );
                }
            }
            None => println!(
                "  ask instead: {} {}",
                kind.replace('-', " "),
                cell(who, "")
            ),
        }
    }
}

pub(super) fn session(answer: &Value) {
    fields(
        answer,
        &[
            ("session", "id"),
            ("actor", "actor"),
            ("entered", "target"),
            ("opened", "opened"),
            ("closed", "closed"),
        ],
    );
}

pub(super) fn access_log(answer: &Value) {
    table(
        rows(answer),
        &[
            ("AT", "at"),
            ("EVENT", "event"),
            ("SUCCESS", "success"),
            ("REMOTE", "remote"),
            ("CLIENT", "client"),
            ("THIRD-PARTY ADMIN", "third-party-admin.name"),
            ("ADMIN ID", "third-party-admin.id"),
            ("ADMIN USERNAME", "third-party-admin.username"),
            ("ENTERED", "target"),
        ],
    );
}

pub(super) fn journal(answer: &Value) {
    table(
        rows(answer),
        &[
            ("SEQ", "seq"),
            ("AT", "at"),
            ("ACTOR", "actor"),
            ("NOUN", "noun"),
            ("PERSON", "person"),
            ("CHANGE", "change"),
        ],
    );
}

pub(super) fn erasure(answer: &Value) {
    let [person, entries] = ["person", "entries"].map(|field| cell(answer, field));
    let done = match answer["erased"] == true {
        true => "is erased",
        false => "would be erased",
    };
    println!("{person} {done}, with the values of {entries} entries of the journal");
}

pub(super) fn audited(answer: &Value) {
    fields(
        answer,
        &[
            ("entries", "entries"),
            ("erased", "erased"),
            ("head", "head"),
            ("broken", "broken"),
            ("why", "why"),
        ],
    );
    for proof in under(answer, "checkpoints") {
        let [from, seq, at] = ["from", "seq", "at"].map(|field| cell(proof, field));
        match proof["holds"] == true {
            true => println!("{from}: entry {seq} of {at} is there"),
            false => println!("{from}: {}: {}", cell(proof, "problem"), cell(proof, "why")),
        }
    }
}

pub(super) fn clock(answer: &Value) {
    fields(
        answer,
        &[
            ("transitions", "transitions"),
            ("now", "now"),
            ("highest seen", "highest"),
            ("why", "why"),
        ],
    );
}
