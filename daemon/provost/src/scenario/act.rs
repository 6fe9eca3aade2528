//! The acts of a step, read from its table.

mod dealings;

use serde_json::{Map, Value};

use jiff::civil::Date;
use provost_core::change::Actor;
use provost_core::contact::ContactKind;
use provost_core::decision::{Reference, Request};
use provost_core::document::Table;
use provost_core::id::{AgentId, DistrictId, EventId, PersonId};
use provost_core::register::value::{Lapse, label, moment, one_or_more};
use provost_core::register::{granted, inactivity};
use provost_core::training::Course;

use provost_core::time::Zone;

use super::read::Cast;
use super::{Act, ContactVerb, Delivering, Seen};
use crate::flow::approval::Word;

/// Reads all acts of a step, in the order in which they happen.
pub(super) fn read(number: usize, table: &Table, cast: &Cast) -> Vec<Act> {
    let reader = Reader {
        number,
        step: table,
        cast,
    };
    let mut acts = Vec::new();
    acts.extend(reader.clock());
    acts.extend(reader.deliver());
    acts.extend(reader.notices());
    acts.extend(reader.feed());
    acts.extend(reader.each("district", |table| reader.district(table)));
    acts.extend(reader.directory());
    acts.extend(reader.each("grant", |table| reader.grant(table)));
    acts.extend(reader.each("revoke", |table| reader.revoke(table)));
    acts.extend(reader.each("contact", |table| reader.contact(table)));
    acts.extend(reader.each("case", |table| reader.case(table)));
    acts.extend(reader.each("call", |table| reader.call(table)));
    acts.extend(reader.each("update-request", |table| reader.update_request(table)));
    acts.extend(reader.each("session", |table| reader.session(table)));
    acts.extend(reader.each("login-as", |table| reader.login_as(table)));
    acts.extend(reader.activities());
    acts.extend(table.flag("sweep").filter(|runs| *runs).map(|_| Act::Sweep));
    acts.extend(reader.forecast());
    acts.extend(reader.decide());
    acts
}

/// Takes exactly one of the verbs that an act's table may name.
fn one_verb<'v>(table: &Table, verbs: &[&'v str]) -> Option<&'v str> {
    let said: Vec<_> = verbs.iter().filter(|verb| table.has(verb)).collect();
    if let [verb] = said[..] {
        return Some(verb);
    }
    table.problem("", format!("must name exactly one of {}", verbs.join(", ")));
    for verb in said {
        table.value(verb);
    }
    None
}

struct Reader<'s, 'd> {
    number: usize,
    step: &'s Table<'d>,
    cast: &'s Cast,
}

