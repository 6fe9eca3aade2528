//! `/access/v1/…`: decisions, as the OpenID AuthZEN Authorization API 1.0 has them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use provost_core::decision::{Reference, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, object};
use super::caller::Caller;
use super::problem::Problem;
use super::shapes;
use super::work::{Answer, read};
use crate::daemon::Daemon;
use crate::flow;

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default().routes(routes!(evaluation))
}

/// The body of an evaluation (§6.1); unknown members are ignored.
#[derive(Debug, Deserialize, ToSchema)]
struct Evaluation {
    #[serde(deserialize_with = "object")]
    subject: Entity,
    #[serde(deserialize_with = "object")]
    action: ActionName,
    #[serde(deserialize_with = "object")]
    resource: Entity,
    /// Circumstances, e.g. `session`.
    #[serde(default)]
    context: Map<String, Value>,
}

/// A subject or a resource (§5.1, §5.2).
#[derive(Debug, Deserialize, ToSchema)]
struct Entity {
    /// `person`, `district`, `case`, `group`, `tool` or `agent`; without it the type follows from the action.
    #[serde(rename = "type", default)]
    #[schema(nullable = false)]
    kind: Option<String>,
    /// For a person: the register's id, `district/username`, a unique username, `uuid:…`, `mail:…` or `tel:…`.
    id: String,
    #[serde(default)]
    properties: Map<String, Value>,
}

/// An action (§5.3).
#[derive(Debug, Deserialize, ToSchema)]
struct ActionName {
    /// E.g. `case.submit` or `login-as`.
    name: String,
    #[serde(default)]
    properties: Map<String, Value>,
}

impl From<Evaluation> for Request {
    fn from(asked: Evaluation) -> Self {
        let mut properties = asked.action.properties;
        properties.extend(asked.resource.properties);
        Self {
            subject: Reference {
                kind: asked.subject.kind,
                id: asked.subject.id,
            },
            action: asked.action.name,
            resource: Reference {
                kind: asked.resource.kind,
                id: asked.resource.id,
            },
            properties,
            context: asked.context,
        }
    }
}

/// A decision (§6.2).
#[derive(Debug, Serialize, ToSchema)]
struct Evaluated {
    decision: bool,
    #[schema(value_type = shapes::DecisionContext)]
    context: Value,
}

/// One decision. A deny is an answer like any other: 200 with `decision: false`.
#[utoipa::path(post, path = "/access/v1/evaluation", tag = "decisions",
    security(("token" = ["decide"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    request_body = Evaluation,
    responses((status = 200, description = "the decision with all reasons", body = Evaluated)))]
async fn evaluation(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    body: Result<Body<Evaluation>, Problem>,
) -> Answer<Evaluated> {
    let Body(asked) = body.map_err(malformed)?;
    let request = Request::from(asked);
    let Json((districts, decision)) = read(daemon, move |daemon| {
        let live = daemon.config();
        let facts = daemon
            .store
            .read()?
            .facts(&request, daemon.ports.clock.now(), &live.roles)?;
        let districts: Vec<_> = facts.districts.keys().cloned().collect();
        Ok((districts, flow::decide::decide_on(&live, &request, &facts)))
    })
    .await?;
    for district in &districts {
        caller.must_reach(Some(district))?;
    }
    if districts.is_empty() {
        caller.must_reach(None)?;
    }
    let mut context = serde_json::to_value(&decision).unwrap_or_default();
    if let Some(members) = context.as_object_mut() {
        members.remove("decision");
    }
    Ok(Json(Evaluated {
        decision: decision.decision,
        context,
    }))
}

/// The standard has 400 for a wrong content type too (§10.1.1).
fn malformed(problem: Problem) -> Problem {
    match problem.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => problem.under(StatusCode::BAD_REQUEST),
        _ => problem,
    }
}
