//! `/access/v1/search/…`: who may do it, to what, and what may be done (AuthZEN Authorization API 1.0 §8).

use axum::extract::{DefaultBodyLimit, State};
use provost_core::decision::Request;
use provost_core::{hex, unhex};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, object};
use super::caller::Caller;
use super::problem::Problem;
use super::question::{self, ActionName, Entity, malformed};
use super::work::{Answer, patience_of_page, read};
use crate::daemon::Daemon;
use crate::flow::search::{self, Sought, Span};

/// Bytes of a request: a search names two things.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Results of a page at most, and if nothing is asked for.
const ROWS_MAX: usize = 1_000;

/// Letters of the digest in a token.
const DIGEST_LETTERS: usize = 16;

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(subject))
        .routes(routes!(resource))
        .routes(routes!(action))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Something of a type; its id is what is looked for.
#[derive(Debug, Deserialize, ToSchema)]
struct OfType {
    /// `person`, `district`, `case`, `group`, `tool` or `agent`; of any other type nothing is found.
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    properties: Map<String, Value>,
}

impl From<OfType> for Entity {
    /// Nothing yet: each candidate takes the place of the id.
    fn from(sought: OfType) -> Self {
        Self {
            kind: sought.kind,
            id: String::new(),
            properties: sought.properties,
        }
    }
}

/// Which page (§8.2.1). Unknown members are ignored, here as elsewhere.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct Paging {
    /// The `next_token` of the page before; the question must be the same.
    token: Option<String>,
    /// Results of a page, 1 to 1000; of more, 1000 are given.
    #[schema(minimum = 1)]
    limit: Option<usize>,
}

/// Who may do that? An id of the subject is ignored.
#[derive(Debug, Deserialize, ToSchema)]
struct SubjectSearch {
    #[serde(deserialize_with = "object")]
    subject: OfType,
    #[serde(deserialize_with = "object")]
    action: ActionName,
    #[serde(deserialize_with = "object")]
    resource: Entity,
    #[serde(default)]
    context: Map<String, Value>,
    #[serde(default, deserialize_with = "object")]
    page: Paging,
}

/// To what may that be done? An id of the resource is ignored.
#[derive(Debug, Deserialize, ToSchema)]
struct ResourceSearch {
    #[serde(deserialize_with = "object")]
    subject: Entity,
    #[serde(deserialize_with = "object")]
    action: ActionName,
    #[serde(deserialize_with = "object")]
    resource: OfType,
    #[serde(default)]
    context: Map<String, Value>,
    #[serde(default, deserialize_with = "object")]
    page: Paging,
}

/// What may be done? An action is ignored.
#[derive(Debug, Deserialize, ToSchema)]
struct ActionSearch {
    #[serde(deserialize_with = "object")]
    subject: Entity,
    #[serde(deserialize_with = "object")]
    resource: Entity,
    #[serde(default)]
    context: Map<String, Value>,
    #[serde(default, deserialize_with = "object")]
    page: Paging,
}

