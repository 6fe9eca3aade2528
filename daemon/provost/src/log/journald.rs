//! The journal's own protocol: one datagram an event, its fields beside its text.
//!
//! The crate tracing-journald sends fields too, but leaves them out of MESSAGE, and that is all that `journalctl` shows
//! unless it is told otherwise: a refusal would have lost its reason for whoever looks.

use std::fmt;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::FormatFields as _;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::layer::Context;

use super::event;
use super::lines::{Lines, MESSAGE_ID};

/// Where journald listens.
const SOCKET: &str = "/run/systemd/journal/socket";

/// Bytes of a value at most. An event is one datagram, and the kernel takes about 200 KiB of those.
const VALUE_BYTES_MAX: usize = 16 << 10;

/// Fields of an event at most, for the same reason; none has more than eight.
const FIELDS_MAX: usize = 10;

/// Sends events to the journal.
pub(super) struct Journald {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Journald {
    pub(super) fn new() -> io::Result<Self> {
        Self::at(PathBuf::from(SOCKET))
    }

    fn at(path: PathBuf) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        Ok(Self { socket, path })
    }
}

impl<S: Subscriber> Layer<S> for Journald {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = String::new();
        if Lines.format_fields(Writer::new(&mut text), event).is_err() {
            return;
        }
        let mut entry = Entry::default();
        entry.put("MESSAGE", &text);
        entry.put("PRIORITY", priority(*event.metadata().level()));
        entry.put("SYSLOG_IDENTIFIER", "provost");
        event.record(&mut entry);
        // Where the journal does not take it, whoever holds standard error may.
        if self.socket.send_to(&entry.datagram, &self.path).is_err() {
            eprintln!("{text}");
        }
    }
}

/// Severities of syslog(3).
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        _ => "7",
    }
}

/// An event as the journal takes it: <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>.
#[derive(Default)]
struct Entry {
    datagram: Vec<u8>,
    fields: usize,
}

impl Entry {
    /// `NAME=value`; with a line end in the value its length stands before it.
    fn put(&mut self, name: &str, value: &str) {
        let value = &value[..value.floor_char_boundary(VALUE_BYTES_MAX)];
        self.datagram.extend(name.as_bytes());
        if value.contains('\n') {
            self.datagram.push(b'\n');
            let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
            self.datagram.extend(length.to_le_bytes());
        } else {
            self.datagram.push(b'=');
        }
        self.datagram.extend(value.as_bytes());
        self.datagram.push(b'\n');
    }

    fn field(&mut self, field: &Field, value: &str) {
        let name = field.name();
        match name {
            // It is part of the text.
            "message" => {}
            MESSAGE_ID => {
                self.put("MESSAGE_ID", value);
                if let Some(word) = event::word(value) {
                    self.put("PROVOST_EVENT", word);
                }
            }
            _ if self.fields == FIELDS_MAX => {}
            _ => {
                self.fields += 1;
                let name = name.to_ascii_uppercase().replace(['.', '-'], "_");
                self.put(&format!("PROVOST_{name}"), value);
            }
        }
    }
}

impl Visit for Entry {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt as _;

    /// What a stand-in for journald receives of what is logged.
    fn received(log: impl FnOnce()) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journal = UnixDatagram::bind(&path).unwrap();
        let layer = Journald::at(path).unwrap();
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, log);
        let mut datagram = vec![0; 1 << 20];
        let length = journal.recv(&mut datagram).unwrap();
        let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
        text.split_terminator('\n').map(str::to_owned).collect()
    }

    #[test]
    fn an_event_arrives_with_its_class_and_its_fields_beside_the_text() {
        let lines = received(|| {
            tracing::error!(
                message_id = event::PLUGIN_QUARANTINED.id,
                plugin = %"webhook",
                failures = 5,
                why = "it \u{1b}[31m trapped",
                "plugin in quarantine"
            );
        });
        assert_eq!(
            lines,
            [
                "MESSAGE=plugin in quarantine plugin=webhook failures=5 why=\"it \\u{1b}[31m trapped\"",
                "PRIORITY=3",
                "SYSLOG_IDENTIFIER=provost",
                &format!("MESSAGE_ID={}", event::PLUGIN_QUARANTINED.id),
                "PROVOST_EVENT=plugin.quarantined",
                "PROVOST_PLUGIN=webhook",
                "PROVOST_FAILURES=5",
                "PROVOST_WHY=it \u{1b}[31m trapped",
            ]
        );
    }

    #[test]
    fn a_value_of_several_lines_cannot_pass_for_another_field() {
        let lines = received(|| tracing::info!(why = %"one\nMESSAGE_ID=forged", "said"));
        // The length covers both lines: the second is no field, though this test splits at it.
        let length = "one\nMESSAGE_ID=forged".len();
        let at = lines.iter().position(|line| line == "PROVOST_WHY").unwrap();
        assert!(lines[at + 1].starts_with(char::from(u8::try_from(length).unwrap())));
        assert!(lines[at + 1].ends_with("\0one"));
    }

    #[test]
    fn a_value_as_long_as_a_book_is_cut_and_the_event_arrives() {
        let book = "ä".repeat(1 << 20);
        let lines = received(|| tracing::info!(book, "read"));
        let field = lines.iter().find(|line| line.starts_with("PROVOST_BOOK="));
        let bytes = "PROVOST_BOOK=".len() + VALUE_BYTES_MAX;
        assert_eq!(field.unwrap().len(), bytes);
    }
}
