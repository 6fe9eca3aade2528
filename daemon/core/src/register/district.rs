//! `[[district]]` and `[[feed]]`, which register documents and the configuration write alike.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

use super::value::{Days, Label, Lapse, MailAddress, label, moment, zone};
use crate::contact::{ActivityKind, ActivityKinds};
use crate::district::{District, Help, Inactivity, LastContact, Preferences};
use crate::document::Table;
use crate::id::{DistrictId, EditionId, FeedId, ProductId, SchoolId};

/// Technical contacts a district may be allowed; more is a typing error.
const TECHNICAL_CAP_MAX: u64 = 100;

/// An activity feed: final stages of its district wait for its watermark. Rule: domain §3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Feed {
    /// Its id.
    pub id: FeedId,
    /// The district whose activity it brings.
    pub district: DistrictId,
    /// How far behind it may be before an alarm is raised; `max-lag`, 26 hours if left out.
    pub max_lag: SignedDuration,
    /// The moment up to which its events are complete, if the document says one.
    pub watermark: Option<Timestamp>,
}

/// A daily export that comes an hour or two late is on time.
const MAX_LAG_DEFAULT: SignedDuration = SignedDuration::from_hours(26);

/// Reads one `[[district]]`. Problems are noted in the table's document; `None` if what is missing leaves no district.
pub fn district(table: &Table) -> Option<District> {
    let id: Option<DistrictId> = table.need_parse("id");
    let timezone = zone(table, "timezone");
    let name = label(table, "name");
    let edition = table.parse::<EditionId>("edition");
    let products = products(table);
    let hosting = label(table, "hosting");
    let sites = labels(table, "sites");
    let schools = schools(table);
    let preferences = preferences(table);
    let inactivity = inactivity(table);
    let help = help(table);
    let mailbox = table.parse::<MailAddress>("mailbox").map(|mail| mail.0);
    let linked_to = label(table, "linked-to");
    let technical_cap = table.number("technical-cap", 0..=TECHNICAL_CAP_MAX);
    let third_parties = labels(table, "third-parties");
    table.done();
    let id = id?;
    Some(District {
        name: name.unwrap_or_else(|| id.to_string()),
        timezone: timezone?,
        edition: edition.or_else(|| EditionId::new("standard").ok())?,
        id,
        products,
        hosting,
        sites,
        schools,
        preferences,
        inactivity,
        help,
        mailbox,
        linked_to,
        technical_cap: technical_cap
            .and_then(|cap| u32::try_from(cap).ok())
            .unwrap_or(1),
        third_parties,
    })
}

/// Reads one `[[feed]]`; whether its district exists is for the caller to check.
pub fn feed(table: &Table) -> Option<Feed> {
    let id = table.need_parse("id");
    let district = table.need_parse("district");
    let max_lag = table.parse::<Lapse>("max-lag");
    let watermark = moment(table, "watermark");
    table.done();
    Some(Feed {
        id: id?,
        district: district?,
        max_lag: max_lag.map_or(MAX_LAG_DEFAULT, |lapse| lapse.0),
        watermark,
    })
}

/// Licensed products; the student information system alone if none is said.
fn products(table: &Table) -> BTreeSet<ProductId> {
    let Some(said) = table.value("products") else {
        return ProductId::new("sis").ok().into_iter().collect();
    };
    if said.as_array().is_some_and(Vec::is_empty) {
        table.problem("products", "must name at least one product");
    }
    table.list("products").into_iter().collect()
}

fn labels(table: &Table, key: &str) -> BTreeSet<String> {
    let labels: Vec<Label> = table.list(key);
    labels.into_iter().map(|label| label.0).collect()
}

fn schools(table: &Table) -> BTreeMap<SchoolId, String> {
    let mut schools = BTreeMap::new();
    for school in table.tables("schools") {
        let id = school.need_parse::<SchoolId>("id");
        let name = label(&school, "name");
        school.done();
        let Some(id) = id else { continue };
        let name = name.unwrap_or_else(|| id.to_string());
        if schools.contains_key(&id) {
            school.problem("id", "is listed twice");
        }
        schools.insert(id, name);
    }
    schools
}

fn preferences(table: &Table) -> Preferences {
    let Some(switches) = table.table("preferences") else {
        return Preferences::default();
    };
    let preferences = Preferences {
        restrict_login_as: switches.flag("restrict-login-as").unwrap_or_default(),
        group_assignment_ceiling: switches
            .flag("group-assignment-ceiling")
            .unwrap_or_default(),
    };
    switches.done();
    preferences
}

/// The table `inactivity` of a district, checked; the default if it is left out.
pub fn inactivity(table: &Table) -> Inactivity {
    let default = Inactivity::default();
    let Some(periods) = table.table("inactivity") else {
        return default;
    };
    let read = periods_of(&periods);
    periods.done();
    match read.checked() {
        Ok(checked) => checked,
        Err(why) => {
            table.problem("inactivity", why.to_string());
            default
        }
    }
}

/// The kinds of activity that count; all if the key is left out.
fn qualifying(table: &Table) -> ActivityKinds {
    let said = table.value("qualifying").is_some();
    let kinds: Vec<ActivityKind> = table.list("qualifying");
    if said {
        kinds.into_iter().collect()
    } else {
        ActivityKinds::ALL
    }
}

/// `warn-after`, `deactivate-after`, `last-contact` and `qualifying` as written, not yet checked together.
pub(super) fn periods_of(table: &Table) -> Inactivity {
    let default = Inactivity::default();
    let days =
        |key: &str, default: u16| table.parse::<Days>(key).map_or(default, |period| period.0);
    Inactivity {
        warn_after: days("warn-after", default.warn_after),
        deactivate_after: days("deactivate-after", default.deactivate_after),
        last_contact: match table.text("last-contact") {
            None | Some("deactivate") => LastContact::Deactivate,
            Some("hold") => LastContact::Hold,
            Some(_) => {
                table.problem("last-contact", "must be deactivate or hold");
                LastContact::Deactivate
            }
        },
        qualifying: qualifying(table),
    }
}

fn help(table: &Table) -> Help {
    let Some(published) = table.table("help") else {
        return Help::default();
    };
    let help = Help {
        phone: label(&published, "phone"),
        mail: published.parse::<MailAddress>("mail").map(|mail| mail.0),
    };
    published.done();
    help
}

impl Feed {
    /// A feed of that id with everything else as if left out.
    pub fn of(id: FeedId, district: DistrictId) -> Self {
        Self {
            id,
            district,
            max_lag: MAX_LAG_DEFAULT,
            watermark: None,
        }
    }
}
