//! `/v1/contacts…`: the register of authorized contacts, and the support desk's question.

use axum::extract::State;
use jiff::civil::Date;
use provost_core::contact::{Contact, ContactKind, ContactState};
use provost_core::decision::Warning;
use provost_core::district::District;
use provost_core::id::{DistrictId, PersonId};
use provost_core::person::Person;
use provost_core::training::Course;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Params};
use super::caller::Caller;
use super::notices::Notice;
use super::page::{PageOf, Paging};
use super::problem::Problem;
use super::shapes;
use super::text::Text;
use super::work::{Answer, person_in_reach, read, word_in_reach, write};
use crate::daemon::Daemon;
use crate::flow::contact::OnWordOf;
use crate::flow::timeline::Happening;
use crate::flow::{self, FlowError};
use crate::store::{NoticeFilter, Page, Snapshot};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(who))
        .routes(routes!(designate))
        .routes(routes!(remove))
        .routes(routes!(reactivate))
        .routes(routes!(trained))
        .routes(routes!(sharing))
}

/// Notices shown with a contact: years of them.
const NOTICES: usize = 100;
/// Lines of a contact's timeline: years of them as well.
const LINES: usize = 500;

/// A contact as people and programs read it: times in the district's time zone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct ContactRow {
    #[schema(value_type = String)]
    person: PersonId,
    #[schema(value_type = String)]
    district: DistrictId,
    username: String,
    name: String,
    /// The primary address comes first.
    mail: Vec<String>,
    phone: Vec<String>,
    #[serde(rename = "type")]
    #[schema(value_type = shapes::ContactKind)]
    kind: ContactKind,
    #[schema(value_type = shapes::ContactState)]
    state: ContactState,
    #[schema(format = DateTime)]
    designated: String,
    #[schema(format = DateTime)]
    last_activity: Option<String>,
    /// The moment from which inactivity counts.
    #[schema(format = DateTime)]
    anchor: String,
    #[schema(format = DateTime)]
    next_due: Option<String>,
    #[schema(format = DateTime)]
    deactivated: Option<String>,
}

impl ContactRow {
    fn of(contact: &Contact, person: Person, district: &District) -> Self {
        let time = |at| district.timezone.rfc3339(at);
        Self {
            person: person.id,
            district: person.district,
            username: person.username,
            name: person.name,
            mail: person.mail,
            phone: person.phone,
            kind: contact.kind,
            state: contact.state,
            designated: time(contact.designated),
            last_activity: contact.last_activity.map(time),
            anchor: time(contact.anchor()),
            next_due: contact.next_due.map(time),
            deactivated: contact.deactivated.map(time),
        }
    }
}

fn district_of(register: &Snapshot<'_>, id: &DistrictId) -> Result<District, FlowError> {
    register.district(id)?.ok_or_else(|| FlowError::Unknown {
        what: "district",
        id: id.to_string(),
        source: flow::NotFound::None,
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfDistrict {
    /// Only those of this district.
    #[param(value_type = Option<String>)]
    district: Option<DistrictId>,
}

/// All contacts, or those of a district, by district and person.
#[utoipa::path(get, path = "/v1/contacts", tag = "contacts", params(OfDistrict, Paging),
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "the contacts", body = PageOf<ContactRow>)))]
async fn list(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<OfDistrict>,
    Params(paging): Params<Paging>,
) -> Answer<PageOf<ContactRow>> {
    caller.must_reach(of.district.as_ref())?;
    let rows = paging.rows()?;
    let after = paging.from(|cursor| {
        let (district, person) = cursor.split_once(' ')?;
        Some((DistrictId::new(district).ok()?, PersonId::new(person).ok()?))
    })?;
    read(daemon, move |daemon| {
        let register = daemon.store.read()?;
        let mut page = Vec::new();
        for (contact, person) in
            register.contacts_page(of.district.as_ref(), after.as_ref(), rows)?
        {
            let district = district_of(&register, &contact.district)?;
            page.push(ContactRow::of(&contact, person, &district));
        }
        let cursor = |row: &ContactRow| format!("{} {}", row.district, row.person);
        Ok(PageOf::of(page, rows, cursor, |row| row))
    })
    .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfPerson {
    /// Which contact.
    person: String,
}

/// A stage that lies ahead of a contact.
#[derive(Debug, Serialize, ToSchema)]
struct StageAhead {
    #[schema(value_type = shapes::Stage)]
    stage: provost_core::contact::Stage,
    #[schema(format = DateTime)]
    at: String,
}

/// A contact with its episode, forecast and notices.
#[derive(Debug, Serialize, ToSchema)]
struct ContactInFull {
    #[serde(flatten)]
    contact: ContactRow,
    /// The episode of inactivity that runs, if one does.
    #[schema(value_type = Option<Object>)]
    episode: Option<provost_core::contact::Episode>,
    /// Why held, and since when.
    hold: Value,
    /// Courses completed, with the day of each.
    #[schema(value_type = Object)]
    training: Value,
    /// What the desk should know: training that is recommended, credentials reported as shared.
    #[schema(value_type = Vec<shapes::Warning>)]
    remarks: Vec<Warning>,
    /// The stages that lie ahead if nothing happens.
    ahead: Vec<StageAhead>,
    /// The latest notices.
    notices: Vec<Notice>,
    /// What happened, oldest first: designation, stages, deliveries, holds, activity that counted, deactivation.
    timeline: Vec<Happening>,
}

/// One contact with its episode, forecast and notices.
#[utoipa::path(get, path = "/v1/contacts/one", tag = "contacts", params(OfPerson),
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "the contact", body = ContactInFull)))]
async fn show(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<OfPerson>,
) -> Answer<ContactInFull> {
    let person = person_in_reach(&daemon, &caller, of.person).await?;
    read(daemon, move |daemon| in_full(daemon, person.id.as_str())).await
}

