//! Activity files: NDJSON and CSV, read in one pass, an item a line, within bounded memory.
//!
//! NDJSON has one object a line, an event or a feed's word: `{"person": "aortiz", "kind": "portal-login", "at":
//! "2025-03-02T10:00:00-07:00", "id": "e1"}`, `{"feed": "portal", "watermark": "2025-03-02T11:00:00-07:00"}`. CSV
//! (RFC 4180) has a header that names the columns `person`, `kind`, `at` and maybe `id` and `feed`; a row whose kind is
//! `watermark` is the word of its feed.

use provost_core::limits::ACTIVITY_LINE_BYTES_MAX;
use std::io::{self, BufRead};

use crate::flow::ingest::{Event, Item, Mark, Sent};

/// The kind of a CSV row that is a feed's word.
const WATERMARK: &str = "watermark";

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// Rows with commas under a header, RFC 4180.
    Csv,
}

impl Format {
    /// The format that a file's name tells: `.ndjson`, `.jsonl` or `.csv`.
    pub fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1 {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

impl std::str::FromStr for Format {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ndjson" => Ok(Self::Ndjson),
            "csv" => Ok(Self::Csv),
            _ => Err("must be ndjson or csv"),
        }
    }
}

/// The items of a file.
pub struct Lines<R> {
    input: R,
    format: Format,
    line: u64,
    text: Vec<u8>,
    columns: Option<Columns>,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    /// Begins to read.
    pub fn new(input: R, format: Format) -> Self {
        Self {
            input,
            format,
            line: 0,
            text: Vec::new(),
            columns: None,
            ended: false,
        }
    }

    /// The next items, at most `items`; none at the end. What cannot be read as an item is one that says why.
    ///
    /// # Errors
    /// If the file itself cannot be read.
    pub fn chunk(&mut self, items: usize) -> io::Result<Vec<Sent>> {
        let mut chunk = Vec::new();
        while chunk.len() < items && !self.ended {
            let Some(length) = read_line(&mut self.input, &mut self.text)? else {
                break;
            };
            self.line += 1;
            if let Some(item) = self.item(length) {
                let line = self.line;
                chunk.push(Sent { line, item });
            }
        }
        Ok(chunk)
    }

    /// What stands in the line; `None` if that is nothing, or the header.
    fn item(&mut self, length: usize) -> Option<Result<Item, String>> {
        if length > ACTIVITY_LINE_BYTES_MAX {
            let limit = ACTIVITY_LINE_BYTES_MAX;
            return Some(Err(format!(
                "the line has {length} bytes, more than {limit}"
            )));
        }
        let Ok(text) = std::str::from_utf8(&self.text) else {
            return Some(Err("the line is not UTF-8".to_owned()));
        };
        // Spreadsheets put a byte order mark at the beginning.
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return None;
        }
        let item = match (self.format, &self.columns) {
            (Format::Ndjson, _) => object(text),
            (Format::Csv, Some(columns)) => row(text).and_then(|row| columns.item(&row)),
            (Format::Csv, None) => match row(text).and_then(|header| Columns::read(&header)) {
                Ok(columns) => {
                    self.columns = Some(columns);
                    return None;
                }
                Err(why) => {
                    // Without its header nothing in the file means anything.
                    self.ended = true;
                    Err(why)
                }
            },
        };
        Some(item)
    }
}

fn object(text: &str) -> Result<Item, String> {
    let value = serde_json::from_str(text).map_err(|why| why.to_string())?;
    Item::read(value)
}

/// The fields of a row. A field of ours never goes over several lines, so that each line is a row: a quotation mark that
/// is never closed spoils its line and not the rest of the file.
fn row(text: &str) -> Result<csv::StringRecord, String> {
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return Err("a quotation mark is not closed on its line".to_owned());
    }
    let mut row = csv::StringRecord::new();
    csv::ReaderBuilder::new()
        .has_headers(false)
        .buffer_capacity(text.len())
        .from_reader(text.as_bytes())
        .read_record(&mut row)
        .map_err(|why| why.to_string())?;
    Ok(row)
}

/// Reads a line without its end into `text` and says how long it is; `None` at the end of the file. Of a line that is
/// longer than any event only the beginning is kept.
fn read_line(input: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<Option<usize>> {
    text.clear();
    let mut length = 0;
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok((length > 0).then_some(length));
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        let room = ACTIVITY_LINE_BYTES_MAX.saturating_sub(text.len());
        text.extend_from_slice(&part[..part.len().min(room)]);
        length += part.len();
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(Some(length));
        }
    }
}

/// Where each column stands.
#[derive(Debug, Clone, Copy)]
struct Columns {
    person: usize,
    kind: usize,
    at: usize,
    id: Option<usize>,
    feed: Option<usize>,
    count: usize,
}

impl Columns {
    fn read(header: &csv::StringRecord) -> Result<Self, String> {
        const KNOWN: [&str; 5] = ["person", "kind", "at", "id", "feed"];
        let mut places = [None; KNOWN.len()];
        for (place, name) in header.iter().enumerate() {
            let name = name.trim();
            let column = KNOWN.iter().position(|known| *known == name);
            let column = column.ok_or_else(|| {
                format!(
                    "the header has a column `{name}`; known: {}",
                    KNOWN.join(", ")
                )
            })?;
            if places[column].replace(place).is_some() {
                return Err(format!("the header has the column `{name}` twice"));
            }
        }
        let need = |column: usize| {
            places[column].ok_or_else(|| format!("the header has no column `{}`", KNOWN[column]))
        };
        Ok(Self {
            person: need(0)?,
            kind: need(1)?,
            at: need(2)?,
            id: places[3],
            feed: places[4],
            count: header.len(),
        })
    }

    fn item(&self, row: &csv::StringRecord) -> Result<Item, String> {
        if row.len() != self.count {
            let (found, wanted) = (row.len(), self.count);
            return Err(format!("the row has {found} fields, the header {wanted}"));
        }
        let field = |place| row.get(place).unwrap_or_default().trim();
        let given = |place: Option<usize>| {
            let text = place.map(field).filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        let (person, kind) = (field(self.person), field(self.kind));
        let (id, feed) = (given(self.id), given(self.feed));
        if kind != WATERMARK {
            return Ok(Item::Event(Event {
                person: person.to_owned(),
                kind: kind.to_owned(),
                at: field(self.at).to_owned(),
                id,
                feed,
            }));
        }
        match (given(Some(self.at)), feed) {
            (Some(watermark), Some(feed)) if person.is_empty() && id.is_none() => {
                Ok(Item::Mark(Mark { feed, watermark }))
            }
            _ => Err("a watermark has at and feed, and neither person nor id".to_owned()),
        }
    }
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
