//! What a plugin costs: a decision through an edition, a notice through a channel, a start with compiled code.

#![allow(clippy::unwrap_used)] // a bench that cannot be set up has nothing to measure

#[path = "../tests/sandbox/facts.rs"]
mod facts;
#[path = "../tests/sandbox/guest.rs"]
mod guest;

use divan::Bencher;
use provost_core::decision::relations;
use provost_core::id::PluginId;
use provost_sandbox::{Code, Engine, Plugin, Policy, Settings, TrustInMemory};

fn main() {
    divan::main();
}

fn engine(code: Code) -> Engine {
    Engine::new(Settings {
        code,
        ..Settings::default()
    })
    .unwrap()
}

fn montana(engine: &Engine) -> Policy {
    let id = PluginId::new("montana-edition").unwrap();
    let component = guest::guest("montana-edition");
    match engine.load(id, None, &component, &TrustInMemory::default()) {
        Ok(Plugin::Policy(policy)) => policy,
        other => panic!("no policy but {other:?}"),
    }
}

/// A decision through the Montana edition: a fresh instance, its facts copied in, its finding checked.
#[divan::bench(args = [Code::Native, Code::Pulley])]
fn decision(bencher: Bencher<'_, '_>, code: Code) {
    let policy = montana(&engine(code));
    let facts = facts::facts("montana", facts::person("ana", &["montana"]));
    let request = facts::request("montana.aim-submit");
    let relations = relations(&request, &facts);
    bencher.bench_local(|| policy.evaluate(&request, &facts, &relations).unwrap());
}

/// A decision of the core, which does not concern the edition: no call.
#[divan::bench]
fn decision_of_the_core(bencher: Bencher<'_, '_>) {
    let policy = montana(&engine(Code::Native));
    let facts = facts::facts("montana", facts::person("ana", &["montana"]));
    let request = facts::request("login-as");
    let relations = relations(&request, &facts);
    bencher.bench_local(|| policy.evaluate(&request, &facts, &relations).unwrap());
}

/// Loading: compiled anew, and from the folder.
#[divan::bench(args = ["compiled", "cached"], sample_count = 10, sample_size = 1)]
fn load(bencher: Bencher<'_, '_>, from: &str) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::new(Settings {
        cache_dir: (from == "cached").then(|| folder.path().to_owned()),
        code: Code::Native,
        ..Settings::default()
    })
    .unwrap();
    let component = guest::guest("montana-edition");
    let trust = TrustInMemory::default();
    let id = PluginId::new("montana-edition").unwrap();
    engine.load(id.clone(), None, &component, &trust).unwrap();
    bencher.bench_local(|| engine.load(id.clone(), None, &component, &trust).unwrap());
}
