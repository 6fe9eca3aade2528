//! Plugins that are wrong, hostile or slow, and the first-party ones: all through the public face of the sandbox.

#![allow(clippy::unwrap_used)] // helpers of tests fail the test

mod cached;
mod channels;
mod facts;
mod first_party;
mod forge;
mod guest;
mod hostile;
mod interface;
mod limits;
mod refusals;
mod sealed;

use provost_core::decision::{Facts, relations};
use provost_core::id::PluginId;
use provost_sandbox::{
    CallError, Code, Engine, Evaluation, Kind, LoadError, Plugin, Policy, Settings, TrustInMemory,
};

fn engine() -> Engine {
    Engine::new(Settings::default()).unwrap()
}

fn interpreter() -> Engine {
    Engine::new(Settings {
        code: Code::Pulley,
        ..Settings::default()
    })
    .unwrap()
}

fn id(text: &str) -> PluginId {
    PluginId::new(text).unwrap()
}

fn load(engine: &Engine, component: &[u8]) -> Result<Plugin, LoadError> {
    engine.load(id("forged"), None, component, &TrustInMemory::default())
}

fn policy(engine: &Engine, component: &[u8]) -> Policy {
    let wanted = Some(Kind::RolePolicy);
    match engine.load(id("forged"), wanted, component, &TrustInMemory::default()) {
        Ok(Plugin::Policy(policy)) => policy,
        other => panic!("no policy but {other:?}"),
    }
}

/// Asks a policy whether the subject of `facts` may do `action` to the district.
fn ask(policy: &Policy, action: &str, facts: &Facts) -> Result<Evaluation, CallError> {
    let request = facts::request(action);
    policy.evaluate(&request, facts, &relations(&request, facts))
}
