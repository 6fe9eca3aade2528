//! What a step expects, read from its `expect` table. What is not said is not compared.

use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use provost_core::call::CallState;
use provost_core::contact::{ContactKind, ContactState, Hold, Stage};
use provost_core::document::Table;
use provost_core::id::{CallId, PersonId, UpdateId};
use provost_core::notice::NoticeKind;
use provost_core::register::value::{moment, one_or_more};
use provost_core::update::UpdateState;

use super::read::Cast;

/// What a step expects.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expect {
    /// Allowed or denied.
    pub decision: Option<bool>,
    /// Exactly the codes that decided, in any order.
    pub reasons: Option<BTreeSet<String>>,
    /// The action makes sense for the resource.
    pub applicable: Option<bool>,
    /// Whom a denial names.
    pub redirect: Option<Turn>,
    /// Exactly the codes of remarks, in any order.
    pub warnings: Option<Codes>,
    /// Exactly the notices that a channel accepted during the step, in any order.
    pub notices: Option<Vec<Notified>>,
    /// Exactly the messages that the channel plugin rendered during the step, in any order.
    pub sent: Option<Vec<Message>>,
    /// States of these contacts after the step; `None` means that the person is no contact.
    pub contacts: BTreeMap<PersonId, Option<ContactState>>,
    /// Why these contacts are held after the step; `None` means that the person is not held.
    pub holds: BTreeMap<PersonId, Option<Hold>>,
    /// Where these calls stand after the step.
    pub calls: BTreeMap<CallId, Option<CallState>>,
    /// Where these requests for updates stand after the step.
    pub update_requests: BTreeMap<UpdateId, Option<UpdateState>>,
    /// Exactly the codes of alarms raised during the step, in any order.
    pub alarms: Option<Codes>,
    /// Lines of access logs written during the step.
    pub access_log: Option<Log>,
    /// What became of each activity of the step: `counted`, `older`, `duplicate`, `future`, `refused`, `rescinds`.
    pub activity: Option<Vec<String>>,
    /// Exactly the stages that the step's `forecast` names, in any order.
    pub forecast: Option<Vec<Ahead>>,
}

/// A stage that lies ahead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ahead {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub to: PersonId,
    /// Which.
    pub stage: Stage,
}

/// Codes that are expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codes {
    /// Exactly these.
    These(BTreeSet<String>),
    /// So many, whatever their codes.
    Count(usize),
    /// `true`: at least one.
    Some,
}

/// A notice that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Told {
    /// Whom it concerns.
    pub to: PersonId,
    /// What it tells.
    pub stage: NoticeKind,
    /// As what those were told who accepted it: `contact`, `colleague` or `mailbox`.
    pub via: &'static str,
    /// Their addresses; the id of a person who has none.
    pub address: BTreeSet<String>,
    /// Addresses that refused it before.
    pub refused: BTreeSet<String>,
}

/// What a channel plugin rendered of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// Whom the notice concerns.
    pub to: PersonId,
    /// What it tells.
    pub stage: NoticeKind,
    /// Everything of it: method, URL and body of a request, subject, text and HTML of a mail.
    pub text: String,
}

/// A message that is expected: `{ to, stage, holds }`, as much of it as is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Whom the notice concerns.
    pub to: PersonId,
    /// What it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<NoticeKind>,
    /// Texts that it holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
}

impl Message {
    /// It is that one.
    pub(super) fn is(&self, sent: &Sent) -> bool {
        self.to == sent.to
            && self.stage.is_none_or(|stage| stage == sent.stage)
            && self.holds.iter().all(|part| sent.text.contains(part))
    }
}

/// A notice that is expected: `{ to, stage }`, and what else is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notified {
    /// Whom it concerns.
    pub to: PersonId,
    /// What it tells.
    pub stage: NoticeKind,
    /// As what those are told who accept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Exactly the addresses that accept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<BTreeSet<String>>,
    /// Exactly the addresses that refuse it before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<BTreeSet<String>>,
}

impl Notified {
    /// It is that one.
    pub(super) fn is(&self, told: &Told) -> bool {
        let says =
            |said: &Option<BTreeSet<String>>, got| said.as_ref().is_none_or(|said| said == got);
        (&self.to, self.stage) == (&told.to, told.stage)
            && self.via.as_ref().is_none_or(|via| via == told.via)
            && says(&self.address, &told.address)
            && says(&self.refused, &told.refused)
    }

    /// How much is said of it.
    pub(super) fn details(&self) -> usize {
        let said = [
            self.via.is_some(),
            self.address.is_some(),
            self.refused.is_some(),
        ];
        said.into_iter().filter(|said| *said).count()
    }
}

/// Where a denial sends the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// `false` or `"none"`: nowhere.
    Nowhere,
    /// A list of person ids: to exactly these.
    People(BTreeSet<String>),
    /// `"support"` or `"technical"`: to contacts of that type only.
    Kind(ContactKind),
    /// Any other word: the redirect's own, e.g. `vendor-verification`, `group-process`.
    Way(String),
    /// `{ group-process = "state" }`: a redirect of that word and text.
    Named(String, String),
}

