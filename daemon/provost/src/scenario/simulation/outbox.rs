//! The timer's turn: what is due happens, and the channel takes or refuses the notices.

use provost_core::change::Actor;
use provost_core::contact::Contact;
use provost_core::lifecycle::{self, Wanted};
use provost_core::notice::{Delivery, Notice, Outcome as Fate};
use std::collections::BTreeSet;

use super::super::expect::{Sent, Told};
use super::super::run::Outcome;
use super::{Simulation, SimulationError};
use crate::deliver;
use crate::flow::neighbourhood::nearby;
use crate::flow::notify::recipients::{Leads, Way, rounds};
use crate::flow::notify::{self, Refused};
use crate::flow::{self, Scene};
use crate::store::Outgoing;

/// A tick's sweeps and deliveries lead to each other a few times at most; a scenario must end in any case.
const ROUNDS: usize = 16;

/// Notices looked at in one round.
const ROWS: usize = 1000;

impl Simulation {
    /// What the timer does in one tick: sweep, deliver, until nothing is due. Nothing while the clock is frozen.
    pub(super) fn sweep(&self, outcome: &mut Outcome) -> Result<(), SimulationError> {
        let Some(now) = flow::clock::watch(&self.store, self.clock.reading())? else {
            return Ok(());
        };
        let scene = Scene {
            now,
            ..self.scene()
        };
        for _ in 0..ROUNDS {
            let changes = flow::sweep::run(scene, &Actor::Timer)?;
            let due = self.store.read()?.outbox_due(now, ROWS)?;
            if changes == 0 && due.is_empty() {
                break;
            }
            for queued in due {
                self.deliver(&queued, outcome)?;
            }
        }
        Ok(())
    }

    /// Delivers what was put into the outbox at this very moment, e.g. by a reactivation.
    pub(super) fn deliver_new(&self, outcome: &mut Outcome) -> Result<(), SimulationError> {
        let now = self.clock.wall();
        let due = self.store.read()?.outbox_due(now, ROWS)?;
        for queued in due
            .into_iter()
            .filter(|queued| queued.notice.queued == now && queued.attempts == 0)
        {
            self.deliver(&queued, outcome)?;
        }
        Ok(())
    }

    fn deliver(&self, queued: &Outgoing, outcome: &mut Outcome) -> Result<(), SimulationError> {
        let (scene, notice) = (self.scene(), &queued.notice);
        let contact = self.store.read()?.contact(&notice.person)?;
        let wanted = contact
            .as_ref()
            .map_or(Wanted::Never, |contact| lifecycle::wanted(contact, notice));
        let tried = queued.attempts + 1;
        let retry = |why: &str| Fate::Retry {
            why: why.to_owned(),
            not_before: deliver::not_before(&notice.id, tried, scene.now),
        };
        let (fate, refused) = match (wanted, &contact) {
            (Wanted::Unnotified, _) => (
                Fate::Failed {
                    why: "its stage counts as given".to_owned(),
                },
                Refused::No,
            ),
            (Wanted::Later, _) => (
                retry("the directory shuts the contact out at present"),
                Refused::No,
            ),
            (Wanted::Now, Some(contact)) => match self.handed_over(notice, contact, outcome)? {
                None => (retry("the scenario's channel refuses"), Refused::ForGood),
                Some(told) => {
                    outcome.notices.push(told);
                    let receipt = "taken by the scenario's channel".to_owned();
                    (Fate::Accepted { receipt }, Refused::No)
                }
            },
            (Wanted::Never | Wanted::Now, _) => (Fate::Withdrawn, Refused::No),
        };
        notify::record(scene, notice, &delivery(notice, scene, fate), refused)?;
        Ok(())
    }

    /// Somebody takes the notice, and the channel plugin, if there is one, has words for it.
    fn handed_over(
        &self,
        notice: &Notice,
        contact: &Contact,
        outcome: &mut Outcome,
    ) -> Result<Option<Told>, SimulationError> {
        let told = self.tell(notice, contact)?;
        if told.is_none() || self.live.channels.is_empty() {
            return Ok(told);
        }
        let rendered = notify::preview(self.scene(), notice.person.as_str(), notice.kind)?;
        for message in rendered.as_array().into_iter().flatten() {
            if let Some(why) = message["why"].as_str() {
                let channel = message["channel"].as_str().unwrap_or_default();
                outcome.refused.push(format!("{channel}: {why}"));
                return Ok(None);
            }
            let parts = ["subject", "text", "html"].map(|part| message[part].as_str());
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            outcome.sent.push(Sent {
                to: notice.person.clone(),
                stage: notice.kind,
                text: parts.join("\n"),
            });
        }
        Ok(told)
    }

    /// Goes through the rounds of an attempt until somebody takes the notice. Says who did.
    fn tell(&self, notice: &Notice, contact: &Contact) -> Result<Option<Told>, SimulationError> {
        let register = self.store.read()?;
        let Some(person) = register.person(&notice.person)? else {
            return Ok(None);
        };
        let mut near = nearby(&register, contact, &person)?;
        // The channel reaches everybody: people who have no address are known to it by their id.
        for (_, person) in &mut near.contacts {
            if person.mail.is_empty() {
                person.mail.push(person.id.to_string());
            }
        }
        let mut refused = BTreeSet::new();
        let reach = |_: &_| Some(Leads::Mail);
        for round in rounds(&self.live.config.routes, &reach, notice, &near) {
            let mut address = BTreeSet::new();
            for somebody in &round {
                let to = |way: &Way| Some(way.recipient.as_ref().ok()?.address.clone());
                let addresses = somebody.ways.iter().filter_map(to);
                let (no, yes): (Vec<_>, Vec<_>) =
                    addresses.partition(|address| self.channel.refuses(address));
                refused.extend(no);
                address.extend(yes.into_iter().next());
            }
            if let (false, Some(somebody)) = (address.is_empty(), round.first()) {
                return Ok(Some(Told {
                    to: notice.person.clone(),
                    stage: notice.kind,
                    via: somebody.role.word(),
                    address,
                    refused,
                }));
            }
        }
        Ok(None)
    }
}

fn delivery(notice: &Notice, scene: Scene<'_>, outcome: Fate) -> Delivery {
    Delivery {
        notice: notice.id.clone(),
        channel: "scenario".to_owned(),
        recipients: Vec::new(),
        message_id: None,
        at: scene.now,
        outcome,
        trials: Vec::new(),
    }
}
