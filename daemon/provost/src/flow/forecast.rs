//! Who will reach which stage on which day if nothing happens.

use provost_core::Timestamp;
use provost_core::contact::{Contact, Stage};
use provost_core::id::{DistrictId, PersonId};
use provost_core::lifecycle;
use serde::Serialize;

use super::neighbourhood::Neighbourhood;
use super::{FlowError, Scene};

/// A stage that lies ahead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ahead {
    /// When, RFC 3339 in the district's time zone.
    pub at: String,
    /// Whose district.
    pub district: DistrictId,
    /// Who.
    pub person: PersonId,
    /// Account name.
    pub username: String,
    /// Which stage.
    pub stage: Stage,
    /// The moment, for sorting.
    #[serde(skip)]
    moment: Timestamp,
}

/// Every stage that contacts reach until `until`, by time.
///
/// # Errors
/// If the store cannot be read.
pub fn run(scene: Scene<'_>, until: Timestamp) -> Result<Vec<Ahead>, FlowError> {
    let register = scene.store.read()?;
    let mut all = Vec::new();
    for district in register.districts()? {
        let here = Neighbourhood::read(&register, &scene.live.config.feeds, &district.id)?;
        for (contact, person) in register.contacts(Some(&district.id))? {
            let around = here.around(&contact.person);
            for (stage, moment) in lifecycle::forecast(&contact, &around, scene.now, until) {
                all.push(Ahead {
                    at: district.timezone.rfc3339(moment),
                    district: district.id.clone(),
                    person: contact.person.clone(),
                    username: person.username.clone(),
                    stage,
                    moment,
                });
            }
        }
    }
    all.sort_by(|a, b| (a.moment, &a.person).cmp(&(b.moment, &b.person)));
    Ok(all)
}

/// The stages that lie ahead of one contact.
///
/// # Errors
/// If the store cannot be read.
pub fn of(scene: Scene<'_>, contact: &Contact) -> Result<Vec<(Stage, Timestamp)>, FlowError> {
    let here = Neighbourhood::read(
        &scene.store.read()?,
        &scene.live.config.feeds,
        &contact.district,
    )?;
    Ok(lifecycle::forecast(
        contact,
        &here.around(&contact.person),
        scene.now,
        Timestamp::MAX,
    ))
}
