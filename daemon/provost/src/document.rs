//! Documents that people write, TOML or JSON, as the one shape that the core reads.

use serde_json::{Map, Value};
use std::path::Path;

/// A text that is no document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The file cannot be read.
    #[error("read the file {file}")]
    Unreadable {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No TOML; the source names line and column.
    #[error("read {file} as TOML")]
    Toml {
        /// Which file.
        file: String,
        /// Where it breaks off.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// No JSON; the source names line and column.
    #[error("read {file} as JSON")]
    Json {
        /// Which file.
        file: String,
        /// Where it breaks off.
        #[source]
        source: serde_json::Error,
    },
    /// A JSON document that is a list or a single value.
    #[error("read {file}: the document must be an object")]
    NotATable {
        /// Which file.
        file: String,
    },
}

/// Reads a document from a file; see [`parse`].
///
/// # Errors
/// The file cannot be read, or [`parse`] refuses its text.
pub fn load(path: &Path) -> Result<Map<String, Value>, DocumentError> {
    let file = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&file, &text),
        Err(source) => Err(DocumentError::Unreadable { file, source }),
    }
}

/// Reads a document: JSON if its first character opens an object or list of it, TOML otherwise.
///
/// TOML's own dates become the texts that they were written as, so that both forms of a time read alike.
///
/// # Errors
/// [`DocumentError`] with the place where the text stops being a document. `file` is the name shown in it.
pub fn parse(file: &str, text: &str) -> Result<Map<String, Value>, DocumentError> {
    let file = file.to_owned();
    // A TOML document may begin with `[[district]]` too, but never with a brace.
    let list = file.ends_with(".json") && text.trim_start().starts_with('[');
    if text.trim_start().starts_with('{') || list {
        return match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) => Err(DocumentError::NotATable { file }),
            Err(source) => Err(DocumentError::Json { file, source }),
        };
    }
    match text.parse::<toml::Table>() {
        Ok(table) => Ok(map(table)),
        Err(source) => Err(DocumentError::Toml {
            file,
            source: Box::new(source),
        }),
    }
}

fn map(table: toml::Table) -> Map<String, Value> {
    table
        .into_iter()
        .map(|(key, value)| (key, json(value)))
        .collect()
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        // JSON has no word for infinite numbers; as a text it is a problem wherever a number is asked for.
        toml::Value::Float(number) => serde_json::Number::from_f64(number)
            .map_or_else(|| Value::String(number.to_string()), Value::Number),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(table) => map(table).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_toml_date_reads_like_the_text_of_it() {
        let text =
            "at = 2025-03-02T10:00:00-07:00\nday = 2025-03-02\n[[step]]\nn = [1, 2.5, true]\n";
        assert_eq!(
            Value::Object(parse("a.toml", text).unwrap()),
            json!({"at": "2025-03-02T10:00:00-07:00", "day": "2025-03-02", "step": [{"n": [1, 2.5, true]}]})
        );
    }

    #[test]
    fn json_and_toml_of_one_document_are_the_same() {
        let toml = parse("a", "[[person]]\nid = \"ana\"\nenabled = true\n").unwrap();
        let json = parse("a", r#" {"person": [{"id": "ana", "enabled": true}]}"#).unwrap();
        assert_eq!(toml, json);
    }

    #[test]
    fn a_broken_document_names_the_place() {
        let broken = parse("a.toml", "[[person]]\nid = \n").unwrap_err();
        let cause = std::error::Error::source(&broken).unwrap().to_string();
        assert_eq!(broken.to_string(), "read a.toml as TOML");
        assert!(cause.contains("line 2"), "{cause}");
        assert_eq!(
            parse("a.json", "[1]").unwrap_err().to_string(),
            "read a.json: the document must be an object"
        );
    }
}
