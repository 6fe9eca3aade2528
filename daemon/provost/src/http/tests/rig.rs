//! A daemon in memory with two districts, asked through its router.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use provost_core::change::{Actor, Change, Erased, Plan};
use provost_core::token::Scope;
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::daemon::Daemon;
use crate::flow::token::{self, Wanted};
use crate::http::caller::Peer;
use crate::http::metrics::Metrics;
use crate::ldap::InMemory;
use crate::live::{Live, Loader};
use crate::ports::{Ports, WallClock};
use crate::store::Store;

const CONFIG: &str = r#"
[[district]]
id = "lone-pine"
name = "Lone Pine Unified"
timezone = "America/Denver"
hosting = "cloud-choice"
sites = ["sandbox"]
[[district]]
id = "far"
name = "Far Away"
timezone = "America/Denver"
[[feed]]
id = "there"
district = "lone-pine"
max-lag = "26h"
"#;

/// The daemon under test.
pub(in crate::http) struct Rig {
    pub(in crate::http) daemon: Arc<Daemon>,
    pub(in crate::http) router: Router,
    /// A token that opens everything.
    pub(in crate::http) admin: String,
    /// Where backups go: the machine's own folder is none of a test's business.
    _folder: TempDir,
}

/// What was answered.
pub(in crate::http) struct Reply {
    pub(in crate::http) status: StatusCode,
    pub(in crate::http) headers: HeaderMap,
    pub(in crate::http) text: String,
}

impl Reply {
    pub(in crate::http) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {}", self.text))
    }
}

impl Rig {
    /// Ana is a technical contact of lone-pine, Ben another person there, Flo a support contact far away.
    pub(in crate::http) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut live = Self::live();
        live.config.backups = folder.path().join("backups");
        let ports = Ports {
            clock: Arc::new(WallClock),
            directory: Arc::new(InMemory::default()),
            deliver: None,
        };
        let store = Arc::new(Store::in_memory().unwrap());
        let daemon = Daemon::new(store, live, ports).unwrap();
        let router = crate::http::router(Arc::clone(&daemon), Metrics::new(Vec::new()));
        let admin = secret(&daemon, &[Scope::Admin], None);
        let rig = Self {
            daemon,
            router,
            admin,
            _folder: folder,
        };
        let person = |id: &str, district: &str| {
            json!({ "id": id, "district": district, "username": id, "name": id, "mail": [format!("{id}@example.org")],
                    "roles": ["sis"] })
        };
        let contact = |id: &str, kind: &str| json!({ "person": id, "type": kind, "designated": "2026-01-10T09:00:00-07:00" });
        let document = json!({
            "person": [person("ana", "lone-pine"), person("ben", "lone-pine"), person("flo", "far")],
            "contact": [contact("ana", "technical"), contact("flo", "support")],
        });
        let imported = rig
            .post(&rig.admin, "/v1/import", &json!({ "document": document }))
            .await;
        assert_eq!(imported.status, StatusCode::OK, "{}", imported.text);
        rig
    }

    /// What is in force.
    pub(in crate::http) fn live() -> Live {
        let map = crate::document::parse("rig.toml", CONFIG).unwrap();
        let config = crate::config::parse(&map, None).unwrap();
        Live::load(config, &Loader::forgetful(None).unwrap()).unwrap()
    }

    /// A token of these scopes; of all districts if none is named.
    pub(in crate::http) fn token(&self, scopes: &[Scope], districts: Option<&[&str]>) -> String {
        secret(&self.daemon, scopes, districts)
    }

    /// Erases somebody whatever authority they have.
    pub(in crate::http) fn erase(&self, person: &str) {
        let store = &self.daemon.store;
        store.record_noted().unwrap();
        let mut plan = Plan::new(
            store.read().unwrap().revision(),
            Actor::Operator("test".to_owned()),
            self.daemon.ports.clock.now(),
        );
        let erased = Erased {
            person: person.parse().unwrap(),
            district: None,
            entries: 0,
        };
        plan.changes.push(Change::Erase { erased });
        store.commit(plan).unwrap();
    }

    pub(in crate::http) async fn ask(&self, request: Request<Body>) -> Reply {
        let mut request = request;
        request.extensions_mut().insert(Peer::program());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(in crate::http) async fn get(&self, token: &str, path: &str) -> Reply {
        self.ask(request("GET", token, path, None)).await
    }

    pub(in crate::http) async fn post(&self, token: &str, path: &str, body: &Value) -> Reply {
        self.ask(request("POST", token, path, Some(&body.to_string())))
            .await
    }

    /// The OpenAPI document.
    pub(in crate::http) async fn document(&self) -> Value {
        self.get(&self.admin, "/v1/openapi.json").await.json()
    }
}

fn secret(daemon: &Daemon, scopes: &[Scope], districts: Option<&[&str]>) -> String {
    let districts = districts.map(|ids| ids.iter().map(|id| id.parse().unwrap()).collect());
    let wanted = Wanted {
        name: None,
        scopes: scopes.to_vec(),
        districts,
        lifetime: None,
    };
    let actor = Actor::Operator("test".to_owned());
    token::create(daemon, &wanted, &actor).unwrap().1
}

/// A request with a token, unless that is empty, and a JSON body, if there is one.
pub(in crate::http) fn request(
    method: &str,
    token: &str,
    path: &str,
    body: Option<&str>,
) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "provost.example");
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_owned()));
    request.body(body).unwrap()
}
