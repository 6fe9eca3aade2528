//! `[[source]]`: a directory and what is read from it, from what was written to what is believed.

use provost_core::directory::{Dn, Guard, IdAttribute, Mapping, Percent, StatusRule};
use provost_core::document::Table;
use provost_core::id::{DistrictId, GroupId, RoleId, SourceId};
use provost_core::role::Granted;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::period::Period;
pub use super::server_url::ServerUrl;
use crate::ldap::{Mode, Profile, check_filter};

/// A directory source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// The district whose staff it holds.
    pub district: DistrictId,
    /// Servers in order of preference; all hold the same directory.
    pub urls: Vec<ServerUrl>,
    /// The vendor, or `auto`.
    pub profile: Profile,
    /// How much is read each time, as written.
    pub mode: Mode,
    /// Who we are to the server.
    pub bind: Bind,
    /// Whether `ldap://` must be upgraded by StartTLS.
    pub start_tls: StartTls,
    /// Certificates of the authorities that sign the servers'; the system's where none is set.
    pub ca_file: Option<PathBuf>,
    /// Our certificate and its key, for SASL EXTERNAL over TLS.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Where the staff lie, as written.
    pub base: String,
    /// Which entries are staff. Source: RFC 4515.
    pub filter: String,
    /// The identifying attribute, if it is not the vendor's own.
    pub id_attribute: Option<String>,
    /// Which attribute means what, without the identity.
    pub attributes: Attributes,
    /// Groups that give something.
    pub grants: Vec<MappedGroup>,
    /// Time from one read to the next.
    pub every: Duration,
    /// Whether mode `auto` follows changes as they happen where the server can; it does if nothing is written.
    pub live: Option<bool>,
    /// Time from one full verification to the next besides incremental modes.
    pub verify_every: Duration,
    /// Bounds of what a plan may do by itself.
    pub guard: Guard,
    /// Time-outs of the connection.
    pub timeouts: Timeouts,
    /// How a stream of changes is kept alive.
    pub keep_alive: KeepAlive,
    /// Entries of a page; servers of the Active Directory kind send 1000 at most.
    pub page_size: u32,
}

impl Source {
    /// Whether changes may be followed as they happen, where the server can tell them.
    pub fn may_be_followed(&self) -> bool {
        matches!(self.reading_mode(), Mode::Auto | Mode::Live)
    }

    /// How it is read, as configured by `mode` and `live` together.
    pub fn reading_mode(&self) -> Mode {
        match (self.mode, self.live) {
            (Mode::Auto, Some(false)) => Mode::Rounds,
            (mode, _) => mode,
        }
    }

    /// What is configured and has no effect, so that nobody waits for it, or another one than may be thought.
    pub fn remarks(&self) -> Vec<String> {
        let idle = self.live == Some(true) && !self.may_be_followed();
        let remark = "live = true has no effect: mode says how this source is read";
        let idle = idle.then(|| remark.to_owned());
        let in_clear = |url: &&ServerUrl| {
            let clear = matches!(url, ServerUrl::Tcp { tls: false, .. });
            clear && !url.is_local() && self.start_tls == StartTls::Never
        };
        let shown = matches!(self.bind, Bind::Simple { .. });
        let clear = self.urls.iter().find(|url| shown && in_clear(url));
        let clear = clear.map(|url| {
            format!(
                "starttls = \"off\": the bind password goes to {url} in clear, for whoever listens"
            )
        });
        idle.into_iter().chain(clear).collect()
    }
}

/// Attribute names by meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// Account name.
    pub username: String,
    /// Name as people say it.
    pub name: Option<String>,
    /// Mail addresses.
    pub mail: Option<String>,
    /// Telephone numbers.
    pub phone: Option<String>,
    /// Employee number.
    pub employee_number: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Ids of schools.
    pub school: Option<String>,
    /// Further evidence that an account is disabled.
    pub disabled: Option<StatusRule>,
}

impl Attributes {
    /// The mapping with the attribute that identifies entries.
    pub fn mapping(&self, id: IdAttribute) -> Mapping {
        let own = self.clone();
        Mapping {
            id,
            username: own.username,
            name: own.name,
            mail: own.mail,
            phone: own.phone,
            employee_number: own.employee_number,
            title: own.title,
            school: own.school,
            disabled: own.disabled,
        }
    }
}

/// A group whose members are given something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedGroup {
    /// Its distinguished name, as written.
    pub dn: String,
    /// The same, normalised.
    pub name: Dn,
    /// What its members get.
    pub gives: Granted,
}

/// Who we are to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// Nobody in particular.
    Anonymous,
    /// Name and password; the password is read from the file at each connection.
    Simple {
        /// Distinguished name, or what the server takes for one (Active Directory: `user@domain`).
        dn: String,
        /// Where the password lies. A line end after it does not belong to it.
        password_file: PathBuf,
    },
    /// What the connection itself proves: a client certificate, or the peer of a Unix socket (SASL EXTERNAL).
    External,
}

