//! What systemd is told: READY, STATUS, RELOADING, STOPPING and the watchdog's feed (sd_notify(3)).

use sd_notify::NotifyState;
use std::time::Duration;

use crate::store::Upgrade;

/// What one step of an upgrade may take: a rebuilt table of a million people, many times over.
const UPGRADE_TIME: Duration = Duration::from_secs(15 * 60);

/// Without `NOTIFY_SOCKET` nothing is told, and nothing is missing.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(error = %error, "systemd not notified");
    }
}

/// Bytes of a status at most: systemd keeps no more than one message, and people read one line.
const STATUS_BYTES_MAX: usize = 2_000;

/// The line as systemd takes it: a line end in it would begin another assignment.
fn one_line(status: &str) -> String {
    let mut line = status.replace(char::is_control, " ");
    line.truncate(line.floor_char_boundary(STATUS_BYTES_MAX));
    line
}

/// The daemon answers from now on.
pub fn ready(status: &str) {
    let line = one_line(status);
    tell(&[NotifyState::Ready, NotifyState::Status(&line)]);
}

/// One line for `systemctl status`.
pub fn status(status: &str) {
    tell(&[NotifyState::Status(&one_line(status))]);
}

/// The register is brought to a newer format, for which the unit's `TimeoutStartSec=` may be too short.
pub fn upgrading(upgrade: Upgrade) {
    let Upgrade { to, newest } = upgrade;
    tracing::info!(to, newest, "the register is brought to a newer format");
    let micros = u32::try_from(UPGRADE_TIME.as_micros()).unwrap_or(u32::MAX);
    let status = format!("brings the register to format {to} of {newest}");
    tell(&[
        NotifyState::ExtendTimeoutUsec(micros),
        NotifyState::Status(&status),
    ]);
}

/// A plugin is being compiled, which takes this long at most: with several the unit's `TimeoutStartSec=` may be too short.
pub fn compiling(time: Duration) {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    tell(&[NotifyState::ExtendTimeoutUsec(micros)]);
}

/// The configuration is being read again; [`ready`] ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// The daemon finishes what is under way.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The daemon is alive.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often [`alive`] must be said: half of what the unit's `WatchdogSec=` demands. `None` without a watchdog.
#[must_use]
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}
