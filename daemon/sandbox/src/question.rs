//! A question to a policy as its author writes it down, in JSON: `provost plugin run`.
//!
//! Words and shapes are those of `sdk/wit`: flags are lists of their words, `subject` and `resource` one of their cases.
//! What is left out is empty. The moment is a time with its offset (RFC 3339), which is how people write it.

use provost_core::Timestamp;
use provost_core::contact::{ContactKind, ContactState};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::policy::{Edition, Need};
use crate::request::{contact_kind, contact_state, property};
use crate::wit::role_policy as wit;

/// May the subject do this action to the resource?
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Question {
    /// The action's name.
    pub action: String,
    #[serde(deserialize_with = "moment")]
    now: wit::Moment,
    #[serde(default)]
    district: Option<District>,
    #[serde(default)]
    subject: Party,
    #[serde(default)]
    resource: Thing,
    #[serde(default = "wit::Relations::empty", deserialize_with = "relations")]
    relations: wit::Relations,
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    context: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct District {
    id: String,
    #[serde(default)]
    products: Vec<String>,
    #[serde(default = "wit::DistrictFlags::empty", deserialize_with = "switches")]
    switches: wit::DistrictFlags,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Party {
    Person(Person),
    Agent,
    #[default]
    Unknown,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Thing {
    Person(Person),
    SupportCase(SupportCase),
    District(String),
    Group(String),
    Tool(String),
    #[default]
    Unknown,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    id: String,
    district: String,
    #[serde(default = "wit::Account::empty", deserialize_with = "account")]
    account: wit::Account,
    #[serde(default)]
    contact: Option<Contact>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    schools: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contact {
    kind: ContactKind,
    state: ContactState,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SupportCase {
    id: String,
    district: String,
    #[serde(default)]
    emergency: bool,
    #[serde(default)]
    transitioned: bool,
    #[serde(default)]
    closed: bool,
}

impl Question {
    /// The question in the words of the interface: what the edition asked to see, and no more.
    pub(crate) fn request(&self, edition: &Edition) -> wit::Request {
        let wants = |need: Need| edition.needs.contains(&need);
        let given = |need: Need, values: &Map<String, Value>| {
            let values = wants(need).then(|| values.iter().map(property));
            values.into_iter().flatten().collect()
        };
        let district = self.district.clone().filter(|_| wants(Need::District));
        wit::Request {
            action: self.action.clone(),
            now: self.now,
            district: district.map(|district| wit::District {
                id: district.id,
                products: district.products,
                switches: district.switches,
            }),
            subject: match &self.subject {
                Party::Person(_) if !wants(Need::Subject) => wit::Party::Someone,
                Party::Person(person) => wit::Party::Person(person.record(edition)),
                Party::Agent => wit::Party::Agent,
                Party::Unknown => wit::Party::Unknown,
            },
            resource: self.thing(edition),
            relations: match wants(Need::Relations) {
                true => self.relations,
                false => wit::Relations::empty(),
            },
            properties: given(Need::Properties, &self.properties),
            context: given(Need::Context, &self.context),
        }
    }

    fn thing(&self, edition: &Edition) -> wit::Thing {
        let record = edition.needs.contains(&Need::Resource);
        match &self.resource {
            Thing::Person(_) | Thing::SupportCase(_) if !record => wit::Thing::Something,
            Thing::Person(person) => wit::Thing::Person(person.record(edition)),
            Thing::SupportCase(case) => wit::Thing::SupportCase(wit::SupportCase {
                id: case.id.clone(),
                district: case.district.clone(),
                emergency: case.emergency,
                transitioned: case.transitioned,
                closed: case.closed,
            }),
            Thing::District(id) => wit::Thing::District(id.clone()),
            Thing::Group(id) => wit::Thing::Group(id.clone()),
            Thing::Tool(name) => wit::Thing::Tool(name.clone()),
            Thing::Unknown => wit::Thing::Unknown,
        }
    }
}

impl Person {
    fn record(&self, edition: &Edition) -> wit::Person {
        let listed = |need: Need, list: &[String]| match edition.needs.contains(&need) {
            true => list.to_vec(),
            false => Vec::new(),
        };
        wit::Person {
            id: self.id.clone(),
            district: self.district.clone(),
            account: self.account,
            contact: self.contact.as_ref().map(|contact| wit::Contact {
                kind: contact_kind(contact.kind),
                state: contact_state(contact.state),
            }),
            roles: listed(Need::Roles, &self.roles),
            schools: listed(Need::Schools, &self.schools),
        }
    }
}

/// An RFC 3339 time: the offset is that of the district's wall clock.
fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<wit::Moment, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || {
        D::Error::custom(format!(
            "`{text}` is no time with its offset, e.g. 2025-03-03T10:00:00-07:00"
        ))
    };
    let at: Timestamp = text.parse().map_err(|_| wrong())?;
    Ok(wit::Moment {
        unix_seconds: at.as_second(),
        utc_offset_seconds: offset(&text).ok_or_else(wrong)?,
    })
}

/// Seconds of `Z`, `+05:45` or `-07:00` at the end of a time.
fn offset(text: &str) -> Option<i32> {
    if text.ends_with(['Z', 'z']) {
        return Some(0);
    }
    let (hours, minutes) = text.get(text.len().checked_sub(6)?..)?.split_once(':')?;
    let sign = if hours.starts_with('-') { -1 } else { 1 };
    let hours: i32 = hours.trim_start_matches(['+', '-']).parse().ok()?;
    Some(sign * (hours * 3600 + minutes.parse::<i32>().ok()? * 60))
}

/// Reads flags as a list of their words.
macro_rules! words {
    ($read:ident: $flags:ty { $($word:literal => $flag:ident),* $(,)? }) => {
        fn $read<'de, D: Deserializer<'de>>(from: D) -> Result<$flags, D::Error> {
            let words = Vec::<String>::deserialize(from)?;
            words.iter().try_fold(<$flags>::empty(), |all, word| match word.as_str() {
                $($word => Ok(all | <$flags>::$flag),)*
                other => Err(D::Error::custom(format!(
                    "`{other}` is none of {}", [$($word),*].join(", ")
                ))),
            })
        }
    };
}

words!(switches: wit::DistrictFlags {
    "multi-product" => MULTI_PRODUCT,
    "vendor-cloud" => VENDOR_CLOUD,
    "linked" => LINKED,
    "restrict-login-as" => RESTRICT_LOGIN_AS,
    "group-assignment-ceiling" => GROUP_ASSIGNMENT_CEILING,
});

words!(account: wit::Account {
    "enabled" => ENABLED,
    "main-homepage" => MAIN_HOMEPAGE,
    "third-party" => THIRD_PARTY,
});

words!(relations: wit::Relations {
    "same-person" => SAME_PERSON,
    "same-district" => SAME_DISTRICT,
    "rights-subset" => RIGHTS_SUBSET,
    "calendars-cover" => CALENDARS_COVER,
    "nested-session" => NESTED_SESSION,
    "session-used" => SESSION_USED,
    "subject-is-contact" => SUBJECT_IS_CONTACT,
    "subject-is-technical" => SUBJECT_IS_TECHNICAL,
    "resource-is-contact" => RESOURCE_IS_CONTACT,
    "subject-enabled" => SUBJECT_ENABLED,
    "resource-enabled" => RESOURCE_ENABLED,
    "district-orphaned" => DISTRICT_ORPHANED,
});

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::id::EditionId;

    fn edition(needs: &[Need]) -> Edition {
        Edition {
            id: EditionId::new("valley").unwrap(),
            title: "Valley".to_owned(),
            roles: Vec::new(),
            judges: std::iter::once("valley.report".to_owned()).collect(),
            judges_all: false,
            needs: needs.iter().copied().collect(),
        }
    }

    const QUESTION: &str = r#"{
        "action": "valley.report", "now": "2025-03-03T23:30:00-07:00",
        "subject": {"person": {"id": "mia", "district": "d", "account": ["enabled"], "roles": ["sis"]}},
        "resource": {"district": "d"}, "relations": ["same-district"]
    }"#;

    #[test]
    fn a_question_shows_the_plugin_what_it_needs_and_no_more() {
        let question: Question = serde_json::from_str(QUESTION).unwrap();
        let blind = question.request(&edition(&[]));
        assert!(matches!(blind.subject, wit::Party::Someone));
        assert_eq!(blind.relations, wit::Relations::empty());
        assert_eq!(blind.now.utc_offset_seconds, -25_200);
        assert_eq!(blind.now.unix_seconds, 1_741_069_800);
        let seen = question.request(&edition(&[Need::Subject, Need::Relations]));
        let wit::Party::Person(person) = seen.subject else {
            panic!("{:?}", seen.subject);
        };
        assert_eq!(
            (person.roles, person.account),
            (vec![], wit::Account::ENABLED)
        );
        assert_eq!(seen.relations, wit::Relations::SAME_DISTRICT);
    }

    #[test]
    fn a_wrong_word_is_named_with_those_that_are_known() {
        for (good, bad, said) in [
            (
                "\"enabled\"",
                "\"enabeld\"",
                "enabled, main-homepage, third-party",
            ),
            ("23:30:00-07:00", "23:30", "is no time with its offset"),
            ("\"relations\"", "\"relation\"", "unknown field `relation`"),
        ] {
            let text = QUESTION.replace(good, bad);
            let why = serde_json::from_str::<Question>(&text).unwrap_err();
            assert!(why.to_string().contains(said), "{why}");
        }
    }
}