fn in_full(daemon: &Daemon, reference: &str) -> Result<ContactInFull, FlowError> {
    let register = daemon.store.read()?;
    let (person, contact) = flow::contact(&register, reference)?;
    let district = district_of(&register, &contact.district)?;
    let ahead = daemon.scene(|scene| flow::forecast::of(scene, &contact))?;
    let filter = NoticeFilter {
        person: Some(person.id.clone()),
        ..NoticeFilter::default()
    };
    let notices = register.notices(&filter, Page::newest(NOTICES))?;
    let zone = &district.timezone;
    let timeline = flow::timeline::of(&register, &person.id, zone, LINES)?;
    Ok(ContactInFull {
        hold: serde_json::to_value(contact.hold).unwrap_or_default(),
        training: serde_json::to_value(&contact.training).unwrap_or_default(),
        remarks: contact.remarks(),
        ahead: ahead
            .into_iter()
            .map(|(stage, at)| StageAhead {
                stage,
                at: district.timezone.rfc3339(at),
            })
            .collect(),
        notices: notices.into_iter().map(Notice::from).collect(),
        timeline,
        contact: ContactRow::of(&contact, person, &district),
        episode: contact.episode,
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WhoCalls {
    /// One of the three.
    mail: Option<String>,
    tel: Option<String>,
    username: Option<String>,
}

/// What the desk needs to know of a caller.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the flow makes the answer")]
struct CallerAnswer {
    person: String,
    district: String,
    username: String,
    name: String,
    /// Type and state, if the caller is or was a contact.
    #[schema(value_type = Option<Object>, required = true)]
    contact: Option<Value>,
    decision: bool,
    context: shapes::Decision,
}

/// May this caller? A `case.submit` decision with what the desk needs beside it.
#[utoipa::path(get, path = "/v1/contacts/who", tag = "contacts", params(WhoCalls), security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "the decision", body = CallerAnswer)))]
async fn who(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(who): Params<WhoCalls>,
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
    let person = person_in_reach(&daemon, &caller, reference).await?;
    read(daemon, move |daemon| {
        daemon.scene(|scene| flow::who::ask(scene, person.id.as_str()))
    })
    .await
}

/// A change of a contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactChange {
    /// Whom it concerns.
    person: String,
    #[serde(rename = "type")]
    #[schema(value_type = Option<shapes::ContactKind>)]
    kind: Option<ContactKind>,
    /// On whose word: a person, or `agent=ID`; the operator's own if left out.
    by: Option<String>,
}

/// What a change of a contact answers.
#[derive(Debug, Serialize, ToSchema)]
struct Changed {
    #[schema(value_type = shapes::Contact)]
    contact: Contact,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<shapes::Warning>, required = false)]
    warnings: Vec<Warning>,
}

impl Changed {
    fn with_remarks(contact: Contact) -> Self {
        Self {
            warnings: contact.remarks(),
            contact,
        }
    }
}

/// Makes a person a contact.
#[utoipa::path(post, path = "/v1/contacts/designate", tag = "contacts", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = ContactChange,
    responses((status = 200, description = "the contact", body = Changed)))]
