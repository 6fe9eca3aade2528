//! Log events: as lines on standard error, or with their fields into systemd's journal where that is what reads it.

pub mod event;
mod journald;
mod lines;

use nix::sys::stat::fstat;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use journald::Journald;
use lines::Lines;

/// Where log events go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// Lines on standard error.
    Stderr,
    /// The journal, by its own protocol.
    Journal,
}

/// Sets up where log events go. `stream` is `$JOURNAL_STREAM`: device and inode of the stream that systemd gave us as
/// standard error (systemd.exec(5)). What was redirected since goes where it was sent.
pub fn start(stream: Option<&str>) -> Sink {
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env_lossy();
    if is_stderr(stream)
        && let Ok(journald) = Journald::new()
    {
        drop(
            tracing_subscriber::registry()
                .with(filter)
                .with(journald)
                .try_init(),
        );
        return Sink::Journal;
    }
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .fmt_fields(Lines)
        .with_writer(std::io::stderr)
        .with_target(false);
    // Test logs need no times; a terminal shows them.
    let set = if terminal {
        lines.try_init()
    } else {
        lines.without_time().with_ansi(false).try_init()
    };
    drop(set);
    Sink::Stderr
}

fn is_stderr(stream: Option<&str>) -> bool {
    let Some((device, inode)) = stream.and_then(|stream| stream.split_once(':')) else {
        return false;
    };
    fstat(std::io::stderr())
        .is_ok_and(|found| device.parse() == Ok(found.st_dev) && inode.parse() == Ok(found.st_ino))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_stream_that_systemd_gave_is_the_journal() {
        let own = fstat(std::io::stderr()).unwrap();
        let own = format!("{}:{}", own.st_dev, own.st_ino);
        assert!(is_stderr(Some(&own)));
        for other in [None, Some(""), Some("8"), Some("8:x"), Some("0:0")] {
            assert!(!is_stderr(other), "{other:?}");
        }
    }
}
