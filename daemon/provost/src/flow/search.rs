//! Who may do it, to what, and what may be done: decisions about everybody and everything that comes into question.

use provost_core::Timestamp;
use provost_core::decision::{Action, Candidates, Party, Reference, Request, Thing, candidates};
use provost_core::id::DistrictId;

use super::{FlowError, Scene, decide};
use crate::live::Live;
use crate::store::{Aside, Snapshot};

/// Candidates that are decided upon for one page: at most some tenths of a second of work. A page may so be shorter
/// than was asked for, and still not be the last.
const EXAMINED: usize = 2_000;

/// Which of the three is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// Who may do it.
    Subject,
    /// To what it may be done.
    Resource,
    /// What may be done.
    Action,
}

/// Where to go on, and how far.
#[derive(Clone, Copy)]
pub struct Span<'s> {
    /// After this candidate; empty for the first page.
    pub after: &'s str,
    /// At most so many results.
    pub rows: usize,
    /// The time for a page is up: a plugin may take long over every candidate. One is looked at in any case.
    pub enough: &'s dyn Fn() -> bool,
}

/// One page of results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What was found, in the order of the ids.
    pub ids: Vec<String>,
    /// The candidate to go on after; `None` at the end.
    pub next: Option<String>,
}

/// Looks for what is left out of `request`: its id, or its action, is empty. Only districts in `reach` are looked at;
/// `None` means all.
///
/// # Errors
/// If the store cannot be read.
pub fn run(
    scene: Scene<'_>,
    sought: Sought,
    request: &Request,
    span: Span<'_>,
    reach: Option<&[DistrictId]>,
) -> Result<Found, FlowError> {
    let register = scene.store.read()?;
    let search = Search {
        register: &register,
        aside: Aside::within(&register, reach),
        live: scene.live,
        now: scene.now,
        sought,
        request,
        reach,
    };
    search.page(span)
}

/// Whether somebody who may know of the districts in `reach` alone, `None` meaning all, asks about nothing that they may
/// know of. What is not there and what is elsewhere are the same to them.
///
/// # Errors
/// If the store cannot be read.
pub fn is_out_of_reach(
    scene: Scene<'_>,
    sought: Sought,
    request: &Request,
    reach: Option<&[DistrictId]>,
) -> Result<bool, FlowError> {
    if reach.is_none() {
        return Ok(false);
    }
    let roles = &scene.live.roles;
    let facts = scene.store.facts_within(reach, request, scene.now, roles)?;
    let nobody = sought != Sought::Subject && matches!(facts.subject, Party::Unknown(_));
    let nothing = sought != Sought::Resource && matches!(facts.resource, Thing::Unknown { .. });
    Ok((nobody || nothing) && facts.districts.is_empty())
}

struct Search<'s> {
    register: &'s Snapshot<'s>,
    aside: Aside<'s, 's>,
    live: &'s Live,
    now: Timestamp,
    sought: Sought,
    request: &'s Request,
    reach: Option<&'s [DistrictId]>,
}

