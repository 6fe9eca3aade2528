//! HTTP requests that channels rendered: sent within what the channel asks for and the administrator allows.
//!
//! A channel is a pure function that somebody else may have written. What it renders goes to a server that `allow` names,
//! at an address that is public or named there too; the host looks the name up once and dials what it has checked. It
//! puts secrets and signatures in, so that the channel never sees one, and follows nothing that the answer says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use jiff::Timestamp;
use provost_core::id::PluginId;
use provost_sandbox::{HttpRequest, Method};
use url::Url;

use super::Reply;
use crate::config::allow::{Allowed, Origin};
use crate::failpoint;
use pace::Pace;
use trouble::Trouble;

mod address;
mod dial;
mod exchange;
mod pace;
mod request;
mod secrets;
pub(super) mod tls;
mod trouble;

#[cfg(test)]
mod tests;

pub use dial::{LookUp, SystemLookUp};
pub use request::{Answer, Request};
pub use secrets::Secrets;
pub use tls::TrustError;

/// Bytes of a request's body: a notice is a page of text.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// What the daemon calls itself.
const AGENT: &str = concat!("provost/", env!("CARGO_PKG_VERSION"));

/// How long a server may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// To be reached at one of its addresses, TLS included.
    pub connect: Duration,
    /// For everything up to the head of its answer, look-up included.
    pub whole: Duration,
    /// For the body of the answer: the status has been heard by then, so this is short.
    pub body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            whole: Duration::from_secs(30),
            body: Duration::from_secs(5),
        }
    }
}

/// What a channel may do.
#[derive(Debug)]
pub struct Grant {
    /// Servers that it declares; empty if they follow from its settings.
    declared: Vec<Origin>,
    /// Servers and addresses that the administrator allows.
    allow: Vec<Allowed>,
    /// Its secrets.
    secrets: Secrets,
    tls: Arc<rustls::ClientConfig>,
    pace: Mutex<Pace>,
}

impl Grant {
    /// A grant; `ca_file` is trusted instead of the system's certificates.
    ///
    /// # Errors
    /// [`TrustError`] if that file cannot be used.
    pub fn new(
        declared: Vec<Origin>,
        allow: Vec<Allowed>,
        secrets: Secrets,
        ca_file: Option<&std::path::Path>,
    ) -> Result<Self, TrustError> {
        Ok(Self {
            declared,
            allow,
            secrets,
            tls: tls::client(ca_file)?,
            pace: Mutex::default(),
        })
    }

    fn take(&self, now: Timestamp) -> bool {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.take(now)
    }

    /// Why a request like this one would never go out: the part of the plugin's configuration concerned, and what is wrong.
    pub fn objection(&self, request: &HttpRequest) -> Option<(&'static str, String)> {
        let tried = self.way(&request.url).and_then(|(url, _)| {
            let proof = self
                .secrets
                .prove(request, "trial".to_owned(), Timestamp::UNIX_EPOCH)?;
            message(request, &url, &proof, &self.secrets)
        });
        tried
            .err()
            .map(|trouble| (trouble.concerns(), trouble.to_string()))
    }

    /// Where a request goes, if it may go there; the URL has its secrets filled in and must not be shown.
    fn way(&self, template: &str) -> Result<(Url, Origin), Trouble> {
        let read = |text: &str| {
            let url = Url::parse(text).map_err(|_| Trouble::Url)?;
            let anonymous = url.username().is_empty() && url.password().is_none();
            let origin = Origin::of(&url).filter(|_| anonymous).ok_or(Trouble::Url)?;
            Ok((url, origin))
        };
        let (_, origin) = read(template)?;
        let (url, filled) = read(&self.secrets.fill(template)?)?;
        // A secret belongs into path or query: it does not choose the server.
        if filled != origin || !self.allow.iter().any(|entry| entry.reaches(&origin)) {
            return Err(Trouble::NotAllowed(origin));
        }
        if !self.declared.is_empty() && !self.declared.contains(&origin) {
            return Err(Trouble::NotDeclared(origin));
        }
        Ok((url, origin))
    }
}

