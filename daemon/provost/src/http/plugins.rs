//! `/v1/plugins…`: versions of plugins, what they ask for, and which ones are in force.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use provost_core::Timestamp;
use provost_core::change::Actor;
use provost_core::id::PluginId;
use provost_core::plugin::{Installed, Origin, Standing, Version, Want};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Body, Params};
use super::caller::Caller;
use super::problem::Problem;
use super::work::{Answer, read, write};
use crate::daemon::Daemon;
use crate::flow::FlowError;
use crate::flow::plugin::{self, Component, Extent, Stepped};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(install))
        .routes(routes!(approve))
        .routes(routes!(rollback))
        .routes(routes!(remove))
}

/// A version of a plugin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct VersionRow {
    /// SHA-256 of its component.
    hash: String,
    /// `in-force`, `waiting` for approval, or `earlier`.
    #[schema(value_type = String)]
    state: Standing,
    /// `role-policy` or `channel`.
    kind: String,
    title: String,
    bytes: u64,
    /// `offered` by the configuration, or `installed` by an operator.
    #[schema(value_type = String)]
    origin: Origin,
    /// Who brought it.
    by: String,
    #[schema(value_type = String, format = DateTime)]
    added: Timestamp,
    approved_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    approved: Option<Timestamp>,
    /// When it came into force last.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Everything that it asks for.
    #[schema(value_type = Vec<String>)]
    asks: Vec<Want>,
    /// What of it nobody has approved.
    #[schema(value_type = Vec<String>)]
    asks_more: Vec<Want>,
}

impl VersionRow {
    fn of(plugin: &Installed, version: &Version) -> Self {
        let approved = version.approved.as_ref();
        Self {
            hash: version.hash.clone(),
            state: plugin.standing(version),
            kind: version.kind.clone(),
            title: version.title.clone(),
            bytes: version.bytes,
            origin: version.origin,
            by: version.added.by.to_string(),
            added: version.added.at,
            approved_by: approved.map(|approved| approved.by.to_string()),
            approved: approved.map(|approved| approved.at),
            since: version.since,
            asks: version.wants.iter().cloned().collect(),
            asks_more: plugin.beyond(version),
        }
    }
}

/// A plugin with its versions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct PluginRow {
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: PluginId,
    /// The hash of the version in force with the present configuration; null if none is.
    #[schema(required = true)]
    in_force: Option<String>,
    /// Until when it is in quarantine, because it failed too often; null if it is not.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    quarantined: Option<Timestamp>,
    /// Calls of the version in force since it was loaded, and those of them that failed.
    calls: u64,
    failures: u64,
    /// Everything that was approved for it.
    #[schema(value_type = Vec<String>)]
    approved: Vec<Want>,
    /// The newest first.
    versions: Vec<VersionRow>,
}

impl PluginRow {
    fn of(daemon: &Daemon, plugin: &Installed) -> Self {
        let live = daemon.config();
        let versions = plugin.versions.iter().rev();
        let in_force = plugin::in_force(&live.config, plugin);
        let usage = live.usage(&plugin.id).unwrap_or_default();
        Self {
            id: plugin.id.clone(),
            in_force: in_force.map(|version| version.hash.clone()),
            quarantined: in_force.and_then(|version| live.ward.resting(&plugin.id, &version.hash)),
            calls: usage.calls,
            failures: usage.failures,
            approved: plugin.approved.iter().cloned().collect(),
            versions: versions
                .map(|version| VersionRow::of(plugin, version))
                .collect(),
        }
    }
}

/// Every plugin that the register knows, with its versions and what they ask for.
#[utoipa::path(get, path = "/v1/plugins", tag = "plugins", security(("token" = ["admin"])),
    responses((status = 200, description = "by id", body = Vec<PluginRow>)))]
async fn list(State(daemon): State<Arc<Daemon>>) -> Answer<Vec<PluginRow>> {
    read(daemon, |daemon| {
        let plugins = daemon.store.read()?.plugins()?;
        let rows = plugins.values();
        Ok(rows.map(|plugin| PluginRow::of(daemon, plugin)).collect())
    })
    .await
}

/// A component in a request's body.
struct Wasm(Bytes);

impl FromRequest<Arc<Daemon>> for Wasm {
    type Rejection = Problem;

