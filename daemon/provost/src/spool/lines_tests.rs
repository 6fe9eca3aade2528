use std::io::BufReader;

use super::*;

/// The items of a text, each with its line; a refusal as its words.
fn items(text: &[u8], format: Format) -> Vec<(u64, Result<Item, String>)> {
    // A small buffer, so that lines and rows go over its edge.
    let mut lines = Lines::new(BufReader::with_capacity(7, text), format);
    let mut items = Vec::new();
    loop {
        let chunk = lines.chunk(2).unwrap();
        assert!(chunk.len() <= 2);
        if chunk.is_empty() {
            return items;
        }
        items.extend(chunk.into_iter().map(|sent| (sent.line, sent.item)));
    }
}

fn event(person: &str, id: Option<&str>, feed: Option<&str>) -> Result<Item, String> {
    Ok(Item::Event(Event {
        person: person.to_owned(),
        kind: "portal-login".to_owned(),
        at: "2025-03-02T10:00:00Z".to_owned(),
        id: id.map(str::to_owned),
        feed: feed.map(str::to_owned),
    }))
}

fn mark() -> Result<Item, String> {
    Ok(Item::Mark(Mark {
        feed: "portal".to_owned(),
        watermark: "2025-03-02T11:00:00Z".to_owned(),
    }))
}

#[test]
fn a_file_is_read_by_the_ending_of_its_name() {
    let formats = ["a.ndjson", "a.b.jsonl", "a.csv", "a.txt", "csv"].map(Format::of);
    let (ndjson, csv) = (Some(Format::Ndjson), Some(Format::Csv));
    assert_eq!(formats, [ndjson, ndjson, csv, None, None]);
}

#[test]
fn ndjson_is_an_event_or_a_watermark_a_line() {
    let text = concat!(
        "\u{feff}{\"person\":\"ana\",\"kind\":\"portal-login\",\"at\":\"2025-03-02T10:00:00Z\",\"id\":\"e1\"}\r\n",
        "\n",
        "  {\"person\":\"ben\",\"kind\":\"portal-login\",\"at\":\"2025-03-02T10:00:00Z\",\"feed\":\"portal\"}\n",
        "{\"feed\":\"portal\",\"watermark\":\"2025-03-02T11:00:00Z\"}",
    );
    let expected = [
        (1, event("ana", Some("e1"), None)),
        (3, event("ben", None, Some("portal"))),
        (4, mark()),
    ];
    assert_eq!(items(text.as_bytes(), Format::Ndjson), expected);
}

#[test]
fn a_broken_line_is_told_with_its_number_and_the_rest_is_read() {
    let mut text = b"{\"person\":\"ana\"}\nnot json\n\xff\xfe\n[1]\n".to_vec();
    text.extend(b"{\"person\":\"ana\",\"kind\":\"portal-login\"}\n");
    text.extend(b"{\"person\":\"ana\",\"kind\":\"portal-login\",\"at\":\"x\",\"odd\":1}\n");
    text.extend(vec![b'x'; ACTIVITY_LINE_BYTES_MAX + 1]);
    text.extend(b"\n{\"feed\":\"portal\",\"watermark\":\"2025-03-02T11:00:00Z\"}\n");
    let found = items(&text, Format::Ndjson);
    let whys: Vec<_> = found[..7]
        .iter()
        .map(|(_, item)| item.clone().unwrap_err())
        .collect();
    assert_eq!(whys[0], "missing field `kind`");
    assert_eq!(whys[1], "expected ident at line 1 column 2");
    assert_eq!(whys[2], "the line is not UTF-8");
    assert_eq!(whys[3], "must be an object");
    assert_eq!(whys[4], "missing field `at`");
    assert!(whys[5].starts_with("unknown field `odd`"), "{}", whys[5]);
    assert_eq!(whys[6], "the line has 16385 bytes, more than 16384");
    assert_eq!(found[7..], [(8, mark())]);
}

#[test]
fn csv_is_read_by_its_header_in_any_order_of_columns() {
    let text = "\u{feff}id,at,\"person\",kind,feed\r\n\
                e1,2025-03-02T10:00:00Z,ana,portal-login,\r\n\
                \r\n\
                ,2025-03-02T10:00:00Z, ben ,\"portal-login\",portal\r\n\
                ,2025-03-02T11:00:00Z,,watermark,portal";
    let expected = [
        (2, event("ana", Some("e1"), None)),
        (4, event("ben", None, Some("portal"))),
        (5, mark()),
    ];
    assert_eq!(items(text.as_bytes(), Format::Csv), expected);
}

#[test]
fn a_csv_row_that_is_wrong_does_not_spoil_the_next() {
    let mut text =
        b"person,kind,at\nana,portal-login\n\xff,portal-login,2025-03-02T10:00:00Z\n".to_vec();
    text.extend(b"ana,watermark,2025-03-02T10:00:00Z\n\n");
    text.extend(b"ana,portal-login,2025-03-02T10:00:00Z\n");
    let expected = [
        (2, Err("the row has 2 fields, the header 3".to_owned())),
        (3, Err("the line is not UTF-8".to_owned())),
        (
            4,
            Err("a watermark has at and feed, and neither person nor id".to_owned()),
        ),
        (6, event("ana", None, None)),
    ];
    assert_eq!(items(&text, Format::Csv), expected);
}

#[test]
fn a_csv_file_without_its_header_is_refused_as_a_whole() {
    for (text, why) in [
        (
            "ana,portal-login,2025\n",
            "the header has a column `ana`; known: person, kind, at, id, feed",
        ),
        (
            "person,kind\nana,portal-login\n",
            "the header has no column `at`",
        ),
        (
            "person,kind,at,kind\n",
            "the header has the column `kind` twice",
        ),
    ] {
        let found = items(text.as_bytes(), Format::Csv);
        assert_eq!(found, [(1, Err(why.to_owned()))]);
    }
    assert_eq!(items(b"", Format::Csv), []);
}

#[test]
fn a_quotation_mark_that_is_never_closed_spoils_its_line_and_not_the_file() {
    let mut text = b"person,kind,at\n\"ana,portal-login,2025-03-02T10:00:00Z\n\"".to_vec();
    text.extend(vec![b'x'; 1 << 20]);
    text.extend(b"\nana,\"portal-login\",2025-03-02T10:00:00Z\n");
    let expected = [
        (
            2,
            Err("a quotation mark is not closed on its line".to_owned()),
        ),
        (
            3,
            Err("the line has 1048577 bytes, more than 16384".to_owned()),
        ),
        (4, event("ana", None, None)),
    ];
    assert_eq!(items(&text, Format::Csv), expected);
}
