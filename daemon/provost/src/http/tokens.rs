//! `/v1/tokens…`: what programs show to be let in.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use provost_core::Timestamp;
use provost_core::change::Actor;
use provost_core::id::{DistrictId, TokenId};
use provost_core::token::{Scope, Token};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::Caller;
use super::problem::Problem;
use super::shapes;
use super::text::Text;
use super::work::{Answer, read, write};
use crate::config::period::Period;
use crate::daemon::Daemon;
use crate::flow::{self, token::Wanted};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
struct TokenRow {
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: TokenId,
    name: Option<String>,
    #[schema(value_type = Vec<shapes::Scope>)]
    scopes: Vec<Scope>,
    /// Ids, or `*` alone.
    districts: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked: Option<Timestamp>,
    /// It opens something now.
    valid: bool,
}

impl TokenRow {
    fn of(token: Token, now: Timestamp) -> Self {
        let valid = token.is_valid(now);
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes,
            districts: token.districts.map_or_else(
                || vec!["*".to_owned()],
                |districts| districts.iter().map(ToString::to_string).collect(),
            ),
            created: token.created,
            expires: token.expires,
            revoked: token.revoked,
            valid,
        }
    }
}

/// Tokens of the caller's districts, those included that open nothing any more.
#[utoipa::path(get, path = "/v1/tokens", tag = "tokens", security(("token" = ["admin"])),
    extensions(("x-provost-per-district" = json!(true))),
    responses((status = 200, description = "by id", body = Vec<TokenRow>)))]
async fn list(State(daemon): State<Arc<Daemon>>, caller: Caller) -> Answer<Vec<TokenRow>> {
    read(daemon, move |daemon| {
        let now = daemon.ports.clock.now();
        let tokens = daemon.store.read()?.tokens()?.into_iter();
        Ok(tokens
            .filter(|token| reaches(&caller, token))
            .map(|token| TokenRow::of(token, now))
            .collect())
    })
    .await
}

/// The caller could have made it.
fn reaches(caller: &Caller, token: &Token) -> bool {
    caller.holds_all(&token.scopes, token.districts.as_deref())
}

/// What a new token is to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct NewToken {
    /// What it is for.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 4096)]
    name: Option<Text>,
    #[schema(value_type = Vec<shapes::Scope>, min_items = 1)]
    scopes: Vec<Scope>,
    /// Ids, or `*` for all.
    #[schema(min_items = 1)]
    districts: Vec<String>,
    /// How long it is valid, e.g. `90d`; for good if left out.
    expires: Option<String>,
}

/// A new token.
#[derive(Debug, Serialize, ToSchema)]
struct MadeToken {
    #[serde(flatten)]
    token: TokenRow,
    /// What the program shows after `Authorization: Bearer`. It is told here and never again.
    secret: String,
}

/// Makes a token that opens no more than its maker may.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", security(("token" = ["admin"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = NewToken,
    responses((status = 200, description = "the token, and its secret for this once", body = MadeToken)))]
async fn create(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(asked): Body<NewToken>,
) -> Result<impl IntoResponse, Problem> {
    let wanted = wanted(asked)?;
    if !caller.holds_all(&wanted.scopes, wanted.districts.as_deref()) {
        let why = "a token opens no more than its maker may: other scopes or districts are needed";
        return Err(Problem::new(StatusCode::FORBIDDEN, "make a token", why));
    }
    let made = write(daemon, move |daemon| {
        let actor = Actor::Operator(caller.name.clone());
        let (token, secret) = flow::token::create(daemon, &wanted, &actor)?;
        Ok(MadeToken {
            token: TokenRow::of(token, daemon.ports.clock.now()),
            secret,
        })
    })
    .await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], made))
}

fn wanted(asked: NewToken) -> Result<Wanted, Problem> {
    let wrong = |field: &str, why: String| {
        Problem::bad_request("read the token's description", why).with("field", field.into())
    };
    let districts = if asked.districts.iter().any(|id| id == "*") {
        None
    } else {
        let ids = asked.districts.into_iter().map(DistrictId::new);
        let ids = ids.collect::<Result<Vec<_>, _>>();
        Some(ids.map_err(|why| wrong("districts", why.to_string()))?)
    };
    let lifetime = asked.expires.map(|text| text.parse()).transpose();
    let lifetime = lifetime
        .map_err(|why: crate::config::period::BadPeriod| wrong("expires", why.to_string()))?;
    Ok(Wanted {
        name: asked.name.map(|name| name.0),
        scopes: asked.scopes,
        districts,
        lifetime: lifetime.map(|Period(lifetime)| lifetime),
    })
}

/// Which token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OfToken {
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: TokenId,
}

/// Takes a token back, at once.
#[utoipa::path(post, path = "/v1/tokens/revoke", tag = "tokens", security(("token" = ["admin"])),
    extensions(("x-provost-per-district" = json!(true))), request_body = OfToken,
    responses((status = 200, description = "the token, which opens nothing any more", body = TokenRow)))]
async fn revoke(
    State(daemon): State<Arc<Daemon>>,
    caller: Caller,
    Body(of): Body<OfToken>,
) -> Answer<TokenRow> {
    write(daemon, move |daemon| {
        let actor = Actor::Operator(caller.name.clone());
        let token = flow::token::revoke(daemon, &of.id, |token| reaches(&caller, token), &actor)?;
        Ok(TokenRow::of(token, daemon.ports.clock.now()))
    })
    .await
}