    async fn from_request(request: Request, daemon: &Arc<Daemon>) -> Result<Self, Problem> {
        if body::media_type(request.headers()).as_deref() != Some("application/wasm") {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "read the component",
                "the content type must be application/wasm",
            ));
        }
        body::bytes(request, daemon).await.map(Self)
    }
}

/// As which plugin, and how far.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Installing {
    /// The plugin's id.
    #[param(value_type = String, min_length = 1, max_length = 255)]
    id: PluginId,
    /// `look` tries it, compares what it asks for and keeps nothing; `install` (the default) keeps it, and brings it into
    /// force if it asks for nothing new; `approve` brings it into force.
    #[param(value_type = Option<String>)]
    extent: Option<Word>,
}

/// How far an installation goes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Look,
    Install,
    Approve,
}

/// A plugin after a step.
#[derive(Debug, Serialize, ToSchema)]
struct Done {
    plugin: PluginRow,
    /// The version that the step was about; null after a removal.
    #[schema(required = true)]
    version: Option<VersionRow>,
}

impl Done {
    fn of(daemon: &Daemon, stepped: &Stepped) -> Self {
        let version = stepped.version.as_ref();
        Self {
            plugin: PluginRow::of(daemon, &stepped.plugin),
            version: version.map(|version| VersionRow::of(&stepped.plugin, version)),
        }
    }
}

/// Compiles and tries a version, compares what it asks for with what is approved, and keeps it. Decisions go on
/// meanwhile, and those under way finish on the version that they began with.
#[utoipa::path(post, path = "/v1/plugins/install", tag = "plugins", security(("token" = ["admin"])),
    params(Installing), request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses((status = 200, description = "the plugin and the version", body = Done)))]
async fn install(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Params(asked): Params<Installing>,
    Wasm(bytes): Wasm,
) -> Answer<Done> {
    let extent = match asked.extent {
        Some(Word::Look) => Extent::Look,
        None | Some(Word::Install) => Extent::Install,
        Some(Word::Approve) => Extent::Approve,
    };
    let component = Component {
        id: asked.id,
        bytes: bytes.into(),
    };
    step(daemon, &caller, move |daemon, actor| {
        plugin::install(daemon, component, extent, actor)
    })
    .await
}

/// Which version of which plugin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OfVersion {
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: PluginId,
    /// How its hash begins.
    #[schema(min_length = 4, max_length = 64)]
    hash: Option<String>,
}

/// Approves everything that a version asks for and brings it into force: the newest that waits, if none is named.
#[utoipa::path(post, path = "/v1/plugins/approve", tag = "plugins", security(("token" = ["admin"])),
    request_body = OfVersion,
    responses((status = 200, description = "the plugin and the version", body = Done)))]
async fn approve(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(of): Body<OfVersion>,
) -> Answer<Done> {
    step(daemon, &caller, move |daemon, actor| {
        plugin::approve(daemon, of.id, of.hash.as_deref(), actor)
    })
    .await
}

/// Returns to an earlier version: the one that was in force before, if none is named.
#[utoipa::path(post, path = "/v1/plugins/rollback", tag = "plugins", security(("token" = ["admin"])),
    request_body = OfVersion,
    responses((status = 200, description = "the plugin and the version", body = Done)))]
async fn rollback(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(of): Body<OfVersion>,
) -> Answer<Done> {
    step(daemon, &caller, move |daemon, actor| {
        plugin::roll_back(daemon, of.id, of.hash.as_deref(), actor)
    })
    .await
}

/// Which plugin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OfPlugin {
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: PluginId,
}

/// Takes a plugin out of force and forgets what was approved for it; it comes back by approval alone.
#[utoipa::path(post, path = "/v1/plugins/remove", tag = "plugins", security(("token" = ["admin"])),
    request_body = OfPlugin,
    responses((status = 200, description = "the plugin", body = Done)))]
async fn remove(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(of): Body<OfPlugin>,
) -> Answer<Done> {
    step(daemon, &caller, move |daemon, actor| {
        plugin::remove(daemon, of.id, actor)
    })
    .await
}

async fn step(
    daemon: Arc<Daemon>,
    caller: &Caller,
    step: impl FnOnce(&Daemon, &Actor) -> Result<Stepped, FlowError> + Send + 'static,
) -> Result<Json<Done>, Problem> {
    let actor = Actor::Operator(caller.name.clone());
    write(daemon, move |daemon| {
        let stepped = step(daemon, &actor)?;
        Ok(Done::of(daemon, &stepped))
    })
    .await
}
