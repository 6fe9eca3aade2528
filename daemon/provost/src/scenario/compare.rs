//! Expected and got, side by side.

use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

use provost_core::contact::Hold;
use provost_core::decision::Decision;
use provost_core::session::Access;

use super::expect::{Codes, Expect, Line, Log, Message, Notified, Sent, Told, Turn};
use super::run::Outcome;

/// An expectation that does not hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What was expected: a key of `expect`.
    pub what: String,
    /// What the scenario says.
    pub expected: Value,
    /// What happened.
    pub got: Value,
    /// More about what happened, e.g. the messages of the reasons.
    pub notes: Vec<String>,
}

/// Everything in which the outcome differs from what is expected.
pub fn compare(expect: &Expect, outcome: &Outcome) -> Vec<Difference> {
    let mut differences = Differences::default();
    differences.answer(expect, outcome);
    differences.codes("warnings", expect.warnings.as_ref(), warnings(outcome));
    if let Some(expected) = &expect.notices {
        differences.notices(expected, &outcome.notices);
    }
    if let Some(expected) = &expect.sent {
        differences.sent(expected, &outcome.sent);
    }
    for (person, state) in &expect.contacts {
        let word = |state: Option<_>| json!(state);
        let got = outcome.contacts.get(person).copied();
        differences.differ(&format!("contacts.{person}"), word(*state), word(got));
    }
    for (person, hold) in &expect.holds {
        let got = outcome.holds.get(person).map(|hold| hold.word());
        let expected = hold.map(Hold::word);
        differences.differ(&format!("holds.{person}"), json!(expected), json!(got));
    }
    for (call, state) in &expect.calls {
        let got = outcome.calls.get(call);
        differences.differ(&format!("calls.{call}"), json!(state), json!(got));
    }
    for (request, state) in &expect.update_requests {
        let got = outcome.update_requests.get(request);
        let what = format!("update-requests.{request}");
        differences.differ(&what, json!(state), json!(got));
    }
    let alarms = outcome.alarms.iter().map(|alarm| alarm.code.clone());
    differences.codes("alarms", expect.alarms.as_ref(), alarms.collect());
    if let Some(log) = &expect.access_log {
        differences.access(log, &outcome.access);
    }
    if let Some(expected) = &expect.activity {
        differences.differ("activity", json!(expected), json!(outcome.activity));
    }
    if let Some(expected) = &expect.forecast {
        let sorted = |mut ahead: Vec<_>| {
            ahead.sort();
            json!(ahead)
        };
        let got = sorted(outcome.forecast.clone());
        differences.differ("forecast", sorted(expected.clone()), got);
    }
    differences.0
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn note(&mut self, what: &str, expected: Value, got: Value, notes: Vec<String>) {
        self.0.push(Difference {
            what: what.to_owned(),
            expected,
            got,
            notes,
        });
    }

    fn differ(&mut self, what: &str, expected: Value, got: Value) {
        if expected != got {
            self.note(what, expected, got, Vec::new());
        }
    }

    fn answer(&mut self, expect: &Expect, outcome: &Outcome) {
        let Some(answer) = &outcome.answer else {
            self.unanswered(expect, outcome);
            return;
        };
        let messages = || {
            let reasons = answer.reasons.iter();
            reasons
                .map(|reason| format!("{} ({}): {}", reason.code, reason.source, reason.message))
                .collect::<Vec<_>>()
        };
        if let Some(expected) = expect.decision
            && expected != answer.decision
        {
            self.note(
                "decision",
                json!(expected),
                json!(answer.decision),
                messages(),
            );
        }
        let codes: BTreeSet<_> = answer
            .reasons
            .iter()
            .map(|reason| reason.code.clone())
            .collect();
        if let Some(expected) = &expect.reasons
            && *expected != codes
        {
            self.note("reasons", json!(expected), json!(codes), messages());
        }
        if let Some(expected) = expect.applicable {
            self.differ("applicable", json!(expected), json!(answer.applicable));
        }
        if let Some(expected) = &expect.redirect {
            self.turn(expected, answer);
        }
    }

    /// An act that no rule was asked about, e.g. an operator's: it happened or it was refused.
    fn unanswered(&mut self, expect: &Expect, outcome: &Outcome) {
        let happened = outcome.refused.is_empty();
        if let Some(expected) = expect.decision
            && expected != happened
        {
            self.note(
                "decision",
                json!(expected),
                json!(happened),
                outcome.refused.clone(),
            );
        }
        if let Some(expected) = &expect.reasons {
            self.note(
                "reasons",
                json!(expected),
                json!([]),
                outcome.refused.clone(),
            );
        }
        if let Some(expected) = expect.applicable {
            self.note(
                "applicable",
                json!(expected),
                Value::Null,
                outcome.refused.clone(),
            );
        }
        if expect
            .redirect
            .as_ref()
            .is_some_and(|turn| *turn != Turn::Nowhere)
        {
            self.note(
                "redirect",
                json!("somebody"),
                Value::Null,
                outcome.refused.clone(),
            );
        }
    }

    fn turn(&mut self, expected: &Turn, answer: &Decision) {
        let got = json!(answer.redirect);
        let (way, inside) = way_of(&got);
        let ids = || -> BTreeSet<&str> {
            people_in(inside)
                .filter_map(|person| person["person"].as_str())
                .collect()
        };
        let (holds, said) = match expected {
            Turn::Nowhere => (got.is_null(), Value::Null),
            Turn::People(people) => {
                let people: BTreeSet<_> = people.iter().map(String::as_str).collect();
                (ids() == people, json!(people))
            }
            Turn::Kind(kind) => {
                let of_kind = |person: &Value| person["kind"] == json!(kind);
                let some = people_in(inside).next().is_some();
                (some && people_in(inside).all(of_kind), json!(kind))
            }
            Turn::Way(word) => (way == Some(word.as_str()), json!(word)),
            Turn::Named(word, text) => (
                way == Some(word.as_str()) && inside.as_str() == Some(text),
                json!({word: text}),
            ),
        };
        if !holds {
            self.note("redirect", said, got.clone(), Vec::new());
        }
    }

    fn codes(&mut self, what: &str, expected: Option<&Codes>, mut got: Vec<String>) {
        got.sort();
        let (holds, said) = match expected {
            None => return,
            Some(Codes::Some) => (!got.is_empty(), json!(true)),
            Some(Codes::Count(count)) => (*count == got.len(), json!(count)),
            Some(Codes::These(codes)) => {
                let distinct: BTreeSet<_> = got.iter().cloned().collect();
                (*codes == distinct, json!(codes))
            }
        };
        if !holds {
            self.note(what, said, json!(got), Vec::new());
        }
    }

    /// Each expected notice is another one of those accepted, and nobody else was told.
    fn notices(&mut self, expected: &[Notified], got: &[Told]) {
        let mut expected = expected.to_vec();
        let mut left: Vec<&Told> = got.iter().collect();
        // What says most finds its own first.
        expected.sort_by_key(|notice| std::cmp::Reverse(notice.details()));
        let all = expected.iter().all(|notice| {
            let place = left.iter().position(|told| notice.is(told));
            place.map(|place| left.swap_remove(place)).is_some()
        });
        if all && left.is_empty() {
            return;
        }
        // In a stable order: theirs is left to the sweep.
        let mut got = got.to_vec();
        got.sort();
        self.note("notices", json!(expected), json!(got), Vec::new());
    }

    /// Each expected message is another one of those rendered, and no other was.
    fn sent(&mut self, expected: &[Message], got: &[Sent]) {
        let mut expected = expected.to_vec();
        let mut left: Vec<&Sent> = got.iter().collect();
        expected.sort_by_key(|message| std::cmp::Reverse(message.holds.len()));
        let all = expected.iter().all(|message| {
            let place = left.iter().position(|sent| message.is(sent));
            place.map(|place| left.swap_remove(place)).is_some()
        });
        if !all || !left.is_empty() {
            self.note("sent", json!(expected), json!(got), Vec::new());
        }
    }

    fn access(&mut self, log: &Log, got: &[Access]) {
        let written: Vec<Line> = got.iter().map(line).collect();
        match log {
            Log::Among(lines) if lines.is_empty() => {
                self.differ("access-log", json!([]), json!(written));
            }
            Log::Among(lines) => {
                if !each_found(lines, &written) {
                    self.note("access-log", json!(lines), json!(written), Vec::new());
                }
            }
            Log::Of(logs) => {
                for (person, lines) in logs {
                    let own = written.iter().filter(|line| line["person"] == **person);
                    let own: Vec<Line> = own.cloned().collect();
                    if own.len() != lines.len() || !each_found(lines, &own) {
                        let what = format!("access-log.{person}");
                        self.note(&what, json!(lines), json!(own), Vec::new());
                    }
                }
            }
        }
    }
}

