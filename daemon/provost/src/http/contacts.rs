//! `/v1/contacts…`: the register of authorized contacts, and the support desk's question.

use axum::extract::{Query, State};
use axum::{Json, http::StatusCode};
use provost_core::contact::{BadWord, Contact, ContactKind};
use provost_core::decision::Reference;
use provost_core::district::District;
use provost_core::id::DistrictId;
use provost_core::person::Person;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

use super::caller::Caller;
use super::problem::Problem;
use super::records::outgoing;
use super::work::{Answer, read, write};
use crate::config::Scope;
use crate::daemon::Daemon;
use crate::flow::contact::OnWordOf;
use crate::flow::{self, FlowError};
use crate::store::{NoticeFilter, Page, Snapshot};

/// Notices shown with a contact: years of them.
const NOTICES: usize = 100;

/// A contact as people and programs read it: times in the district's time zone.
fn view(contact: &Contact, person: &Person, district: &District) -> Value {
    let time = |at| district.timezone.rfc3339(at);
    json!({
        "person": person.id,
        "district": person.district,
        "username": person.username,
        "name": person.name,
        "mail": person.mail,
        "phone": person.phone,
        "type": contact.kind,
        "state": contact.state,
        "designated": time(contact.designated),
        "last-activity": contact.last_activity.map(time),
        "anchor": time(contact.anchor()),
        "next-due": contact.next_due.map(time),
        "deactivated": contact.deactivated.map(time),
    })
}

fn district_of(register: &Snapshot<'_>, id: &DistrictId) -> Result<District, FlowError> {
    register.district(id)?.ok_or_else(|| FlowError::Unknown {
        what: "district",
        id: id.to_string(),
        source: flow::NotFound::None,
    })
}

/// `?district=`.
#[derive(Debug, Deserialize)]
pub struct OfDistrict {
    district: Option<DistrictId>,
}

/// All contacts, or those of a district.
pub async fn list(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Query(of): Query<OfDistrict>,
) -> Answer<Vec<Value>> {
    caller.require(&[Scope::Desk, Scope::Audit], of.district.as_ref())?;
    read(daemon, move |daemon| {
        let register = daemon.store.read()?;
        let mut rows = Vec::new();
        for (contact, person) in register.contacts(of.district.as_ref())? {
            let district = district_of(&register, &contact.district)?;
            rows.push(view(&contact, &person, &district));
        }
        Ok(rows)
    })
    .await
}

/// `?person=`.
#[derive(Debug, Deserialize)]
pub struct OfPerson {
    pub(super) person: String,
}

/// One contact with its episode, forecast and notices.
pub async fn show(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Query(of): Query<OfPerson>,
) -> Answer<Value> {
    let answer = read(daemon, move |daemon| {
        let register = daemon.store.read()?;
        let (person, contact) = flow::contact(&register, &of.person)?;
        let district = district_of(&register, &contact.district)?;
        let mut shown = view(&contact, &person, &district);
        shown["episode"] = serde_json::to_value(&contact.episode).unwrap_or_default();
        shown["hold"] = serde_json::to_value(contact.hold).unwrap_or_default();
        shown["ahead"] = daemon
            .scene(|scene| flow::forecast::of(scene, &contact))?
            .into_iter()
            .map(|(stage, at)| json!({ "stage": stage, "at": district.timezone.rfc3339(at) }))
            .collect();
        let filter = NoticeFilter {
            person: Some(person.id.clone()),
            ..NoticeFilter::default()
        };
        shown["notices"] = register
            .notices(&filter, Page::newest(NOTICES))?
            .iter()
            .map(outgoing)
            .collect();
        Ok((person.district, shown))
    })
    .await?;
    let Json((district, shown)) = answer;
    caller.require(&[Scope::Desk, Scope::Audit], Some(&district))?;
    Ok(Json(shown))
}

/// `?mail=`, `?tel=` or `?username=`.
#[derive(Debug, Deserialize)]
pub struct WhoCalls {
    mail: Option<String>,
    tel: Option<String>,
    username: Option<String>,
}

