//! Windows file time, in which domain controllers write when an account expires.

use jiff::civil::DateTime;

/// `20250302170000.0Z` as Windows counts: 100 ns since 1601. Source: RFC 4517 §3.3.13, MS-DTYP 2.3.3.
pub(super) fn file_time(text: &str) -> Option<i64> {
    const EPOCH_SECONDS: i64 = 11_644_473_600;
    let digits = text.get(..14).filter(|_| text.ends_with('Z'))?;
    let moment = DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    let seconds = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    let seconds = seconds.timestamp().as_second();
    seconds.checked_add(EPOCH_SECONDS)?.checked_mul(10_000_000)
}

#[cfg(test)]
mod tests {
    use super::file_time;

    #[test]
    fn a_servers_clock_is_read_as_windows_counts() {
        assert_eq!(
            file_time("19700101000000.0Z"),
            Some(116_444_736_000_000_000)
        );
        assert_eq!(file_time("16010101000001Z"), Some(10_000_000));
        for odd in ["", "20250302", "20251302170000.0Z", "20250302170000", "ü"] {
            assert_eq!(file_time(odd), None, "{odd}");
        }
    }
}
