//! Plays a scenario in a world and collects what differs from what it expects.

use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

use provost_core::call::CallState;
use provost_core::contact::{ContactState, Hold};
use provost_core::decision::Decision;
use provost_core::id::{CallId, PersonId, UpdateId};
use provost_core::notice::Alarm;
use provost_core::session::Access;
use provost_core::update::UpdateState;

use super::compare::{Difference, compare};
use super::expect::{Ahead, Sent, Told};
use super::{Scenario, Step};

/// What a step brought about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The wall clock after the step.
    pub now: Option<Timestamp>,
    /// The answer to the last act of the step that was decided upon.
    pub answer: Option<Decision>,
    /// Acts that were denied or refused, in words. That alone is no failure: only what is expected is compared.
    pub refused: Vec<String>,
    /// Notices that a channel accepted.
    pub notices: Vec<Told>,
    /// What the scenario's channel plugin rendered of them.
    pub sent: Vec<Sent>,
    /// States of all contacts afterwards.
    pub contacts: BTreeMap<PersonId, ContactState>,
    /// Why those of them wait who are held.
    pub holds: BTreeMap<PersonId, Hold>,
    /// Where all calls stand afterwards,
    pub calls: BTreeMap<CallId, CallState>,
    /// and all requests for updates.
    pub update_requests: BTreeMap<UpdateId, UpdateState>,
    /// Alarms that were raised.
    pub alarms: Vec<Alarm>,
    /// Remarks that the step itself made, e.g. on designating; those of the answer stand in the answer.
    pub warnings: Vec<String>,
    /// Lines that access logs gained.
    pub access: Vec<Access>,
    /// What became of each activity.
    pub activity: Vec<String>,
    /// Who reaches which stage when, if it was asked.
    pub forecast: Vec<Ahead>,
}

/// A step that could not be played at all: the world broke down, which no expectation can mean.
#[derive(Debug, thiserror::Error)]
#[error("play step {number}")]
pub struct StepError {
    /// Which step, counted from 1.
    pub number: usize,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Where scenarios are played: a register with clock and channels.
pub trait World {
    /// Plays one step.
    ///
    /// # Errors
    /// The world itself fails, e.g. its store. A denial is no error but an [`Outcome`].
    fn step(&mut self, step: &Step) -> Result<Outcome, StepError>;
}

/// One step that was played.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Played {
    /// Counted from 1.
    pub number: usize,
    /// The wall clock after it.
    pub at: Option<Timestamp>,
    /// Expected and got, where they differ.
    pub differences: Vec<Difference>,
    /// Acts that were refused in a step that expects no answer: perhaps meant so, perhaps not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// A scenario that was played.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    /// The file it came from.
    pub file: String,
    /// What it shows.
    pub title: String,
    /// Its steps.
    pub steps: Vec<Played>,
}

impl Story {
    /// Every expectation of every step holds.
    pub fn holds(&self) -> bool {
        self.steps.iter().all(|step| step.differences.is_empty())
    }
}

/// Plays all steps; a difference does not stop the story, because later ones are worth knowing too.
///
/// # Errors
/// The step at which the world broke down.
pub fn run(file: &str, scenario: &Scenario, world: &mut impl World) -> Result<Story, StepError> {
    let mut steps = Vec::new();
    for step in &scenario.steps {
        let outcome = world.step(step)?;
        steps.push(Played {
            number: step.number,
            at: outcome.now,
            differences: compare(&step.expect, &outcome),
            remarks: if step.expect.of_a_decision() {
                Vec::new()
            } else {
                outcome.refused
            },
        });
    }
    Ok(Story {
        file: file.to_owned(),
        title: scenario.title.clone(),
        steps,
    })
}
