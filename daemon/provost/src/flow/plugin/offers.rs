//! What the configuration offers: a file that was never seen becomes a version, and everything in force is put together.

use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::id::PluginId;
use provost_core::notice::Alarm;
use provost_core::plugin::{Installed, Origin};
use provost_sandbox::{Digest, Plugin};
use std::collections::BTreeMap;
use std::path::Path;

use super::{assemble, configured, version};
use crate::config::{Config, PluginOffer};
use crate::flow::{FlowError, plan, reload::ReloadError, write};
use crate::live::{Live, Loader, unfit};
use crate::store::Store;

/// A version waits, because it asks for more than was approved.
const WAITS: &str = "plugin.waits";

/// A file that was never seen.
struct New {
    before: Option<Installed>,
    after: Installed,
    tried: Plugin,
    bytes: Vec<u8>,
}

/// Takes in what the configuration offers, puts what is in force then together with it, and commits what is new. Of
/// plugins of `old` only those are loaded that are other versions now.
///
/// # Errors
/// [`ReloadError::Load`] with all problems, or what kept the register from being read or written; nothing is changed
/// then.
pub fn settle(
    store: &Store,
    (config, path): (Config, &Path),
    loader: &Loader,
    old: Option<&Live>,
    now: Timestamp,
) -> Result<Live, ReloadError> {
    let problems = |problems| ReloadError::Load {
        path: path.to_owned(),
        problems,
    };
    let register = store.read().map_err(FlowError::from)?;
    let mut known = register.plugins().map_err(FlowError::from)?;
    let (news, mut unfits) = (offered(&config, &known, loader, now), Vec::new());
    let mut taken = Vec::new();
    for new in news {
        match new {
            Ok(new) => {
                known.insert(new.after.id.clone(), new.after.clone());
                taken.push(new);
            }
            Err(problem) => unfits.push(problem),
        }
    }
    if !unfits.is_empty() {
        return Err(problems(unfits));
    }
    let loaded = |id: &PluginId, digest: &Digest| {
        let mut new = taken.iter().map(|new: &New| &new.tried);
        let new = new.find(|tried| (tried.id(), tried.digest()) == (id, digest));
        new.cloned()
            .or_else(|| old.and_then(|old| old.plugin(id, digest)))
    };
    let live = assemble(config, &known, loader, &register, &loaded);
    drop(register);
    let live = live.map_err(problems)?;
    for new in taken {
        keep(store, new, now)?;
    }
    Ok(live)
}

/// Every offered file that was never seen, as a version of its plugin.
fn offered(
    config: &Config,
    known: &BTreeMap<PluginId, Installed>,
    loader: &Loader,
    now: Timestamp,
) -> Vec<Result<New, provost_core::document::Problem>> {
    let mut news = Vec::new();
    for offer in config.plugins.values() {
        match new(offer, known.get(&offer.id), loader, now) {
            Ok(None) => {}
            Ok(Some(new)) => news.push(Ok(new)),
            Err(why) => news.push(Err(unfit(offer, why))),
        }
    }
    news
}

fn new(
    offer: &PluginOffer,
    before: Option<&Installed>,
    loader: &Loader,
    now: Timestamp,
) -> Result<Option<New>, String> {
    let Some(file) = &offer.file else {
        return Ok(None);
    };
    let bytes = std::fs::read(file).map_err(|why| format!("cannot be read: {why}"))?;
    let hash = Digest::of(&bytes).to_string();
    if before.is_some_and(|before| before.version(&hash).is_some()) {
        return Ok(None);
    }
    let tried = loader.load_bytes(&offer.id, &bytes)?;
    let version = version(&tried, bytes.len(), Origin::Offered, configured(now));
    let unknown = || Installed::new(offer.id.clone());
    let after = before.cloned().unwrap_or_else(unknown).with(version);
    Ok(Some(New {
        before: before.cloned(),
        after,
        tried,
        bytes,
    }))
}

/// Commits a new version; if it waits, with an alarm.
fn keep(store: &Store, new: New, now: Timestamp) -> Result<(), FlowError> {
    let New {
        before,
        after,
        tried,
        bytes,
    } = new;
    let hash = tried.digest().to_string();
    store.keep_component(&hash, bytes)?;
    let id = after.id.clone();
    let mut changes = Vec::new();
    if after.running.as_ref() != Some(&hash) {
        let version = after.version(&hash).into_iter();
        let asks: Vec<_> = version.flat_map(|version| after.beyond(version)).collect();
        let asks: Vec<_> = asks.iter().map(ToString::to_string).collect();
        tracing::warn!(plugin = %id, %hash, asks = %asks.join(", "), "plugin version waits for approval");
        let message = format!(
            "version {hash} of plugin {id} waits for `provost plugin approve {id}`: it asks to {}",
            asks.join(", ")
        );
        changes.push(Change::Alarm {
            alarm: Box::new(Alarm {
                code: WAITS.to_owned(),
                district: None,
                person: None,
                message,
                at: now,
            }),
        });
    }
    changes.push(Change::Plugin {
        before: before.map(Box::new),
        after: Box::new(after),
    });
    write(store, |register| {
        let changes = changes.clone();
        Ok((plan(register, Actor::Configuration, now, changes), ()))
    })
}
