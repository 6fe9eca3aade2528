//! Free texts of a request: what people write for people to read.

use provost_core::register::value::{BadValue, Label};
use serde::Deserialize;

/// A printable text of bounded length, as register documents have it: it goes into alarms, mail and the journal.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Text(pub(super) String);

impl TryFrom<String> for Text {
    type Error = BadValue;

    fn try_from(text: String) -> Result<Self, BadValue> {
        text.parse::<Label>().map(|label| Self(label.0))
    }
}
