//! The acts of a step, each played by the flow that the daemon has for it.

use jiff::SignedDuration;
use provost_core::Timestamp;
use provost_core::change::{Actor, Change, FeedMark};
use provost_core::contact::{Activity, ContactKind};
use provost_core::decision::{Decision, Reference, Request};
use provost_core::district::Inactivity;
use provost_core::id::{DistrictId, FeedId, PersonId};
use provost_core::time::Zone;
use serde_json::{Map, Value};

use super::super::expect::Ahead;
use super::super::run::Outcome;
use super::super::{Act, CallTurn, CaseOpening, ContactVerb};
use super::{Simulation, SimulationError};
use crate::flow::activity::Recorded;
use crate::flow::case::Opening;
use crate::flow::contact::OnWordOf;
use crate::flow::session::Origin;
use crate::flow::update::Asking;
use crate::flow::{self, FlowError, activity, call, case, contact, decide, grant, session, update};

/// On whose word: the flows take references, not actors.
fn word_of(by: &Actor) -> OnWordOf {
    let party = |kind: &str, id: &str| {
        OnWordOf::Party(Reference {
            kind: Some(kind.to_owned()),
            id: id.to_owned(),
        })
    };
    match by {
        Actor::Person(id) => party("person", id.as_str()),
        Actor::Agent(id) => party("agent", id.as_str()),
        other => OnWordOf::Operator(other.to_string()),
    }
}

/// Keeps what a flow answered. A rule's no is an outcome; anything else that went wrong is not.
fn told(
    outcome: &mut Outcome,
    result: Result<Option<Decision>, FlowError>,
) -> Result<(), SimulationError> {
    use std::error::Error;
    match result {
        Ok(answer) => {
            outcome.answer = answer.or(outcome.answer.take());
            Ok(())
        }
        Err(
            error @ (FlowError::Store(_)
            | FlowError::Commit(_)
            | FlowError::Key(_)
            | FlowError::Cut(_)),
        ) => Err(error.into()),
        Err(error) => {
            let why = error
                .source()
                .map(|source| format!(": {source}"))
                .unwrap_or_default();
            outcome.refused.push(format!("{error}{why}"));
            if let FlowError::Refused { source, .. } = error {
                outcome.answer = source
                    .decision
                    .map(|decision| *decision)
                    .or(outcome.answer.take());
            }
            Ok(())
        }
    }
}

impl Simulation {
    pub(super) fn act(&mut self, act: &Act, outcome: &mut Outcome) -> Result<(), SimulationError> {
        let scene = self.scene();
        let result = match act {
            Act::ClockConfirm => {
                let operator = Actor::Operator("scenario".to_owned());
                flow::clock::confirm(scene, &operator, &self.clock.reading())?;
                return Ok(());
            }
            Act::ClockJump(by) => {
                self.clock.jump(*by);
                return Ok(());
            }
            Act::Deliver(channel) => {
                self.channel.clone_from(channel);
                return Ok(());
            }
            Act::Notices(word) => {
                let operator = Actor::Operator("scenario".to_owned());
                flow::approval::answer(scene, *word, &operator, None, None)?;
                return Ok(());
            }
            Act::Sweep => return self.sweep(outcome),
            Act::Forecast(days) => return self.forecast(*days, outcome),
            Act::District {
                district,
                timezone,
                inactivity,
            } => return self.configure(district, timezone.as_ref(), *inactivity),
            Act::Feed {
                id,
                district,
                watermark,
            } => return self.feed(id, district, *watermark),
            Act::Directory { seen, persons } => return self.directory(*seen, persons),
            Act::Activity { .. } => return self.activity(act, outcome),
            Act::Grant {
                person,
                what,
                by,
                expires,
            } => grant::give(scene, person.as_str(), what, &word_of(by), *expires)
                .map(|(_, decision)| decision),
            Act::Revoke { person, what, by } => {
                grant::take(scene, person.as_str(), what, &word_of(by))
                    .map(|(_, decision)| decision)
            }
            Act::Contact {
                verb,
                person,
                kind,
                by,
                context,
            } => self.contact(*verb, person, *kind, by, context, outcome),
            Act::CaseOpen(_) | Act::CaseClose { .. } | Act::CaseTransition { .. } => self.case(act),
            Act::CallOpen { .. } | Act::Call { .. } => self.call(act),
            Act::UpdateSubmit { .. } | Act::UpdateAdvance { .. } => self.update_request(act),
            Act::SessionOpen { .. } | Act::SessionReturn(_) | Act::SessionClose(_) => {
                self.session(act)
            }
            Act::LoginAs { session, target } => {
                session::login_as(scene, session, target.as_str()).map(Some)
            }
            Act::Decide(request) => {
                let register = self.store.read()?;
                outcome.answer = Some(decide::decide(&register, &self.live, request, scene.now)?);
                return Ok(());
            }
        };
        told(outcome, result)
    }

