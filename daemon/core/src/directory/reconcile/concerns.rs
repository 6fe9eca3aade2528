//! What keeps a plan from being applied by itself, from what was counted. Rule: directory design, *guards*.

use super::{Concern, Reconciler};
use crate::limits::ROLE_GAINS_MAX;

/// What is compared of those who are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// People and what groups give them.
    Everything,
    /// People alone: grants stay as they are.
    People,
    /// Who is disabled or deleted, and nothing else about anybody: no guard stands between them and the loss of authority.
    ShutOut,
}

/// How far the server has come whose entries are compared, beside what was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// As far.
    Level,
    /// Another one answers, and nobody can tell.
    Unknown,
    /// Not as far: a departure that it does not know of yet would look like a return.
    Behind,
}

impl Reconciler<'_> {
    pub(super) fn concerns(&self) -> Vec<Concern> {
        let mut concerns = Vec::new();
        let summary = &self.summary;
        if !self.standing.applied_before {
            concerns.push(Concern::FirstPlan);
        }
        let people = summary.role_gains + self.before.role_gains;
        if summary.role_gains > 0 && people > ROLE_GAINS_MAX {
            concerns.push(Concern::RoleGains { people });
        }
        match self.reach {
            _ if self.about == About::ShutOut => {}
            Reach::Behind if summary.changes > 0 => concerns.push(Concern::Behind),
            Reach::Unknown if self.back > 0 => {
                concerns.push(Concern::ReturnedElsewhere { people: self.back });
            }
            Reach::Level | Reach::Unknown | Reach::Behind => {}
        }
        let missing = summary.missing + summary.gone;
        let (known, allowed) = (summary.known, self.guard.allowed(summary.known));
        if missing > allowed {
            concerns.push(Concern::TooManyMissing {
                missing,
                allowed,
                known,
            });
        }
        let emptied = summary.emptied.iter().map(|(attribute, people)| {
            let before = self.before.emptied.get(attribute).copied();
            (attribute, people + before.unwrap_or(0))
        });
        let emptied = emptied.filter(|(_, people)| *people > allowed);
        concerns.extend(emptied.map(|(attribute, people)| Concern::Emptied {
            attribute: attribute.clone(),
            people,
            allowed,
        }));
        let people = summary.enabled + self.before.enabled;
        if summary.enabled > 0 && people > allowed {
            concerns.push(Concern::TooManyEnabled { people, allowed });
        }
        if self.contact_lost && self.valid_before > 0 && self.standing.valid == 0 {
            let district = self.standing.district.id.clone();
            concerns.push(Concern::NoContactLeft { district });
        }
        let orphaned = self.roles_lost.iter().filter(|role| {
            self.standing
                .holders
                .get(*role)
                .is_none_or(|holders| *holders == 0)
        });
        concerns.extend(orphaned.map(|role| Concern::NoHolderLeft { role: role.clone() }));
        concerns
    }
}
