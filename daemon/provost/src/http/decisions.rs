//! `/access/v1/…`: decisions, as the OpenID AuthZEN Authorization API 1.0 has them.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use provost_core::Timestamp;
use provost_core::decision::{Decision, Finding, Redirect, Reference, Request, Warning, weight};
use provost_core::id::{DistrictId, Revision};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Body, object};
use super::caller::Caller;
use super::metrics::Metrics;
use super::problem::Problem;
use super::question::{self, ActionName, Entity, malformed};
use super::shapes;
use super::work::{Answer, patience, read};
use crate::daemon::Daemon;
use crate::flow::decide::{OutOfReach, Question as Asking};
use crate::flow::{self, FlowError};
use crate::live::Live;
use crate::store::{Snapshot, Store};

/// Bytes of a request for decisions: a thousand evaluations of a kilobyte each.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Evaluations of one request. They are worked off one after the other, so that one client cannot keep all others
/// waiting for longer than some tens of milliseconds; if plugins are slow, no longer than `decisions.within`.
const EVALUATIONS_MAX: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(evaluation))
        .routes(routes!(evaluations))
        .routes(routes!(decide))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
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

impl From<Evaluation> for Request {
    fn from(asked: Evaluation) -> Self {
        question::request(asked.subject, asked.action, asked.resource, asked.context)
    }
}

/// A decision (§6.2).
#[derive(Debug, Serialize, ToSchema)]
struct Evaluated {
    decision: bool,
    #[schema(value_type = shapes::DecisionContext)]
    context: Context,
}

/// Everything about a decision but the decision itself.
#[derive(Debug, Serialize)]
struct Context {
    reasons: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect: Option<Redirect>,
    obligations: Vec<String>,
    applicable: bool,
    warnings: Vec<Warning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visible: Option<String>,
    revision: Revision,
}

impl From<Decision> for Evaluated {
    fn from(decision: Decision) -> Self {
        Self {
            decision: decision.decision,
            context: Context {
                reasons: decision.reasons,
                redirect: decision.redirect,
                obligations: decision.obligations,
                applicable: decision.applicable,
                warnings: decision.warnings,
                visible: decision.visible,
                revision: decision.revision,
            },
        }
    }
}

/// One decision. A deny is an answer like any other: 200 with `decision: false`.
#[utoipa::path(post, path = "/access/v1/evaluation", tag = "decisions",
    security(("token" = ["decide"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    request_body = Evaluation,
    responses((status = 200, description = "the decision with all reasons", body = Evaluated)))]
async fn evaluation(
    State(daemon): State<Arc<Daemon>>,
    Extension(metrics): Extension<Arc<Metrics>>,
    caller: Caller,
    body: Result<Body<Evaluation>, Problem>,
) -> Answer<Evaluated> {
    let Body(asked) = body.map_err(malformed)?;
    one(daemon, metrics, caller, asked.into()).await
}

/// A question in the command line's words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Question {
    #[serde(deserialize_with = "object")]
    subject: Named,
    /// The action's name.
    action: String,
    #[serde(deserialize_with = "object")]
    resource: Named,
    /// Of the resource and the action.
    #[serde(default)]
    properties: Map<String, Value>,
    /// Circumstances, e.g. `session`.
    #[serde(default)]
    context: Map<String, Value>,
}

/// Who or what is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Named {
    /// Without it the type follows from the action.
    #[serde(rename = "type")]
    kind: Option<String>,
    id: String,
}

impl From<Named> for Reference {
    fn from(named: Named) -> Self {
        Self {
            kind: named.kind,
            id: named.id,
        }
    }
}

