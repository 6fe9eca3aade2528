//! A directory in memory, for scenarios and tests: entries that are listed, omitted or deleted at a word.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use provost_core::directory::{Absence, Attribute, Dn, Entry, IdAttribute};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{Receiver, Sender};

use super::error::DirectoryError;
use super::profile::{RootDse, Vendor};
use super::{
    Changes, Content, Directory, Follow, Following, Found, Groups, How, Mark, Member, Members,
    Quirk, Reading, Sample, Seen, Server, Told, Wanted, Way,
};
use crate::config::source::Source;

/// How an entry shows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Read like any other.
    Listed,
    /// Left out of reads, and looking it up explains why.
    Omitted(Absence),
    /// Its deletion is reported.
    Deleted,
}

type Entries = BTreeMap<String, (Entry, Shown)>;

/// The directory. Clones share their entries.
#[derive(Debug, Clone, Default)]
pub struct InMemory {
    entries: Arc<Mutex<Entries>>,
    /// What it tells by itself, to whoever follows it next; `None` for a directory that nobody can follow.
    told: Arc<Mutex<Option<Telling>>>,
    /// Where reads and streams stand, if it can be followed.
    number: Option<&'static str>,
    /// Entries do not show why they are left out.
    hides_evidence: Arc<AtomicBool>,
}

type Telling = Receiver<Result<Told, DirectoryError>>;

impl InMemory {
    /// A directory that can be followed from this change number (`entryCSN`) on. It tells what it is told to.
    #[cfg(test)]
    pub(crate) fn followed(number: &'static str) -> Self {
        Self {
            number: Some(number),
            ..Self::default()
        }
    }

    /// Where whatever is sent is told to the next follower.
    #[cfg(test)]
    pub(crate) fn tell(&self) -> Sender<Result<Told, DirectoryError>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(64);
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(receiver);
        sender
    }

    /// From here on no entry shows why it is left out of reads.
    #[cfg(test)]
    pub(crate) fn hide_evidence(&self) {
        self.hides_evidence.store(true, Ordering::Relaxed);
    }

    fn mark(&self) -> Option<Mark> {
        self.number.map(|number| Mark {
            server: ADDRESS.to_owned(),
            instance: None,
            clock: None,
            cookie: format!("rid=000,csn={number}").into_bytes(),
            schema: String::new(),
        })
    }

    fn server(&self, source: &Source) -> Server {
        Server {
            address: ADDRESS.to_owned(),
            root: RootDse {
                vendor: Vendor::Generic,
                because: "it is kept in memory".to_owned(),
                controls: Vec::new(),
                schema: None,
                contexts: vec![source.base.clone()],
                settings: None,
                keeps_changes: false,
            },
            id: IdAttribute::named("entryUUID"),
            way: Way {
                how: if self.number.is_some() {
                    How::Live
                } else {
                    How::Full
                },
                because: "it is kept in memory".to_owned(),
            },
        }
    }

    fn reading(&self, source: &Source) -> Box<dyn Reading> {
        Box::new(InMemoryReading {
            directory: self.clone(),
            server: self.server(source),
            username: source.attributes.username.clone(),
        })
    }

    /// Adds an entry or puts it in the place of the one with that id; it is listed.
    pub fn put(&self, stable_id: &str, dn: &str, attributes: &[(&str, &[&str])]) {
        let id = ("entryUUID", vec![stable_id.as_bytes().to_vec()]);
        let values = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        let attributes = attributes
            .iter()
            .map(|(name, texts)| (*name, values(texts)));
        let entry = Entry {
            dn: dn.to_owned(),
            attributes: std::iter::once(id)
                .chain(attributes)
                .map(|(name, values)| Attribute::new(name, values))
                .collect(),
        };
        self.lock()
            .insert(stable_id.to_owned(), (entry, Shown::Listed));
    }

    /// Changes how an entry shows itself; an unknown id is left alone.
    pub fn show(&self, stable_id: &str, shown: Shown) {
        if let Some(entry) = self.lock().get_mut(stable_id) {
            entry.1 = shown;
        }
    }

    /// Replaces an attribute of an entry; without values it is taken away.
    pub fn set(&self, stable_id: &str, attribute: &str, values: &[&str]) {
        if let Some((entry, _)) = self.lock().get_mut(stable_id) {
            let bytes: Vec<_> = values
                .iter()
                .map(|value| value.as_bytes().to_vec())
                .collect();
            let new = Attribute::new(attribute, bytes);
            entry.attributes.retain(|old| old.name != new.name);
            if !new.values.is_empty() {
                entry.attributes.push(new);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Directory for InMemory {
    fn open<'a>(
        &'a self,
        source: &'a Source,
    ) -> BoxFuture<'a, Result<Box<dyn Reading>, DirectoryError>> {
        let reading = self.reading(source);
        async move { Ok(reading) }.boxed()
    }

    fn follow<'a>(
        &'a self,
        source: &'a Source,
        _since: &'a Mark,
    ) -> BoxFuture<'a, Result<Follow, DirectoryError>> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let follow = match told.take() {
            None => Follow::Not("it is kept in memory".to_owned()),
            Some(told) => Follow::Stream(Box::new(InMemoryFollowing {
                directory: self.clone(),
                source: source.clone(),
                told,
            })),
        };
        async move { Ok(follow) }.boxed()
    }
}

