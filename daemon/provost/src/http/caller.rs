//! Who asks: the peer of the Unix socket, with the scopes that `[[operator]]` gives to the account.

use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::serve::IncomingStream;
use nix::unistd::{Group, Uid, User};
use provost_core::id::DistrictId;
use std::ffi::CString;
use std::sync::Arc;
use tokio::net::UnixListener;

use super::describe::Demand;
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
    /// What the operation demands; empty before the guard has let the caller through.
    demand: Arc<Demand>,
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
            demand: Arc::default(),
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
        Self {
            name,
            entitlements,
            demand: Arc::default(),
        }
    }

    /// The caller, if the operation's demand is met as far as it can be without knowing the district.
    ///
    /// # Errors
    /// A 403 that says which scope is missing.
    pub(super) fn admitted(mut self, demand: &Arc<Demand>) -> Result<Self, Problem> {
        self.demand = Arc::clone(demand);
        let admitted = if demand.per_district || demand.any_scope {
            self.holds(|_| true)
        } else {
            self.holds(|districts| districts.is_none())
        };
        if admitted {
            Ok(self)
        } else {
            Err(self.refused(None))
        }
    }

    /// The caller may do what is asked in this district; in all of them if none is named.
    ///
    /// # Errors
    /// A 403 that says what is missing.
    pub(super) fn must_reach(&self, district: Option<&DistrictId>) -> Result<(), Problem> {
        let reaches = self.holds(|districts| match (districts, district) {
            (None, _) => true,
            (Some(districts), Some(district)) => districts.contains(district),
            (Some(_), None) => false,
        });
        if reaches {
            Ok(())
        } else {
            Err(self.refused(district))
        }
    }

    /// The districts in which the caller may do what is asked; `None` means all.
    pub(super) fn reach(&self) -> Option<Vec<DistrictId>> {
        if self.holds(|districts| districts.is_none()) {
            return None;
        }
        let opening = self
            .entitlements
            .iter()
            .filter(|entitlement| self.opens(entitlement));
        let districts = opening.filter_map(|entitlement| entitlement.districts.clone());
        Some(districts.flatten().collect())
    }

    /// One entitlement has a scope that the operation demands, in districts that are `here`.
    fn holds(&self, here: impl Fn(Option<&[DistrictId]>) -> bool) -> bool {
        let mut opening = self
            .entitlements
            .iter()
            .filter(|entitlement| self.opens(entitlement));
        opening.any(|entitlement| here(entitlement.districts.as_deref()))
    }

    fn opens(&self, entitlement: &Entitlement) -> bool {
        let demand = &self.demand;
        let opens = |scope: &Scope| *scope == Scope::Admin || demand.scopes.contains(scope);
        demand.any_scope || entitlement.scopes.iter().any(opens)
    }

    fn refused(&self, district: Option<&DistrictId>) -> Problem {
        let mut wanted: Vec<_> = self
            .demand
            .scopes
            .iter()
            .map(|scope| scope.word())
            .collect();
        if wanted.is_empty() {
            wanted.push(Scope::Admin.word());
        }
        let place = match district {
            Some(district) => format!(" for district {district}"),
            None if self.demand.per_district || self.demand.any_scope => String::new(),
            None => " for all districts".to_owned(),
        };
        Problem::new(
            StatusCode::FORBIDDEN,
            format!("let {} ask", self.name),
            format!(
                "the scope {}{place} is needed; [[operator]] in the configuration gives it",
                wanted.join(" or ")
            ),
        )
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

/// What a request shows of who asks.
#[derive(Debug)]
pub(super) struct Credentials {
    uid: Option<u32>,
}

impl Credentials {
    pub(super) fn of(request: &Request) -> Self {
        let peer = request.extensions().get::<ConnectInfo<Peer>>();
        Self {
            uid: peer.and_then(|ConnectInfo(Peer(uid))| *uid),
        }
    }

    /// Who that is.
    ///
    /// # Errors
    /// A 401 if nobody can tell.
    pub(super) async fn caller(&self, daemon: &Arc<Daemon>) -> Result<Caller, Problem> {
        let unknown = || {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "tell who asks",
                "the socket does not say",
            )
        };
        let uid = self.uid.ok_or_else(unknown)?;
        let live = daemon.config();
        // Accounts may come from a slow directory themselves; the runtime's threads must not wait for that.
        tokio::task::spawn_blocking(move || Caller::of(uid, &live.config.operators))
            .await
            .map_err(|_| unknown())
    }
}

impl FromRequestParts<Arc<Daemon>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Daemon>) -> Result<Self, Problem> {
        let admitted = parts.extensions.get::<Self>().cloned();
        admitted.ok_or_else(|| {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "tell who asks",
                "nobody was let through",
            )
        })
    }
}
