//! Spans of time as they are written: `30s`, `15m`, `26h`, `180d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A span of time of at least a second, written as a whole number with one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

/// A text that is no span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number of at least 1 with its unit: s, m, h or d, e.g. \"15m\"")]
pub struct BadPeriod;

/// Units with their seconds, the largest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Ten years: longer is a typing error.
const SECONDS_MAX: u64 = 3_650 * 86_400;

impl FromStr for Period {
    type Err = BadPeriod;
    fn from_str(text: &str) -> Result<Self, BadPeriod> {
        let seconds = UNITS
            .iter()
            .find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, seconds)))
            .filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|(number, unit)| number.parse::<u64>().ok()?.checked_mul(*unit))
            .filter(|seconds| (1..=SECONDS_MAX).contains(seconds))
            .ok_or(BadPeriod)?;
        Ok(Self(Duration::from_secs(seconds)))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.0.as_secs();
        let (unit, seconds) = UNITS
            .into_iter()
            .find(|(_, seconds)| all.is_multiple_of(*seconds))
            .unwrap_or(('s', 1));
        write!(f, "{}{unit}", all / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_reads_back_as_it_was_written() {
        for text in ["1s", "90s", "15m", "26h", "180d"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_number_without_unit_zero_or_nonsense_is_no_period() {
        for text in [
            "",
            "s",
            "15",
            "0s",
            "-1m",
            "+1m",
            "1.5h",
            "1w",
            "99999999999999999999d",
            "4000d",
        ] {
            assert_eq!(text.parse::<Period>(), Err(BadPeriod), "{text:?}");
        }
    }
}