struct InMemoryFollowing {
    directory: InMemory,
    source: Source,
    told: Telling,
}

impl Following for InMemoryFollowing {
    fn server(&self) -> &str {
        ADDRESS
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Told, DirectoryError>> {
        async {
            let told = self.told.recv().await;
            told.unwrap_or_else(|| {
                Err(DirectoryError::Lost {
                    what: "follow the directory in memory".to_owned(),
                    source: None,
                })
            })
        }
        .boxed()
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), DirectoryError>> {
        async { Ok(()) }.boxed()
    }

    fn beside(&mut self) -> BoxFuture<'_, Result<Box<dyn Reading>, DirectoryError>> {
        let reading = self.directory.reading(&self.source);
        async move { Ok(reading) }.boxed()
    }
}

/// The address by which it is known.
const ADDRESS: &str = "memory";

struct InMemoryReading {
    directory: InMemory,
    server: Server,
    /// The attribute that holds usernames.
    username: String,
}

impl Reading for InMemoryReading {
    fn server(&self) -> &Server {
        &self.server
    }

    fn people(&mut self, out: Sender<Vec<Seen>>) -> BoxFuture<'_, Result<Content, DirectoryError>> {
        let seen: Vec<Seen> = self
            .directory
            .lock()
            .iter()
            .filter_map(|(id, (entry, shown))| match shown {
                Shown::Listed => Some(Seen::Entry(entry.clone())),
                Shown::Omitted(_) => None,
                Shown::Deleted => Some(Seen::Deleted {
                    stable_id: id.clone(),
                }),
            })
            .collect();
        let entries = seen
            .iter()
            .filter(|seen| matches!(seen, Seen::Entry(_)))
            .count() as u64;
        let mark = self.directory.mark().ok_or("it is kept in memory");
        async move {
            let what = "read the directory in memory".to_owned();
            out.send(seen)
                .await
                .map_err(|_| DirectoryError::Stopped { what })?;
            Ok(Content { entries, mark })
        }
        .boxed()
    }

    fn changes<'a>(
        &'a mut self,
        _since: &'a Mark,
        _out: Sender<Vec<Seen>>,
    ) -> BoxFuture<'a, Result<Changes, DirectoryError>> {
        async { Ok(Changes::Unusable("a directory in memory keeps no marks")) }.boxed()
    }

    fn members<'a>(&'a mut self, group: &'a str) -> BoxFuture<'a, Result<Members, DirectoryError>> {
        let wanted = Dn::parse(group).ok();
        let entries = self.directory.lock();
        let found = entries
            .values()
            .filter(|(_, shown)| *shown == Shown::Listed)
            .find(|(entry, _)| Dn::parse(&entry.dn).ok() == wanted);
        let members = match found {
            None => Members::Absent,
            Some((entry, _)) => {
                let members: Vec<_> = entry
                    .values("member")
                    .filter_map(|value| std::str::from_utf8(value).ok())
                    .filter_map(|text| Dn::parse(text).ok())
                    .map(|name| Member::Name(name.key()))
                    .collect();
                let version = version(entry);
                match members.is_empty() {
                    true => Members::NoList { version },
                    false => Members::Group {
                        members,
                        unreadable: 0,
                        version,
                    },
                }
            }
        };
        async move { Ok(members) }.boxed()
    }

    fn groups(&mut self) -> BoxFuture<'_, Result<Option<Groups>, DirectoryError>> {
        async { Ok(None) }.boxed()
    }

    fn group_version<'a>(
        &'a mut self,
        group: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, DirectoryError>> {
        let wanted = Dn::parse(group).ok();
        let found = self.listed(|entry| Dn::parse(&entry.dn).ok() == wanted);
        async move { Ok(found.first().and_then(version)) }.boxed()
    }

    fn has_container<'a>(
        &'a mut self,
        _ids: &'a [String],
    ) -> BoxFuture<'a, Result<bool, DirectoryError>> {
        async { Ok(false) }.boxed()
    }

    fn containers_changed<'a>(
        &'a mut self,
        _since: &'a Mark,
    ) -> BoxFuture<'a, Result<bool, DirectoryError>> {
        async { Ok(false) }.boxed()
    }

    fn namesakes<'a>(
        &'a mut self,
        username: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Entry>, DirectoryError>> {
        let same = |value: &[u8]| value.eq_ignore_ascii_case(username.as_bytes());
        let found = self.listed(|entry| entry.values(&self.username).any(same));
        async move { Ok(found) }.boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<bool, DirectoryError>> {
        async { Ok(false) }.boxed()
    }

    fn sample(&mut self) -> BoxFuture<'_, Result<Sample, DirectoryError>> {
        let entries = self.listed(|_| true).len() as u64;
        async move {
            Ok(Sample {
                entries,
                paged: false,
                said: None,
            })
        }
        .boxed()
    }

    fn quirks(&mut self) -> BoxFuture<'_, Result<Vec<Quirk>, DirectoryError>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn entry<'a>(
        &'a mut self,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<Option<Entry>, DirectoryError>> {
        let found = self.listed(|entry| match wanted {
            Wanted::Dn(dn) => Dn::parse(dn).is_ok_and(|dn| Dn::parse(&entry.dn) == Ok(dn)),
            Wanted::StableId(id) => self.server.id.of(entry).as_ref() == Some(id),
        });
        async move { Ok(found.into_iter().next()) }.boxed()
    }

    fn staff<'a>(
        &'a mut self,
        dn: &'a str,
    ) -> BoxFuture<'a, Result<Option<Entry>, DirectoryError>> {
        let wanted = Dn::parse(dn).ok();
        let found = self.listed(|entry| Dn::parse(&entry.dn).ok() == wanted);
        async move { Ok(found.into_iter().next()) }.boxed()
    }

    fn look_up<'a>(
        &'a mut self,
        stable_id: &'a str,
        _dn: &'a str,
    ) -> BoxFuture<'a, Result<Found, DirectoryError>> {
        let absence = match self.directory.lock().get(stable_id) {
            None | Some((_, Shown::Deleted)) => Absence::Deleted,
            Some((_, Shown::Omitted(absence))) => *absence,
            Some((_, Shown::Listed)) => Absence::Hidden,
        };
        let hidden = self.directory.hides_evidence.load(Ordering::Relaxed);
        let shown = absence.acts() && !hidden;
        async move { Ok(Found { absence, shown }) }.boxed()
    }
}

fn version(entry: &Entry) -> Option<String> {
    let value = entry.values("entryCSN").next()?;
    std::str::from_utf8(value).ok().map(str::to_owned)
}

impl InMemoryReading {
    /// Listed entries of a kind.
    fn listed(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let entries = self.directory.lock();
        let listed = entries
            .values()
            .filter(|(_, shown)| *shown == Shown::Listed);
        listed
            .map(|(entry, _)| entry)
            .filter(|entry| wanted(entry))
            .cloned()
            .collect()
    }
}
