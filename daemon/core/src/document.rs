//! Reading documents so that every problem is found at once.
//!
//! A deserializer stops at the first thing it dislikes; an administrator wants the whole list. A [`Table`] is read
//! key by key: each wrong value becomes a [`Problem`] with its path, and keys that nobody asked for are problems too.
//! Configuration, register documents and scenario files are all read this way.

use serde::Serialize;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Something in a document that is not believed: which key, what stands there, what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// Path of the key, e.g. `source[0].guard.missing-max`.
    pub key: String,
    /// What stands there, as JSON; `None` where something is missing.
    pub value: Option<String>,
    /// What is wrong and what is allowed.
    pub why: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = {value}: {}", self.key, self.why),
            None => write!(f, "{}: {}", self.key, self.why),
        }
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Notes a problem with a value.
    pub fn note(&self, key: impl Into<String>, value: Option<&Value>, why: impl Into<String>) {
        let value = value.map(|value| shortened(&value.to_string()));
        self.0.borrow_mut().push(Problem {
            key: key.into(),
            value,
            why: why.into(),
        });
    }

    /// No problem so far.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// All of them, in the order they were found.
    pub fn into_vec(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// A long value is shown by its beginning; the key says where to find the rest.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 120;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A table of a document that is being read.
pub struct Table<'d> {
    path: String,
    map: &'d Map<String, Value>,
    asked: RefCell<BTreeSet<String>>,
    problems: &'d Problems,
}

impl<'d> Table<'d> {
    /// The table at the top of a document.
    pub fn top(map: &'d Map<String, Value>, problems: &'d Problems) -> Self {
        Self::at(String::new(), map, problems)
    }

    fn at(path: String, map: &'d Map<String, Value>, problems: &'d Problems) -> Self {
        Self {
            path,
            map,
            asked: RefCell::default(),
            problems,
        }
    }

    /// The path of a key of this table.
    pub fn path(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    /// Notes a problem with the value of a key.
    pub fn problem(&self, key: &str, why: impl Into<String>) {
        self.problems.note(self.path(key), self.map.get(key), why);
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// The raw value of a key, marked as read.
    pub fn value(&self, key: &str) -> Option<&'d Value> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.map.get(key)
    }

    /// Keys of this table, none of them marked as read.
    pub fn keys(&self) -> impl Iterator<Item = &'d str> + use<'d> {
        self.map.keys().map(String::as_str)
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<&'d str> {
        let value = self.value(key)?;
        let text = value.as_str();
        if text.is_none() {
            self.problem(key, "must be a text");
        }
        text
    }

    /// A text that must be there.
    pub fn need_text(&self, key: &str) -> Option<&'d str> {
        self.need(key);
        self.text(key)
    }

    fn need(&self, key: &str) {
        if !self.has(key) {
            self.problem(key, "is missing");
        }
    }

    /// A text that is read as a `T`.
    pub fn parse<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Option<T> {
        let text = self.text(key)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(why) => {
                self.problem(key, why.to_string());
                None
            }
        }
    }

    /// A text that must be there and is read as a `T`.
    pub fn need_parse<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Option<T> {
        self.need(key);
        self.parse(key)
    }

    /// `true` or `false`.
    pub fn flag(&self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.problem(key, "must be true or false");
        }
        flag
    }

    /// A whole number within a range.
    pub fn number(&self, key: &str, allowed: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let number = value.as_u64().filter(|number| allowed.contains(number));
        if number.is_none() {
            self.problem(
                key,
                format!(
                    "must be a whole number from {} to {}",
                    allowed.start(),
                    allowed.end()
                ),
            );
        }
        number
    }

    /// A list of texts that are read as `T`s; one wrong item does not spoil the others. Empty if the key is absent.
    pub fn list<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Vec<T> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.problem(key, "must be a list of texts");
            return Vec::new();
        };
        let mut good = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let path = format!("{}[{place}]", self.path(key));
            match item.as_str().map(str::parse::<T>) {
                Some(Ok(item)) => good.push(item),
                Some(Err(why)) => self.problems.note(path, Some(item), why.to_string()),
                None => self.problems.note(path, Some(item), "must be a text"),
            }
        }
        good
    }

    /// A table under a key.
    pub fn table(&self, key: &str) -> Option<Table<'d>> {
        let value = self.value(key)?;
        let Some(map) = value.as_object() else {
            self.problem(key, "must be a table");
            return None;
        };
        Some(Table::at(self.path(key), map, self.problems))
    }

    /// A list of tables, `[[key]]`. Empty if the key is absent.
    pub fn tables(&self, key: &str) -> Vec<Table<'d>> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.problem(key, format!("must be a list of tables, [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let path = format!("{}[{place}]", self.path(key));
            match item.as_object() {
                Some(map) => tables.push(Table::at(path, map, self.problems)),
                None => self.problems.note(path, Some(item), "must be a table"),
            }
        }
        tables
    }

    /// Every key that nobody asked for is unknown: called when the table has been read.
    pub fn done(&self) {
        let asked = self.asked.borrow();
        for (key, value) in self
            .map
            .iter()
            .filter(|(key, _)| !asked.contains(key.as_str()))
        {
            let known: Vec<_> = asked.iter().map(String::as_str).collect();
            let why = match closest(key, &known) {
                Some(meant) => format!("unknown key; did you mean `{meant}`?"),
                None => format!("unknown key; known here: {}", known.join(", ")),
            };
            self.problems.note(self.path(key), Some(value), why);
        }
    }
}

/// The known word that differs from `word` least, if it is close enough to be a typing error.
fn closest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    known
        .iter()
        .map(|candidate| (edit_distance(word, candidate), *candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 2.min(candidate.len() / 2))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance. Keys are short.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(json: &str, read: impl Fn(&Table)) -> Vec<String> {
        let problems = Problems::default();
        let value: Value = serde_json::from_str(json).unwrap();
        read(&Table::top(value.as_object().unwrap(), &problems));
        problems
            .into_vec()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn every_problem_of_a_document_is_found_at_once() {
        let found = problems(
            r#"{"name": 3, "nunber": 1, "rows": [{"x": true}, 7], "odd": 1}"#,
            |top| {
                top.need_text("name");
                top.number("number", 0..=9);
                top.need_text("id");
                for row in top.tables("rows") {
                    row.text("x");
                    row.done();
                }
                top.done();
            },
        );
        assert_eq!(
            found,
            [
                "name = 3: must be a text",
                "id: is missing",
                "rows[1] = 7: must be a table",
                "rows[0].x = true: must be a text",
                "nunber = 1: unknown key; did you mean `number`?",
                "odd = 1: unknown key; known here: id, name, number, rows",
            ]
        );
    }

    #[test]
    fn one_wrong_item_does_not_spoil_a_list() {
        problems(r#"{"n": ["1", "x", "3"]}"#, |top| {
            assert_eq!(top.list::<u8>("n"), [1, 3])
        });
    }
}