/// Sends the requests of all channels.
pub struct Http {
    grants: BTreeMap<PluginId, Grant>,
    names: Arc<dyn LookUp>,
    patience: Patience,
}

impl Default for Http {
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

impl Http {
    /// Sends what these grants let out.
    pub fn new(grants: BTreeMap<PluginId, Grant>) -> Self {
        Self {
            grants,
            names: Arc::new(SystemLookUp),
            patience: Patience::default(),
        }
    }

    /// Sends a request and says what was answered, or why nothing was.
    pub async fn send(&self, request: &Request) -> Reply {
        match self.answered(request).await {
            Ok(answer) => Reply::Answered(answer),
            Err(trouble) => trouble.reply(),
        }
    }

    async fn answered(&self, request: &Request) -> Result<Answer, Trouble> {
        let grant = self.grants.get(&request.channel);
        let grant = grant.ok_or_else(|| Trouble::NoGrant(request.channel.to_string()))?;
        let (url, origin) = grant.way(&request.request.url)?;
        let proof = grant
            .secrets
            .prove(&request.request, request.id(), request.date)?;
        let message = message(&request.request, &url, &proof, &grant.secrets)?;
        if !grant.take(request.date) {
            return Err(Trouble::TooMany(origin));
        }
        let timed_out = |_| Trouble::TimedOut {
            host: origin.clone(),
            seconds: self.patience.whole.as_secs(),
        };
        let asked = async {
            let addresses = dial::checked(&origin, &grant.allow, self.names.as_ref()).await?;
            failpoint::hit("http.connect.before");
            let each = self.patience.connect;
            let stream = dial::dial(&origin, &addresses, &grant.tls, each).await?;
            failpoint::hit("http.request.before");
            let answered = exchange::ask(stream, message).await;
            failpoint::hit("http.answer.after");
            answered.map_err(|source| Trouble::Exchange {
                host: origin.clone(),
                source,
            })
        };
        let asked = tokio::time::timeout(self.patience.whole, asked).await;
        let heard = asked.map_err(timed_out)??.heard(self.patience.body).await;
        let clean = |text: &str| grant.secrets.cleaned(text, &proof);
        Ok(heard.answer(request.date, clean))
    }
}

/// The request as it goes over the wire. Its URL is the path alone (RFC 9112 §3.2.1): there is no proxy.
fn message(
    request: &HttpRequest,
    url: &Url,
    proof: &[(&'static str, String)],
    secrets: &Secrets,
) -> Result<hyper::Request<Full<Bytes>>, Trouble> {
    let body = &request.body;
    if body.len() > REQUEST_BYTES_MAX {
        return Err(Trouble::TooLong(body.len()));
    }
    let mut message = hyper::Request::new(Full::new(Bytes::from(body.clone())));
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    *message.method_mut() = method(request.method);
    *message.uri_mut() = path.parse().map_err(|_| Trouble::Url)?;
    let headers = message.headers_mut();
    for rendered in &request.headers {
        let (name, value) = header(&rendered.name, &secrets.fill(&rendered.value)?)?;
        headers.append(name, value);
    }
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let own = [("user-agent", AGENT), ("host", host)].into_iter();
    let proof = proof.iter().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in own.chain(proof) {
        let (name, value) = header(name, value)?;
        headers.insert(name, value);
    }
    Ok(message)
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Trouble> {
    let wrong = || Trouble::Header(name.to_owned());
    let field = HeaderName::try_from(name).map_err(|_| wrong())?;
    let value = HeaderValue::try_from(value).map_err(|_| wrong())?;
    Ok((field, value))
}

fn method(method: Method) -> hyper::Method {
    match method {
        Method::Post => hyper::Method::POST,
        Method::Put => hyper::Method::PUT,
        Method::Patch => hyper::Method::PATCH,
        Method::Get => hyper::Method::GET,
    }
}
