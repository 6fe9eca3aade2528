//! After every step: may what happened have happened, and has everything happened that must?

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use provost_core::contact::{Contact as Row, ContactKind, ContactState, Given};
use provost_core::id::NoticeId;
use provost_core::lifecycle::{self, Surroundings};
use provost_core::notice::NoticeKind;

use crate::daemon::Settings;
use crate::model::{
    Between, Broken, Contact, FINAL, NOTICE, OFF, SETTLES, Sent, Standing, date, plus, zone,
};
use crate::ports::{Mood, Posted};
use crate::world::World;

/// Stages in the order of an episode.
const KINDS: [NoticeKind; 3] = [NoticeKind::Notice, NoticeKind::Reminder, NoticeKind::Final];

/// What a changed time zone may move a moment by, and a little more.
const ZONES_APART: SignedDuration = SignedDuration::from_hours(27);

pub(crate) fn must(holds: bool, broken: impl FnOnce() -> Broken) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(broken()) }
}

/// Mails of one attempt: when, and whether the daemon lived to record what became of them.
pub(crate) struct Delivered {
    pub(crate) at: Timestamp,
    pub(crate) posted: Vec<Posted>,
    pub(crate) lived: bool,
}

impl World<'_> {
    /// The mails that have been sent. Those that tell what has happened are judged after [`World::observe`].
    pub(crate) fn judge_mails(&mut self, delivered: &Delivered) -> Result<(), Broken> {
        for posted in &delivered.posted {
            let (person, kind) = self.subject_of(&posted.notice)?;
            must(self.people[person].contact.is_some(), || {
                format!("{person}: mail to no contact")
            })?;
            if let Some(stage) = KINDS.iter().position(|it| *it == kind) {
                self.judge_stage(person, stage, posted, delivered)
                    .map_err(|why| format!("person {person}, stage {stage}: {why}"))?;
            } else if posted.taken {
                let contact = self.contact(person);
                must(contact.shut_out.is_none(), || {
                    format!("{person}: told while shut out")
                })?;
            }
        }
        Ok(())
    }

    /// Whom a notice is about, and what it tells: that never changes, so that the register is asked once.
    fn subject_of(&mut self, id: &NoticeId) -> Result<(usize, NoticeKind), Broken> {
        if let Some(known) = self.notices.get(id) {
            return Ok(*known);
        }
        let found = self.running.store().read().unwrap().notice(id);
        let (outgoing, _) = found.unwrap().ok_or("a mail of no notice")?;
        let notice = outgoing.notice;
        let subject = (self.person_of(&notice.person), notice.kind);
        self.notices.insert(notice.id, subject);
        Ok(subject)
    }

    fn judge_stage(
        &mut self,
        person: usize,
        stage: usize,
        posted: &Posted,
        delivered: &Delivered,
    ) -> Result<(), Broken> {
        let at = delivered.at;
        let settings = self.settings_of(person).clone();
        let watermark = self.watermarks[self.people[person].district];
        let edited = self.edited_lately(person, at);
        let contact = self.people[person].contact.as_mut().unwrap();
        must(contact.is_valid(), || {
            format!(
                "told although {:?}, {:?}",
                contact.standing, contact.shut_out
            )
        })?;
        if contact.sent[stage].is_none() {
            let due = judge_first_sight(contact, stage, &settings, watermark, (at, edited))?;
            contact.sent[stage] = Some(Sent {
                notice: posted.notice.clone(),
                due,
                seen: at,
                given: None,
                known: false,
            });
        }
        let zone = zone(settings.zone);
        let before = stage
            .checked_sub(1)
            .and_then(|before| contact.sent[before].as_ref()?.given);
        let sent = contact.sent[stage].as_mut().unwrap();
        must(sent.notice == posted.notice, || {
            "a second notice of one stage".to_owned()
        })?;
        must(!sent.known, || {
            format!("sent again although it was taken: {sent:?}")
        })?;
        if posted.taken {
            if let Some(before) = before {
                must(date(&zone, before.last) < date(&zone, at) || edited, || {
                    format!("two on one day: {before:?} and {at}")
                })?;
            }
            let first = sent.given.map_or(at, |given| given.first);
            sent.given = Some(Between { first, last: at });
            sent.known = posted.told && delivered.lived;
            if stage == NOTICE {
                let began = contact
                    .began
                    .take()
                    .map_or_else(|| settings.clone(), |[first, _]| first);
                contact.began = Some([began, settings]);
            }
        }
        Ok(())
    }

    /// Compares the register with the model, contact by contact.
    pub(crate) fn observe(&mut self) -> Result<(), Broken> {
        let now = self.running.wall();
        let register = self.running.store().read().unwrap();
        let rows = register.contacts(None).unwrap();
        drop(register);
        let rows: BTreeMap<usize, Row> = rows
            .into_iter()
            .map(|(row, _)| (self.person_of(&row.person), row))
            .collect();
        let before: Vec<usize> = (0..self.settings.len())
            .map(|district| self.valid(district))
            .collect();
        let mut gone = vec![Vec::new(); self.settings.len()];
        for (person, row) in &rows {
            let was = self.contact(*person).standing;
            self.judge_row(*person, row, now).map_err(|why| {
                format!(
                    "person {person}: {why}\n{row:?}\n{:?}",
                    self.people[*person].contact
                )
            })?;
            if was == Standing::Valid && self.contact(*person).standing != was {
                gone[self.people[*person].district].push(*person);
            }
        }
        for (district, gone) in gone.iter().enumerate() {
            self.judge_last(district, gone, now)?;
        }
        for (person, row) in &rows {
            self.judge_waiting(*person, row, before[self.people[*person].district], now)
                .map_err(|why| {
                    format!(
                        "person {person}: {why}\n{row:?}\n{:?}",
                        self.people[*person].contact
                    )
                })?;
        }
        if !self.frozen {
            self.judge_next_due(&rows, now)?;
        }
        Ok(())
    }

    fn judge_row(&mut self, person: usize, row: &Row, now: Timestamp) -> Result<(), Broken> {
        let settings = self.settings_of(person).clone();
        let edited = self.edited_lately(person, now);
        let watermark = self.watermarks[self.people[person].district];
        let contact = self.people[person]
            .contact
            .as_mut()
            .ok_or("a contact from nowhere")?;
        must(row.anchor() == contact.anchor, || {
            format!("anchor {}", row.anchor())
        })?;
        must(
            (row.kind == ContactKind::Technical) == contact.technical,
            || "another kind".to_owned(),
        )?;
        let episode = row.episode.as_ref();
        let given = |stage: usize| -> Option<Given> {
            let episode = episode?;
            [episode.notice, episode.reminder, episode.last][stage]
        };
        for stage in 0..OFF {
            if let Some(given) = given(stage) {
                self_given(contact, stage, given, now, &settings)?;
            }
        }
        let word = row
            .suspended
            .map_or(row.state, |(remembered, _)| remembered);
        if row.state == ContactState::Removed && contact.standing != Standing::Removed {
            let since = contact.shut_out.ok_or("removed without a reason")?;
            let due = plus(&zone(settings.zone), since, 30);
            must(now >= due || edited, || {
                format!("removed at {now}, before {due}")
            })?;
            contact.standing = Standing::Removed;
        }
        if word == ContactState::Deactivated && contact.standing == Standing::Valid {
            judge_deactivation(contact, &settings, watermark, edited, now)?;
        }
        let expected = match (contact.standing, contact.shut_out) {
            (Standing::Removed, _) => row.state == ContactState::Removed,
            (_, Some(_)) => row.state == ContactState::Suspended,
            (Standing::Deactivated(_), None) => row.state == ContactState::Deactivated,
            (Standing::Valid, None) => row.state.is_valid(),
        };
        must(expected, || format!("is {}", row.state))?;
        let told = contact.sent[NOTICE]
            .as_ref()
            .is_some_and(|sent| sent.given.is_some() && sent.known);
        must(!(told && row.state == ContactState::Active), || {
            "told, and active".to_owned()
        })?;
        must(told || row.state != ContactState::Pending, || {
            "pending, and never told".to_owned()
        })
    }

    /// The last contact of a district that holds its last goes thirty days later than others.
    fn judge_last(
        &mut self,
        district: usize,
        gone: &[usize],
        now: Timestamp,
    ) -> Result<(), Broken> {
        let settings = self.settings[district].clone();
        let off: Vec<_> = gone
            .iter()
            .filter(|person| matches!(self.contact(**person).standing, Standing::Deactivated(_)))
            .collect();
        if self.valid(district) > 0
            || off.is_empty()
            || !settings.holds_last
            || self.edited_at[district] + SignedDuration::from_hours(24 * 40) > now
        {
            return Ok(());
        }
        let zone = zone(settings.zone);
        let waited = off.iter().any(|person| {
            let due = self.contact(**person).due(OFF, &settings);
            now >= plus(&zone, due.first, 30)
        });
        must(waited, || {
            format!("district {district}: the last contact was not held: {off:?}")
        })
    }

    /// Nobody is forgotten.
    fn judge_waiting(
        &mut self,
        person: usize,
        row: &Row,
        others: usize,
        now: Timestamp,
    ) -> Result<(), Broken> {
        let district = self.people[person].district;
        let settings = self.settings[district].clone();
        let healthy = !self.frozen && self.running.post.mood() == Mood::Takes;
        let edited = self.edited_lately(person, now);
        let watermark = self.watermarks[district];
        let last = self.contact(person).is_valid() && self.valid(district) == 1;
        let running_since = self.running_since;
        let frozen = self.frozen;
        let contact = self.people[person].contact.as_mut().unwrap();
        if contact.standing == Standing::Removed {
            return Ok(());
        }
        if let Some(since) = contact.shut_out {
            contact.free_since = now;
            let due = plus(&zone(settings.zone), since, 30).max(running_since);
            return must(
                frozen || edited || now <= due + SignedDuration::from_secs(1),
                || format!("not removed at {due}"),
            );
        }
        if contact.standing != Standing::Valid {
            return Ok(());
        }
        let stage = contact.next();
        let due = contact.due(stage, &settings);
        let gated = stage >= FINAL && settings.feed && watermark.is_none_or(|mark| mark < due.last);
        let on_hold = stage == OFF && last && settings.holds_last;
        if !on_hold || gated {
            // Missing data come first, and what they hold is not held as the last.
            contact.held_last = None;
        } else if !frozen && now >= due.first {
            contact.held_last.get_or_insert(now);
        }
        let holding = on_hold
            && contact.held_last.is_none_or(|since| {
                now < since.max(due.last) + SignedDuration::from_hours(24 * 31)
            });
        if !healthy
            || edited
            || (now >= due.first && (gated || holding))
            || (others <= 1 && !on_hold && last)
        {
            contact.free_since = now;
        }
        let seen = contact
            .sent
            .get(stage)
            .and_then(Option::as_ref)
            .map(|sent| sent.seen + SETTLES);
        let latest = due
            .last
            .max(contact.free_since + SETTLES)
            .max(seen.unwrap_or(due.last));
        must(now <= latest + SignedDuration::from_secs(1), || {
            format!(
                "forgotten at stage {stage}, due {due:?}, held {:?}",
                row.hold
            )
        })
    }

    /// Before the moment that the register keeps for a contact, nothing is due.
    fn judge_next_due(&self, rows: &BTreeMap<usize, Row>, now: Timestamp) -> Result<(), Broken> {
        let live = self.running.daemon().config();
        for (person, row) in rows {
            let district = self.people[*person].district;
            let others = |counts: fn(&Row) -> bool| {
                let others = rows.iter().filter(|(other, _)| *other != person);
                others
                    .filter(|(other, row)| self.people[**other].district == district && counts(row))
                    .count()
            };
            let around = Surroundings {
                district: &live.config.districts[&row.district],
                other_valid: others(Row::is_valid),
                other_technical: others(|row| row.is_valid() && row.kind == ContactKind::Technical),
                feed: self.settings[district]
                    .feed
                    .then_some(self.watermarks[district]),
            };
            let step = lifecycle::step(row, &around, now);
            must(step.is_none(), || {
                format!(
                    "person {person}: due at {:?}, and at {now} already {step:#?}",
                    row.next_due
                )
            })?;
            must(row.next_due.is_none_or(|due| due > now), || {
                format!("person {person}: still due")
            })?;
        }
        Ok(())
    }
}

