//! Who asks: the account at the other end of the Unix socket, with the scopes that `[[operator]]` gives it, or whoever
//! shows a token, with the token's.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use nix::unistd::{Group, Uid, User};
use provost_core::id::DistrictId;
use provost_core::token::{Scope, Token};
use std::ffi::CString;
use std::sync::Arc;
use tokio::sync::OnceCell;

use super::describe::Demand;
use super::problem::Problem;
use crate::config::{Operator, Who};
use crate::daemon::Daemon;
use crate::flow;

/// Who is at the other end of a connection, as far as the connection itself says.
#[derive(Debug, Clone)]
pub(super) struct Peer(Option<Arc<Local>>);

/// A local account, looked up when it first asks something: a connection keeps its peer for life.
#[derive(Debug)]
struct Local {
    uid: u32,
    account: OnceCell<Account>,
}

/// What the machine knows of an account.
#[derive(Debug, Clone)]
struct Account {
    name: String,
    groups: Vec<String>,
    /// Root, and the account that the daemon itself runs as: it could write the database anyway.
    may_everything: bool,
}

impl Peer {
    /// The account of a Unix socket's peer; `None` if the kernel does not say.
    pub(super) fn account(uid: Option<u32>) -> Self {
        Self(uid.map(|uid| {
            Arc::new(Local {
                uid,
                account: OnceCell::new(),
            })
        }))
    }

    /// Somebody who must show a token.
    pub(super) fn program() -> Self {
        Self(None)
    }
}

impl Account {
    fn of(uid: u32) -> Self {
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        Self {
            name: user
                .as_ref()
                .map_or_else(|| format!("uid {uid}"), |user| user.name.clone()),
            groups: user.as_ref().map(groups_of).unwrap_or_default(),
            may_everything: uid == 0 || Uid::from_raw(uid) == Uid::current(),
        }
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
    fn local(account: &Account, operators: &[Operator]) -> Self {
        let entitlements = if account.may_everything {
            vec![Entitlement {
                scopes: vec![Scope::Admin],
                districts: None,
            }]
        } else {
            let concerned = operators.iter().filter(|operator| match &operator.who {
                Who::User(wanted) => *wanted == account.name,
                Who::Group(wanted) => account.groups.contains(wanted),
            });
            concerned
                .map(|operator| Entitlement {
                    scopes: operator.scopes.clone(),
                    districts: operator.districts.clone(),
                })
                .collect()
        };
        Self {
            name: account.name.clone(),
            entitlements,
            demand: Arc::default(),
        }
    }

    fn program(token: &Token) -> Self {
        Self {
            name: format!("token {}", token.id),
            entitlements: vec![Entitlement {
                scopes: token.scopes.clone(),
                districts: token.districts.clone(),
            }],
            demand: Arc::default(),
        }
    }

    /// The caller holds each of these scopes in each of these districts, all of them if `None`: what it may pass on.
    pub(super) fn holds_all(&self, scopes: &[Scope], districts: Option<&[DistrictId]>) -> bool {
        let holds = |scope: &Scope, district: Option<&DistrictId>| {
            self.entitlements.iter().any(|entitlement| {
                let has = entitlement.scopes.contains(&Scope::Admin)
                    || entitlement.scopes.contains(scope);
                let here = match (&entitlement.districts, district) {
                    (None, _) => true,
                    (Some(districts), Some(district)) => districts.contains(district),
                    (Some(_), None) => false,
                };
                has && here
            })
        };
        scopes.iter().all(|scope| match districts {
            None => holds(scope, None),
            Some(districts) => districts
                .iter()
                .all(|district| holds(scope, Some(district))),
        })
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

    /// The caller may act in the district of something that a request names by its id; `None` if there is none of that
    /// id, which only callers of all districts learn: others are refused in the same words wherever it is.
    ///
    /// # Errors
    /// As [`Caller::out_of_reach`].
    pub(super) fn must_know(&self, found: Option<&DistrictId>) -> Result<(), Problem> {
        self.must_reach(found).map_err(|_| self.out_of_reach())
    }

    /// A 403 for a question about what the caller may not know of, or nobody does.
    pub(super) fn out_of_reach(&self) -> Problem {
        self.refused(None)
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
                "the scope {}{place} is needed; [[operator]] in the configuration or a token gives it",
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

/// What a request shows of who asks. A token counts wherever it is shown: what is said outright is meant.
#[derive(Debug)]
pub(super) struct Credentials {
    local: Option<Arc<Local>>,
    /// The text after `Bearer`, `None` without an `Authorization` header.
    token: Option<String>,
}

impl Credentials {
    pub(super) fn of(request: &Request) -> Self {
        let peer = request.extensions().get::<Peer>();
        let shown = request.headers().get(header::AUTHORIZATION);
        Self {
            local: peer.and_then(|Peer(local)| local.clone()),
            token: shown.map(|shown| bearer(shown.to_str().unwrap_or_default())),
        }
    }

    /// Who that is.
    ///
    /// # Errors
    /// A 401 if nobody can tell.
    pub(super) async fn caller(&self, daemon: &Arc<Daemon>) -> Result<Caller, Problem> {
        if let Some(shown) = &self.token {
            return flow::token::shown(daemon, shown)
                .map(|token| Caller::program(&token))
                .ok_or_else(|| unknown("the token is not valid: unknown, expired or revoked"));
        }
        let local = self
            .local
            .as_ref()
            .ok_or_else(|| unknown("a token is needed: Authorization: Bearer provost_…"))?;
        let uid = local.uid;
        let account = local
            .account
            // Accounts may come from a slow directory themselves; the runtime's threads must not wait for that.
            .get_or_try_init(|| tokio::task::spawn_blocking(move || Account::of(uid)))
            .await
            .map_err(|_| unknown("the account could not be looked up"))?;
        Ok(Caller::local(account, &daemon.config().config.operators))
    }
}

/// The credentials of the scheme `Bearer` (RFC 6750 §2.1); empty, and so never valid, for another scheme.
fn bearer(header: &str) -> String {
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim().to_owned(),
        _ => String::new(),
    }
}

fn unknown(why: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "tell who asks", why)
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
