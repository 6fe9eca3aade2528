//! Signals as messages: the only thing a handler does is to wake the select loop.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::mpsc;

/// What the administrator or systemd asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM or SIGINT: finish what is under way and stop.
    Stop,
    /// SIGHUP: read the configuration again.
    Reload,
}

/// Starts to listen. Signals that arrive before the loop takes them wait in the channel.
///
/// # Errors
/// If the handlers cannot be installed.
pub fn listen() -> std::io::Result<mpsc::Receiver<Signal>> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let (sender, receiver) = mpsc::channel(8);
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                let signal = if signal == SIGHUP {
                    Signal::Reload
                } else {
                    Signal::Stop
                };
                // A full channel holds eight unanswered wishes: another one says nothing new.
                if let Err(mpsc::error::TrySendError::Closed(_)) = sender.try_send(signal) {
                    return;
                }
            }
        })?;
    Ok(receiver)
}