async fn designate(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(change): Body<ContactChange>,
) -> Answer<Changed> {
    let person = person_in_reach(&daemon, &caller, change.person.clone()).await?;
    let kind = change.kind.unwrap_or(ContactKind::Support);
    let by = word_in_reach(&daemon, &caller, change.by.as_deref()).await?;
    write(daemon, move |daemon| {
        let (contact, decision) =
            daemon.scene(|scene| flow::contact::designate(scene, person.id.as_str(), kind, &by))?;
        Ok(Changed {
            contact,
            warnings: decision.warnings,
        })
    })
    .await
}

/// Takes the authority away.
#[utoipa::path(post, path = "/v1/contacts/remove", tag = "contacts", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = ContactChange,
    responses((status = 200, description = "the contact", body = Changed)))]
async fn remove(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(change): Body<ContactChange>,
) -> Answer<Changed> {
    let person = person_in_reach(&daemon, &caller, change.person.clone()).await?;
    let by = word_in_reach(&daemon, &caller, change.by.as_deref()).await?;
    write(daemon, move |daemon| {
        let contact =
            daemon.scene(|scene| flow::contact::remove(scene, person.id.as_str(), &by))?;
        Ok(Changed {
            contact,
            warnings: Vec::new(),
        })
    })
    .await
}

/// Restores a deactivated contact on the word of another.
#[utoipa::path(post, path = "/v1/contacts/reactivate", tag = "contacts", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = ContactChange,
    responses((status = 200, description = "the contact", body = Changed)))]
async fn reactivate(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(change): Body<ContactChange>,
) -> Answer<Changed> {
    let person = person_in_reach(&daemon, &caller, change.person.clone()).await?;
    if change.by.is_none() {
        let why = "another valid contact of the district must ask for it: give `by`";
        return Err(
            Problem::bad_request(format!("reactivate {}", change.person), why)
                .with("field", "by".into()),
        );
    }
    let kind = change.kind;
    let by = word_in_reach(&daemon, &caller, change.by.as_deref()).await?;
    write(daemon, move |daemon| {
        let contact = daemon
            .scene(|scene| flow::contact::reactivate(scene, person.id.as_str(), kind, &by))?;
        Ok(Changed {
            contact,
            warnings: Vec::new(),
        })
    })
    .await
}

/// A course that a contact has completed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CourseDone {
    person: String,
    /// Its name, e.g. `fundamentals`.
    #[schema(value_type = String)]
    course: Course,
    /// The day.
    #[schema(value_type = String, format = Date)]
    completed: Date,
}

/// Records a course that a contact has completed. Rule: `contact.training`.
#[utoipa::path(post, path = "/v1/contacts/training", tag = "contacts", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = CourseDone,
    responses((status = 200, description = "the contact", body = Changed)))]
async fn trained(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(done): Body<CourseDone>,
) -> Answer<Changed> {
    let person = person_in_reach(&daemon, &caller, done.person).await?;
    let by = OnWordOf::Operator(caller.name.clone());
    write(daemon, move |daemon| {
        let (id, course) = (person.id.as_str(), (&done.course, done.completed));
        let contact = daemon.scene(|scene| flow::contact::trained(scene, id, course, &by))?;
        Ok(Changed::with_remarks(contact))
    })
    .await
}

/// A report of shared credentials.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Sharing {
    person: String,
    /// What was seen.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 4096)]
    note: Option<Text>,
    /// Who reports it: a person, or `agent=ID`; the caller if left out.
    by: Option<String>,
}

/// Records that a contact is said to share credentials, and alarms the operators. Rule: `contact.no-sharing`.
#[utoipa::path(post, path = "/v1/contacts/sharing", tag = "contacts", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = Sharing,
    responses((status = 200, description = "the contact", body = Changed)))]
async fn sharing(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(said): Body<Sharing>,
) -> Answer<Changed> {
    let person = person_in_reach(&daemon, &caller, said.person).await?;
    let by = word_in_reach(&daemon, &caller, said.by.as_deref()).await?;
    write(daemon, move |daemon| {
        let (id, note) = (
            person.id.as_str(),
            said.note.as_ref().map(|note| note.0.as_str()),
        );
        let contact =
            daemon.scene(|scene| flow::contact::sharing_reported(scene, id, note, &by))?;
        Ok(Changed::with_remarks(contact))
    })
    .await
}