    fn case(&self, act: &Act) -> Result<Option<Decision>, FlowError> {
        let scene = self.scene();
        let (_, decision) = match act {
            Act::CaseOpen(opening) => case::open(scene, &opened(opening))?,
            Act::CaseClose { case, by } => case::close(scene, case, &word_of(by))?,
            Act::CaseTransition { case, to, by } => {
                case::transition(scene, case, to.as_str(), &word_of(by))?
            }
            _ => return Ok(None),
        };
        Ok(Some(decision))
    }

    fn call(&self, act: &Act) -> Result<Option<Decision>, FlowError> {
        let scene = self.scene();
        let (_, decision) = match act {
            Act::CallOpen {
                call,
                district,
                person,
                by,
            } => call::open(
                scene,
                &call::Opening {
                    id: call.clone(),
                    district: district.clone(),
                    person: person.to_string(),
                    by: word_of(by),
                },
            )?,
            Act::Call { call, turn, by } => match turn {
                CallTurn::Join(person) => call::join(scene, call, person.as_str(), &word_of(by))?,
                CallTurn::Leave(person) => {
                    call::leave(scene, call, person.as_str(), &word_of(by))?;
                    return Ok(None);
                }
                CallTurn::End => {
                    call::end(scene, call, &word_of(by))?;
                    return Ok(None);
                }
            },
            _ => return Ok(None),
        };
        Ok(Some(decision))
    }

    fn update_request(&self, act: &Act) -> Result<Option<Decision>, FlowError> {
        let scene = self.scene();
        match act {
            Act::UpdateSubmit {
                request,
                district,
                kind,
                by,
            } => {
                let asking = Asking {
                    id: request.clone(),
                    district: district.clone(),
                    kind: *kind,
                    by: word_of(by),
                };
                update::submit(scene, &asking).map(|(_, decision)| Some(decision))
            }
            Act::UpdateAdvance {
                request,
                to,
                reason,
                by,
            } => update::moved(scene, request, *to, reason.as_deref(), &word_of(by)).map(|_| None),
            _ => Ok(None),
        }
    }

    /// The feed's word, and what it lets go on: contacts of the district that waited for it are looked at again.
    fn feed(
        &self,
        id: &FeedId,
        district: &DistrictId,
        watermark: Timestamp,
    ) -> Result<(), SimulationError> {
        let now = self.clock.wall();
        flow::write(&self.store, |register| {
            let before = register.feed(id)?;
            let after = FeedMark {
                feed: id.clone(),
                district: district.clone(),
                watermark,
            };
            let changes = vec![Change::Feed { before, after }];
            Ok((
                flow::plan(
                    register,
                    Actor::Operator("scenario".to_owned()),
                    now,
                    changes,
                ),
                (),
            ))
        })?;
        let districts: Vec<_> = self
            .live
            .config
            .districts
            .get(district)
            .cloned()
            .into_iter()
            .collect();
        flow::districts::follow(&self.store, &districts, &self.live.config.feeds, now)?;
        Ok(())
    }

    /// The district's part of the configuration changes, as a reload would have it.
    fn configure(
        &mut self,
        id: &DistrictId,
        timezone: Option<&Zone>,
        inactivity: Option<Inactivity>,
    ) -> Result<(), SimulationError> {
        let now = self.clock.wall();
        let Some(district) = self.live.config.districts.get_mut(id) else {
            return Ok(());
        };
        district.inactivity = inactivity.unwrap_or(district.inactivity);
        if let Some(timezone) = timezone {
            district.timezone = timezone.clone();
        }
        let district = [district.clone()];
        flow::districts::follow(&self.store, &district, &self.live.config.feeds, now)?;
        Ok(())
    }

    fn forecast(&self, days: u16, outcome: &mut Outcome) -> Result<(), SimulationError> {
        let scene = self.scene();
        let span = SignedDuration::from_hours(24 * i64::from(days));
        let until = scene.now.saturating_add(span).unwrap_or(Timestamp::MAX);
        let ahead = flow::forecast::run(scene, until)?.into_iter();
        outcome.forecast.extend(ahead.filter_map(|ahead| {
            Some(Ahead {
                at: ahead.at.parse().ok()?,
                to: ahead.person,
                stage: ahead.stage,
            })
        }));
        Ok(())
    }