/// A subject or resource that was found.
#[derive(Debug, Serialize, ToSchema)]
struct FoundThing {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

/// An action that was found.
#[derive(Debug, Serialize, ToSchema)]
struct FoundAction {
    name: String,
}

/// How far the answer goes.
#[derive(Debug, Serialize, ToSchema)]
struct PageEnd {
    /// Empty at the end. A page may be shorter than its limit, even empty, and still not be the last.
    next_token: String,
    count: usize,
}

/// Subjects or resources, in the order of their ids.
#[derive(Debug, Serialize, ToSchema)]
struct Things {
    results: Vec<FoundThing>,
    page: PageEnd,
}

/// Actions, in the order of their names.
#[derive(Debug, Serialize, ToSchema)]
struct Actions {
    results: Vec<FoundAction>,
    page: PageEnd,
}

/// Who may do that to this? Nobody, if the register does not know it.
#[utoipa::path(post, path = "/access/v1/search/subject", tag = "decisions",
    security(("token" = ["decide"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    request_body = SubjectSearch,
    responses((status = 200, description = "those who may, page by page", body = Things)))]
async fn subject(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    body: Result<Body<SubjectSearch>, Problem>,
) -> Answer<Things> {
    let Body(asked) = body.map_err(malformed)?;
    let kind = asked.subject.kind.clone();
    let search = Search {
        sought: Sought::Subject,
        request: question::request(
            asked.subject.into(),
            asked.action,
            asked.resource,
            asked.context,
        ),
        page: asked.page,
    };
    let (ids, page) = find(daemon, caller, search).await?;
    Ok(things(kind, ids, page))
}

/// To what may they do that? To nothing, if the register does not know them.
#[utoipa::path(post, path = "/access/v1/search/resource", tag = "decisions",
    security(("token" = ["decide"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    request_body = ResourceSearch,
    responses((status = 200, description = "that to which they may, page by page", body = Things)))]
async fn resource(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    body: Result<Body<ResourceSearch>, Problem>,
) -> Answer<Things> {
    let Body(asked) = body.map_err(malformed)?;
    let kind = asked.resource.kind.clone();
    let search = Search {
        sought: Sought::Resource,
        request: question::request(
            asked.subject,
            asked.action,
            asked.resource.into(),
            asked.context,
        ),
        page: asked.page,
    };
    let (ids, page) = find(daemon, caller, search).await?;
    Ok(things(kind, ids, page))
}

/// What may they do to this? Nothing, if the register does not know them or it.
#[utoipa::path(post, path = "/access/v1/search/action", tag = "decisions",
    security(("token" = ["decide"]), ("token" = ["desk"])), extensions(("x-provost-per-district" = json!(true))),
    request_body = ActionSearch,
    responses((status = 200, description = "what they may do, page by page", body = Actions)))]
async fn action(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    body: Result<Body<ActionSearch>, Problem>,
) -> Answer<Actions> {
    let Body(asked) = body.map_err(malformed)?;
    let search = Search {
        sought: Sought::Action,
        request: question::request(
            asked.subject,
            ActionName::default(),
            asked.resource,
            asked.context,
        ),
        page: asked.page,
    };
    let (names, page) = find(daemon, caller, search).await?;
    let results = names.into_iter().map(|name| FoundAction { name }).collect();
    Ok(axum::Json(Actions { results, page }))
}

/// A search with its page.
struct Search {
    sought: Sought,
    request: Request,
    page: Paging,
}

impl Search {
    /// What a token is good for: a page of another question would begin anywhere.
    fn digest(&self) -> String {
        let text = serde_json::to_vec(&self.request).unwrap_or_default();
        let mut digest = hex(&Sha256::digest(&text));
        digest.truncate(DIGEST_LETTERS);
        digest
    }

    /// The candidate to go on after.
    fn after(&self) -> Result<String, Problem> {
        let Some(token) = self.page.token.as_deref().filter(|token| !token.is_empty()) else {
            return Ok(String::new());
        };
        let digest = self.digest();
        token
            .strip_prefix(digest.as_str())
            .and_then(unhex)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| {
                let why = "it must be the `next_token` of an earlier page of this very search";
                Problem::bad_request("read the body", why).with("field", "page.token".into())
            })
    }

    fn rows(&self) -> Result<usize, Problem> {
        match self.page.limit {
            None => Ok(ROWS_MAX),
            Some(0) => {
                let why = "it must be at least 1";
                Err(Problem::bad_request("read the body", why).with("field", "page.limit".into()))
            }
            Some(rows) => Ok(rows.min(ROWS_MAX)),
        }
    }
}

async fn find(
    daemon: Arc<Daemon>,
    caller: Caller,
    search: Search,
) -> Result<(Vec<String>, PageEnd), Problem> {
    question::bounded(&search.request)?;
    let (after, rows, digest) = (search.after()?, search.rows()?, search.digest());
    let Search {
        sought, request, ..
    } = search;
    let reach = caller.reach();
    let (patience, _here) = patience_of_page(&daemon);
    let axum::Json(found) = read(daemon, move |daemon| {
        let reach = reach.as_deref();
        daemon.scene(|scene| {
            if search::is_out_of_reach(scene, sought, &request, reach)? {
                return Ok(None);
            }
            let span = Span {
                after: &after,
                rows,
                enough: &|| patience.is_over(),
            };
            search::run(scene, sought, &request, span, reach).map(Some)
        })
    })
    .await?;
    let found = found.ok_or_else(|| caller.out_of_reach())?;
    let next = found.next.map(|last| digest + &hex(last.as_bytes()));
    let page = PageEnd {
        next_token: next.unwrap_or_default(),
        count: found.ids.len(),
    };
    Ok((found.ids, page))
}

fn things(kind: String, ids: Vec<String>, page: PageEnd) -> axum::Json<Things> {
    let results = ids.into_iter().map(|id| FoundThing {
        kind: kind.clone(),
        id,
    });
    axum::Json(Things {
        results: results.collect(),
        page,
    })
}
