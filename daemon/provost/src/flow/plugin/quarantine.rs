//! Plugins that went into quarantine: told to the operators once each time.

use provost_core::change::{Actor, Change};
use provost_core::notice::Alarm;

use crate::daemon::Daemon;
use crate::flow::{FlowError, plan, write};
use crate::live::Quarantined;

/// A plugin failed too often.
const QUARANTINED: &str = "plugin.quarantined";

/// Commits an alarm for each plugin that went into quarantine since this was called last.
///
/// # Errors
/// If the alarms cannot be committed; the log has told of them already.
pub fn tell(daemon: &Daemon) -> Result<(), FlowError> {
    let news = daemon.config().ward.news();
    let Some(at) = news.last().map(|last| last.at) else {
        return Ok(());
    };
    let changes: Vec<_> = news.iter().map(alarm).collect();
    write(&daemon.store, |register| {
        Ok((plan(register, Actor::Timer, at, changes.clone()), ()))
    })?;
    daemon.changed();
    Ok(())
}

fn alarm(news: &Quarantined) -> Change {
    let Quarantined {
        plugin,
        at,
        until,
        why,
    } = news;
    let message = format!(
        "plugin {plugin} failed too often and is in quarantine, at first until {until}; last: {why}"
    );
    Change::Alarm {
        alarm: Box::new(Alarm {
            code: QUARANTINED.to_owned(),
            district: None,
            person: None,
            message,
            at: *at,
        }),
    }
}
