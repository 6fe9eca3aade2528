//! `/v1/grants…`, `/v1/groups…`: roles, groups and rights given and taken back.

use axum::extract::State;
use provost_core::Timestamp;
use provost_core::decision::Decision;
use provost_core::document::{Problems, Table};
use provost_core::id::{DistrictId, GroupId};
use provost_core::register::granted;
use provost_core::rights::{Letters, ToolName};
use provost_core::role::{Grant, Granted, Group};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Params};
use super::caller::Caller;
use super::problem::Problem;
use super::shapes;
use super::work::{Answer, patience_of_page, person_in_reach, read, word_in_reach, write};
use crate::daemon::Daemon;
use crate::flow::preview::{self, Preview};
use crate::flow::{self, grant};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(give))
        .routes(routes!(take))
        .routes(routes!(would))
        .routes(routes!(groups))
        .routes(routes!(create))
}

/// What is given or taken: one of role, group, tool and calendar.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Gift {
    /// To or from whom.
    person: String,
    role: Option<String>,
    /// A group of the person's district.
    group: Option<String>,
    tool: Option<String>,
    /// With a tool: some of `RWAD`.
    letters: Option<String>,
    /// `{ school, calendar, modify }`; `*` means all.
    #[schema(value_type = Option<Object>)]
    calendar: Option<Value>,
    /// On whose word: a person whom the rules must allow it; the operator's own if left out.
    by: Option<String>,
    /// Not held from then on.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
}

impl Gift {
    /// What it is, read as a register document has it.
    fn what(&self) -> Result<Granted, Problem> {
        let entries = [
            ("role", self.role.clone().map(Value::from)),
            ("group", self.group.clone().map(Value::from)),
            ("tool", self.tool.clone().map(Value::from)),
            ("letters", self.letters.clone().map(Value::from)),
            ("calendar", self.calendar.clone()),
        ];
        let entries = entries
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let map: Map<_, _> = entries.collect();
        let problems = Problems::default();
        let table = Table::top(&map, &problems);
        let what = granted(&table);
        table.done();
        let problems = problems.into_vec();
        match (what, problems.first()) {
            (Some(what), None) => Ok(what),
            (_, Some(first)) => Err(Problem::bad_request("read the body", first.to_string())
                .with("field", first.key.clone().into())),
            (None, None) => Err(Problem::bad_request(
                "read the body",
                "it must name one of role, group, tool and calendar",
            )),
        }
    }
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
struct Given {
    /// The grant: person, what, origin, by, at and maybe expires.
    #[schema(value_type = Object)]
    grant: Grant,
    /// The decision that allows it; null on an operator's own word.
    #[schema(value_type = Option<shapes::Decision>, required = true)]
    decision: Option<Decision>,
}

/// Gives a role, a group, a right or a calendar to a person.
#[utoipa::path(post, path = "/v1/grants/give", tag = "grants", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = Gift,
    responses((status = 200, description = "the grant", body = Given)))]
async fn give(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(gift): Body<Gift>,
) -> Answer<Given> {
    let person = person_in_reach(&daemon, &caller, gift.person.clone()).await?;
    let what = gift.what()?;
    let by = word_in_reach(&daemon, &caller, gift.by.as_deref()).await?;
    write(daemon, move |daemon| {
        let (grant, decision) = daemon
            .scene(|scene| grant::give(scene, person.id.as_str(), &what, &by, gift.expires))?;
        Ok(Given { grant, decision })
    })
    .await
}

/// Takes back what was given by hand.
#[utoipa::path(post, path = "/v1/grants/take", tag = "grants", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = Gift,
    responses((status = 200, description = "the grant that was", body = Given)))]
async fn take(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(gift): Body<Gift>,
) -> Answer<Given> {
    let person = person_in_reach(&daemon, &caller, gift.person.clone()).await?;
    let what = gift.what()?;
    let by = word_in_reach(&daemon, &caller, gift.by.as_deref()).await?;
    write(daemon, move |daemon| {
        let (grant, decision) =
            daemon.scene(|scene| grant::take(scene, person.id.as_str(), &what, &by))?;
        Ok(Given { grant, decision })
    })
    .await
}