    fn activity(&self, act: &Act, outcome: &mut Outcome) -> Result<(), SimulationError> {
        let Act::Activity {
            id,
            person,
            kind,
            occurred,
            feed,
        } = act
        else {
            return Ok(());
        };
        let scene = self.scene();
        let event = Activity {
            id: id.clone(),
            person: person.clone(),
            kind: *kind,
            occurred: occurred.unwrap_or(scene.now),
            feed: feed.clone(),
        };
        let recorded = activity::record(scene, &event, &Actor::Operator("scenario".to_owned()))?;
        let word = match recorded {
            Recorded::Counted => "counted",
            Recorded::Duplicate => "duplicate",
            Recorded::Older => "older",
            Recorded::Rescinded => "rescinds",
            Recorded::Future => "future",
            Recorded::NotAContact | Recorded::Refused { .. } => "refused",
        };
        outcome.activity.push(word.to_owned());
        Ok(())
    }

    /// The flows for removal and reactivation say what became of the contact; the scenario wants the reasons too.
    fn contact(
        &self,
        verb: ContactVerb,
        person: &PersonId,
        kind: Option<ContactKind>,
        by: &Actor,
        context: &Map<String, Value>,
        outcome: &mut Outcome,
    ) -> Result<Option<Decision>, FlowError> {
        let (scene, word, id) = (self.scene(), word_of(by), person.as_str());
        match verb {
            ContactVerb::Designate => {
                let kind = kind.unwrap_or(ContactKind::Support);
                contact::designate_on_evidence(scene, id, kind, &word, context)
                    .map(|(_, decision)| Some(decision))
            }
            ContactVerb::Remove => {
                let decision = self.asked("contact.designate", person, &word, None, context)?;
                contact::remove(scene, id, &word).map(|_| Some(decision))
            }
            ContactVerb::Reactivate => {
                let decision = self.asked("contact.reactivate", person, &word, kind, context)?;
                contact::reactivate(scene, id, kind, &word).map(|_| Some(decision))
            }
            ContactVerb::Train | ContactVerb::Shared => {
                self.remark(verb, person, by, context, outcome)
            }
        }
    }

    /// What is recorded of a contact; the remarks of the contact's page are the step's warnings.
    fn remark(
        &self,
        verb: ContactVerb,
        person: &PersonId,
        by: &Actor,
        context: &Map<String, Value>,
        outcome: &mut Outcome,
    ) -> Result<Option<Decision>, FlowError> {
        let (scene, word, id) = (self.scene(), word_of(by), person.as_str());
        let said = |key: &str| context.get(key).and_then(Value::as_str);
        let course = said("course").and_then(|course| course.parse().ok());
        let completed = said("completed").and_then(|day| day.parse().ok());
        let after = match (verb, course, completed) {
            (ContactVerb::Train, Some(course), Some(day)) => {
                contact::trained(scene, id, (&course, day), &word)?
            }
            _ => contact::sharing_reported(scene, id, said("note"), &word)?,
        };
        let remarks = after.remarks().into_iter().map(|remark| remark.code);
        outcome.warnings.extend(remarks);
        Ok(None)
    }

    fn asked(
        &self,
        action: &str,
        person: &PersonId,
        by: &OnWordOf,
        kind: Option<ContactKind>,
        context: &Map<String, Value>,
    ) -> Result<Decision, FlowError> {
        let kind = kind.map(|kind| ("type".to_owned(), Value::from(kind.word())));
        let request = Request {
            subject: by.reference(),
            action: action.to_owned(),
            resource: Reference {
                kind: Some("person".to_owned()),
                id: person.to_string(),
            },
            properties: kind.into_iter().collect(),
            context: context.clone(),
        };
        decide::decide(&self.store.read()?, &self.live, &request, self.clock.wall())
    }

    fn session(&self, act: &Act) -> Result<Option<Decision>, FlowError> {
        let now = self.clock.wall();
        let done = match act {
            Act::SessionOpen {
                session,
                person,
                remote,
                client,
            } => {
                let origin = Origin {
                    remote: remote.clone(),
                    client: client.clone(),
                };
                session::open(&self.store, session, person.as_str(), &origin, now)
            }
            Act::SessionReturn(id) => session::leave(&self.store, id, now),
            Act::SessionClose(id) => session::close(&self.store, id, now),
            _ => return Ok(None),
        };
        done.map(|_| None)
    }
}

fn opened(opening: &CaseOpening) -> Opening {
    Opening {
        id: opening.case.clone(),
        district: opening.district.clone(),
        by: word_of(&opening.by),
        requester: opening.requester.to_string(),
        owner: opening.owner.as_ref().map(ToString::to_string),
        emergency: opening.emergency,
        reason: opening.reason.clone(),
    }
}
