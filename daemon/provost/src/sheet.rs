//! Reports as sheets: rows of fields, their headings, and the same as CSV for spreadsheets.

use serde_json::Value;

/// Headings and the fields under them.
pub type Columns = &'static [(&'static str, &'static str)];

/// Who holds which role.
pub const PRODUCT_ROLES: Columns = &[
    ("DISTRICT", "district"),
    ("PERSON", "person"),
    ("USERNAME", "username"),
    ("NAME", "name"),
    ("ENABLED", "enabled"),
    ("ROLE", "role"),
    ("KIND", "kind"),
    ("EFFECTIVE", "effective"),
    ("ORIGIN", "origin"),
    ("BY", "by"),
    ("SINCE", "at"),
    ("EXPIRES", "expires"),
];

/// Authorized contacts.
pub const CONTACTS: Columns = &[
    ("DISTRICT", "district"),
    ("PERSON", "person"),
    ("USERNAME", "username"),
    ("NAME", "name"),
    ("TYPE", "type"),
    ("STATE", "state"),
    ("MAIL", "mail"),
    ("PHONE", "phone"),
    ("DESIGNATED", "designated"),
    ("LAST ACTIVITY", "last-activity"),
    ("NEXT DUE", "next-due"),
    ("REMARKS", "remarks"),
];

/// What a person has, and where it comes from.
pub const RIGHTS: Columns = &[
    ("WHAT", "what"),
    ("NAME", "name"),
    ("LETTERS", "letters"),
    ("THROUGH", "through"),
    ("ORIGIN", "origin"),
    ("BY", "by"),
    ("EXPIRES", "expires"),
    ("EFFECTIVE", "effective"),
];

/// Who could log in as a person.
pub const COULD_ENTER: Columns = &[
    ("PERSON", "person"),
    ("USERNAME", "username"),
    ("NAME", "name"),
    ("ROLES", "roles"),
];

/// A cell as text: lists with commas between, nothing for what is not there.
fn text(row: &Value, field: &str) -> String {
    match row.get(field) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items = items.iter().map(|item| match item {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            items.collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    }
}

/// A text that no spreadsheet takes for a formula: names come from directories, and whoever writes them there must not
/// write into the auditor's sheet. A leading apostrophe is the spreadsheets' own mark for plain text.
fn harmless(text: String) -> String {
    let first = text
        .trim_start_matches([' ', '\u{a0}', '\u{feff}'])
        .chars()
        .next();
    let formula = first.is_some_and(|letter| {
        matches!(
            letter,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '|' | '＝' | '＋' | '－' | '＠'
        )
    });
    if formula { format!("'{text}") } else { text }
}

/// Rows as CSV (RFC 4180), the headings first.
pub fn csv(columns: Columns, rows: &[Value]) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    // Writing into memory cannot fail.
    let _ = writer.write_record(columns.iter().map(|(heading, _)| *heading));
    for row in rows {
        let cells = columns.iter().map(|(_, field)| harmless(text(row, field)));
        let _ = writer.write_record(cells);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_cell_of_a_sheet_is_taken_for_a_formula() {
        let names = [
            "=HYPERLINK(\"http://x\")",
            "+1 555 0100",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "  =1",
            "＝1",
        ];
        for name in names {
            let sheet = csv(COULD_ENTER, &[json!({ "person": "p", "name": name })]);
            let mut reader = csv::Reader::from_reader(sheet.as_bytes());
            let row = reader.records().next().unwrap().unwrap();
            assert_eq!(&row[2], format!("'{name}"), "{sheet}");
        }
    }

    #[test]
    fn quotes_commas_lists_and_line_ends_come_back_as_they_were() {
        let row = json!({ "person": "p1", "name": "O'Brien, \"Pat\"\nx", "roles": ["sis", "hr"] });
        let sheet = csv(COULD_ENTER, &[row]);
        assert!(
            sheet.starts_with("PERSON,USERNAME,NAME,ROLES\r\n"),
            "{sheet}"
        );
        let mut reader = csv::Reader::from_reader(sheet.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        let cells: Vec<_> = row.iter().collect();
        assert_eq!(cells, ["p1", "", "O'Brien, \"Pat\"\nx", "sis, hr"]);
    }
}
