//! Cases, calls and requests for updates.

use serde_json::Value;

use super::{fields, rows, under};
use crate::cli::print::{cell, table};

pub(in crate::cli) fn cases(answer: &Value) {
    table(
        rows(answer),
        &[
            ("CASE", "id"),
            ("DISTRICT", "district"),
            ("OWNER", "owner"),
            ("REQUESTER", "requester"),
            ("EMERGENCY", "emergency"),
            ("TRANSITIONED", "transitioned"),
            ("OPENED", "opened"),
            ("CLOSED", "closed"),
        ],
    );
}

/// Who is on a call, and nobody who has left it.
fn present(call: &Value) -> Vec<String> {
    let participants = under(call, "participants").iter();
    let here = participants.filter(|one| one.get("left").is_none());
    here.map(|one| cell(one, "person")).collect()
}

pub(in crate::cli) fn calls(answer: &Value) {
    let calls: Vec<_> = rows(answer)
        .iter()
        .map(|call| {
            let mut row = call.clone();
            row["present"] = present(call).into();
            row
        })
        .collect();
    let columns = [
        ("CALL", "id"),
        ("DISTRICT", "district"),
        ("STATE", "state"),
        ("ON IT", "present"),
        ("OPENED", "opened"),
        ("ENDED", "ended"),
    ];
    table(&calls, &columns);
}

pub(in crate::cli) fn call(answer: &Value) {
    let heads = [
        ("call", "id"),
        ("district", "district"),
        ("state", "state"),
        ("opened", "opened"),
        ("ended", "ended"),
    ];
    fields(answer, &heads);
    let columns = [("PERSON", "person"), ("JOINED", "joined"), ("LEFT", "left")];
    table(under(answer, "participants"), &columns);
}

pub(in crate::cli) fn update_requests(answer: &Value) {
    let columns = [
        ("REQUEST", "id"),
        ("DISTRICT", "district"),
        ("KIND", "kind"),
        ("REQUESTER", "requester"),
        ("STATE", "state"),
        ("REASON", "reason"),
        ("REQUESTED", "requested"),
        ("CHANGED", "changed"),
    ];
    table(rows(answer), &columns);
}
