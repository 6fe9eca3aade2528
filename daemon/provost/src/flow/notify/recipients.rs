//! Whom a notice is sent to, by which channels and in which order. Rule: domain §3, undeliverable.

use provost_core::contact::Contact;
use provost_core::decision::DistrictFacts;
use provost_core::id::PluginId;
use provost_core::notice::{Notice, RecipientRole};
use provost_core::person::Person;
use provost_sandbox::{AddressKind, Recipient};
use std::collections::BTreeSet;

use crate::config::Route;
use crate::live::Live;

/// A way to somebody: an address by a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// By which channel.
    pub(crate) channel: PluginId,
    /// To whom; or why the channel leads nowhere.
    pub(crate) recipient: Result<Recipient, &'static str>,
}

/// Somebody to tell. The ways are tried in order until one takes the notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Somebody {
    /// As what.
    pub(crate) role: RecipientRole,
    /// The preferred way first.
    pub(crate) ways: Vec<Way>,
}

/// People who are all told. It is the next round's turn only if everybody in this one refuses for good.
pub(crate) type Round = Vec<Somebody>;

/// What a channel's addresses are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leads {
    /// Mail addresses of people.
    Mail,
    /// Their telephones.
    Phone,
    /// One address for everybody.
    Url(String),
}

/// How the channels lead to people; `None` for one that is not in force.
pub(crate) type Reach<'r> = dyn Fn(&PluginId) -> Option<Leads> + 'r;

/// How the channels in force lead to people.
pub(super) fn reach(live: &Live) -> impl Fn(&PluginId) -> Option<Leads> {
    |id| {
        let it = live.channels.get(id)?;
        Some(match it.channel.describe().address {
            AddressKind::Mail => Leads::Mail,
            AddressKind::Phone => Leads::Phone,
            // The one in its settings.
            AddressKind::Url => {
                let url = it.settings.get("url").and_then(|url| url.as_str());
                Leads::Url(url.unwrap_or_default().to_owned())
            }
        })
    }
}

/// The rounds of an attempt: those whom the routes name, in the order of the configuration; then, by the channels of all
/// of them, the other valid contacts and the district's mailbox. No address is tried twice by one channel.
pub(crate) fn rounds(
    routes: &[Route],
    reach: &Reach<'_>,
    notice: &Notice,
    near: &DistrictFacts,
) -> Vec<Round> {
    let topic = notice.kind.topic();
    let routes = routes.iter().filter(|route| route.carries(&topic));
    let mut legs: Vec<(RecipientRole, Vec<&PluginId>)> = Vec::new();
    for route in routes {
        match legs.last_mut() {
            Some((to, channels)) if *to == route.to => channels.extend(&route.channels),
            _ => legs.push((route.to, route.channels.iter().collect())),
        }
    }
    let all: Vec<&PluginId> = legs.iter().flat_map(|(_, ids)| ids).copied().collect();
    legs.push((RecipientRole::Colleague, all.clone()));
    legs.push((RecipientRole::Mailbox, all));
    let mut tried = BTreeSet::new();
    let rounds = legs.into_iter().map(|(to, channels)| {
        let mut everybody = match to {
            RecipientRole::Contact => vec![contact(reach, &channels, notice, near)],
            RecipientRole::Colleague => colleagues(reach, &channels, notice, near),
            RecipientRole::Mailbox => vec![mailbox(reach, &channels, near)],
        };
        for somebody in &mut everybody {
            somebody.ways.retain(|way| match &way.recipient {
                Ok(to) => tried.insert((way.channel.clone(), to.address.clone())),
                Err(_) => true,
            });
        }
        everybody.retain(|somebody| !somebody.ways.is_empty());
        everybody
    });
    rounds.filter(|round| !round.is_empty()).collect()
}

/// The person whom the notice is about. A channel that does not lead to them is kept with the reason.
fn contact(
    reach: &Reach<'_>,
    channels: &[&PluginId],
    notice: &Notice,
    near: &DistrictFacts,
) -> Somebody {
    let is_meant = |(contact, _): &&(Contact, Person)| contact.person == notice.person;
    let person = near
        .contacts
        .iter()
        .find(is_meant)
        .map(|(_, person)| person);
    let mut ways = Vec::new();
    for &id in channels {
        let nowhere = |why| Way {
            channel: id.clone(),
            recipient: Err(why),
        };
        match (reach(id), person) {
            (None, _) => ways.push(nowhere("no such channel is in force")),
            (Some(_), None) => ways.push(nowhere("the person has left the register")),
            (Some(_), Some(person)) => {
                let here = ways_to(reach, id, person, RecipientRole::Contact);
                if here.is_empty() {
                    ways.push(nowhere("the person has no address for it"));
                }
                ways.extend(here);
            }
        }
    }
    Somebody {
        role: RecipientRole::Contact,
        ways,
    }
}

fn colleagues(
    reach: &Reach<'_>,
    channels: &[&PluginId],
    notice: &Notice,
    near: &DistrictFacts,
) -> Round {
    near.valid_contacts()
        .filter(|(contact, _)| contact.person != notice.person)
        .map(|(_, person)| {
            let role = RecipientRole::Colleague;
            let ways = channels
                .iter()
                .flat_map(|id| ways_to(reach, id, person, role));
            Somebody {
                role,
                ways: ways.collect(),
            }
        })
        .collect()
}

fn mailbox(reach: &Reach<'_>, channels: &[&PluginId], near: &DistrictFacts) -> Somebody {
    let role = RecipientRole::Mailbox;
    let ways = channels.iter().flat_map(|id| {
        let address = match reach(id)? {
            Leads::Mail => near.district.mailbox.clone()?,
            Leads::Url(url) => url,
            Leads::Phone => return None,
        };
        Some(Way {
            channel: (*id).clone(),
            recipient: Ok(Recipient {
                address,
                name: String::new(),
                role,
            }),
        })
    });
    Somebody {
        role,
        ways: ways.collect(),
    }
}

/// The ways by one channel to a person, the primary address first.
pub(super) fn ways_to(
    reach: &Reach<'_>,
    id: &PluginId,
    person: &Person,
    role: RecipientRole,
) -> Vec<Way> {
    let addresses = match reach(id) {
        None => Vec::new(),
        Some(Leads::Mail) => person.mail.clone(),
        Some(Leads::Phone) => person.phone.clone(),
        Some(Leads::Url(url)) => vec![url],
    };
    let way = |address| Way {
        channel: id.clone(),
        recipient: Ok(Recipient {
            address,
            name: person.name.clone(),
            role,
        }),
    };
    addresses.into_iter().map(way).collect()
}