impl<'d> Reader<'_, 'd> {
    /// One table under a key, or a list of them: several acts of a kind happen in their order.
    fn tables(&self, key: &str) -> Vec<Table<'d>> {
        if self.step.value(key).is_some_and(Value::is_array) {
            self.step.tables(key)
        } else {
            self.step.table(key).into_iter().collect()
        }
    }

    fn each(&self, key: &str, read: impl Fn(&Table<'d>) -> Option<Act>) -> Vec<Act> {
        let tables = self.tables(key);
        let acts = tables.iter().filter_map(|table| {
            let act = read(table);
            table.done();
            act
        });
        acts.collect()
    }

    fn known(&self, table: &Table, key: &str, id: PersonId) -> Option<PersonId> {
        if self.cast.district_of(&id).is_none() {
            table.problem(key, format!("no person `{id}` in the document"));
            return None;
        }
        Some(id)
    }

    /// A person of the document under a key that must be there.
    fn person(&self, table: &Table, key: &str) -> Option<PersonId> {
        self.known(table, key, table.need_parse(key)?)
    }

    fn optional_person(&self, table: &Table, key: &str) -> Option<PersonId> {
        self.known(table, key, table.parse(key)?)
    }

    /// `by`: a person of the document, an agent, or `operator`, who is also meant if nobody is said.
    fn by(&self, table: &Table) -> Option<Actor> {
        let Some(id) = table.text("by") else {
            return (!table.has("by")).then(|| Actor::Operator("scenario".to_owned()));
        };
        if id == "operator" {
            return Some(Actor::Operator("scenario".to_owned()));
        }
        if self.cast.is_agent(id) {
            return AgentId::new(id).ok().map(Actor::Agent);
        }
        let id = table.parse::<PersonId>("by")?;
        if self.cast.district_of(&id).is_none() {
            table.problem("by", format!("no person or agent `{id}` in the document"));
            return None;
        }
        Some(Actor::Person(id))
    }

    fn clock(&self) -> Option<Act> {
        let value = self.step.value("clock")?;
        if value.is_object() {
            let table = self.step.table("clock")?;
            table.need_text("jump");
            let jump = table.parse::<Lapse>("jump");
            table.done();
            return Some(Act::ClockJump(jump?.0));
        }
        if value.as_str() == Some("confirm") {
            return Some(Act::ClockConfirm);
        }
        let why = "must be \"confirm\" or { jump = \"40d\" }";
        self.step.problem("clock", why);
        None
    }

    fn notices(&self) -> Option<Act> {
        let word = match self.step.text("notices")? {
            "approve" => Word::Approve,
            "refuse" => Word::Refuse,
            _ => {
                let why = "must be \"approve\" or \"refuse\"";
                self.step.problem("notices", why);
                return None;
            }
        };
        Some(Act::Notices(word))
    }

    fn deliver(&self) -> Option<Act> {
        let value = self.step.value("deliver")?;
        if value.is_object() {
            let table = self.step.table("deliver")?;
            let addresses: Vec<String> = one_or_more(&table, "refuse");
            if addresses.is_empty() {
                table.problem("refuse", "must name addresses");
            }
            table.done();
            let addresses = addresses.into_iter().collect();
            return Some(Act::Deliver(Delivering::RefuseTo(addresses)));
        }
        match value.as_str() {
            Some("accept") => Some(Act::Deliver(Delivering::Accept)),
            Some("refuse") => Some(Act::Deliver(Delivering::Refuse)),
            _ => {
                let why = "must be accept, refuse or { refuse = [ADDRESS] }";
                self.step.problem("deliver", why);
                None
            }
        }
    }

    fn feed(&self) -> Vec<Act> {
        self.each("feed", |table| {
            let id = table.need_parse("id");
            let district = table.parse::<DistrictId>("district");
            table.need_text("watermark");
            let watermark = moment(table, "watermark");
            let id = id?;
            let mut only = self.cast.districts.iter();
            let only = only.next().filter(|_| only.next().is_none());
            let known = self.cast.feeds.get(&id).or(only).cloned();
            let Some(district) = district.or(known) else {
                table.problem(
                    "district",
                    "is missing: no [[feed]] of the document says whose it is",
                );
                return None;
            };
            Some(Act::Feed {
                id,
                district,
                watermark: watermark?,
            })
        })
    }

    fn district(&self, table: &Table) -> Option<Act> {
        let id = table.need_parse::<DistrictId>("id")?;
        if !self.cast.districts.contains(&id) {
            table.problem("id", format!("no district `{id}` in the document"));
        }
        let timezone = table.text("timezone").and_then(|name| {
            let zone = Zone::new(name);
            zone.map_err(|why| table.problem("timezone", why.to_string()))
                .ok()
        });
        let inactivity = table.has("inactivity").then(|| inactivity(table));
        if timezone.is_none() && inactivity.is_none() {
            table.problem("", "must say timezone or inactivity");
        }
        Some(Act::District {
            district: id,
            timezone,
            inactivity,
        })
    }

    fn forecast(&self) -> Option<Act> {
        let days = self.step.number("forecast", 0..=u64::from(u16::MAX))?;
        Some(Act::Forecast(u16::try_from(days).unwrap_or(u16::MAX)))
    }

    fn directory(&self) -> Vec<Act> {
        let Some(table) = self.step.table("directory") else {
            return Vec::new();
        };
        let words = [
            ("present", Seen::Present),
            ("disable", Seen::Disable),
            ("missing", Seen::Missing),
            ("deleted", Seen::Deleted),
        ];
        let mut acts = Vec::new();
        for (word, seen) in words {
            let persons: Vec<PersonId> = one_or_more(&table, word);
            let known = persons
                .into_iter()
                .filter_map(|id| self.known(&table, word, id));
            let persons: Vec<_> = known.collect();
            if !persons.is_empty() {
                acts.push(Act::Directory { seen, persons });
            }
        }
        if table.keys().next().is_none() {
            table.problem(
                "",
                "must name people under disable, missing, deleted or present",
            );
        }
        table.done();
        acts
    }

    fn grant(&self, table: &Table) -> Option<Act> {
        let person = self.person(table, "person");
        let what = granted(table);
        let by = self.by(table);
        let expires = moment(table, "expires");
        Some(Act::Grant {
            person: person?,
            what: what?,
            by: by?,
            expires,
        })
    }

    fn revoke(&self, table: &Table) -> Option<Act> {
        let person = self.person(table, "person");
        let what = granted(table);
        let by = self.by(table);
        Some(Act::Revoke {
            person: person?,
            what: what?,
            by: by?,
        })
    }

    fn contact(&self, table: &Table) -> Option<Act> {
        let by = self.by(table);
        let kind = table.parse::<ContactKind>("type");
        let evidence = ["second-agent", "evidence", "second-evidence", "note"];
        let said = evidence.map(|key| (key.to_owned(), label(table, key)));
        let context = said
            .into_iter()
            .filter_map(|(key, text)| Some((key, text?.into())));
        let mut context: Map<String, Value> = context.collect();
        let verbs = ["designate", "remove", "reactivate", "train", "shared"];
        let word = one_verb(table, &verbs)?;
        let verb = match word {
            "designate" => ContactVerb::Designate,
            "remove" => ContactVerb::Remove,
            "train" => ContactVerb::Train,
            "shared" => ContactVerb::Shared,
            _ => ContactVerb::Reactivate,
        };
        if verb == ContactVerb::Train {
            let course = table.need_parse::<Course>("course")?;
            let completed = table.need_parse::<Date>("completed")?;
            context.insert("course".to_owned(), course.as_str().into());
            context.insert("completed".to_owned(), completed.to_string().into());
        }
        let person = self.person(table, word)?;
        Some(Act::Contact {
            verb,
            person,
            kind,
            by: by?,
            context,
        })
    }

    fn session(&self, table: &Table) -> Option<Act> {
        match one_verb(table, &["open", "return", "close"])? {
            "open" => {
                let session = table.need_parse("open");
                let person = self.person(table, "person");
                Some(Act::SessionOpen {
                    remote: label(table, "remote"),
                    client: label(table, "client"),
                    session: session?,
                    person: person?,
                })
            }
            "return" => table.need_parse("return").map(Act::SessionReturn),
            _ => table.need_parse("close").map(Act::SessionClose),
        }
    }

    fn login_as(&self, table: &Table) -> Option<Act> {
        let session = table.need_parse("session");
        let target = self.person(table, "target");
        Some(Act::LoginAs {
            session: session?,
            target: target?,
        })
    }

    fn activities(&self) -> Vec<Act> {
        let mut acts = Vec::new();
        for (place, table) in self.tables("activity").iter().enumerate() {
            let person = self.person(table, "person");
            let kind = table.need_parse("kind");
            let said = table.parse::<EventId>("id");
            let occurred = moment(table, "occurred-at");
            let feed = table.parse("feed");
            table.done();
            let made_up = EventId::new(format!("step-{}-{place}", self.number)).ok();
            if let (Some(person), Some(kind), Some(id)) = (person, kind, said.or(made_up)) {
                acts.push(Act::Activity {
                    id,
                    person,
                    kind,
                    occurred,
                    feed,
                });
            }
        }
        acts
    }

    fn decide(&self) -> Option<Act> {
        let table = self.step.table("decide")?;
        let subject = reference(&table, "subject");
        table.need_text("action");
        let action = label(&table, "action");
        let resource = reference(&table, "resource");
        let mut properties = object(&table, "properties");
        let context = object(&table, "context");
        table.done();
        let (mut subject, own) = subject?;
        let (resource, more) = resource?;
        properties.extend(own);
        properties.extend(more);
        if subject.kind.is_none() && self.cast.is_agent(&subject.id) {
            subject.kind = Some("agent".to_owned());
        }
        Some(Act::Decide(Box::new(Request {
            subject,
            action: action?,
            resource,
            properties,
            context,
        })))
    }
}

/// An id, or `{ type, id }`, or `{ type, id, properties }` as the API writes it.
fn reference(table: &Table, key: &str) -> Option<(Reference, Map<String, Value>)> {
    if table.value(key).is_some_and(Value::is_object) {
        let inner = table.table(key)?;
        let kind = label(&inner, "type");
        inner.need_text("id");
        let id = label(&inner, "id");
        let properties = object(&inner, "properties");
        inner.done();
        return Some((Reference { kind, id: id? }, properties));
    }
    table.need_text(key);
    let id = label(table, key)?;
    Some((Reference { kind: None, id }, Map::new()))
}

/// A table of free keys.
fn object(table: &Table, key: &str) -> Map<String, Value> {
    match table.value(key) {
        None => Map::new(),
        Some(Value::Object(map)) => map.clone(),
        Some(_) => {
            table.problem(key, "must be a table");
            Map::new()
        }
    }
}
