//! The fields of an event as text: everything but the message id, which is for the journal.

use std::fmt;
use tracing::field::{Field, Visit};
use tracing_subscriber::field::{MakeVisitor as _, RecordFields, VisitOutput as _};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};

/// The field that holds the id of an event's class.
pub(super) const MESSAGE_ID: &str = "message_id";

/// Fields as `tracing_subscriber` writes them, without that one.
pub(super) struct Lines;

impl<'w> FormatFields<'w> for Lines {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = DefaultFields::new().make_visitor(writer);
        fields.record(&mut WithoutId(&mut visitor));
        visitor.finish()
    }
}

struct WithoutId<'v>(&'v mut dyn Visit);

impl Visit for WithoutId<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() != MESSAGE_ID {
            self.0.record_str(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.0.record_error(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.record_debug(field, value);
    }
}
