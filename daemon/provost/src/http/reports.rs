//! `/v1/reports/…`: sheets for auditors, as JSON or as CSV.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use provost_core::id::{DistrictId, RoleId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Params;
use super::caller::Caller;
use super::problem::Problem;
use super::work::{patience, person_in_reach, read, word_in_reach};
use crate::daemon::Daemon;
use crate::flow::report::{self, ProductRoles};
use crate::sheet::{self, Columns};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(product_roles))
        .routes(routes!(contacts))
        .routes(routes!(rights))
        .routes(routes!(could_enter))
}

/// How the sheet is written.
#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// `items`, one object a row.
    #[default]
    Json,
    /// RFC 4180, no cell of which is taken for a formula.
    Csv,
}

/// The rows of a sheet.
#[derive(Debug, Serialize, ToSchema)]
struct Sheet {
    #[schema(value_type = Vec<Object>)]
    items: Vec<Value>,
}

fn sheet(format: Format, columns: Columns, items: Vec<Value>) -> Response {
    match format {
        Format::Json => Json(Sheet { items }).into_response(),
        Format::Csv => {
            let kind = "text/csv; charset=utf-8; header=present";
            ([(header::CONTENT_TYPE, kind)], sheet::csv(columns, &items)).into_response()
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "kebab-case")]
struct RolesAsked {
    #[param(value_type = String)]
    district: DistrictId,
    /// Only these roles, with commas between.
    role: Option<String>,
    /// Holders whose account is disabled, too.
    include_disabled: Option<bool>,
    /// `person` (the default) or `role`.
    group_by: Option<String>,
    /// On whose word: a person who must be allowed to see it; the operator's own if left out.
    by: Option<String>,
    format: Option<Format>,
}

/// The product security role report: who holds which role.
#[utoipa::path(get, path = "/v1/reports/product-roles", tag = "reports", params(RolesAsked),
    security(("token" = ["audit"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "a row for each role held", body = Sheet)))]
async fn product_roles(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(asked): Params<RolesAsked>,
) -> Result<Response, Problem> {
    caller.must_reach(Some(&asked.district))?;
    let wrong = |field: &str, why: String| {
        Problem::bad_request("read the query", why).with("field", field.into())
    };
    let by_role = match asked.group_by.as_deref() {
        None | Some("person") => false,
        Some("role") => true,
        Some(_) => return Err(wrong("group-by", "it must be person or role".to_owned())),
    };
    let mut roles = BTreeSet::new();
    for role in asked.role.iter().flat_map(|roles| roles.split(',')) {
        let id = RoleId::new(role).map_err(|why| wrong("role", why.to_string()))?;
        if daemon.config().roles.get(&id).is_none() {
            return Err(wrong("role", format!("no role `{id}` exists")));
        }
        roles.insert(id);
    }
    let wanted = ProductRoles {
        roles,
        include_disabled: asked.include_disabled.unwrap_or_default(),
        by_role,
    };
    let by = word_in_reach(&daemon, &caller, asked.by.as_deref()).await?;
    let Json(rows) = read(daemon, move |daemon| {
        daemon.scene(|scene| report::product_roles(scene, &asked.district, &wanted, &by))
    })
    .await?;
    Ok(sheet(
        asked.format.unwrap_or_default(),
        sheet::PRODUCT_ROLES,
        rows,
    ))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ContactsAsked {
    /// Only those of this district.
    #[param(value_type = Option<String>)]
    district: Option<DistrictId>,
    format: Option<Format>,
}

/// All contacts by district, of every state.
#[utoipa::path(get, path = "/v1/reports/contacts", tag = "reports", params(ContactsAsked),
    security(("token" = ["audit"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "a row for each contact", body = Sheet)))]
async fn contacts(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(asked): Params<ContactsAsked>,
) -> Result<Response, Problem> {
    caller.must_reach(asked.district.as_ref())?;
    let Json(rows) = read(daemon, move |daemon| {
        daemon.scene(|scene| report::contacts(scene, asked.district.as_ref()))
    })
    .await?;
    Ok(sheet(
        asked.format.unwrap_or_default(),
        sheet::CONTACTS,
        rows,
    ))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RightsAsked {
    /// Whose.
    person: String,
    /// On whose word: a person who must be allowed to see them; the operator's own if left out.
    by: Option<String>,
    format: Option<Format>,
}

/// Everything that a person has, and where each comes from.
#[utoipa::path(get, path = "/v1/reports/rights", tag = "reports", params(RightsAsked),
    security(("token" = ["audit"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "a row for each right and each way in which it comes", body = Sheet)))]
async fn rights(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(asked): Params<RightsAsked>,
) -> Result<Response, Problem> {
    let person = person_in_reach(&daemon, &caller, asked.person).await?;
    let by = word_in_reach(&daemon, &caller, asked.by.as_deref()).await?;
    let Json(rows) = read(daemon, move |daemon| {
        daemon.scene(|scene| report::rights(scene, person.id.as_str(), &by))
    })
    .await?;
    Ok(sheet(asked.format.unwrap_or_default(), sheet::RIGHTS, rows))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EnteredAsked {
    /// Whose account.
    person: String,
    format: Option<Format>,
}

/// Everybody who could log in as a person now. 503 if an edition's plugin takes so long over them that the time of one
/// request (`decisions.within`) is up: `/access/v1/search/subject` asks page by page.
#[utoipa::path(get, path = "/v1/reports/could-enter", tag = "reports", params(EnteredAsked),
    security(("token" = ["audit"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "a row for each", body = Sheet)))]
async fn could_enter(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(asked): Params<EnteredAsked>,
) -> Result<Response, Problem> {
    let person = person_in_reach(&daemon, &caller, asked.person).await?;
    let (patience, _here) = patience(daemon.config().config.decisions.within);
    let Json(rows) = read(daemon, move |daemon| {
        let enough = || patience.is_over();
        daemon.scene(|scene| report::could_enter(scene, person.id.as_str(), &enough))
    })
    .await?;
    Ok(sheet(
        asked.format.unwrap_or_default(),
        sheet::COULD_ENTER,
        rows,
    ))
}