impl Bind {
    /// The identity in words, to be compared between reads: another identity may see other entries.
    pub fn identity(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Simple { dn, .. } => format!("dn {dn}"),
            Self::External => "external".to_owned(),
        }
    }
}

/// What must happen to an `ldap://` connection before anything is said on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartTls {
    /// Upgraded or given up; the default for every host but this one.
    Required,
    /// Left in clear; the default for loopback addresses, whose packets never leave the machine.
    Never,
    /// Required unless the host is a loopback address.
    Default,
}

impl FromStr for StartTls {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "required" => Ok(Self::Required),
            "off" => Ok(Self::Never),
            _ => Err("must be \"required\" or \"off\""),
        }
    }
}

/// Bounds of waiting for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first packet to the end of TLS, and for the answer to the bind.
    pub connect: Duration,
    /// For the answer to one request, and between two entries of a long one.
    pub operation: Duration,
}

/// How a stream of changes is kept alive, and its end noticed: a connection may break off without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// Silence after which the server is asked whether it is still there.
    pub ping_after: Duration,
    /// Bound of its answer.
    pub ping_timeout: Duration,
    /// Age at which a stream is opened anew: connections that live for weeks outlive certificates, load balancers and
    /// the return of the preferred server.
    pub age_max: Duration,
}

/// Reads all `[[source]]` tables of a configuration. `credentials` is what `%d` stands for. Every problem is noted in
/// the document; a source with a problem is left out of the answer.
pub fn sources(top: &Table<'_>, credentials: Option<&Path>) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    for table in top.tables("source") {
        let source = source(&table, credentials);
        table.done();
        let Some(source) = source else { continue };
        if sources.iter().any(|other| other.id == source.id) {
            table.problem("id", "must be unique among the sources");
        }
        sources.push(source);
    }
    sources
}

fn source(table: &Table<'_>, credentials: Option<&Path>) -> Option<Source> {
    // Everything is read before anything is given up, so that every problem is found.
    let id = table.need_parse("id");
    let district = table.need_parse("district");
    let urls: Vec<ServerUrl> = table.list("urls");
    if urls.is_empty() {
        table.problem("urls", "must name at least one server");
    }
    let base = table
        .need_text("base")
        .filter(|base| valid_dn(table, "base", base));
    let filter = filter(table);
    let certificate = certificate(table, credentials);
    let attributes = attributes(table);
    let bind = bind(table, credentials);
    let ca_file = path(table, "ca-file", credentials);
    let grants = table
        .tables("grant")
        .iter()
        .filter_map(mapped_group)
        .collect();
    let timeouts = Timeouts {
        connect: span(table, "connect-timeout", 10),
        operation: span(table, "operation-timeout", 60),
    };
    let keep_alive = keep_alive(table);
    let (every, verify_every) = (
        span(table, "every", 15 * 60),
        span(table, "verify-every", 24 * 3_600),
    );
    let guard = guard(table);
    let profile = table.parse("profile").unwrap_or(Profile::Auto);
    let mode = table.parse("mode").unwrap_or(Mode::Auto);
    let start_tls = table.parse("starttls").unwrap_or(StartTls::Default);
    let id_attribute = table
        .text("id-attribute")
        .and_then(|name| attribute_name(table, "id-attribute", name));
    let live = table.flag("live");
    if (mode, live) == (Mode::Live, Some(false)) {
        table.problem("live", "contradicts mode = \"live\"");
    }
    let page_size = table
        .number("page-size", 1..=10_000)
        .and_then(|size| u32::try_from(size).ok());
    Some(Source {
        id: id?,
        district: district?,
        urls,
        profile,
        mode,
        bind: bind?,
        start_tls,
        ca_file,
        certificate,
        base: base?.to_owned(),
        filter: filter.to_owned(),
        id_attribute,
        attributes: attributes?,
        grants,
        every,
        live,
        verify_every,
        guard,
        timeouts,
        keep_alive,
        page_size: page_size.unwrap_or(1_000),
    })
}

fn keep_alive(table: &Table<'_>) -> KeepAlive {
    let keep_alive = KeepAlive {
        ping_after: span(table, "ping-after", 30),
        ping_timeout: span(table, "ping-timeout", 10),
        age_max: span(table, "connection-max-age", 3_600),
    };
    let silence = keep_alive.ping_after + keep_alive.ping_timeout;
    // Whichever of them is written: it is the first key that has to give way.
    if keep_alive.age_max <= silence {
        let all = Period(silence);
        table.problem(
            "connection-max-age",
            format!("must be longer than ping-after and ping-timeout together, which are {all}"),
        );
    }
    keep_alive
}

