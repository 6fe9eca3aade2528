//! Activity feeds: how far each has come, and what goes on when one moves. Rule: domain §3, feeds.

use jiff::{SignedDuration, Timestamp};
use provost_core::change::{Actor, Change, FeedMark};
use provost_core::id::{DistrictId, FeedId};
use provost_core::limits::SKEW_SECONDS_MAX;
use provost_core::register::Feed;
use serde::Serialize;

use super::{FlowError, NotFound, Refusal, Scene, districts, plan, write};
use crate::live::Live;

/// What became of a watermark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advance {
    /// It has moved; whoever waited for it is due now.
    Moved,
    /// One as late or later is known: nothing changes.
    Older,
}

/// A feed as `status` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Progress {
    /// Its id.
    pub feed: String,
    /// The district whose activity it brings.
    pub district: DistrictId,
    /// The moment up to which its events are complete, in the district's time; `None` if it has never said.
    pub watermark: Option<String>,
    /// Seconds that it is behind.
    pub lag_seconds: Option<i64>,
    /// Seconds that it may be behind.
    pub max_lag_seconds: i64,
    /// It is behind by more, or has never reported: final notices and deactivations wait.
    pub stale: bool,
}

/// The configured feed of that id.
///
/// # Errors
/// [`FlowError::Unknown`] if none is.
pub fn configured<'l>(live: &'l Live, id: &str) -> Result<&'l Feed, FlowError> {
    let feeds = &live.config.feeds;
    feeds
        .iter()
        .find(|feed| feed.id.as_str() == id)
        .ok_or_else(|| FlowError::Unknown {
            what: "[[feed]]",
            id: id.to_owned(),
            source: NotFound::None,
        })
}

/// The feed of that id, if it brings activity of this district.
///
/// # Errors
/// If no such feed is configured, or it is of another district.
pub fn bringing(live: &Live, id: &str, district: &DistrictId) -> Result<FeedId, FlowError> {
    let feed = configured(live, id)?;
    if feed.district == *district {
        return Ok(feed.id.clone());
    }
    Err(FlowError::Invalid {
        what: format!("take an event from feed {id}"),
        source: Refusal::because(format!("the feed is of district {}", feed.district)),
    })
}

/// Moves a feed's watermark and lets everything go on that waited for it. It never goes back.
///
/// # Errors
/// If no such feed is configured, the moment lies in the future, or the store cannot be read or written.
pub fn advance(
    scene: Scene<'_>,
    id: &str,
    to: Timestamp,
    actor: &Actor,
) -> Result<Advance, FlowError> {
    let feed = configured(scene.live, id)?;
    let skew = SignedDuration::from_secs(SKEW_SECONDS_MAX);
    if to.duration_since(scene.now) > skew {
        // Believed, it would let people be deactivated on activity that nobody has sent yet.
        return Err(FlowError::Invalid {
            what: format!("move the watermark of {id}"),
            source: Refusal::because(format!("{to} lies in the future; it is {} now", scene.now)),
        });
    }
    let done = write(scene.store, |register| {
        let before = register.feed(&feed.id)?;
        let known = before.as_ref().is_some_and(|mark| mark.watermark >= to);
        let after = FeedMark {
            feed: feed.id.clone(),
            district: feed.district.clone(),
            watermark: to,
        };
        let (changes, done) = if known {
            (Vec::new(), Advance::Older)
        } else {
            (vec![Change::Feed { before, after }], Advance::Moved)
        };
        Ok((plan(register, actor.clone(), scene.now, changes), done))
    })?;
    if done == Advance::Moved {
        // A crash before this is made good at the next start, which rechecks every district.
        let feeds = &scene.live.config.feeds;
        districts::recheck(scene.store, &feed.district, feeds, actor, scene.now)?;
    }
    Ok(done)
}

/// Every configured feed with how far it has come.
///
/// # Errors
/// If the store cannot be read.
pub fn list(scene: Scene<'_>) -> Result<Vec<Progress>, FlowError> {
    let register = scene.store.read()?;
    let mut all = Vec::new();
    for feed in &scene.live.config.feeds {
        let mark = register.feed(&feed.id)?.map(|mark| mark.watermark);
        let lag = mark.map(|mark| scene.now.duration_since(mark));
        let zone = scene.live.config.districts.get(&feed.district);
        all.push(Progress {
            feed: feed.id.to_string(),
            district: feed.district.clone(),
            watermark: mark
                .zip(zone)
                .map(|(mark, district)| district.timezone.rfc3339(mark)),
            lag_seconds: lag.map(|lag| lag.as_secs()),
            max_lag_seconds: feed.max_lag.as_secs(),
            stale: lag.is_none_or(|lag| lag > feed.max_lag),
        });
    }
    Ok(all)
}
