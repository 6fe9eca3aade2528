//! Moments as people say them. The district's day and offset come with the moment; no zone database is needed.

use crate::channel::Moment;

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

impl Moment {
    /// The day with its weekday: `Tuesday, 1 April 2025`. The day alone if the moment's RFC 3339 text is none.
    pub fn date(&self) -> String {
        match self.offset() {
            Some((_, ahead)) => {
                // 1970-01-01 was a Thursday.
                let day = (self.unix_seconds + ahead).div_euclid(86_400) + 4;
                let weekday = WEEKDAYS[usize::try_from(day.rem_euclid(7)).unwrap_or(0)];
                format!("{weekday}, {}", self.day)
            }
            None => self.day.clone(),
        }
    }

    /// The day with its time, which says the offset from UTC: `Tuesday, 1 April 2025, 10:00 (UTC-06:00)`.
    pub fn date_and_time(&self) -> String {
        match (self.rfc3339.get(11..16), self.offset()) {
            (Some(time), Some((offset, _))) => format!("{}, {time} (UTC{offset})", self.date()),
            _ => self.day.clone(),
        }
    }

    /// The offset from UTC as it is written, and in seconds.
    fn offset(&self) -> Option<(&str, i64)> {
        let offset = self.rfc3339.get(19..)?;
        if offset == "Z" {
            return Some(("", 0));
        }
        let sign = match offset.get(..1)? {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        let hours: i64 = offset.get(1..3)?.parse().ok()?;
        let minutes: i64 = offset.get(4..)?.parse().ok()?;
        Some((offset, sign * (hours * 3600 + minutes * 60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(day: &str, rfc3339: &str, unix_seconds: i64) -> Moment {
        Moment {
            day: day.into(),
            rfc3339: rfc3339.into(),
            unix_seconds,
        }
    }

    #[test]
    fn a_moment_says_weekday_time_and_offset_of_the_district() {
        let noon = moment("1 April 2025", "2025-04-01T10:00:00-06:00", 1_743_523_200);
        assert_eq!(noon.date(), "Tuesday, 1 April 2025");
        assert_eq!(
            noon.date_and_time(),
            "Tuesday, 1 April 2025, 10:00 (UTC-06:00)"
        );
        // Half an hour before midnight in Denver is the next day in UTC.
        let late = moment("31 March 2025", "2025-03-31T23:30:00-06:00", 1_743_485_400);
        assert_eq!(late.date(), "Monday, 31 March 2025");
        let utc = moment("1 January 1970", "1970-01-01T00:00:00Z", 0);
        assert_eq!(utc.date_and_time(), "Thursday, 1 January 1970, 00:00 (UTC)");
        let before = moment("31 December 1969", "1969-12-31T23:59:59+00:00", -1);
        assert_eq!(before.date(), "Wednesday, 31 December 1969");
    }

    #[test]
    fn a_moment_without_an_offset_is_its_day() {
        for rfc3339 in [
            "",
            "2025-04-01",
            "2025-04-01T10:00:00",
            "2025-04-01T10:00:00 x",
        ] {
            let moment = moment("1 April 2025", rfc3339, 0);
            assert_eq!(moment.date_and_time(), "1 April 2025", "{rfc3339}");
        }
    }
}
