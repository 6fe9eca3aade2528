//! Effects that guards count across plans: a stream brings one by one what a round brings at once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What one plan does that too many plans must not do together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Effects {
    /// People who gain a product role.
    pub role_gains: u64,
    /// People who were disabled and are not any more.
    pub enabled: u64,
    /// People who lose all values of an attribute, by the key of the mapping.
    pub emptied: BTreeMap<String, u64>,
}

/// Effects of the plans of a stream, the latest last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lately(Vec<(Timestamp, Effects)>);

/// Plans that are remembered one by one; of more, the oldest two count as one.
const KEPT: usize = 64;

impl Effects {
    fn and(mut self, other: &Self) -> Self {
        self.role_gains += other.role_gains;
        self.enabled += other.enabled;
        for (attribute, people) in &other.emptied {
            *self.emptied.entry(attribute.clone()).or_default() += people;
        }
        self
    }
}

impl Lately {
    /// With a plan that was applied at `at`. What a period of `within` does not reach any more is forgotten.
    #[must_use]
    pub fn with(mut self, effects: Effects, at: Timestamp, within: Duration) -> Self {
        self.0.retain(|(moment, _)| reaches(*moment, at, within));
        if effects != Effects::default() {
            self.0.push((at, effects));
        }
        if self.0.len() > KEPT {
            let (_, oldest) = self.0.remove(0);
            if let Some((_, next)) = self.0.first_mut() {
                *next = std::mem::take(next).and(&oldest);
            }
        }
        self
    }

    /// All effects of the period of this length that ends `now`.
    pub fn sum(&self, now: Timestamp, within: Duration) -> Effects {
        let recent = self.0.iter();
        let recent = recent.filter(|(moment, _)| reaches(*moment, now, within));
        recent.fold(Effects::default(), |sum, (_, effects)| sum.and(effects))
    }
}

/// A clock that was turned back makes nothing of it older.
fn reaches(moment: Timestamp, now: Timestamp, within: Duration) -> bool {
    now.checked_sub(within).unwrap_or(Timestamp::MIN) < moment
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
    }

    fn one() -> Effects {
        Effects {
            role_gains: 1,
            enabled: 0,
            emptied: [("title".to_owned(), 1)].into(),
        }
    }

    #[test]
    fn plans_of_a_period_add_up_and_older_ones_are_forgotten() {
        let lately = Lately::default()
            .with(one(), at(0), HOUR)
            .with(Effects::default(), at(1), HOUR)
            .with(one(), at(59), HOUR);
        assert_eq!(lately.sum(at(59), HOUR).role_gains, 2);
        assert_eq!(lately.sum(at(59), HOUR).emptied["title"], 2);
        assert_eq!(lately.sum(at(60), HOUR), one());
        assert_eq!(lately.sum(at(119), HOUR), Effects::default());
    }

    #[test]
    fn many_plans_count_in_full_in_a_list_that_does_not_grow() {
        let many = (0..1000).fold(Lately::default(), |lately, second| {
            lately.with(one(), at(second / 60), HOUR)
        });
        assert_eq!(many.0.len(), KEPT);
        assert_eq!(many.sum(at(17), HOUR).role_gains, 1000);
    }
}
