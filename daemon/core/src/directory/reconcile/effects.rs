//! What a person's new state brings with it: counts, the contact's suspension or return, grants and roles.

use std::collections::BTreeSet;

use super::{
    Actor, Change, Consequence, Contact, DirectoryStatus, Evidence, Grant, Granted, Origin, Ours,
    Person, Reconciler, RoleId, Surroundings, lifecycle, roles,
};

/// Keys of the mapping whose attributes had values for this person and have none any more.
pub(super) fn emptied(before: &Person, after: &Person) -> impl Iterator<Item = &'static str> {
    let had = |person: &Person| {
        [
            ("mail", !person.mail.is_empty()),
            ("phone", !person.phone.is_empty()),
            ("employee-number", person.employee_number.is_some()),
            ("title", person.title.is_some()),
            ("school", !person.schools.is_empty()),
        ]
    };
    let pairs = had(before).into_iter().zip(had(after));
    pairs.filter_map(|((attribute, had), (_, has))| (had && !has).then_some(attribute))
}

impl Reconciler<'_> {
    /// Writes the person, then what follows for the contact and the grants. `None` leaves the grants alone: while an
    /// entry is absent nobody knows what its groups would give, and an account that is shut out has no use of them.
    pub(super) fn becomes(
        &mut self,
        ours: Ours,
        after: Person,
        grants: Option<&BTreeSet<Granted>>,
        evidence: Evidence,
        out: &mut Consequence,
    ) {
        let roles_before = ours.roles(self.at);
        if after != ours.person {
            self.count_person(&ours.person, &after);
            out.changes.push(Change::Person {
                before: Some(Box::new(ours.person)),
                after: Some(Box::new(after.clone())),
            });
        }
        if let (Some(contact), Some(link)) = (&ours.contact, &after.directory) {
            self.contact(contact, link.status, evidence, out);
        }
        let now = Ours {
            person: after,
            ..ours
        };
        match grants {
            Some(grants) => self.grants(now, roles_before, grants, evidence, out),
            None => self.roles(&roles_before, &now.roles(self.at), evidence),
        }
    }

    pub(super) fn count_person(&mut self, before: &Person, after: &Person) {
        let status = |person: &Person| person.directory.as_ref().map(|link| link.status);
        match (status(before), status(after)) {
            (_, Some(DirectoryStatus::Missing { .. })) => self.summary.missing += 1,
            (_, Some(DirectoryStatus::Gone { .. })) => self.summary.gone += 1,
            (_, Some(DirectoryStatus::Deleted { .. })) => self.summary.deleted += 1,
            (was, Some(DirectoryStatus::Disabled)) if was != Some(DirectoryStatus::Disabled) => {
                self.summary.disabled += 1;
            }
            (Some(was), Some(DirectoryStatus::Present)) if was != DirectoryStatus::Present => {
                self.summary.returned += 1;
                self.summary.enabled += u64::from(was == DirectoryStatus::Disabled);
                self.back += u64::from(!matches!(was, DirectoryStatus::Missing { .. }));
            }
            (None, _) => {}
            _ => self.summary.updated += 1,
        }
    }

    pub(super) fn contact(
        &mut self,
        before: &Contact,
        status: DirectoryStatus,
        evidence: Evidence,
        out: &mut Consequence,
    ) {
        let own = usize::from(before.is_valid());
        let own_technical =
            usize::from(before.is_valid() && before.kind == crate::contact::ContactKind::Technical);
        let surroundings = Surroundings {
            district: &self.standing.district,
            other_valid: self.standing.valid.saturating_sub(own),
            other_technical: self.standing.technical.saturating_sub(own_technical),
            feed: self.standing.feed,
        };
        let Some(step) = lifecycle::directory(before, &surroundings, status, self.at) else {
            return;
        };
        match (before.is_valid(), step.contact.is_valid()) {
            (true, false) => {
                self.summary.suspended += 1;
                self.contact_lost |= evidence == Evidence::Omission;
            }
            (false, true) => self.summary.restored += 1,
            _ => {}
        }
        self.standing.contact_changes(before, &step.contact);
        out.changes.push(Change::Contact {
            before: Some(Box::new(before.clone())),
            after: Box::new(step.contact),
        });
        out.changes
            .extend(step.notices.into_iter().map(|notice| Change::Notice {
                notice: Box::new(notice),
            }));
        out.changes
            .extend(step.alarms.into_iter().map(|alarm| Change::Alarm {
                alarm: Box::new(alarm),
            }));
    }

    /// Gives and takes what the mapped groups say. Only grants of this origin are touched; manual ones stay.
    pub(super) fn grants(
        &mut self,
        ours: Ours,
        roles_before: BTreeSet<RoleId>,
        wanted: &BTreeSet<Granted>,
        evidence: Evidence,
        out: &mut Consequence,
    ) {
        let given = ours.given_by(self.source);
        let mut after: Vec<Grant> = ours.grants.clone();
        for (what, grant) in given.iter().filter(|(what, _)| !wanted.contains(what)) {
            self.summary.revoked += 1;
            after.retain(|held| held != *grant);
            if let Granted::Role(role) = what
                && ours.person.account_enabled()
                && roles_before.contains(role)
            {
                // Being left out of a group's list is an omission, however much else was read.
                self.roles_lost.insert(role.clone());
            }
            out.changes.push(Change::Revoke {
                grant: Box::new((*grant).clone()),
            });
        }
        for what in wanted.iter().filter(|what| !given.contains_key(*what)) {
            self.summary.granted += 1;
            let grant = Grant {
                person: ours.person.id.clone(),
                what: what.clone(),
                origin: Origin::Source(self.source.clone()),
                by: Actor::Source(self.source.clone()).to_string(),
                at: self.at,
                expires: None,
            };
            after.push(grant.clone());
            out.changes.push(Change::Grant {
                grant: Box::new(grant),
            });
        }
        let held_before = roles(&ours.grants, self.at);
        if !roles(&after, self.at).is_subset(&held_before) {
            self.summary.role_gains += 1;
        }
        let now = Ours {
            grants: after,
            ..ours
        };
        self.roles(&roles_before, &now.roles(self.at), evidence);
    }

    pub(super) fn roles(
        &mut self,
        before: &BTreeSet<RoleId>,
        after: &BTreeSet<RoleId>,
        evidence: Evidence,
    ) {
        if evidence == Evidence::Omission {
            self.roles_lost.extend(before.difference(after).cloned());
        }
        self.standing.roles_change(before, after);
    }
}