/// One decision, asked for as briefly as on the command line: types may be left out.
#[utoipa::path(post, path = "/v1/decide", tag = "decisions",
    security(("token" = ["decide"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    request_body = Question,
    responses((status = 200, description = "the decision with all reasons", body = Evaluated)))]
async fn decide(
    State(daemon): State<Arc<Daemon>>,
    Extension(metrics): Extension<Arc<Metrics>>,
    caller: Caller,
    Body(asked): Body<Question>,
) -> Answer<Evaluated> {
    let request = Request {
        subject: asked.subject.into(),
        action: asked.action,
        resource: asked.resource.into(),
        properties: asked.properties,
        context: asked.context,
    };
    one(daemon, metrics, caller, request).await
}

async fn one(
    daemon: Arc<Daemon>,
    metrics: Arc<Metrics>,
    caller: Caller,
    request: Request,
) -> Answer<Evaluated> {
    question::bounded(&request)?;
    let begun = tokio::time::Instant::now();
    let (live, now) = (daemon.config(), daemon.ports.clock.now());
    // What is kept is decided right here: some microseconds of work are not worth a thread of their own.
    let reach = caller.reach();
    let question = Asking {
        request: &request,
        now,
        reach: reach.as_deref(),
    };
    let (request, asked) = match flow::decide::at_once(&daemon.store, &live, question) {
        Some(asked) => (request, asked),
        None => {
            let live = Arc::clone(&live);
            let ask = move |daemon: &Daemon| {
                let question = Asking {
                    request: &request,
                    now,
                    reach: reach.as_deref(),
                };
                let asked = flow::decide::ask(&daemon.store, &live, question)?;
                Ok((request, asked))
            };
            let Json(asked) = read(Arc::clone(&daemon), ask).await?;
            asked
        }
    };
    let (facts, decision) = asked.map_err(|OutOfReach| caller.out_of_reach())?;
    metrics.decided(decision.decision, begun.elapsed());
    flow::record::note(&daemon.store, &live, request, facts, &decision);
    Ok(Json(decision.into()))
}

/// The body of several evaluations (§7.1). What an evaluation leaves out is taken from the top.
#[derive(Debug, Deserialize, ToSchema)]
struct Evaluations {
    #[schema(value_type = Option<Entity>)]
    subject: Option<Map<String, Value>>,
    #[schema(value_type = Option<ActionName>)]
    action: Option<Map<String, Value>>,
    #[schema(value_type = Option<Entity>)]
    resource: Option<Map<String, Value>>,
    context: Option<Map<String, Value>>,
    /// Each with some of `subject`, `action`, `resource` and `context`. Without any the top is the only one.
    #[schema(max_items = 1000)]
    evaluations: Option<Vec<Map<String, Value>>>,
    #[serde(default, deserialize_with = "object")]
    options: Options,
}

/// How to work them off (§7.1.2).
#[derive(Debug, Default, Deserialize, ToSchema)]
struct Options {
    #[serde(default)]
    evaluations_semantic: Semantic,
}

/// When to stop (§7.1.2.1).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

impl Semantic {
    /// This decision is the last that is wanted.
    fn ends_with(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}

/// One of several decisions; the context holds `error` where there is none.
#[derive(Debug, Serialize, ToSchema)]
struct EvaluatedOne {
    decision: bool,
    /// As of a single decision, or `error` with `status` and `message` (§7.2.1).
    #[schema(value_type = Object)]
    context: ContextOfOne,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ContextOfOne {
    Decided(Context),
    Failed { error: Failure },
}

/// Why there is no decision.
#[derive(Debug, Serialize)]
struct Failure {
    status: u16,
    message: String,
}

impl From<Result<Evaluated, Problem>> for EvaluatedOne {
    fn from(evaluated: Result<Evaluated, Problem>) -> Self {
        match evaluated {
            Ok(Evaluated { decision, context }) => Self {
                decision,
                context: ContextOfOne::Decided(context),
            },
            Err(problem) => {
                let error = Failure {
                    status: problem.status().as_u16(),
                    message: problem.why().to_owned(),
                };
                Self {
                    decision: false,
                    context: ContextOfOne::Failed { error },
                }
            }
        }
    }
}

/// The decisions, in the order of the evaluations (§7.2), or the only one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum EvaluatedAll {
    Several { evaluations: Vec<EvaluatedOne> },
    One(Evaluated),
}

/// Several decisions on one state of the register.
#[utoipa::path(post, path = "/access/v1/evaluations", tag = "decisions",
    security(("token" = ["decide"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    request_body = Evaluations,
    responses((status = 200, description = "one decision an evaluation, up to the one that ended it",
        body = EvaluatedAll)))]
async fn evaluations(
    State(daemon): State<Arc<Daemon>>,
    Extension(metrics): Extension<Arc<Metrics>>,
    caller: Caller,
    body: Result<Body<Evaluations>, Problem>,
) -> Answer<EvaluatedAll> {
    let Body(asked) = body.map_err(malformed)?;
    let semantic = asked.options.evaluations_semantic;
    let top = [
        ("subject", asked.subject),
        ("action", asked.action),
        ("resource", asked.resource),
        ("context", asked.context),
    ];
    let top: Map<_, _> = top
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), Value::Object(value?))))
        .collect();
    // Each of the evaluations takes all of it.
    question::bounded_weight(weight(&top))?;
    let items = asked.evaluations.unwrap_or_default();
    if items.is_empty() {
        let request = whole(top)?;
        let Json(only) = one(daemon, metrics, caller, request).await?;
        return Ok(Json(EvaluatedAll::One(only)));
    }
    if items.len() > EVALUATIONS_MAX {
        let why = format!("at most {EVALUATIONS_MAX} evaluations are decided at once");
        return Err(
            Problem::bad_request("read the evaluations", why).with("field", "evaluations".into())
        );
    }
    let within = daemon.config().config.decisions.within;
    let (patience, _here) = patience(within);
    read(daemon, move |daemon| {
        let desk = Desk::open(daemon, &metrics, &caller)?;
        let mut evaluations = Vec::with_capacity(items.len());
        for item in items {
            let evaluated = match whole(beneath(&top, item)) {
                _ if patience.is_over() => Err(too_late(within)),
                Err(problem) => Err(problem),
                Ok(request) => desk.evaluate(&request)?,
            };
            let evaluated = EvaluatedOne::from(evaluated);
            let last = semantic.ends_with(evaluated.decision);
            evaluations.push(evaluated);
            if last {
                break;
            }
        }
        Ok(EvaluatedAll::Several { evaluations })
    })
    .await
}

