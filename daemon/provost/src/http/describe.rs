//! The OpenAPI document, and what it demands of whoever asks.
//!
//! An operation says in its `security` which scopes open it: `("token" = ["desk"]), ("token" = ["audit"])` is either
//! of the two, `("token" = [])` any credential at all, `()` none. The guard reads the very same document, so what is
//! written is what is enforced, and an operation that says nothing is for `admin` alone. A scope must be held for all
//! districts, unless the operation carries [`PER_DISTRICT`] and its handler checks the district that it is about.

use axum::Extension;
use axum::http::{Method, header};
use axum::response::IntoResponse;
use provost_core::token::Scope;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Document;
use crate::daemon::Daemon;

/// The extension of an operation whose handler checks the district itself.
pub(super) const PER_DISTRICT: &str = "x-provost-per-district";

/// What an operation demands before its handler runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Demand {
    /// Anybody may ask.
    pub(super) public: bool,
    /// One of these, or `admin`.
    pub(super) scopes: Vec<Scope>,
    /// Any credential will do, whatever its scopes.
    pub(super) any_scope: bool,
    /// The handler checks the district; otherwise the scope must be held for all of them.
    pub(super) per_district: bool,
    /// Keys that the query may have.
    pub(super) keys: BTreeSet<String>,
}

/// Demands by path template and method.
pub(super) type Demands = HashMap<String, HashMap<Method, Arc<Demand>>>;

/// An empty document with what belongs to all operations.
pub(super) fn blank() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Provost")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The register of a school district's authorized contacts and security roles. Errors are RFC 9457 problem \
             documents. The scopes of an operation are alternatives; `admin` opens everything.",
        ))
        .build();
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A token made with `provost token create`. On the Unix socket the peer's account stands for one.",
        ))
        .build();
    let components = ComponentsBuilder::new()
        .security_scheme("token", SecurityScheme::Http(token))
        .schema(Document::name(), Document::schema())
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .build()
}

/// Says of every operation what any of them may answer: a problem document.
pub(super) fn finish(api: &mut OpenApi) {
    let problem = ResponseBuilder::new()
        .description("what was attempted, and why it failed")
        .content(
            "application/problem+json",
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name(Document::name())))
                .build(),
        )
        .build();
    for (path, item) in &mut api.paths.paths {
        if let Some(write) = item.post.as_mut().filter(|_| path.starts_with("/v1/")) {
            write
                .parameters
                .get_or_insert_default()
                .push(super::once::parameter().into());
        }
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.insert("default".to_owned(), problem.clone().into());
        }
    }
}

/// Reads the demands of every operation out of the document.
pub(super) fn demands(document: &Value) -> Demands {
    let paths = document["paths"].as_object().cloned().unwrap_or_default();
    paths
        .into_iter()
        .map(|(path, item)| {
            let operations = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
            let demands = operations.into_iter().filter_map(|method| {
                let operation = item.get(method.as_str().to_lowercase())?.as_object()?;
                Some((method, Arc::new(demand(operation))))
            });
            (path, demands.collect())
        })
        .collect()
}

fn demand(operation: &Map<String, Value>) -> Demand {
    let list = |key: &str| operation.get(key).and_then(Value::as_array);
    let mut demand = Demand {
        per_district: operation.get(PER_DISTRICT) == Some(&Value::Bool(true)),
        keys: list("parameters")
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
            .collect(),
        ..Demand::default()
    };
    for alternative in list("security").into_iter().flatten() {
        match alternative.get("token").and_then(Value::as_array) {
            None => demand.public = true,
            Some(scopes) if scopes.is_empty() => demand.any_scope = true,
            Some(scopes) => {
                let scopes = scopes.iter().filter_map(Value::as_str);
                let scopes = scopes.filter_map(|word| word.parse::<Scope>().ok());
                demand.scopes.extend(scopes);
            }
        }
    }
    demand
}

/// The document as text, made once.
#[derive(Clone)]
pub(super) struct Text(Arc<str>);

impl Text {
    pub(super) fn of(document: &Value) -> Self {
        Self(document.to_string().into())
    }
}

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default().routes(routes!(openapi))
}

/// This document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "service", security(("token" = [])),
    responses((status = 200, description = "an OpenAPI 3.1 document", body = Object)))]
async fn openapi(Extension(Text(text)): Extension<Text>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        text.to_string(),
    )
}
