//! Calendar rights.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use crate::id::SchoolId;

/// A calendar right: school (or all), calendar (or all), may modify.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CalendarRight {
    /// The school; `None` means all schools, written `*`.
    pub school: Option<SchoolId>,
    /// The calendar; `None` means all calendars of the school, written `*`.
    pub calendar: Option<String>,
    /// May change it, not only look.
    pub modify: bool,
}

/// The calendar rights that someone has in the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalendarRights {
    rights: BTreeSet<CalendarRight>,
}

impl CalendarRights {
    /// Adds one right.
    pub fn add(&mut self, right: CalendarRight) {
        self.rights.insert(right);
    }

    /// All schools and calendars with modify. Rule: `role.all-calendars`.
    pub fn add_all(&mut self) {
        self.add(CalendarRight {
            school: None,
            calendar: None,
            modify: true,
        });
    }

    /// Some right in that school. Rule: `login-as.calendars`.
    pub fn covers_school(&self, school: &SchoolId) -> bool {
        self.rights
            .iter()
            .any(|right| right.school.as_ref().is_none_or(|of| of == school))
    }

    /// Some right reaches at least as far as `wanted`. Rule: `group.ceiling`.
    pub fn covers(&self, wanted: &CalendarRight) -> bool {
        self.rights.iter().any(|right| {
            (right.school.is_none() || right.school == wanted.school)
                && (right.calendar.is_none() || right.calendar == wanted.calendar)
                && (right.modify || !wanted.modify)
        })
    }

    /// Every right, ordered.
    pub fn iter(&self) -> impl Iterator<Item = &CalendarRight> {
        self.rights.iter()
    }
}
