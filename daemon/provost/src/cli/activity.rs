//! `provost activity import`: a file in batches through the API, with the problems of its lines.

use provost_core::limits::ACTIVITY_BATCH_MAX;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::ExitCode;

use super::{CliError, print};
use crate::flow::ingest::{Item, Sent, Verdict};
use crate::spool::lines::{Format, Lines};

/// What became of a file: so many lines for each result, and those that were refused.
#[derive(Default)]
struct Tally {
    counts: BTreeMap<String, u64>,
    refused: u64,
    unreadable: bool,
    json: bool,
}

impl Tally {
    fn add(&mut self, line: u64, result: &str, why: &str) {
        *self.counts.entry(result.to_owned()).or_default() += 1;
        let taken = [
            "counted",
            "older",
            "duplicate",
            "rescinded",
            "not-a-contact",
        ];
        if taken.contains(&result) {
            return;
        }
        self.refused += 1;
        self.unreadable |= result == Verdict::Malformed.word();
        if self.json {
            // A line each, so that a file of any length needs no memory.
            println!("{}", json!({ "line": line, "result": result, "why": why }));
        } else {
            println!("line {line}: {result}: {}", print::one_line(why));
        }
    }

    /// Tells what cannot be sent and hands back the rest.
    fn sift(&mut self, chunk: Vec<Sent>) -> Vec<(u64, Item)> {
        let mut good = Vec::with_capacity(chunk.len());
        for Sent { line, item } in chunk {
            match item {
                Err(why) => self.add(line, Verdict::Malformed.word(), &why),
                Ok(Item::Mark(_)) if self.unreadable => {
                    let why = "something before it in the file could not be read";
                    self.add(line, Verdict::HeldBack.word(), why);
                }
                Ok(item) => good.push((line, item)),
            }
        }
        good
    }
}

/// Sends a file. A watermark behind a line that could not be read is not sent: it would vouch for that line too.
pub(super) fn import(
    path: &Path,
    format: Option<Format>,
    json: bool,
    send: impl Fn(&Value) -> Result<Value, CliError>,
) -> Result<ExitCode, CliError> {
    let failed = |what| {
        move |source| CliError::File {
            what,
            path: path.to_owned(),
            source,
        }
    };
    let name = path.to_string_lossy();
    let format = format
        .or_else(|| Format::of(&name))
        .ok_or_else(|| CliError::Other {
            what: format!("tell the format of {name}"),
            source: "give --format ndjson or --format csv".into(),
        })?;
    let input: Box<dyn BufRead> = if name == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(failed("open"))?))
    };
    let mut lines = Lines::new(input, format);
    let mut tally = Tally {
        json,
        ..Tally::default()
    };
    loop {
        let chunk = lines.chunk(ACTIVITY_BATCH_MAX).map_err(failed("read"))?;
        if chunk.is_empty() {
            break;
        }
        let good = tally.sift(chunk);
        let items: Vec<&Item> = good.iter().map(|(_, item)| item).collect();
        if items.is_empty() {
            continue;
        }
        let answer = send(&json!(items))?;
        let answers = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
        for ((line, _), answer) in good.iter().zip(answers) {
            let text = |key: &str| answer[key].as_str().unwrap_or_default();
            tally.add(*line, text("result"), text("why"));
        }
    }
    if json {
        println!(
            "{}",
            json!({ "counts": tally.counts, "refused": tally.refused })
        );
    } else {
        let counts = tally.counts.iter();
        let counts: Vec<_> = counts
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        println!("{}", counts.join(", "));
    }
    Ok(if tally.refused == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
