//! `cargo bench`: what the marks are measured by, as one table.
//!
//! `cargo bench --bench table` measures everything at sizes that take a few minutes, `-- --full` at the sizes of the
//! marks; any other word (`-- decision`) keeps the parts whose names contain it. Whatever is compared is measured in
//! turns in the same run, because absolute times drift by a factor of two on a shared machine.

#![allow(clippy::unwrap_used)] // a bench that cannot be set up has nothing to measure

mod activity;
mod bare;
mod decision;
mod hostile;
mod live;
mod machine;
mod mail;
mod measure;
mod register;
mod serve;
mod start;
mod sweep;
mod sync;
mod table;

use std::process::ExitCode;
use table::Row;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Sizes that take a few minutes altogether.
    Quick,
    /// The sizes that the marks speak of.
    Full,
}

impl Extent {
    /// The size for this extent.
    pub(crate) fn of<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

/// A part of the table.
struct Part {
    name: &'static str,
    rows: fn(Extent) -> Vec<Row>,
}

/// In the order of the table.
const PARTS: [Part; 9] = [
    Part {
        name: "decision",
        rows: decision::rows,
    },
    Part {
        name: "serve",
        rows: serve::rows,
    },
    Part {
        name: "hostile",
        rows: hostile::rows,
    },
    Part {
        name: "sweep",
        rows: sweep::rows,
    },
    Part {
        name: "activity",
        rows: activity::rows,
    },
    Part {
        name: "mail",
        rows: mail::rows,
    },
    Part {
        name: "sync",
        rows: sync::rows,
    },
    Part {
        name: "live",
        rows: live::rows,
    },
    Part {
        name: "start",
        rows: start::rows,
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts benches as well, to see whether they run; then there is nothing to measure.
    if !words.iter().any(|word| word == "--bench") {
        println!("measures with `cargo bench --bench table [-- PART… [--full]]`");
        return ExitCode::SUCCESS;
    }
    if let Some(place) = words.iter().position(|word| word == serve::EMPTY) {
        serve::empty_server(&words[place + 1]);
        return ExitCode::SUCCESS;
    }
    let extent = if words.iter().any(|word| word == "--full") {
        Extent::Full
    } else {
        Extent::Quick
    };
    let wanted: Vec<&String> = words
        .iter()
        .filter(|word| !word.starts_with("--"))
        .collect();
    let mut rows = Vec::new();
    for part in &PARTS {
        if wanted.is_empty() || wanted.iter().any(|word| part.name.contains(*word)) {
            eprintln!("measuring: {}", part.name);
            rows.extend((part.rows)(extent));
        }
    }
    if rows.is_empty() {
        let known: Vec<_> = PARTS.iter().map(|part| part.name).collect();
        eprintln!("no such part; there are: {}", known.join(", "));
        return ExitCode::from(2);
    }
    println!("\n{}\n{}", machine::described(), table::drawn(&rows));
    ExitCode::SUCCESS
}
