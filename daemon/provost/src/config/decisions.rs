//! `[decisions]`: which are recorded, and how long one request may go on making them.

use provost_core::document::Table;
use std::time::Duration;

use super::period::Period;

/// Longer than any report takes of the rules alone; shorter than a request in flight is waited for at the stop.
const WITHIN_DEFAULT: Duration = Duration::from_secs(10);

/// Clients and proxies give up by then.
const WITHIN_MAX: Duration = Duration::from_secs(60);

/// Which decisions are recorded. Denials and everything about a login-as always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recording {
    /// Denials alone.
    #[default]
    Denials,
    /// Every decision.
    All,
}

/// What is said of decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decisions {
    /// Which are recorded.
    pub record: Recording,
    /// How long one request goes on making decisions, 1 s to 60 s. One plugin call has a limit of its own; a request may
    /// make thousands of them.
    pub within: Duration,
}

impl Default for Decisions {
    fn default() -> Self {
        Self {
            record: Recording::default(),
            within: WITHIN_DEFAULT,
        }
    }
}

/// `[decisions] record = "denials" | "all"`, `within = "10s"`.
pub(super) fn read(top: &Table<'_>) -> Decisions {
    let mut decisions = Decisions::default();
    let Some(table) = top.table("decisions") else {
        return decisions;
    };
    match table.text("record") {
        None | Some("denials") => {}
        Some("all") => decisions.record = Recording::All,
        Some(_) => table.problem("record", "must be denials or all"),
    }
    match table.parse::<Period>("within") {
        Some(Period(within)) if within > WITHIN_MAX => {
            table.problem("within", "must be 1s to 60s");
        }
        Some(Period(within)) => decisions.within = within,
        None => {}
    }
    table.done();
    decisions
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::document::Problems;

    fn read_from(text: &str) -> (Decisions, Vec<String>) {
        let map = crate::document::parse("test.toml", text).unwrap();
        let problems = Problems::default();
        let decisions = read(&Table::top(&map, &problems));
        let problems = problems.into_vec().into_iter();
        (
            decisions,
            problems
                .map(|of| format!("{}: {}", of.key, of.why))
                .collect(),
        )
    }

    #[test]
    fn what_is_left_out_is_ten_seconds_and_denials() {
        let (decisions, problems) = read_from("[decisions]\nwithin = \"3s\"\n");
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(decisions.within, Duration::from_secs(3));
        assert_eq!(read_from("").0, Decisions::default());
    }

    #[test]
    fn a_time_that_no_client_waits_for_is_refused() {
        for within in ["0s", "61s", "soon"] {
            let (_, problems) = read_from(&format!("[decisions]\nwithin = \"{within}\"\n"));
            assert_eq!(problems.len(), 1, "{within}: {problems:?}");
            assert!(
                problems[0].starts_with("decisions.within: must be"),
                "{problems:?}"
            );
        }
    }
}
