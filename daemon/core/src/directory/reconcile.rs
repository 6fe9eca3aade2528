//! Ours and theirs, pair by pair → changes, counts and concerns.

mod concerns;
mod effects;

pub use concerns::{About, Reach};

use jiff::Timestamp;
use std::collections::BTreeSet;

use super::absence::Absence;
use super::effects::Effects;
use super::guard::{Concern, Guard, Summary};
use super::mapping::Mapping;
use super::observed::{Observed, Remark};
use super::pair::{Namesake, Ours, Pair, Standing, Theirs, roles};
use crate::change::{Actor, Change, PlanHasher};
use crate::contact::Contact;
use crate::id::{PersonId, RoleId, SourceId};
use crate::lifecycle::{self, Surroundings};
use crate::person::{DirectoryLink, DirectoryStatus, MAIN_HOMEPAGE, Person};
use crate::role::{Grant, Granted, Origin};

/// What follows from one pair.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Consequence {
    /// Writes, in order.
    pub changes: Vec<Change>,
    /// What an operator should know and nothing was done about.
    pub remarks: Vec<Remark>,
    /// Once the changes are written, the register says all that the entry says: comparing the same two again finds
    /// nothing. Never so for contacts, for whom time and the other contacts matter too.
    pub settles: bool,
}

/// Fed the pairs of one complete read in the order of their stable ids. It keeps counts, never pairs.
///
/// The hash of its [`Summary`] identifies the changes whenever they are worked out: times at which this plan happens
/// do not count, so that a plan that was printed is recognised when it is applied later.
pub struct Reconciler<'s> {
    source: &'s SourceId,
    mapping: &'s Mapping,
    guard: Guard,
    standing: Standing,
    at: Timestamp,
    summary: Summary,
    hasher: PlanHasher,
    /// Valid contacts before the plan.
    valid_before: usize,
    /// A contact lost authority by omission.
    contact_lost: bool,
    /// Roles that somebody lost by omission.
    roles_lost: BTreeSet<RoleId>,
    /// What plans shortly before have done already.
    before: Effects,
    /// People who were shut out and are not any more.
    back: u64,
    about: About,
    reach: Reach,
}

/// Whether the directory says it, or only fails to say the contrary.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Evidence {
    Positive,
    Omission,
}

impl<'s> Reconciler<'s> {
    /// Begins a comparison; `at` becomes the time of everything that follows from it.
    pub fn new(
        source: &'s SourceId,
        mapping: &'s Mapping,
        guard: Guard,
        standing: Standing,
        at: Timestamp,
    ) -> Self {
        Self {
            source,
            mapping,
            guard,
            valid_before: standing.valid,
            summary: Summary {
                known: standing.known,
                ..Summary::default()
            },
            standing,
            at,
            hasher: PlanHasher::default(),
            contact_lost: false,
            roles_lost: BTreeSet::new(),
            before: Effects::default(),
            back: 0,
            about: About::Everything,
            reach: Reach::Level,
        }
    }

    /// Counts what plans shortly before have done as if this one did it.
    #[must_use]
    pub fn after(mut self, before: Effects) -> Self {
        self.before = before;
        self
    }