/// A stage that the register has as given was taken, or refused for long enough.
fn self_given(
    contact: &mut Contact,
    stage: usize,
    given: Given,
    now: Timestamp,
    settings: &Settings,
) -> Result<(), Broken> {
    let sent = contact.sent[stage]
        .as_mut()
        .ok_or_else(|| format!("stage {stage} given, and nobody saw it"))?;
    match (sent.given, given.unnotified) {
        (Some(_), false) => sent.known = true,
        (Some(_), true) if sent.known => {}
        (Some(taken), true) => {
            // Taken, and every answer was lost on its way.
            sent.given = Some(Between {
                first: taken.first,
                last: given.accepted,
            });
            sent.known = true;
        }
        (None, false) => return Err(format!("stage {stage} given, and nobody took it")),
        (None, true) => {
            let earliest = plus(&zone(settings.zone), sent.seen, 14) - ZONES_APART;
            must(given.accepted >= earliest, || {
                format!("stage {stage} given up before {earliest}")
            })?;
            must(given.accepted <= now, || "given in the future".to_owned())?;
            sent.given = Some(Between::at(given.accepted));
            sent.known = true;
            if stage == NOTICE {
                contact.began = Some([settings.clone(), settings.clone()]);
            }
        }
    }
    Ok(())
}

