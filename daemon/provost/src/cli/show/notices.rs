//! How notices and what proves them look to people.

use serde_json::Value;

use super::super::print::{cell, one_line, table};
use super::{fields, rows, under};

pub(in crate::cli) fn notices(answer: &Value) {
    table(
        rows(answer),
        &[
            ("NOTICE", "id"),
            ("KIND", "kind"),
            ("PERSON", "person"),
            ("DUE", "due"),
            ("STATE", "state"),
            ("ATTEMPTS", "attempts"),
            ("NOT BEFORE", "not-before"),
        ],
    );
}

pub(in crate::cli) fn notice(answer: &Value) {
    notices(&Value::Array(vec![answer.clone()]));
    println!();
    table(
        under(answer, "deliveries"),
        &[
            ("AT", "at"),
            ("CHANNEL", "channel"),
            ("TO", "recipients"),
            ("OUTCOME", "outcome"),
            ("RECEIPT", "receipt"),
            ("WHY", "why"),
            ("MESSAGE-ID", "message-id"),
        ],
    );
}

pub(in crate::cli) fn rendered(answer: &Value) {
    for mail in rows(answer) {
        println!("channel: {}", cell(mail, "channel"));
        println!("to:      {}", cell(mail, "to"));
        if mail.get("subject").is_some() {
            println!("subject: {}", cell(mail, "subject"));
        }
        println!();
        // The text keeps its lines; everything else that could move a cursor is taken out line by line.
        for line in mail
            .get("text")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .lines()
        {
            println!("{}", one_line(line));
        }
    }
}

/// Each deactivation with its stages: when they were due and accepted, by whom, and where that stands in the journal.
pub(in crate::cli) fn proof(answer: &Value) {
    fields(
        answer,
        &[
            ("person", "person.id"),
            ("name", "person.name"),
            ("district", "person.district"),
            ("username", "person.username"),
            ("made", "made"),
            ("journal entries", "journal.entries"),
            ("journal head", "journal.head"),
        ],
    );
    if under(answer, "episodes").is_empty() {
        println!("\nnone was deactivated");
    }
    for episode in under(answer, "episodes") {
        println!();
        fields(
            episode,
            &[
                ("episode", "episode"),
                ("designated", "designated"),
                ("inactive since", "anchor"),
                ("deactivated", "deactivated"),
                ("in the journal", "deactivation.seq"),
                ("chain hash", "deactivation.chain"),
                ("ended", "ended.how"),
                ("ended by", "ended.journal.by"),
            ],
        );
        println!();
        let lines: Vec<Value> = under(episode, "stages").iter().flat_map(attempts).collect();
        table(
            &lines,
            &[
                ("STAGE", "stage"),
                ("DUE", "due"),
                ("AT", "journal.at"),
                ("OUTCOME", "delivery.outcome"),
                ("TO", "delivery.recipients"),
                ("RECEIPT", "delivery.receipt"),
                ("WHY", "delivery.why"),
                ("SHA-256", "sha256"),
                ("JOURNAL", "journal.seq"),
                ("CHAIN HASH", "journal.chain"),
            ],
        );
    }
}

/// A line for each attempt at a stage's notice; one without if there was none.
fn attempts(stage: &Value) -> Vec<Value> {
    let line = |attempt: &Value| {
        let mut line = attempt.clone();
        let taken = under(attempt.get("delivery").unwrap_or(&Value::Null), "trials");
        let taken = taken.iter().filter(|trial| trial["fate"] == "accepted");
        line["sha256"] = taken.map(|trial| trial["sha256"].clone()).collect();
        line["stage"] = stage["stage"].clone();
        line["due"] = stage["due"].clone();
        line
    };
    match under(stage, "attempts") {
        [] => vec![stage.clone()],
        attempts => attempts.iter().map(line).collect(),
    }
}
