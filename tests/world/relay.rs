//! A mail relay on loopback that answers as a test wrote it down: for everything that a good server does not do.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::mailbox::Received;
use crate::tls::Tls;
use crate::wait;

/// What the relay does when a line arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// Answers.
    Says(String),
    /// Closes the connection without a word.
    HangsUp,
    /// Never answers.
    StaysSilent,
}

impl Does {
    /// Answers with these words.
    pub fn say(words: &str) -> Self {
        Self::Says(words.to_owned())
    }
}

/// What is done to a line that begins so, as long as the rule lasts.
#[derive(Debug)]
struct Rule {
    begins: &'static str,
    does: Does,
    left: usize,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    heard: Vec<String>,
    mails: Vec<Received>,
}

/// A relay that takes everything but what its rules say. A line `.` ends a message.
#[derive(Debug)]
pub struct Relay {
    scheme: &'static str,
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Relay {
    /// Listens on a port of its own.
    ///
    /// # Panics
    /// If there is none.
    pub fn start() -> Self {
        Self::on(None)
    }

    /// The same over TLS from the first byte.
    ///
    /// # Panics
    /// If there is none, or the certificate is unfit.
    pub fn private(tls: &Tls) -> Self {
        Self::on(Some(tls.server()))
    }

    fn on(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|why| panic!("{why}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let state = Arc::new(Mutex::new(State::default()));
        let (shared, private) = (Arc::clone(&state), tls.is_some());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, tls) = (Arc::clone(&shared), tls.clone());
                // A peer that goes away in the middle is what some tests are about.
                std::thread::spawn(move || {
                    let _ = match tls {
                        None => serve(stream, &state),
                        Some(tls) => ServerConnection::new(tls)
                            .map_err(std::io::Error::other)
                            .and_then(|tls| serve(StreamOwned::new(tls, stream), &state)),
                    };
                });
            }
        });
        Self {
            scheme: if private { "smtps" } else { "smtp" },
            port,
            state,
        }
    }

    /// `smtp://127.0.0.1:PORT`, or `smtps://`.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// From here on, `times` lines that begin so are answered like this. The rule made first comes first.
    pub fn rule(&self, begins: &'static str, does: Does, times: usize) {
        let rule = Rule {
            begins,
            does,
            left: times,
        };
        lock(&self.state).rules.push(rule);
    }

    /// From here on it takes everything.
    pub fn be_agreeable(&self) {
        lock(&self.state).rules.clear();
    }

    /// How many lines that begin so it has heard.
    pub fn heard(&self, begins: &str) -> usize {
        let state = lock(&self.state);
        let lines = state.heard.iter();
        lines.filter(|line| line.starts_with(begins)).count()
    }

    /// Every message whose end arrived, whatever was answered; `Delivered-To` names the recipient.
    pub fn mails(&self) -> Vec<Received> {
        lock(&self.state).mails.clone()
    }

    /// Waits until so many messages have arrived.
    ///
    /// # Panics
    /// If they do not.
    pub fn wait_mails(&self, count: usize) -> Vec<Received> {
        let heard = || lock(&self.state).heard.join("\n");
        wait::until(&format!("{count} mails"), heard, || {
            Some(self.mails()).filter(|mails| mails.len() >= count)
        })
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the rules say to a line; `usual` if they say nothing.
fn answer(state: &Mutex<State>, line: &str, usual: &str) -> Does {
    let mut state = lock(state);
    state.heard.push(line.to_owned());
    let rules = &mut state.rules;
    let fits = |rule: &&mut Rule| rule.left > 0 && line.starts_with(rule.begins);
    match rules.iter_mut().find(fits) {
        Some(rule) => {
            rule.left -= 1;
            rule.does.clone()
        }
        None => Does::say(usual),
    }
}

fn serve(stream: impl Read + Write, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream);
    let say = |to: &mut BufReader<_>, words: &str| {
        let stream: &mut _ = to.get_mut();
        Write::write_all(stream, format!("{words}\r\n").as_bytes())?;
        Write::flush(stream)
    };
    say(&mut lines, "220 relay.test")?;
    let (mut recipients, mut message) = (String::new(), None::<String>);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        if let Some(text) = message.as_mut().filter(|_| line != ".") {
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
            text.push('\n');
            continue;
        }
        if let Some(text) = message.take() {
            let text = format!("{recipients}{text}");
            lock(state).mails.push(Received { text });
        }
        let usual = match line.as_str() {
            "DATA" => "354 go on",
            "." => "250 2.0.0 queued as 7",
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        match answer(state, &line, usual) {
            Does::HangsUp => return Ok(()),
            Does::StaysSilent => std::thread::sleep(Duration::from_secs(3600)),
            Does::Says(words) => {
                match line.split_once('<') {
                    Some(("MAIL FROM:", _)) => recipients.clear(),
                    Some(("RCPT TO:", to)) if words.starts_with('2') => {
                        let to = to.trim_end_matches('>');
                        recipients.push_str(&format!("Delivered-To: {to}\n"));
                    }
                    _ => {}
                }
                message = (line == "DATA" && words.starts_with('3')).then(String::new);
                say(&mut lines, &words)?;
            }
        }
    }
}
