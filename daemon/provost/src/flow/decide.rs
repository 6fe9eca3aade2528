//! A decision: facts → core rules and edition plugins → combination.

use provost_core::Timestamp;
use provost_core::decision::{self, Decision, Facts, Request};
use provost_core::id::DistrictId;

use super::{FlowError, Refusal, Scene, record};
use crate::live::Live;
use crate::store::{Snapshot, Store};

/// Decides a request at `now`, with every reason.
///
/// # Errors
/// If the store cannot be read. A plugin that fails is no error: it forbids, naming itself (`plugin.failed`).
pub fn decide(
    register: &Snapshot<'_>,
    live: &Live,
    request: &Request,
    now: Timestamp,
) -> Result<Decision, FlowError> {
    let facts = register.facts(request, now, &live.roles)?;
    Ok(decide_on(live, request, &facts))
}

/// A question from outside.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// What is asked.
    pub request: &'q Request,
    /// The moment.
    pub now: Timestamp,
    /// The districts that who asks may know of, `None` meaning all: what belongs to another is to them as if the
    /// register did not know it.
    pub reach: Option<&'q [DistrictId]>,
}

/// Who asks may know of nothing that the question is about; no rule and no plugin was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfReach;

/// A decision with the facts it was decided on.
pub type Asked = Result<(Facts, Decision), OutOfReach>;

/// Decides on the register as it is. May read the disk and call plugins, so it is no work for a thread that must not
/// wait.
///
/// # Errors
/// As [`decide`].
pub fn ask(store: &Store, live: &Live, question: Question<'_>) -> Result<Asked, FlowError> {
    let Question {
        request,
        now,
        reach,
    } = question;
    let facts = store.facts_within(reach, request, now, &live.roles)?;
    Ok(answer(live, question, facts))
}

/// The same on a state of the register that is held.
///
/// # Errors
/// As [`decide`].
pub fn ask_on(
    register: &Snapshot<'_>,
    live: &Live,
    question: Question<'_>,
) -> Result<Asked, FlowError> {
    let Question {
        request,
        now,
        reach,
    } = question;
    let facts = register.facts_within(reach, request, now, &live.roles)?;
    Ok(answer(live, question, facts))
}

/// The same in some microseconds and without waiting for anything, if all facts are kept and no plugin has a say.
pub fn at_once(store: &Store, live: &Live, question: Question<'_>) -> Option<Asked> {
    let Question {
        request,
        now,
        reach,
    } = question;
    let facts = store.kept_facts(reach, request, now, &live.roles)?;
    if !question.is_out_of_reach(&facts) && live.concerns_plugins(request, &facts) {
        return None;
    }
    Some(answer(live, question, facts))
}

fn answer(live: &Live, question: Question<'_>, facts: Facts) -> Asked {
    if question.is_out_of_reach(&facts) {
        return Err(OutOfReach);
    }
    let decision = decide_on(live, question.request, &facts);
    Ok((facts, decision))
}

impl Question<'_> {
    /// Callers of some districts ask about one of them: what hangs on none is for those of all.
    fn is_out_of_reach(&self, facts: &Facts) -> bool {
        self.reach.is_some() && facts.districts.is_empty()
    }
}

/// Decides what a flow is about to do, and notes it for the record as any other decision: when `register` ends. A plan
/// that is made anew is decided anew, and the decision of its last revision is the one on record.
///
/// # Errors
/// As [`decide`].
pub fn for_flow(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    request: &Request,
) -> Result<Decision, FlowError> {
    let facts = register.facts(request, scene.now, &scene.live.roles)?;
    let decision = decide_on(scene.live, request, &facts);
    record::note_on(register, scene.live, request.clone(), facts, &decision);
    Ok(decision)
}

/// Asks the rules whether a flow may go on; a denial is the flow's refusal, and recorded.
///
/// # Errors
/// [`FlowError::Refused`] with the decision if a rule forbids; as [`decide`] besides.
pub(crate) fn allowed(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    request: &Request,
) -> Result<Decision, FlowError> {
    let decision = for_flow(scene, register, request)?;
    if decision.decision {
        return Ok(decision);
    }
    Err(FlowError::Refused {
        what: format!("{} {}", request.action, request.resource.id),
        source: Refusal::denied(decision),
    })
}

/// Decides on facts that were read already.
pub fn decide_on(live: &Live, request: &Request, facts: &Facts) -> Decision {
    decision::decide(request, facts, live.findings(request, facts))
}
