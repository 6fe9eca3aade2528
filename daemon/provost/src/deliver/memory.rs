//! Keeps what is sent in memory, for tests. It can be told to refuse.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use lettre::message::Mailbox;

use super::{Answer, Deliver, Letter, Mail, Parcel, Refusal, Reply, Request, Sending};

/// How the memory answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Mood {
    /// Takes every mail.
    #[default]
    Accepting,
    /// Refuses every mail for good: `deliver = "refuse"` of a scenario.
    Refusing(String),
    /// Cannot be reached: every mail is to be tried again.
    Down(String),
}

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// As the channel rendered it.
    pub mail: Mail,
    /// As it would have gone out.
    pub letter: Letter,
}

/// Mail that lies in memory.
#[derive(Debug)]
pub struct Memory {
    from: Mailbox,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    mood: Mood,
    unknown: BTreeMap<String, String>,
    taken: Vec<Captured>,
    requests: Vec<Request>,
    attempts: usize,
}

impl Memory {
    /// An empty memory that takes every mail.
    pub fn new(from: Mailbox) -> Self {
        Self {
            from,
            state: Mutex::default(),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How mail is answered from here on.
    pub fn set(&self, mood: Mood) {
        self.with(|state| state.mood = mood);
    }

    /// From here on this one address is refused with `why`, others are not.
    pub fn refuse_address(&self, address: impl Into<String>, why: impl Into<String>) {
        self.with(|state| state.unknown.insert(address.into(), why.into()));
    }

    /// All mails taken so far, in order; they stay.
    pub fn taken(&self) -> Vec<Captured> {
        self.with(|state| state.taken.clone())
    }

    /// All mails taken so far, in order; the memory is empty afterwards.
    pub fn take(&self) -> Vec<Captured> {
        self.with(|state| std::mem::take(&mut state.taken))
    }

    /// All HTTP requests taken so far, in order; they stay.
    pub fn requests(&self) -> Vec<Request> {
        self.with(|state| state.requests.clone())
    }

    /// How often anything was sent, refused or not.
    pub fn attempts(&self) -> usize {
        self.with(|state| state.attempts)
    }

    fn answer(&self, mail: &Mail) -> Reply {
        let letter = Letter::write(mail, &self.from);
        self.with(|state| {
            state.attempts += 1;
            let letter = match (&state.mood, letter) {
                (Mood::Refusing(why), _) => return Reply::failed(why),
                (Mood::Down(why), _) => return Reply::retry(why),
                (Mood::Accepting, Err(why)) => return Reply::failed(why.to_string()),
                (Mood::Accepting, Ok(letter)) => letter,
            };
            state.keep(mail, letter)
        })
    }

    /// Requests are answered as a server would, and judged by their channel.
    fn answer_request(&self, request: &Request) -> Reply {
        self.with(|state| {
            state.attempts += 1;
            let status = match &state.mood {
                Mood::Refusing(_) => 410,
                Mood::Down(why) => return Reply::retry(why),
                Mood::Accepting => {
                    state.requests.push(request.clone());
                    200
                }
            };
            Reply::Answered(Answer {
                status,
                headers: Vec::new(),
                body: Vec::new(),
            })
        })
    }
}

impl State {
    fn keep(&mut self, mail: &Mail, mut letter: Letter) -> Reply {
        let unknown = &self.unknown;
        let mut refused = std::mem::take(&mut letter.refused);
        letter.to.retain(|address| {
            let address: &str = address.as_ref();
            let why = unknown.get(address);
            refused.extend(why.map(|why| Refusal {
                address: address.to_owned(),
                why: why.clone(),
            }));
            why.is_none()
        });
        if letter.to.is_empty() {
            return Reply::Failed {
                why: super::listed(&refused),
            };
        }
        self.taken.push(Captured {
            mail: mail.clone(),
            letter,
        });
        Reply::Accepted {
            receipt: format!("captured as number {}", self.taken.len()),
            refused,
        }
    }
}

impl Deliver for Memory {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Sending<'a, Reply> {
        Box::pin(async move {
            match parcel {
                Parcel::Mail(mail) => self.answer(mail),
                Parcel::Http(request) => self.answer_request(request),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::id::{NoticeId, PluginId};

    fn mail(to: &[&str]) -> Parcel {
        Parcel::Mail(Mail {
            notice: NoticeId::new("n1").unwrap(),
            channel: PluginId::new("email").unwrap(),
            role: provost_core::notice::RecipientRole::Contact,
            to: to.iter().map(|&address| address.to_owned()).collect(),
            subject: "s".to_owned(),
            text: "t".to_owned(),
            html: None,
            headers: Vec::new(),
            date: "2025-03-02T10:00:00-07:00".parse().unwrap(),
        })
    }

    #[tokio::test]
    async fn a_memory_that_refuses_takes_nothing_until_it_accepts_again() {
        let memory = Memory::new("p@d.example".parse().unwrap());
        memory.set(Mood::Refusing("no".to_owned()));
        let refused = memory.send(&mail(&["a@d.example"])).await;
        assert_eq!(
            refused,
            Reply::Failed {
                why: "no".to_owned()
            }
        );
        memory.set(Mood::Down("gone".to_owned()));
        let down = memory.send(&mail(&["a@d.example"])).await;
        assert_eq!(down, Reply::retry("gone"));
        assert_eq!(memory.taken(), []);
        memory.set(Mood::Accepting);
        memory.refuse_address("a@d.example", "moved");
        let reply = memory.send(&mail(&["a@d.example", "b@d.example"])).await;
        assert_eq!(
            reply,
            Reply::Accepted {
                receipt: "captured as number 1".to_owned(),
                refused: vec![Refusal {
                    address: "a@d.example".to_owned(),
                    why: "moved".to_owned()
                }]
            }
        );
        let taken = memory.take();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].letter.to, ["b@d.example".parse().unwrap()]);
        assert_eq!((memory.taken().len(), memory.attempts()), (0, 3));
    }
}
