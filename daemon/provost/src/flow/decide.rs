//! A decision: facts → core rules and edition plugins → combination.

use provost_core::Timestamp;
use provost_core::decision::{self, Decision, Facts, Request};

use super::FlowError;
use crate::live::Live;
use crate::store::Snapshot;

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

/// Decides on facts that were read already.
pub fn decide_on(live: &Live, request: &Request, facts: &Facts) -> Decision {
    decision::decide(request, facts, live.findings(request, facts))
}