/// The word of a redirect and what it holds.
fn way_of(redirect: &Value) -> (Option<&str>, &Value) {
    const NOTHING: &Value = &Value::Null;
    match redirect {
        Value::String(word) => (Some(word), NOTHING),
        Value::Object(map) => map.iter().next().map_or((None, NOTHING), |(word, inside)| {
            (Some(word.as_str()), inside)
        }),
        _ => (None, NOTHING),
    }
}

fn people_in(inside: &Value) -> impl Iterator<Item = &Value> {
    inside.as_array().into_iter().flatten()
}

fn warnings(outcome: &Outcome) -> Vec<String> {
    let answer = outcome.answer.iter();
    let of_answer =
        answer.flat_map(|answer| answer.warnings.iter().map(|warning| warning.code.clone()));
    outcome.warnings.iter().cloned().chain(of_answer).collect()
}

/// A line of an access log as the fields that expectations name.
fn line(access: &Access) -> Line {
    let admin = access.third_party_admin.as_ref();
    let fields: [(&str, Value); 8] = [
        ("person", json!(access.person)),
        ("event", json!(access.event)),
        ("success", json!(access.success)),
        ("session", json!(access.session)),
        ("remote", json!(access.remote)),
        ("client", json!(access.client)),
        ("third-party-admin", json!(admin)),
        ("target", json!(access.target)),
    ];
    let said = fields.into_iter().filter(|(_, value)| !value.is_null());
    said.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Every expected line is another one of those written.
fn each_found(expected: &[Line], written: &[Line]) -> bool {
    let mut left: Vec<&Line> = written.iter().collect();
    expected.iter().all(|expected| {
        let place = left.iter().position(|line| says(expected, line));
        place.map(|place| left.swap_remove(place)).is_some()
    })
}

/// The written line has every expected field; a person may be named by id alone.
fn says(expected: &Line, written: &Line) -> bool {
    expected
        .iter()
        .all(|(field, value)| match (value, written.get(field)) {
            (Value::Object(parts), Some(Value::Object(whole))) => parts
                .iter()
                .all(|(key, value)| whole.get(key) == Some(value)),
            (Value::String(_), Some(Value::Object(whole))) => whole.get("id") == Some(value),
            (Value::Bool(false), None) => true,
            (value, got) => got == Some(value),
        })
}