fn filter<'d>(table: &Table<'d>) -> &'d str {
    let filter = table
        .text("filter")
        .unwrap_or("(objectClass=inetOrgPerson)");
    if let Err(why) = check_filter(filter) {
        table.problem("filter", why);
    }
    filter
}

fn certificate(table: &Table<'_>, credentials: Option<&Path>) -> Option<(PathBuf, PathBuf)> {
    let certificate = path(table, "certificate", credentials);
    let key = path(table, "certificate-key", credentials);
    if certificate.is_some() != key.is_some() {
        table.problem(
            "certificate",
            "certificate and certificate-key must be set together",
        );
    }
    certificate.zip(key)
}

fn span(table: &Table<'_>, key: &str, default_seconds: u64) -> Duration {
    table
        .parse::<Period>(key)
        .map_or(Duration::from_secs(default_seconds), |Period(span)| span)
}

/// A path; `%d/` at its beginning is the service's credentials directory.
pub(super) fn path(table: &Table<'_>, key: &str, credentials: Option<&Path>) -> Option<PathBuf> {
    let text = table.text(key)?;
    let Some(name) = text.strip_prefix("%d/") else {
        return Some(PathBuf::from(text));
    };
    // Outside the service there is no such directory; `provost check` judges the configuration all the same, and
    // reading the file says what is missing.
    Some(credentials.map_or_else(|| PathBuf::from(text), |folder| folder.join(name)))
}

fn valid_dn(table: &Table<'_>, key: &str, text: &str) -> bool {
    match Dn::parse(text) {
        Ok(_) => true,
        Err(why) => {
            table.problem(key, why.to_string());
            false
        }
    }
}

fn bind(table: &Table<'_>, credentials: Option<&Path>) -> Option<Bind> {
    let Some(bind) = table.table("bind") else {
        return (!table.has("bind")).then_some(Bind::Anonymous);
    };
    let external = bind.flag("external").unwrap_or(false);
    let dn = bind.text("dn");
    let password_file = path(&bind, "password-file", credentials);
    bind.done();
    match (external, dn, password_file) {
        (true, None, None) => Some(Bind::External),
        (false, Some(dn), Some(password_file)) if !dn.is_empty() => Some(Bind::Simple {
            dn: dn.to_owned(),
            password_file,
        }),
        _ => {
            table.problem("bind", "must be { dn, password-file } or { external = true }; left out for an anonymous bind");
            None
        }
    }
}

fn attributes(table: &Table<'_>) -> Option<Attributes> {
    let disabled = table.table("disabled").and_then(|rule| {
        let (attribute, value) = (rule.need_text("attribute"), rule.need_text("value"));
        rule.done();
        Some(StatusRule {
            attribute: attribute?.to_owned(),
            disabled: value?.to_owned(),
        })
    });
    let Some(map) = table.table("map") else {
        table.problem(
            "map",
            "must say at least which attribute is the username, e.g. { username = \"uid\" }",
        );
        return None;
    };
    let named = |key: &str| {
        map.text(key)
            .and_then(|name| attribute_name(&map, key, name))
    };
    let username = map
        .need_text("username")
        .and_then(|name| attribute_name(&map, "username", name));
    let attributes = Attributes {
        username: username.clone().unwrap_or_default(),
        name: named("name"),
        mail: named("mail"),
        phone: named("phone"),
        employee_number: named("employee-number"),
        title: named("title"),
        school: named("school"),
        disabled,
    };
    map.done();
    username.map(|_| attributes)
}

fn attribute_name(table: &Table<'_>, key: &str, name: &str) -> Option<String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
    if !name.is_empty() && name.chars().all(plain) {
        return Some(name.to_owned());
    }
    table.problem(key, "must be the name of an attribute, without options");
    None
}

fn guard(table: &Table<'_>) -> Guard {
    let Some(guard) = table.table("guard") else {
        return Guard::default();
    };
    let missing_max = guard.parse::<Percent>("missing-max");
    guard.done();
    missing_max.map_or_else(Guard::default, |missing_max| Guard { missing_max })
}

fn mapped_group(table: &Table<'_>) -> Option<MappedGroup> {
    let dn = table.need_text("group");
    let name = table.parse::<Dn>("group");
    let role = table.parse::<RoleId>("role").map(Granted::Role);
    let group = table.parse::<GroupId>("user-group").map(Granted::Group);
    table.done();
    let gives = match (role, group) {
        (Some(gives), None) | (None, Some(gives)) => Some(gives),
        _ => {
            table.problem("", "must give either a role or a user-group");
            None
        }
    };
    Some(MappedGroup {
        dn: dn?.to_owned(),
        name: name?,
        gives: gives?,
    })
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
