//! How far a long read has come: a bar on the terminal while the daemon works.

use hyper::Method;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::client::ask;

/// Time between two looks. The first comes after it, so that a quick answer shows no bar at all.
const LOOK: Duration = Duration::from_millis(300);

/// A bar that is drawn until it is told to end. Without a terminal there is none.
pub(super) struct Bar {
    drawn: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// Begins to draw what the daemon says of the source, or of any source that is being read.
    pub(super) fn begin(socket: &Path, source: Option<String>) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { drawn: None };
        }
        let (end, ended) = channel();
        let socket: PathBuf = socket.to_owned();
        let thread = std::thread::spawn(move || {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                // A look that fails is no news: the command's own answer says what went wrong.
                if let Ok(answer) = ask(&socket, Method::GET, "/v1/sync", None)
                    && let Some((read, expected)) = progress(&answer, source.as_deref())
                {
                    draw(&bar, read, expected);
                }
            }
            bar.finish_and_clear();
        });
        Self {
            drawn: Some((end, thread)),
        }
    }

    /// Takes the bar away.
    pub(super) fn end(self) {
        if let Some((end, thread)) = self.drawn {
            drop(end);
            // A thread that panicked has no bar left to take away.
            drop(thread.join());
        }
    }
}

/// Entries read so far and people of the last complete read, of the source that is being read.
fn progress(answer: &Value, source: Option<&str>) -> Option<(u64, Option<u64>)> {
    let rows = answer.as_array()?;
    let asked = |row: &&Value| source.is_none_or(|source| row["source"] == source);
    let row = rows
        .iter()
        .filter(asked)
        .find(|row| !row["reading"].is_null())?;
    let expected = row["people"].as_u64().filter(|people| *people > 0);
    Some((row["reading"].as_u64()?, expected))
}

fn draw(bar: &ProgressBar, read: u64, expected: Option<u64>) {
    let (template, length) = match expected {
        Some(expected) => (
            "{wide_bar} {pos} of about {len} entries read",
            expected.max(read),
        ),
        None => ("{spinner} {pos} entries read", read),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_length(length);
    bar.set_position(read);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_source_that_is_being_read_is_shown_against_its_last_count() {
        let rows = json!([
            { "source": "a", "reading": null, "people": 7 },
            { "source": "b", "reading": 500, "people": 3000 },
            { "source": "c", "reading": 20, "people": null },
        ]);
        assert_eq!(progress(&rows, None), Some((500, Some(3000))));
        assert_eq!(progress(&rows, Some("c")), Some((20, None)));
        assert_eq!(progress(&rows, Some("a")), None);
    }
}
