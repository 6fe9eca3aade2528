//! Calendar arithmetic in a district's time zone.
//!
//! A stage is due at the anchor's local wall-clock time some calendar days later. A wall time that falls in a DST
//! gap moves forward by the gap's length; in an overlap the first one counts (domain §3). Both are what RFC 5545
//! prescribes and what `jiff` calls *compatible*.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A time zone known by its IANA name, e.g. `America/Denver`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// The name is in no edition of the IANA database that this build carries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no IANA time zone, e.g. America/Denver")]
pub struct UnknownZone(pub String);

impl Zone {
    /// Looks the name up in the bundled IANA database.
    ///
    /// # Errors
    /// [`UnknownZone`] if there is none of that name.
    pub fn new(name: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownZone(name.to_owned()))?;
        Ok(Self {
            name: name.to_owned(),
            zone,
        })
    }

    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            zone: TimeZone::UTC,
        }
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The wall-clock time at `at`.
    pub fn wall(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(at)
    }

    /// RFC 3339 with the zone's offset at that moment, in whole seconds: `2025-03-02T10:00:00-07:00`.
    pub fn rfc3339(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// The day as people read it: `1 April 2025`.
    pub fn day(&self, at: Timestamp) -> String {
        self.wall(at).strftime("%-d %B %Y").to_string()
    }

    /// `days` calendar days after `base`, at the wall-clock time of `base`.
    ///
    /// Saturates at the end of representable time (year 9999), which no checked period can reach from a real date.
    pub fn plus_days(&self, base: Timestamp, days: i64) -> Timestamp {
        self.wall(base)
            .checked_add(Span::new().days(days.clamp(-4_000_000, 4_000_000)))
            .ok()
            .and_then(|wall| self.zone.to_ambiguous_timestamp(wall).compatible().ok())
            .unwrap_or(if days < 0 {
                Timestamp::MIN
            } else {
                Timestamp::MAX
            })
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;
    fn try_from(name: String) -> Result<Self, UnknownZone> {
        Self::new(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> String {
        zone.name
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_is_calendar_days_at_the_wall_time_of_its_base() {
        let denver = Zone::new("America/Denver").unwrap();
        let base = at("2024-09-03T10:00:00-06:00");
        assert_eq!(denver.plus_days(base, 180), at("2025-03-02T10:00:00-07:00"));
        assert_eq!(denver.plus_days(base, 210), at("2025-04-01T10:00:00-06:00"));
    }

    #[test]
    fn a_wall_time_in_the_gap_moves_forward_by_its_length() {
        let denver = Zone::new("America/Denver").unwrap();
        let due = denver.plus_days(at("2024-09-10T02:30:00-06:00"), 180);
        assert_eq!(denver.rfc3339(due), "2025-03-09T03:30:00-06:00");
    }

    #[test]
    fn in_the_overlap_the_first_of_the_two_counts() {
        let denver = Zone::new("America/Denver").unwrap();
        let due = denver.plus_days(at("2024-11-02T01:30:00-06:00"), 1);
        assert_eq!(denver.rfc3339(due), "2024-11-03T01:30:00-06:00");
    }
}