/// Plugins took so long over the evaluations before it that this one was not begun.
fn too_late(within: Duration) -> Problem {
    let why = format!(
        "not decided: the {} s of one request were up; ask for fewer at once",
        within.as_secs()
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "decide", why)
}

/// What an evaluation says, over what the top says. A subject, action or resource counts as a whole, but takes its
/// type, id or name from the top where it has none itself.
fn beneath(top: &Map<String, Value>, mut item: Map<String, Value>) -> Map<String, Value> {
    for (key, above) in top {
        match item.get_mut(key) {
            None => {
                item.insert(key.clone(), above.clone());
            }
            Some(Value::Object(members)) if key != "context" => {
                for needed in ["type", "id", "name"] {
                    if let (None, Some(said)) = (members.get(needed), above.get(needed)) {
                        members.insert(needed.to_owned(), said.clone());
                    }
                }
            }
            Some(_) => {}
        }
    }
    item
}

/// An evaluation that has everything it needs, and no more than may be.
fn whole(members: Map<String, Value>) -> Result<Request, Problem> {
    let request = body::members::<_, Evaluation>(Value::Object(members)).map(Request::from)?;
    question::bounded(&request)?;
    Ok(request)
}

/// Where decisions are made: one state of the register, what is in force, and who asks.
struct Desk<'d> {
    store: &'d Store,
    register: Snapshot<'d>,
    live: Arc<Live>,
    now: Timestamp,
    metrics: &'d Metrics,
    caller: &'d Caller,
    /// The districts that the caller may know of; `None` means all.
    reach: Option<Vec<DistrictId>>,
}

impl<'d> Desk<'d> {
    fn open(
        daemon: &'d Daemon,
        metrics: &'d Metrics,
        caller: &'d Caller,
    ) -> Result<Self, FlowError> {
        Ok(Self {
            store: &daemon.store,
            register: daemon.store.read()?,
            live: daemon.config(),
            now: daemon.ports.clock.now(),
            metrics,
            caller,
            reach: caller.reach(),
        })
    }

    /// The decision, or a 403 if it is about nothing that the caller may know of.
    fn evaluate(&self, request: &Request) -> Result<Result<Evaluated, Problem>, FlowError> {
        let begun = tokio::time::Instant::now();
        let question = Asking {
            request,
            now: self.now,
            reach: self.reach.as_deref(),
        };
        let asked = flow::decide::ask_on(&self.register, &self.live, question)?;
        let Ok((facts, decision)) = asked else {
            return Ok(Err(self.caller.out_of_reach()));
        };
        self.metrics.decided(decision.decision, begun.elapsed());
        flow::record::note(self.store, &self.live, request.clone(), facts, &decision);
        Ok(Ok(decision.into()))
    }
}
