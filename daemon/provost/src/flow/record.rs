//! Decisions on record: which are kept, and one made again.

use provost_core::decision::{self, Decision, Facts, Request};
use provost_core::id::PluginId;
use serde::Serialize;
use std::collections::BTreeMap;

use super::{FlowError, NotFound, Refusal, Scene};
use crate::config::Recording;
use crate::live::Live;
use crate::store::{Noted, Recorded, Snapshot, Store};

/// Hands a decision over to be recorded, if it is one of those that are. Waits for nothing.
pub fn note(store: &Store, live: &Live, request: Request, facts: Facts, decision: &Decision) {
    if is_wanted(live, &request, decision) {
        store.note(noted(live, request, facts, decision));
    }
}

/// The same of a decision that a flow made on a state of the register: it is handed over when that ends.
pub fn note_on(
    register: &Snapshot<'_>,
    live: &Live,
    request: Request,
    facts: Facts,
    decision: &Decision,
) {
    if is_wanted(live, &request, decision) {
        register.note(noted(live, request, facts, decision));
    }
}

/// A decision as it is recorded.
pub fn noted(live: &Live, request: Request, facts: Facts, decision: &Decision) -> Noted {
    let concerned = live.policies.iter();
    let concerned = concerned.filter(|policy| policy.concerns(&request, &facts));
    let plugins = concerned.map(|policy| (policy.id().clone(), policy.digest().to_string()));
    Noted {
        plugins: plugins.collect(),
        request,
        facts,
        decision: decision.clone(),
    }
}

fn is_wanted(live: &Live, request: &Request, decision: &Decision) -> bool {
    !decision.decision
        || request.action == "login-as"
        || live.config.decisions.record == Recording::All
}

/// A recorded decision, made again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Replayed {
    /// Both came out the same: the decision, its reasons and everything else.
    pub same: bool,
    /// What was answered then.
    pub then: Decision,
    /// What the same facts come to now.
    pub now: Decision,
    /// Version of the core's rules then and now.
    pub rules: [String; 2],
    /// Plugins that are other ones now, with the hash then and now; one that is missing has none.
    pub plugins: BTreeMap<PluginId, [Option<String>; 2]>,
}

/// The recorded decision of that number.
///
/// # Errors
/// If there is none.
pub fn find(scene: Scene<'_>, id: u64) -> Result<Recorded, FlowError> {
    let found = scene.store.read()?.decision(id)?;
    found.ok_or_else(|| FlowError::Unknown {
        what: "decision",
        id: id.to_string(),
        source: NotFound::None,
    })
}

/// Makes a recorded decision again, of what the rules saw then.
///
/// # Errors
/// If there is none of that number, or it was too large to be kept with what the rules saw.
pub fn replay(scene: Scene<'_>, id: u64) -> Result<Replayed, FlowError> {
    let record = find(scene, id)?.record;
    let Some(input) = &record.input else {
        let why = "what the rules saw was too much to be kept";
        return Err(FlowError::Refused {
            what: format!("make decision {id} again"),
            source: Refusal::because(why),
        });
    };
    let facts = input.facts();
    let findings = scene.live.findings_again(&record.request, &facts);
    let now = decision::decide(&record.request, &facts, findings);
    let policies = scene.live.policies.iter();
    let concerned = policies.filter(|policy| policy.concerns(&record.request, &facts));
    let mut plugins: BTreeMap<_, _> = concerned
        .map(|policy| {
            (
                policy.id().clone(),
                [None, Some(policy.digest().to_string())],
            )
        })
        .collect();
    for (id, hash) in &record.plugins {
        plugins.entry(id.clone()).or_default()[0] = Some(hash.clone());
    }
    plugins.retain(|_, [then, now]| then != now);
    Ok(Replayed {
        same: now == record.decision,
        rules: [record.rules, env!("CARGO_PKG_VERSION").to_owned()],
        then: record.decision,
        now,
        plugins,
    })
}