/// A contact that was valid is deactivated now.
fn judge_deactivation(
    contact: &mut Contact,
    settings: &Settings,
    watermark: Option<Timestamp>,
    edited: bool,
    now: Timestamp,
) -> Result<(), Broken> {
    must(contact.shut_out.is_none(), || {
        "deactivated while shut out".to_owned()
    })?;
    must(contact.next() == OFF, || {
        format!("deactivated before stage {}", contact.next())
    })?;
    let due = contact.due(OFF, settings);
    let slack = if edited {
        ZONES_APART
    } else {
        SignedDuration::ZERO
    };
    must(now >= due.first - slack, || {
        format!("deactivated at {now}, before {due:?}")
    })?;
    let held = contact.held_last.map_or(due.last, |since| {
        plus(&zone(settings.zone), since.max(due.last), 30)
    });
    let latest = due.last.max(contact.free_since + SETTLES).max(held);
    must(
        edited || now <= latest + SignedDuration::from_secs(1),
        || format!("deactivated at {now}, later than {due:?}"),
    )?;
    if settings.feed && !edited {
        must(watermark.is_some_and(|mark| mark >= due.first), || {
            format!("deactivated at {now} on missing data: {due:?}, watermark {watermark:?}")
        })?;
    }
    contact.standing = Standing::Deactivated(now);
    Ok(())
}

/// The post office sees the notice of a stage for the first time.
fn judge_first_sight(
    contact: &Contact,
    stage: usize,
    settings: &Settings,
    watermark: Option<Timestamp>,
    (at, edited): (Timestamp, bool),
) -> Result<Between, Broken> {
    must(contact.next() == stage, || {
        format!("told before stage {}", contact.next())
    })?;
    let due = contact.due(stage, settings);
    let slack = if edited {
        ZONES_APART
    } else {
        SignedDuration::ZERO
    };
    must(at >= due.first - slack, || {
        format!("told at {at}, which is before {due:?}")
    })?;
    let latest = due.last.max(contact.free_since + SETTLES);
    must(
        edited || at <= latest + SignedDuration::from_secs(1),
        || {
            format!(
                "told at {at}, later than {due:?}, free since {}",
                contact.free_since
            )
        },
    )?;
    if stage == FINAL && settings.feed && !edited {
        must(watermark.is_some_and(|mark| mark >= due.first), || {
            format!("told at {at} on missing data: due {due:?}, watermark {watermark:?}")
        })?;
    }
    Ok(due)
}