/// What comes in addition.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "the flow makes the answer")]
struct PreviewShape {
    actions: Vec<String>,
    products: Vec<String>,
    #[schema(value_type = Object)]
    rights: BTreeMap<String, String>,
    calendars: Vec<String>,
    /// Usernames, the first hundred.
    could_enter: Vec<String>,
    could_enter_in_all: usize,
    /// Not everybody of the district was looked at, or not for everything.
    and_more: bool,
}

/// What the person could do with it that they cannot do without. Changes nothing.
#[utoipa::path(post, path = "/v1/grants/preview", tag = "grants",
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    request_body = Gift, responses((status = 200, description = "what would come in addition", body = PreviewShape)))]
async fn would(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(gift): Body<Gift>,
) -> Answer<Preview> {
    let person = person_in_reach(&daemon, &caller, gift.person.clone()).await?;
    let what = gift.what()?;
    let (patience, _here) = patience_of_page(&daemon);
    read(daemon, move |daemon| {
        let enough = || patience.is_over();
        daemon.scene(|scene| preview::of(scene, person.id.as_str(), &what, &enough))
    })
    .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfDistrict {
    #[param(value_type = String)]
    district: DistrictId,
}

/// User groups.
#[derive(Debug, Serialize, ToSchema)]
struct GroupList {
    #[schema(value_type = Vec<Object>)]
    items: Vec<Group>,
}

/// The user groups of a district.
#[utoipa::path(get, path = "/v1/groups", tag = "grants", params(OfDistrict),
    security(("token" = ["desk"]), ("token" = ["audit"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "by id", body = GroupList)))]
async fn groups(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(of): Params<OfDistrict>,
) -> Answer<GroupList> {
    caller.must_reach(Some(&of.district))?;
    read(daemon, move |daemon| {
        let items = daemon.store.read()?.groups(&of.district)?;
        Ok(GroupList { items })
    })
    .await
}

/// A group that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGroup {
    #[schema(value_type = String)]
    id: GroupId,
    #[schema(value_type = String)]
    district: DistrictId,
    /// Letters by tool.
    #[serde(default)]
    #[schema(value_type = Object)]
    rights: BTreeMap<String, String>,
    /// On whose word: a person whom the rules must allow it; the operator's own if left out.
    by: Option<String>,
}

impl NewGroup {
    fn group(&self) -> Result<Group, Problem> {
        let wrong = |tool: &str, why: String| {
            Problem::bad_request("read the body", why)
                .with("field", format!("rights.{tool}").into())
        };
        let rights = self.rights.iter().map(|(tool, letters)| {
            let name: ToolName = tool.parse().map_err(|why| wrong(tool, format!("{why}")))?;
            let held: Letters = letters
                .parse()
                .map_err(|why| wrong(tool, format!("{why}")))?;
            Ok((name, held))
        });
        Ok(Group {
            id: self.id.clone(),
            district: self.district.clone(),
            rights: rights.collect::<Result<_, Problem>>()?,
            calendars: Default::default(),
        })
    }
}

/// A group as it is now.
#[derive(Debug, Serialize, ToSchema)]
struct GroupMade {
    #[schema(value_type = Object)]
    group: Group,
}

/// Creates a user group, or gives one other rights. Rule: `group.create`.
#[utoipa::path(post, path = "/v1/groups/create", tag = "grants", security(("token" = ["desk"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = NewGroup,
    responses((status = 200, description = "the group", body = GroupMade)))]
async fn create(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(wanted): Body<NewGroup>,
) -> Answer<GroupMade> {
    caller.must_reach(Some(&wanted.district))?;
    let group = wanted.group()?;
    let by = word_in_reach(&daemon, &caller, wanted.by.as_deref()).await?;
    write(daemon, move |daemon| {
        let group = daemon.scene(|scene| flow::grant::put_group(scene, &group, &by))?;
        Ok(GroupMade { group })
    })
    .await
}