    /// Compares no more than this.
    #[must_use]
    pub fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }

    /// Says how far the server has come.
    #[must_use]
    pub fn read_from(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Takes the next pair.
    pub fn take(&mut self, pair: Pair) -> Consequence {
        let mut out = Consequence::default();
        let plain = pair.is_plain() && self.about != About::ShutOut;
        match pair {
            Pair::Both(ours, theirs) if self.about == About::ShutOut => {
                self.shut_out(*ours, &theirs.observed, &mut out);
            }
            Pair::Deleted(ours) => self.deletion(*ours, &mut out),
            _ if self.about == About::ShutOut => {}
            Pair::Both(ours, theirs) => {
                self.summary.read += 1;
                self.both(*ours, &theirs, &mut out);
            }
            Pair::Theirs(theirs) => {
                self.summary.read += 1;
                self.arrival(*theirs, &mut out);
            }
            Pair::Ours(ours, absence) => self.absence(*ours, absence, &mut out),
            Pair::Unknown => {}
            Pair::Unusable(ours) => out.remarks.push(Remark {
                about: ours.person.id.to_string(),
                text: "left as it is: the entry was read but cannot be used".to_owned(),
            }),
        }
        for change in &out.changes {
            self.hasher.add_timeless(change, self.at);
        }
        self.summary.changes += out.changes.len() as u64;
        out.settles = plain && out.remarks.is_empty();
        out
    }

    /// Counts entries, `usable` in all, of which those that were taken are a part: the others are settled.
    pub fn passed_over(&mut self, usable: u64) {
        self.summary.read = self.summary.read.max(usable);
    }

    /// Concerns that no further pair takes back: the plan can only become worse.
    pub fn certain(&self) -> Vec<Concern> {
        let mut concerns = self.concerns();
        concerns.retain(Concern::only_grows);
        concerns
    }

    /// Counts entries that cannot become a person.
    pub fn quarantined(&mut self, entries: u64) {
        self.summary.quarantined += entries;
    }

    /// Ends the comparison.
    pub fn finish(mut self) -> Summary {
        let concerns = self.concerns();
        self.summary.hash = self.hasher.finish();
        self.summary.concerns = concerns;
        self.summary
    }

    fn arrival(&mut self, theirs: Theirs, out: &mut Consequence) {
        let observed = &theirs.observed;
        if theirs.rivals > 0 {
            self.summary.quarantined += 1;
            out.remarks.push(remark(
                observed,
                format!(
                    "left out: {} other entries have the username too",
                    theirs.rivals
                ),
            ));
            return;
        }
        match theirs.namesake {
            // Same district, same username, made by hand: the register's person is this staff member. Contacts that
            // were designated before the directory was connected stay the same person.
            Some(namesake) if namesake.ours.person.directory.is_none() => {
                self.summary.linked += 1;
                let after =
                    self.described(&namesake.ours.person, observed, observed.username.clone());
                let grants = self.given(observed);
                self.becomes(namesake.ours, after, grants, Evidence::Positive, out);
            }
            Some(namesake) if !namesake.leaves(self.source) => {
                self.summary.quarantined += 1;
                out.remarks
                    .push(remark(observed, self.why_taken(&namesake, observed)));
            }
            _ => self.newcomer(observed, out),
        }
    }

    fn newcomer(&mut self, observed: &Observed, out: &mut Consequence) {
        let id = match PersonId::new(format!("{}:{}", self.source, observed.stable_id)) {
            Ok(id) => id,
            Err(why) => {
                self.summary.quarantined += 1;
                return out
                    .remarks
                    .push(remark(observed, format!("left out: its id {why}")));
            }
        };
        let blank = Person {
            id,
            district: self.standing.district.id.clone(),
            username: String::new(),
            name: String::new(),
            mail: Vec::new(),
            phone: Vec::new(),
            employee_number: None,
            title: None,
            homepage: MAIN_HOMEPAGE.to_owned(),
            enabled: true,
            schools: BTreeSet::new(),
            third_party: None,
            coach_of: BTreeSet::new(),
            directory: None,
        };
        let person = self.described(&blank, observed, observed.username.clone());
        self.summary.added += 1;
        self.summary.disabled += u64::from(observed.disabled.is_some());
        out.changes.push(Change::Person {
            before: None,
            after: Some(Box::new(person.clone())),
        });
        let ours = Ours {
            person,
            contact: None,
            grants: Vec::new(),
        };
        if let Some(grants) = self.given(observed) {
            self.grants(ours, BTreeSet::new(), grants, Evidence::Positive, out);
        }
    }

    /// Why an entry cannot have its username, with a proposal where the entry looks re-created.
    fn why_taken(&self, namesake: &Namesake, observed: &Observed) -> String {
        let holder = &namesake.ours.person;
        let same_number = observed.employee_number.is_some()
            && holder.employee_number == observed.employee_number;
        let ours = holder
            .directory
            .as_ref()
            .is_some_and(|link| link.source == *self.source);
        match (ours, same_number) {
            (true, true) => format!(
                "left out: looks like the re-created entry of {} (same username and employee number); link them to go on",
                holder.id
            ),
            (true, false) => format!(
                "left out: its username belongs to {}, whose entry {}",
                holder.id,
                match namesake.goes {
                    None => "was not read",
                    Some(_) => "does not leave it",
                }
            ),
            (false, _) => format!(
                "left out: its username belongs to {} of another source",
                holder.id
            ),
        }
    }

    fn both(&mut self, ours: Ours, theirs: &Theirs, out: &mut Consequence) {
        let observed = &theirs.observed;
        let mut username = observed.username.clone();
        if username != ours.person.username {
            let taken = theirs
                .namesake
                .as_ref()
                .filter(|namesake| !namesake.leaves(self.source));
            if theirs.rivals > 0 || taken.is_some() {
                out.remarks.push(remark(
                    observed,
                    format!(
                        "{} keeps its old username: the new one is taken",
                        ours.person.id
                    ),
                ));
                username.clone_from(&ours.person.username);
            }
        }
        let after = self.described(&ours.person, observed, username);
        // Who leaves is often stripped of these in one go.
        if observed.disabled.is_none() {
            for attribute in effects::emptied(&ours.person, &after) {
                *self
                    .summary
                    .emptied
                    .entry(attribute.to_owned())
                    .or_default() += 1;
            }
        }
        let grants = self.given(observed);
        self.becomes(ours, after, grants, Evidence::Positive, out);
    }

    /// Who has authority and is disabled loses it; nothing else about them changes.
    fn shut_out(&mut self, ours: Ours, observed: &Observed, out: &mut Consequence) {
        let Some(link) = ours.person.directory.clone() else {
            return;
        };
        let acts = matches!(
            link.status,
            DirectoryStatus::Present | DirectoryStatus::Missing { .. }
        );
        if observed.disabled.is_none() || !acts {
            return;
        }
        let mut after = ours.person.clone();
        after.directory = Some(DirectoryLink {
            status: DirectoryStatus::Disabled,
            ..link
        });
        self.becomes(ours, after, None, Evidence::Positive, out);
    }

    /// What the mapped groups give, if it is looked at.
    fn given<'o>(&self, observed: &'o Observed) -> Option<&'o BTreeSet<Granted>> {
        (self.about == About::Everything).then_some(&observed.grants)
    }

    fn absence(&mut self, ours: Ours, absence: Absence, out: &mut Consequence) {
        let Some(link) = ours.person.directory.clone() else {
            return;
        };
        let since = self.at;
        let status = match link.status {
            // The first complete read without the entry; nothing follows from it yet.
            DirectoryStatus::Present => DirectoryStatus::Missing { since },
            // Shut out already: `missing` would give the authority back, so this waits for the proof.
            DirectoryStatus::Disabled | DirectoryStatus::Missing { .. } if absence.acts() => {
                DirectoryStatus::Gone { since }
            }
            same => same,
        };
        if status == link.status {
            if matches!(status, DirectoryStatus::Missing { .. }) {
                out.remarks.push(Remark {
                    about: ours.person.id.to_string(),
                    text: format!(
                        "still missing, and looking it up says {}: nothing follows",
                        absence.word()
                    ),
                });
            }
            return;
        }
        let mut after = ours.person.clone();
        after.directory = Some(DirectoryLink { status, ..link });
        self.becomes(ours, after, None, Evidence::Omission, out);
    }

    /// The server says that the entry is deleted, and looking it up confirms it: suspends at once, unguarded.
    fn deletion(&mut self, ours: Ours, out: &mut Consequence) {
        let Some(link) = ours.person.directory.clone() else {
            return;
        };
        if matches!(link.status, DirectoryStatus::Deleted { .. }) {
            return;
        }
        let mut after = ours.person.clone();
        after.directory = Some(DirectoryLink {
            status: DirectoryStatus::Deleted { since: self.at },
            ..link
        });
        self.becomes(ours, after, None, Evidence::Positive, out);
    }

    /// The person as the entry describes them. What is not mapped stays as the register has it.
    fn described(&self, person: &Person, observed: &Observed, username: String) -> Person {
        let mut after = person.clone();
        let mapping = self.mapping;
        after.username = username;
        if mapping.name.is_some() || after.name.is_empty() {
            after.name.clone_from(&observed.name);
        }
        if mapping.mail.is_some() {
            after.mail.clone_from(&observed.mail);
        }
        if mapping.phone.is_some() {
            after.phone.clone_from(&observed.phone);
        }
        if mapping.employee_number.is_some() {
            after.employee_number.clone_from(&observed.employee_number);
        }
        if mapping.title.is_some() {
            after.title.clone_from(&observed.title);
        }
        if mapping.school.is_some() {
            after.schools.clone_from(&observed.schools);
        }
        after.directory = Some(DirectoryLink {
            source: self.source.clone(),
            stable_id: observed.stable_id.clone(),
            dn: observed.dn.clone(),
            status: if observed.disabled.is_some() {
                DirectoryStatus::Disabled
            } else {
                DirectoryStatus::Present
            },
        });
        after
    }
}

fn remark(observed: &Observed, text: String) -> Remark {
    Remark {
        about: observed.dn.clone(),
        text,
    }
}

#[cfg(test)]
#[path = "reconcile_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "reconcile_name_tests.rs"]
mod name_tests;

#[cfg(test)]
#[path = "reconcile_guard_tests.rs"]
mod guard_tests;
