//! What is going on, for `provost status` and systemd's STATUS line.

use serde_json::{Value, json};

use super::FlowError;
use crate::daemon::Daemon;
use crate::store::{Page, Store};

/// Alarms shown; `audit list` has them all.
const ALARMS: usize = 10;

/// One line with counts, for `systemctl status`.
pub fn line(daemon: &Daemon) -> String {
    let refused = daemon.reload_refused.load();
    match refused.as_slice() {
        [] => counts(&daemon.store),
        // What is wrong stands at the end, where it may be cut.
        lines => format!(
            "{}; the configuration was refused, the old one stays in force: {}",
            counts(&daemon.store),
            lines.join("; ")
        ),
    }
}

fn counts(store: &Store) -> String {
    match store.read().and_then(|register| register.counts()) {
        Ok(counts) => format!(
            "{}{} people, {} contacts ({} pending, {} held), {} notices waiting",
            store
                .obstacle()
                .map_or_else(String::new, |obstacle| format!(
                    "takes no writes: {}; ",
                    obstacle.why()
                )),
            counts.people,
            counts.contacts,
            counts.pending,
            counts.held,
            counts.notices_waiting
        ),
        Err(error) => format!("the store does not answer: {}", crate::live::chain(&error)),
    }
}

/// Pending stages, plugins and queues, with the `sources` as they were asked for.
///
/// # Errors
/// If the store cannot be read.
pub fn report(daemon: &Daemon, sources: Vec<Value>) -> Result<Value, FlowError> {
    let (store, live) = (&daemon.store, daemon.config());
    let register = store.read()?;
    let counts = register.counts()?;
    let clock = super::clock::status(store, &daemon.ports.clock.reading())?;
    let policies = live.policies.iter().map(|policy| {
        json!({ "id": policy.id(), "kind": "role-policy", "title": policy.edition().title, "hash": policy.digest().as_str() })
    });
    let channels = live.channels.iter().map(|(id, live)| {
        let channel = &live.channel;
        json!({ "id": id, "kind": "channel", "title": channel.describe().title, "hash": channel.digest().as_str() })
    });
    Ok(json!({
        "revision": register.revision(),
        "people": counts.people,
        "contacts": counts.contacts,
        "pending": counts.pending,
        "held": counts.held,
        "notices-waiting": counts.notices_waiting,
        "notices-held": counts.notices_held,
        "notices-failed": counts.notices_failed,
        "approval": super::approval::batch(&register, None)?,
        "next-due": register.next_due()?,
        "clock": clock["transitions"],
        "configuration-refused": **daemon.reload_refused.load(),
        "sources": sources,
        "feeds": daemon.scene(super::feed::list)?,
        "takes-no-writes": daemon.hindrance.load_full().as_deref(),
        "spool": daemon.spool.load_full().as_deref(),
        "plugins": policies.chain(channels).collect::<Vec<_>>(),
        "alarms": register.alarms(Page::newest(ALARMS))?.into_iter().map(|(_, alarm)| alarm).collect::<Vec<_>>(),
    }))
}