/// May this caller? The support desk's question: a `case.submit` decision with what the desk needs beside it.
pub async fn who(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Query(who): Query<WhoCalls>,
) -> Answer<Value> {
    let reference = match (who.mail, who.tel, who.username) {
        (Some(mail), None, None) => format!("mail:{mail}"),
        (None, Some(tel), None) => format!("tel:{tel}"),
        (None, None, Some(username)) => username,
        _ => {
            return Err(Problem::bad_request(
                "ask who calls",
                "give one of mail, tel and username",
            ));
        }
    };
    let Json((district, answer)) = read(daemon, move |daemon| {
        daemon.scene(|scene| flow::who::ask(scene, &reference))
    })
    .await?;
    caller.require(&[Scope::Desk], Some(&district))?;
    Ok(Json(answer))
}

/// A change of a contact.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactChange {
    person: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    by: Option<String>,
}

impl ContactChange {
    fn kind(&self) -> Result<Option<ContactKind>, Problem> {
        let parse = |word: &String| {
            word.parse().map_err(|why: BadWord| {
                Problem::bad_request("read the contact's type", why.to_string())
            })
        };
        self.kind.as_ref().map(parse).transpose()
    }

    fn by(&self, caller: &Caller) -> OnWordOf {
        match &self.by {
            None => OnWordOf::Operator(caller.name.clone()),
            Some(id) => match id.strip_prefix("agent=") {
                Some(agent) => OnWordOf::Party(Reference {
                    kind: Some("agent".to_owned()),
                    id: agent.to_owned(),
                }),
                None => OnWordOf::Party(Reference {
                    kind: None,
                    id: id.clone(),
                }),
            },
        }
    }
}

/// The district of a person, for the caller's scopes.
async fn home(daemon: &Arc<Daemon>, reference: &str) -> Result<DistrictId, Problem> {
    let reference = reference.to_owned();
    let Json(district) = read(Arc::clone(daemon), move |daemon| {
        Ok(flow::person(&daemon.store.read()?, &reference)?.district)
    })
    .await?;
    Ok(district)
}

/// What a change of a contact answers.
#[derive(Debug, Serialize)]
pub struct Changed {
    contact: Contact,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<provost_core::decision::Warning>,
}

/// Makes a person a contact.
pub async fn designate(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Json(change): Json<ContactChange>,
) -> Answer<Changed> {
    caller.require(&[Scope::Desk], Some(&home(&daemon, &change.person).await?))?;
    let (kind, by) = (
        change.kind()?.unwrap_or(ContactKind::Support),
        change.by(&caller),
    );
    write(daemon, move |daemon| {
        let (contact, decision) =
            daemon.scene(|scene| flow::contact::designate(scene, &change.person, kind, &by))?;
        Ok(Changed {
            contact,
            warnings: decision.warnings,
        })
    })
    .await
}

/// Takes the authority away.
pub async fn remove(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Json(change): Json<ContactChange>,
) -> Answer<Changed> {
    caller.require(&[Scope::Desk], Some(&home(&daemon, &change.person).await?))?;
    let by = change.by(&caller);
    write(daemon, move |daemon| {
        let contact = daemon.scene(|scene| flow::contact::remove(scene, &change.person, &by))?;
        Ok(Changed {
            contact,
            warnings: Vec::new(),
        })
    })
    .await
}

/// Restores a deactivated contact on the word of another.
pub async fn reactivate(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Json(change): Json<ContactChange>,
) -> Answer<Changed> {
    caller.require(&[Scope::Desk], Some(&home(&daemon, &change.person).await?))?;
    if change.by.is_none() {
        let why = "another valid contact of the district must ask for it: give `by`";
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            format!("reactivate {}", change.person),
            why,
        ));
    }
    let (kind, by) = (change.kind()?, change.by(&caller));
    write(daemon, move |daemon| {
        let contact =
            daemon.scene(|scene| flow::contact::reactivate(scene, &change.person, kind, &by))?;
        Ok(Changed {
            contact,
            warnings: Vec::new(),
        })
    })
    .await
}
