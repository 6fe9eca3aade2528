//! Dealings with the vendor: cases, calls and requests for updates.

use provost_core::change::Actor;
use provost_core::document::Table;
use provost_core::id::{CaseId, DistrictId, PersonId};
use provost_core::register::value::label;
use provost_core::update::UpdateState;
use serde_json::Value;

use super::super::{Act, CallTurn, CaseOpening};
use super::{Reader, one_verb};

impl Reader<'_, '_> {
    /// `district`, or the person's own if it is not said.
    fn about(&self, table: &Table, person: &PersonId) -> Option<DistrictId> {
        let Some(said) = table.parse::<DistrictId>("district") else {
            return self.cast.district_of(person).cloned();
        };
        if !self.cast.districts.contains(&said) {
            table.problem("district", format!("no district `{said}` in the document"));
        }
        Some(said)
    }

    pub(super) fn case(&self, table: &Table) -> Option<Act> {
        match one_verb(table, &["open", "close", "transition"])? {
            "open" => self.case_open(table).map(Act::CaseOpen),
            "close" => {
                let by = self.by(table);
                Some(Act::CaseClose {
                    case: table.need_parse("close")?,
                    by: by?,
                })
            }
            _ => self.case_transition(table),
        }
    }

    fn case_open(&self, table: &Table) -> Option<CaseOpening> {
        let case = table.need_parse::<CaseId>("open");
        let by = self.by(table);
        let requester = self.optional_person(table, "requester");
        let owner = self.optional_person(table, "owner");
        let emergency = table.flag("emergency").unwrap_or_default();
        let reason = label(table, "reason");
        let by = by?;
        let requester = match (&by, requester) {
            (_, Some(requester)) => requester,
            (Actor::Person(opener), None) => opener.clone(),
            _ if table.has("requester") => return None,
            _ => {
                table.problem("requester", "is missing: an agent opens a case for someone");
                return None;
            }
        };
        let district = self.about(table, &requester);
        Some(CaseOpening {
            case: case?,
            district: district?,
            by,
            requester,
            owner,
            emergency,
            reason,
        })
    }

    /// `transition = { case, to }`, or `transition = CASE, to = PERSON` in one table.
    fn case_transition(&self, table: &Table) -> Option<Act> {
        let by = self.by(table);
        let (case, to) = if table.value("transition").is_some_and(Value::is_object) {
            let inner = table.table("transition")?;
            let parts = (inner.need_parse("case"), self.person(&inner, "to"));
            inner.done();
            parts
        } else {
            (table.need_parse("transition"), self.person(table, "to"))
        };
        Some(Act::CaseTransition {
            case: case?,
            to: to?,
            by: by?,
        })
    }

    pub(super) fn call(&self, table: &Table) -> Option<Act> {
        let verb = one_verb(table, &["open", "join", "leave", "end"])?;
        let by = self.by(table);
        let call = table.need_parse(verb);
        if verb == "end" {
            return Some(Act::Call {
                call: call?,
                turn: CallTurn::End,
                by: by?,
            });
        }
        let person = self.person(table, "person")?;
        if verb == "open" {
            return Some(Act::CallOpen {
                call: call?,
                district: self.about(table, &person)?,
                person,
                by: by?,
            });
        }
        Some(Act::Call {
            call: call?,
            turn: if verb == "join" {
                CallTurn::Join(person)
            } else {
                CallTurn::Leave(person)
            },
            by: by?,
        })
    }

    pub(super) fn update_request(&self, table: &Table) -> Option<Act> {
        let steps = [
            ("accept", UpdateState::Accepted),
            ("done", UpdateState::Done),
            ("decline", UpdateState::Declined),
            ("withdraw", UpdateState::Withdrawn),
        ];
        let verb = one_verb(table, &["submit", "accept", "done", "decline", "withdraw"])?;
        let by = self.by(table);
        let request = table.need_parse(verb);
        if let Some((_, to)) = steps.iter().find(|(word, _)| *word == verb) {
            return Some(Act::UpdateAdvance {
                request: request?,
                to: *to,
                reason: label(table, "reason"),
                by: by?,
            });
        }
        let kind = table.need_parse("kind");
        let by = by?;
        let district = match &by {
            Actor::Person(asker) => self.about(table, asker),
            _ => table.need_parse("district"),
        };
        Some(Act::UpdateSubmit {
            request: request?,
            district: district?,
            kind: kind?,
            by,
        })
    }
}