/// Lines of access logs.
#[derive(Debug, Clone, PartialEq)]
pub enum Log {
    /// `{ ben = [ { … } ] }`: the log of each of these people gained exactly these lines.
    Of(BTreeMap<String, Vec<Line>>),
    /// `[ { person = "ben", … } ]`: these lines are among those gained; an empty list means that none was.
    Among(Vec<Line>),
}

/// Fields of one line that must be so. Names are those of the access log; `third-party-admin` is its person id.
pub type Line = BTreeMap<String, Value>;

impl Expect {
    /// Something is expected that only an answer has.
    pub(super) fn of_a_decision(&self) -> bool {
        self.decision.is_some()
            || self.reasons.is_some()
            || self.applicable.is_some()
            || self.redirect.is_some()
    }

    /// Reads the `expect` table of a step.
    pub(super) fn read(table: &Table, cast: &Cast) -> Self {
        let expect = Self {
            decision: table.flag("decision"),
            reasons: table.has("reasons").then(|| {
                one_or_more::<String>(table, "reasons")
                    .into_iter()
                    .collect()
            }),
            applicable: table.flag("applicable"),
            redirect: turn(table),
            warnings: codes(table, "warnings"),
            notices: notices(table, cast),
            sent: sent(table, cast),
            contacts: words_of_people(table, "contacts", cast),
            holds: words_of_people(table, "holds", cast),
            calls: words(table, "calls", |_| None),
            update_requests: words(table, "update-requests", |_| None),
            alarms: codes(table, "alarms"),
            access_log: access_log(table),
            activity: table.has("activity").then(|| activity(table)),
            forecast: forecast(table, cast),
        };
        table.done();
        expect
    }
}

/// `["a", "b"]`, `[{ code = "a" }]`, a number, or `true`.
fn codes(table: &Table, key: &str) -> Option<Codes> {
    match table.value(key)? {
        Value::Bool(true) => return Some(Codes::Some),
        Value::Bool(false) => return Some(Codes::Count(0)),
        Value::Number(number) => {
            let count = number
                .as_u64()
                .and_then(|count| usize::try_from(count).ok());
            if count.is_none() {
                table.problem(key, "must be a list of codes, a count, true or false");
            }
            return count.map(Codes::Count);
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let entries = table.tables(key);
            let codes = entries.iter().filter_map(|entry| {
                let code = entry.need_text("code");
                entry.done();
                code.map(str::to_owned)
            });
            return Some(Codes::These(codes.collect()));
        }
        _ => {}
    }
    let codes = one_or_more::<String>(table, key);
    Some(Codes::These(codes.into_iter().collect()))
}

fn turn(table: &Table) -> Option<Turn> {
    let value = table.value("redirect")?;
    match value {
        Value::Bool(false) => Some(Turn::Nowhere),
        Value::String(word) => Some(match (word.as_str(), word.parse::<ContactKind>()) {
            ("none", _) => Turn::Nowhere,
            (_, Ok(kind)) => Turn::Kind(kind),
            _ => Turn::Way(word.clone()),
        }),
        Value::Array(_) => Some(Turn::People(people(table, "redirect"))),
        Value::Object(map) if map.len() == 1 => {
            let inner = table.table("redirect")?;
            let word = inner.keys().next()?;
            let turn = if inner.value(word).is_some_and(Value::is_array) {
                Turn::People(people(&inner, word))
            } else {
                Turn::Named(word.to_owned(), inner.text(word)?.to_owned())
            };
            Some(turn)
        }
        _ => {
            let why = "must be a list of person ids, support, technical, vendor-verification, group-process, \
                       a table of one of these, or false";
            table.problem("redirect", why);
            None
        }
    }
}

/// Person ids, alone or as `{ person = ID }`.
fn people(table: &Table, key: &str) -> BTreeSet<String> {
    let tables = table.value(key).and_then(Value::as_array);
    if tables.is_some_and(|items| items.iter().any(Value::is_object)) {
        let entries = table.tables(key);
        let ids = entries.iter().filter_map(|entry| entry.need_text("person"));
        return ids.map(str::to_owned).collect();
    }
    table.list::<String>(key).into_iter().collect()
}

fn notices(table: &Table, cast: &Cast) -> Option<Vec<Notified>> {
    table.value("notices")?;
    let entries = table.tables("notices");
    let told = entries.iter().filter_map(|entry| {
        let addresses = |key| {
            let addresses = || one_or_more::<String>(entry, key).into_iter().collect();
            entry.has(key).then(addresses)
        };
        let (address, refused) = (addresses("address"), addresses("refused"));
        let via = entry.text("via").map(str::to_owned);
        if let Some(via) = &via
            && !["contact", "colleague", "mailbox"].contains(&via.as_str())
        {
            entry.problem("via", "must be contact, colleague or mailbox");
        }
        let (to, stage) = stage_of(entry, cast)?;
        Some(Notified {
            to,
            stage,
            via,
            address,
            refused,
        })
    });
    Some(told.collect())
}

