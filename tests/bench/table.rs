//! The rows and how they are drawn.

use comfy_table::{CellAlignment, Table, presets};
use std::fmt;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Amount {
    /// Seconds: less is better.
    Seconds(f64),
    /// So many a second: more is better.
    PerSecond(f64),
    /// Bytes: less is better.
    Bytes(f64),
}

impl Amount {
    fn number(self) -> f64 {
        match self {
            Self::Seconds(number) | Self::PerSecond(number) | Self::Bytes(number) => number,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, units): (f64, &[(f64, &str)]) = match *self {
            Self::Seconds(n) => (n, &[(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")]),
            Self::PerSecond(n) => (n, &[(1.0, "/s")]),
            Self::Bytes(n) => (n, &[(1048576.0, "MiB"), (1024.0, "KiB"), (1.0, "B")]),
        };
        let fitting = units.iter().find(|(size, _)| number >= *size);
        let (size, unit) = fitting.or(units.last()).copied().unwrap_or((1.0, ""));
        let shown = number / size;
        // Three digits: more would be noise.
        let digits = match shown {
            shown if shown >= 100.0 => 0,
            shown if shown >= 10.0 => 1,
            _ => 2,
        };
        write!(f, "{shown:.digits$} {unit}")
    }
}

/// What the figure is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mark {
    /// Not more than this.
    AtMost(Amount),
    /// Not less than this.
    AtLeast(Amount),
    /// Not more than this many times what it is compared with.
    RatioAtMost(f64),
    /// Not less than this many times what it is compared with.
    RatioAtLeast(f64),
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(amount) => write!(f, "≤ {amount}"),
            Self::AtLeast(amount) => write!(f, "≥ {amount}"),
            Self::RatioAtMost(ratio) => write!(f, "≤ {ratio} ×"),
            Self::RatioAtLeast(ratio) => write!(f, "≥ {ratio} ×"),
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    what: String,
    median: Amount,
    against: Option<(String, Amount)>,
    first: Option<Mark>,
    aim: Option<Mark>,
}

impl Row {
    /// A figure by itself: the median of at least five runs, unless `what` says otherwise.
    pub(crate) fn new(what: impl Into<String>, median: Amount) -> Self {
        Self {
            what: what.into(),
            median,
            against: None,
            first: None,
            aim: None,
        }
    }

    /// What another tool, or the same without Provost's part, took in the same run.
    pub(crate) fn against(mut self, tool: impl Into<String>, median: Amount) -> Self {
        self.against = Some((tool.into(), median));
        self
    }

    /// What must be reached.
    pub(crate) fn first(mut self, mark: Mark) -> Self {
        self.first = Some(mark);
        self
    }

    /// What is gone for.
    pub(crate) fn aim(mut self, mark: Mark) -> Self {
        self.aim = Some(mark);
        self
    }

    fn ratio(&self) -> Option<f64> {
        let (_, other) = self.against.as_ref()?;
        Some(self.median.number() / other.number())
    }

    /// Whether a mark is reached; a ratio without anything to compare with is not.
    fn reaches(&self, mark: Mark) -> bool {
        match mark {
            Mark::AtMost(amount) => self.median.number() <= amount.number(),
            Mark::AtLeast(amount) => self.median.number() >= amount.number(),
            Mark::RatioAtMost(most) => self.ratio().is_some_and(|ratio| ratio <= most),
            Mark::RatioAtLeast(least) => self.ratio().is_some_and(|ratio| ratio >= least),
        }
    }

    fn met(&self) -> &'static str {
        match (self.aim, self.first) {
            (Some(aim), _) if self.reaches(aim) => "aim",
            (_, Some(first)) if self.reaches(first) => "first mark",
            (None, None) => "",
            _ => "NO",
        }
    }
}

/// The table as text.
pub(crate) fn drawn(rows: &[Row]) -> String {
    let shown = |mark: Option<Mark>| mark.map_or_else(String::new, |mark| mark.to_string());
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header([
        "what",
        "median",
        "against",
        "its median",
        "ratio",
        "first mark",
        "aim",
        "met",
    ]);
    for row in rows {
        let (tool, other) = match &row.against {
            Some((tool, other)) => (tool.clone(), other.to_string()),
            None => Default::default(),
        };
        let ratio = row
            .ratio()
            .map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        table.add_row([
            row.what.clone(),
            row.median.to_string(),
            tool,
            other,
            ratio,
            shown(row.first),
            shown(row.aim),
            row.met().to_owned(),
        ]);
    }
    for numbers in [1, 3, 4] {
        if let Some(column) = table.column_mut(numbers) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}