impl Search<'_> {
    fn page(&self, span: Span<'_>) -> Result<Found, FlowError> {
        let candidates = self.candidates(span.after)?;
        let whole = candidates.len() < EXAMINED;
        let (mut found, mut last) = (Found::default(), None);
        for candidate in candidates {
            if found.ids.len() >= span.rows || (last.is_some() && (span.enough)()) {
                // There is one more to look at, so this page is not the last.
                found.next = last;
                return Ok(found);
            }
            if self.may(&candidate)? {
                found.ids.push(candidate.clone());
            }
            last = Some(candidate);
        }
        if !whole {
            found.next = last;
        }
        Ok(found)
    }

    /// The question with the candidate in its place.
    fn question(&self, candidate: &str) -> Request {
        let mut request = self.request.clone();
        match self.sought {
            Sought::Subject => candidate.clone_into(&mut request.subject.id),
            Sought::Resource => candidate.clone_into(&mut request.resource.id),
            Sought::Action => candidate.clone_into(&mut request.action),
        }
        request
    }

    fn may(&self, candidate: &str) -> Result<bool, FlowError> {
        let request = self.question(candidate);
        let facts = self.aside.facts(&request, self.now, &self.live.roles)?;
        let nobody = self.sought == Sought::Subject && matches!(facts.subject, Party::Unknown(_));
        if nobody || matches!(facts.resource, Thing::Unknown { .. }) {
            return Ok(false);
        }
        Ok(decide::decide_on(self.live, &request, &facts).decision)
    }

    fn may_see(&self, district: &DistrictId) -> bool {
        self.reach.is_none_or(|reach| reach.contains(district))
    }

    /// Where to look: in the one district that everything hangs on, else wherever it is allowed; `None` is everywhere.
    /// The candidate that a page ends with is told, so it must be none that may not be seen.
    fn places<'p>(&'p self, one: Option<&'p DistrictId>) -> Vec<Option<&'p DistrictId>> {
        match (one, self.reach) {
            (Some(_), _) | (None, None) => vec![one],
            (None, Some(reach)) => reach.iter().map(Some).collect(),
        }
    }

    /// What comes into question, in order, after `after`; at most [`EXAMINED`].
    fn candidates(&self, after: &str) -> Result<Vec<String>, FlowError> {
        let kind = |reference: &Reference| reference.kind.clone().unwrap_or_default();
        let all = match self.sought {
            Sought::Subject => return self.subjects(&kind(&self.request.subject), after),
            Sought::Resource => return self.resources(&kind(&self.request.resource), after),
            Sought::Action => self.actions(),
        };
        Ok(beyond(all, after))
    }

    fn subjects(&self, kind: &str, after: &str) -> Result<Vec<String>, FlowError> {
        let facts = self.aside.facts(self.request, self.now, &self.live.roles)?;
        let district = facts.resource.district();
        match (kind, candidates(&self.request.action)) {
            ("agent", _) => {
                let agents = self.register.agents()?;
                let ids = agents.into_iter().map(|id| id.to_string());
                Ok(beyond(ids.collect(), after))
            }
            ("person", Candidates::Everybody) => self.people(district, after),
            ("person", Candidates::Contacts) => {
                let of = facts.resource_district();
                let valid = of.into_iter().flat_map(|of| of.valid_contacts());
                let ids = valid.map(|(contact, _)| contact.person.to_string());
                Ok(beyond(ids.collect(), after))
            }
            ("person", Candidates::RoleHolders) => match district {
                Some(district) => Ok(self.register.role_holders(district, after, EXAMINED)?),
                None => Ok(Vec::new()),
            },
            _ => Ok(Vec::new()),
        }
    }

    fn people(&self, district: Option<&DistrictId>, after: &str) -> Result<Vec<String>, FlowError> {
        let from = after.parse().ok();
        let mut ids = Vec::new();
        for place in self.places(district) {
            let people = self.register.people(place, from.as_ref(), EXAMINED)?;
            ids.extend(people.into_iter().map(|person| person.id.to_string()));
        }
        Ok(beyond(ids, after))
    }

    /// Nothing is done across districts, so a person's own district is all there is to look at; agents act in all.
    fn resources(&self, kind: &str, after: &str) -> Result<Vec<String>, FlowError> {
        let facts = self.aside.facts(self.request, self.now, &self.live.roles)?;
        let home = facts.subject_person().map(|of| &of.person.district);
        let is_place = |id: &DistrictId| home.map_or_else(|| self.may_see(id), |home| home == id);
        match kind {
            "person" => self.people(home, after),
            "case" => {
                let mut ids = Vec::new();
                for place in self.places(home) {
                    let cases = self.register.cases_page(place, after, EXAMINED)?;
                    ids.extend(cases.into_iter().map(|case| case.id.to_string()));
                }
                Ok(beyond(ids, after))
            }
            "tool" => Ok(self.register.tools(after, EXAMINED)?),
            "district" => {
                let districts = self.register.districts()?.into_iter();
                let own = districts.filter(|of| is_place(&of.id));
                Ok(beyond(own.map(|of| of.id.to_string()).collect(), after))
            }
            "group" => {
                let mut ids = Vec::new();
                for district in self.register.districts()? {
                    if is_place(&district.id) {
                        let groups = self.register.groups(&district.id)?.into_iter();
                        ids.extend(groups.map(|of| format!("{}/{}", of.district, of.id)));
                    }
                }
                Ok(beyond(ids, after))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Actions of the rule book, and those that editions and their roles know.
    fn actions(&self) -> Vec<String> {
        let core = Action::NAMES.iter().map(|(_, name)| (*name).to_owned());
        let judged = self.live.policies.iter();
        let judged = judged.flat_map(|policy| policy.edition().judges.iter().cloned());
        let named = self.live.roles.iter();
        let named = named.flat_map(|role| role.may.iter().cloned());
        core.chain(judged).chain(named).collect()
    }
}

/// Those after `after`, in order and each once.
fn beyond(mut ids: Vec<String>, after: &str) -> Vec<String> {
    ids.retain(|id| id.as_str() > after);
    ids.sort();
    ids.dedup();
    ids.truncate(EXAMINED);
    ids
}
