//! Who asks: the peer of the Unix socket, with the scopes that `[[operator]]` gives to the account.

use axum::extract::FromRequestParts;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::serve::IncomingStream;
use nix::unistd::{Group, Uid, User};
use provost_core::id::DistrictId;
use std::ffi::CString;
use std::sync::Arc;
use tokio::net::UnixListener;

use super::problem::Problem;
use crate::config::{Operator, Scope, Who};
use crate::daemon::Daemon;

/// The account at the other end of the socket; `None` if the kernel does not say.
#[derive(Debug, Clone, Copy)]
pub struct Peer(Option<u32>);

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self(
            stream
                .io()
                .peer_cred()
                .ok()
                .map(|credentials| credentials.uid()),
        )
    }
}

/// One entitlement: scopes in districts, `None` meaning all.
#[derive(Debug, Clone)]
struct Entitlement {
    scopes: Vec<Scope>,
    districts: Option<Vec<DistrictId>>,
}

/// Who asks, and what they may.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Account name, as the journal names the operator.
    pub name: String,
    entitlements: Vec<Entitlement>,
}

impl Caller {
    /// Root, and the account that the daemon itself runs as: it could write the database anyway.
    fn all(name: String) -> Self {
        Self {
            name,
            entitlements: vec![Entitlement {
                scopes: vec![Scope::Admin],
                districts: None,
            }],
        }
    }

    fn of(uid: u32, operators: &[Operator]) -> Self {
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        let name = user
            .as_ref()
            .map_or_else(|| format!("uid {uid}"), |user| user.name.clone());
        if uid == 0 || Uid::from_raw(uid) == Uid::current() {
            return Self::all(name);
        }
        let groups = user.as_ref().map(groups_of).unwrap_or_default();
        let entitlements = operators
            .iter()
            .filter(|operator| match &operator.who {
                Who::User(wanted) => *wanted == name,
                Who::Group(wanted) => groups.contains(wanted),
            })
            .map(|operator| Entitlement {
                scopes: operator.scopes.clone(),
                districts: operator.districts.clone(),
            })
            .collect();
        Self { name, entitlements }
    }

    /// The caller holds one of `scopes` (or `admin`) for the district; for every district if none is named.
    ///
    /// # Errors
    /// A 403 that says which scope is missing.
    pub fn require(&self, scopes: &[Scope], district: Option<&DistrictId>) -> Result<(), Problem> {
        let allowed = self.entitlements.iter().any(|entitlement| {
            let scope = entitlement
                .scopes
                .iter()
                .any(|scope| *scope == Scope::Admin || scopes.contains(scope));
            let here = match (&entitlement.districts, district) {
                (None, _) => true,
                (Some(districts), Some(district)) => districts.contains(district),
                (Some(_), None) => false,
            };
            scope && here
        });
        if allowed {
            return Ok(());
        }
        let wanted: Vec<_> = scopes
            .iter()
            .map(|scope| format!("{scope:?}").to_lowercase())
            .collect();
        let place = district.map_or_else(
            || "all districts".to_owned(),
            |district| format!("district {district}"),
        );
        let wanted = if wanted.is_empty() {
            "admin".to_owned()
        } else {
            wanted.join(" or ")
        };
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            format!("let {} ask", self.name),
            format!(
                "the scope {wanted} for {place} is needed; [[operator]] in the configuration gives it"
            ),
        ))
    }
}

/// Names of all groups of an account, the primary one included.
fn groups_of(user: &User) -> Vec<String> {
    let Ok(name) = CString::new(user.name.as_str()) else {
        return Vec::new();
    };
    let ids = nix::unistd::getgrouplist(&name, user.gid).unwrap_or_default();
    ids.into_iter()
        .filter_map(|id| Group::from_gid(id).ok().flatten())
        .map(|group| group.name)
        .collect()
}

impl FromRequestParts<Arc<Daemon>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, daemon: &Arc<Daemon>) -> Result<Self, Problem> {
        let unknown = || {
            Problem::new(
                StatusCode::FORBIDDEN,
                "tell who asks",
                "the socket does not say",
            )
        };
        let peer = ConnectInfo::<Peer>::from_request_parts(parts, daemon)
            .await
            .ok();
        let uid = peer
            .and_then(|ConnectInfo(Peer(uid))| uid)
            .ok_or_else(unknown)?;
        let live = daemon.config();
        // Accounts may come from a slow directory themselves; the runtime's threads must not wait for that.
        tokio::task::spawn_blocking(move || Self::of(uid, &live.config.operators))
            .await
            .map_err(|_| unknown())
    }
}
