//! Directory sync, as people read it.

use serde_json::Value;

use super::{fields, rows, under};
use crate::cli::print::{cell, table};

pub(in crate::cli) fn sync_status(answer: &Value) {
    table(
        rows(answer),
        &[
            ("SOURCE", "source"),
            ("DISTRICT", "district"),
            ("MODE", "mode"),
            ("LAST ANSWER", "last-answer"),
            ("LAST MESSAGE", "live.last-message"),
            ("LAG MS", "live.lag-ms"),
            ("RECONNECTS", "live.reconnects"),
            ("LAST COMPLETE READ", "last-complete-read"),
            ("LAST CHANGE", "last-change"),
            ("NEXT DUE", "next-due"),
            ("OVERDUE", "overdue"),
            ("PEOPLE", "people"),
            ("LAST OUTCOME", "outcome"),
            ("WHY", "why"),
        ],
    );
}

/// A sync's plan or what became of it: its lines, its counts, its hash and what stands against it.
pub(in crate::cli) fn sync_plan(answer: &Value) {
    for line in under(answer, "lines")
        .iter()
        .chain(under(answer, "remarks"))
    {
        println!("{}", cell(line, ""));
    }
    let counts = answer.get("summary").and_then(Value::as_object);
    let counts: Vec<_> = counts
        .into_iter()
        .flatten()
        .filter(|(_, count)| count.as_u64().is_some_and(|count| count > 0))
        .map(|(name, count)| format!("{count} {}", name.replace('-', " ")))
        .collect();
    println!(
        "source {} on {}: {}",
        cell(answer, "source"),
        cell(answer, "server"),
        counts.join(", ")
    );
    println!("hash {}", cell(answer, "hash"));
    for concern in under(answer, "concerns") {
        println!("concern: {}", cell(concern, ""));
    }
    if let Some(outcome) = outcome(answer) {
        println!("{outcome}");
    }
}

/// What became of an apply, in words.
fn outcome(answer: &Value) -> Option<String> {
    let hash = cell(answer, "hash");
    match answer.get("done")?.get("outcome")?.as_str()? {
        "applied" => Some(format!(
            "applied, revision {}",
            cell(answer, "done.revision")
        )),
        "refused" => Some(format!(
            "refused, nothing changed: mend the source, or approve this very plan with --plan {hash}"
        )),
        "waiting" => Some("not applied: the plan waits for an operator's `sync apply`".to_owned()),
        "moved" => Some(
            "not applied: the directory or the register has changed since that plan was made"
                .to_owned(),
        ),
        _ => None,
    }
}

pub(in crate::cli) fn sync_probe(answer: &Value) {
    fields(
        answer,
        &[
            ("source", "source"),
            ("server", "server"),
            ("bound as", "identity"),
            ("profile", "profile"),
            ("  because", "profile-because"),
            ("mode", "mode"),
            ("  because", "mode-because"),
            ("id attribute", "id-attribute"),
            ("schema", "schema"),
            ("pages of", "page-size"),
            ("first page", "first-page"),
            ("  it said", "first-page-said"),
            ("contexts", "naming-contexts"),
            ("controls", "controls"),
            ("remarks", "remarks"),
        ],
    );
    for quirk in under(answer, "quirks") {
        println!("{}: {}", cell(quirk, "name"), cell(quirk, "found"));
    }
}

/// What was read, how it was mapped, what the register has, and what follows.
pub(in crate::cli) fn sync_explanation(answer: &Value) {
    fields(
        answer,
        &[
            ("source", "source"),
            ("server", "server"),
            ("stable id", "stable-id"),
            ("dn", "dn"),
            ("not in the source", "absence"),
            ("groups as of", "lists-read"),
        ],
    );
    for (title, part) in [
        ("read", "read"),
        ("mapped", "mapped"),
        ("register", "register"),
    ] {
        let Some(values) = answer.get(part).and_then(Value::as_object) else {
            continue;
        };
        println!("\n{title}");
        let labels: Vec<(&str, &str)> = values
            .keys()
            .map(|key| (key.as_str(), key.as_str()))
            .collect();
        fields(&answer[part], &labels);
    }
    println!("\nfollows");
    let follows = under(answer, "follows");
    for line in follows {
        println!("{}", cell(line, ""));
    }
    if follows.is_empty() {
        println!("nothing: the register has it so already");
    }
}
