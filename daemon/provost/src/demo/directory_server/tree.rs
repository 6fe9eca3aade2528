//! The entries, by normalised name.

use provost_core::directory::Dn;
use std::collections::{BTreeMap, BTreeSet};

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// Distinguished name as it is sent.
    pub dn: String,
    /// Attributes by name as it is sent, with their values.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl TreeEntry {
    /// An entry with text values.
    pub fn new(dn: &str, attributes: &[(&str, &[&str])]) -> Self {
        Self {
            dn: dn.to_owned(),
            attributes: attributes
                .iter()
                .map(|(name, values)| {
                    let bytes = values.iter().map(|value| value.as_bytes().to_vec());
                    ((*name).to_owned(), bytes.collect())
                })
                .collect(),
        }
    }

    /// Replaces an attribute; without values it is taken away.
    pub fn set(&mut self, name: &str, values: &[&str]) {
        self.attributes
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if !values.is_empty() {
            let bytes = values.iter().map(|value| value.as_bytes().to_vec());
            self.attributes.push((name.to_owned(), bytes.collect()));
        }
    }

    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.attributes
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .flat_map(|(_, values)| values.iter().map(Vec::as_slice))
    }
}

/// All entries of a directory.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    entries: BTreeMap<String, (Dn, TreeEntry)>,
}

/// Which entries a search looks at. Source: RFC 4511 §4.5.1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    Base,
    One,
    Sub,
}

impl Tree {
    /// Adds an entry or puts it in the place of the one of that name. A name that is none is left out.
    pub fn put(&mut self, entry: TreeEntry) {
        if let Ok(name) = Dn::parse(&entry.dn) {
            self.entries.insert(name.key(), (name, entry));
        }
    }

    /// Takes an entry away.
    pub fn remove(&mut self, dn: &str) -> Option<TreeEntry> {
        let name = Dn::parse(dn).ok()?;
        self.entries.remove(&name.key()).map(|(_, entry)| entry)
    }

    /// An entry, to be changed.
    pub fn entry(&mut self, dn: &str) -> Option<&mut TreeEntry> {
        let name = Dn::parse(dn).ok()?;
        self.entries.get_mut(&name.key()).map(|(_, entry)| entry)
    }

    /// Gives an entry another name and keeps everything else.
    pub fn rename(&mut self, dn: &str, new: &str) {
        if let Some(mut entry) = self.remove(dn) {
            entry.dn = new.to_owned();
            self.put(entry);
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// No entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn has(&self, base: &Dn) -> bool {
        self.entries.contains_key(&base.key())
    }

    /// Keys and entries that a search from `base` looks at, after the key `after`.
    pub(super) fn below<'t>(
        &'t self,
        base: &'t Dn,
        depth: Depth,
        after: &'t str,
    ) -> impl Iterator<Item = (&'t String, &'t TreeEntry)> {
        self.entries
            .iter()
            .filter(move |(key, _)| key.as_str() > after)
            .filter(move |(_, (name, _))| match depth {
                Depth::Base => name == base,
                Depth::One => name.parent().as_ref() == Some(base),
                Depth::Sub => name.is_within(base),
            })
            .map(|(key, (_, entry))| (key, entry))
    }

    /// Names of all attributes in use, for the schema.
    pub(super) fn attribute_names(&self) -> BTreeSet<String> {
        let entries = self.entries.values();
        let names =
            entries.flat_map(|(_, entry)| entry.attributes.iter().map(|(name, _)| name.clone()));
        names.collect()
    }

    /// Object classes in use, for the schema.
    pub(super) fn classes(&self) -> BTreeSet<String> {
        let entries = self.entries.values();
        let classes = entries.flat_map(|(_, entry)| entry.values("objectClass"));
        classes
            .map(|class| String::from_utf8_lossy(class).into_owned())
            .collect()
    }

    /// The shortest names: where the data begins.
    pub(super) fn contexts(&self) -> Vec<String> {
        let top = self.entries.values().map(|(name, _)| name.depth()).min();
        let shortest = self
            .entries
            .values()
            .filter(|(name, _)| Some(name.depth()) == top);
        shortest.map(|(_, entry)| entry.dn.clone()).collect()
    }
}