fn sent(table: &Table, cast: &Cast) -> Option<Vec<Message>> {
    table.value("sent")?;
    let entries = table.tables("sent");
    let messages = entries.iter().filter_map(|entry| {
        let to = entry.need_parse::<PersonId>("to");
        let stage = entry.parse("stage");
        let holds = entry.list("holds");
        entry.done();
        let to = to?;
        if cast.district_of(&to).is_none() {
            entry.problem("to", format!("no person `{to}` in the document"));
        }
        Some(Message { to, stage, holds })
    });
    Some(messages.collect())
}

/// `to` and `stage` of an entry, with which it ends.
fn stage_of(entry: &Table, cast: &Cast) -> Option<(PersonId, NoticeKind)> {
    let to = entry.need_parse::<PersonId>("to");
    let stage = entry.need_parse::<NoticeKind>("stage");
    entry.done();
    let to = to?;
    if cast.district_of(&to).is_none() {
        entry.problem("to", format!("no person `{to}` in the document"));
    }
    Some((to, stage?))
}

fn forecast(table: &Table, cast: &Cast) -> Option<Vec<Ahead>> {
    table.value("forecast")?;
    let entries = table.tables("forecast");
    let ahead = entries.iter().filter_map(|entry| {
        entry.need_text("at");
        let at = moment(entry, "at");
        let (to, stage) = stage_of(entry, cast)?;
        let stage = match stage {
            NoticeKind::Notice => Stage::Notice,
            NoticeKind::Reminder => Stage::Reminder,
            NoticeKind::Final => Stage::Final,
            NoticeKind::Deactivated => Stage::Deactivated,
            NoticeKind::Reactivated => {
                entry.problem("stage", "must be notice, reminder, final or deactivated");
                return None;
            }
        };
        Some(Ahead { at: at?, to, stage })
    });
    Some(ahead.collect())
}

/// `{ ana = WORD }` of people in the document.
fn words_of_people<T: FromStr<Err: Display>>(
    table: &Table,
    key: &str,
    cast: &Cast,
) -> BTreeMap<PersonId, Option<T>> {
    words(table, key, |id: &PersonId| {
        let unknown = cast.district_of(id).is_none();
        unknown.then(|| format!("no person `{id}` in the document"))
    })
}

/// `{ ID = WORD }`; the word `none` says that it has nothing of the kind. `wrong` says what is wrong with an id.
fn words<I: FromStr<Err: Display> + Ord, T: FromStr<Err: Display>>(
    table: &Table,
    key: &str,
    wrong: impl Fn(&I) -> Option<String>,
) -> BTreeMap<I, Option<T>> {
    let Some(words) = table.table(key) else {
        return BTreeMap::new();
    };
    let mut said = BTreeMap::new();
    for key in words.keys() {
        let id = key.parse::<I>().map_err(|why| why.to_string());
        let id = id.and_then(|id| wrong(&id).map_or(Ok(id), Err));
        let none = words.text(key) == Some("none");
        let word = if none { None } else { words.parse::<T>(key) };
        match id {
            Err(why) => words.problem(key, why),
            Ok(id) if none || word.is_some() => {
                said.insert(id, word);
            }
            Ok(_) => {}
        }
    }
    said
}

/// Fields that a line of an access log has.
const FIELDS: [&str; 8] = [
    "person",
    "event",
    "success",
    "session",
    "remote",
    "client",
    "third-party-admin",
    "target",
];

fn access_log(table: &Table) -> Option<Log> {
    if !table.value("access-log")?.is_object() {
        return Some(Log::Among(lines(table, "access-log")));
    }
    let logs = table.table("access-log")?;
    let of = logs
        .keys()
        .map(|person| (person.to_owned(), lines(&logs, person)));
    Some(Log::Of(of.collect()))
}

/// Lines as tables of fields, or as the words of their events.
fn lines(table: &Table, key: &str) -> Vec<Line> {
    let items = table.value(key).and_then(Value::as_array);
    if items.is_some_and(|items| items.iter().any(Value::is_string)) {
        let events = table.list::<String>(key).into_iter();
        return events
            .map(|event| BTreeMap::from([("event".to_owned(), Value::String(event))]))
            .collect();
    }
    let entries = table.tables(key);
    let lines = entries.iter().map(|entry| {
        let said = FIELDS.iter().filter_map(|field| {
            let value = entry.value(field)?.clone();
            Some(((*field).to_owned(), value))
        });
        let line: Line = said.collect();
        entry.done();
        line
    });
    lines.collect()
}

fn activity(table: &Table) -> Vec<String> {
    const WORDS: [&str; 6] = [
        "counted",
        "older",
        "duplicate",
        "future",
        "refused",
        "rescinds",
    ];
    let words: Vec<String> = one_or_more(table, "activity");
    if words.iter().any(|word| !WORDS.contains(&word.as_str())) {
        table.problem("activity", format!("must be of {}", WORDS.join(", ")));
    }
    words
}
