//! Tables for people, JSON for programs.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

/// Control characters of texts from outside become spaces, so that no name can move a cursor or forge a line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

/// Prints JSON, indented.
pub(crate) fn json(value: &Value) {
    println!("{value:#}");
}

/// Prints rows of objects as a table: `columns` are a heading and a field each. Says `none` if there are no rows.
pub(crate) fn table(rows: &[Value], columns: &[(&str, &str)]) {
    if rows.is_empty() {
        println!("none");
        return;
    }
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|(heading, _)| *heading));
    for row in rows {
        table.add_row(columns.iter().map(|(_, field)| cell(row, field)));
    }
    for line in table.lines() {
        println!("{}", line.trim_end());
    }
}

/// A field of an object, `a.b` for a field within a field, as people read it.
pub(crate) fn cell(row: &Value, field: &str) -> String {
    let value = if field.is_empty() {
        Some(row)
    } else {
        field.split('.').try_fold(row, |value, key| value.get(key))
    };
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => one_line(text),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| cell(item, ""))
            .filter(|item| item != "-")
            .collect::<Vec<_>>()
            .join(", "),
        Some(other) => other.to_string(),
    }
}
