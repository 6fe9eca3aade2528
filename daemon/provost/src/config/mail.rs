//! `[mail]`: the relay that notices go through.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::Mailbox;
use provost_core::document::Table;

use super::period::Period;
use super::secret::SecretFile;

/// How the way to the relay is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// In clear: for a relay on this machine.
    Off,
    /// STARTTLS where the relay offers it; someone in between can take the offer away.
    Opportunistic,
    /// STARTTLS, or nothing is sent (RFC 3207).
    Required,
    /// TLS from the first byte, `smtps://` (RFC 8314 §3.3).
    Implicit,
}

/// Where the relay listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Host name or address; the name that its certificate must carry.
    pub host: String,
    /// TCP port; 25 for `smtp://`, 465 for `smtps://` unless written.
    pub port: u16,
    /// Written `smtps://`.
    scheme: Scheme,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Smtp,
    Smtps,
}

/// A text that is no relay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be smtp://HOST[:PORT] or smtps://HOST[:PORT], an IPv6 address in brackets; user name and password have their own keys"
)]
pub struct BadRelay;

impl FromStr for Relay {
    type Err = BadRelay;
    fn from_str(text: &str) -> Result<Self, BadRelay> {
        let (scheme, rest, port) = match text.split_once("://") {
            Some(("smtp", rest)) => (Scheme::Smtp, rest, 25),
            Some(("smtps", rest)) => (Scheme::Smtps, rest, 465),
            _ => return Err(BadRelay),
        };
        let (host, port) = host_and_port(rest.strip_suffix('/').unwrap_or(rest), port)?;
        Ok(Self { host, port, scheme })
    }
}

fn host_and_port(text: &str, default: u16) -> Result<(String, u16), BadRelay> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(BadRelay)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| BadRelay)?;
            (host, port)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|port| *port > 0),
        None if port.is_empty() => Some(default),
        None => None,
    };
    let is_host = |host: &str| {
        let mut letters = host.bytes();
        !host.is_empty()
            && host.len() <= 253
            && letters.all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte))
    };
    match port {
        Some(port) if is_host(host) => Ok((host.to_owned(), port)),
        _ => Err(BadRelay),
    }
}

impl fmt::Display for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Smtp => "smtp",
            Scheme::Smtps => "smtps",
        };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

impl Relay {
    /// On this machine, by its name: nobody listens in between.
    fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host.eq_ignore_ascii_case("localhost"),
        }
    }
}

/// Who the daemon is to the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// `username`.
    pub username: String,
    /// `password-file`.
    pub password: SecretFile,
}

/// The settings of `[mail]`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// `relay`.
    pub relay: Relay,
    /// `starttls`, or `smtps://`.
    pub privacy: Privacy,
    /// `from`: sender of every notice; its domain is that of the Message-IDs.
    pub from: Mailbox,
    /// `username` and `password-file`, if the relay asks for them.
    pub login: Option<Login>,
    /// `ca-file`: PEM certificates trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// `timeout`: how long each SMTP verb may take. 60 s unless written.
    pub timeout: Duration,
}

/// `timeout` unless written. RFC 5321 §4.5.3.2 asks for minutes; a relay of the district answers in seconds.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(60);
/// `timeout` at most: RFC 5321 §4.5.3.2 asks for no more of any verb.
const TIMEOUT_MAX: Duration = Duration::from_secs(10 * 60);

impl MailSettings {
    /// Reads `[mail]`. Every problem is noted in the table's list; `None` if a value that is needed is among them.
    pub fn read(table: &Table) -> Option<Self> {
        let relay: Option<Relay> = table.need_parse("relay");
        let from = sender(table);
        let starttls = starttls(table);
        let login = login(table);
        let ca_file = ca_file(table);
        let timeout = timeout(table);
        table.done();
        let (relay, from) = (relay?, from?);
        let privacy = privacy(table, &relay, starttls);
        if login.is_some() && privacy_is_weak(privacy) && !relay.is_loopback() {
            table.problem(
                "username",
                "needs smtps:// or starttls = \"required\": the password would travel in clear",
            );
        }
        Some(Self {
            relay,
            privacy,
            from,
            login,
            ca_file,
            timeout,
        })
    }
}

fn privacy_is_weak(privacy: Privacy) -> bool {
    matches!(privacy, Privacy::Off | Privacy::Opportunistic)
}

/// The sender. Its domain goes into Message-IDs, which are ASCII (RFC 5322 §3.6.4).
fn sender(table: &Table) -> Option<Mailbox> {
    let text = table.need_text("from")?;
    let mailbox = text.parse::<Mailbox>().ok().filter(|mailbox| {
        let address: &str = mailbox.email.as_ref();
        address.is_ascii() && !text.chars().any(char::is_control)
    });
    if mailbox.is_none() {
        table.problem(
            "from",
            "must be a mail address in ASCII, e.g. provost@district.example or \"Provost <provost@district.example>\"",
        );
    }
    mailbox
}

fn starttls(table: &Table) -> Option<Privacy> {
    match table.text("starttls")? {
        "required" => Some(Privacy::Required),
        "opportunistic" => Some(Privacy::Opportunistic),
        "off" => Some(Privacy::Off),
        _ => {
            table.problem("starttls", "must be required, opportunistic or off");
            None
        }
    }
}

/// Nothing leaves this machine in clear unless it is written down: elsewhere STARTTLS is required by default.
fn privacy(table: &Table, relay: &Relay, starttls: Option<Privacy>) -> Privacy {
    match (relay.scheme, starttls) {
        (Scheme::Smtps, None) => Privacy::Implicit,
        (Scheme::Smtps, Some(_)) => {
            table.problem("starttls", "belongs to smtp://; smtps:// is TLS already");
            Privacy::Implicit
        }
        (Scheme::Smtp, Some(privacy)) => privacy,
        (Scheme::Smtp, None) if relay.is_loopback() => Privacy::Off,
        (Scheme::Smtp, None) => Privacy::Required,
    }
}

fn login(table: &Table) -> Option<Login> {
    let username = table.text("username");
    let password = table.parse::<SecretFile>("password-file");
    match (username, table.has("password-file")) {
        (Some(_), false) => table.problem("username", "needs password-file beside it"),
        (None, true) if !table.has("username") => {
            table.problem("password-file", "needs username beside it");
        }
        (Some(name), true) if name.is_empty() || name.chars().any(char::is_control) => {
            table.problem("username", "must be a printable text");
        }
        _ => {}
    }
    Some(Login {
        username: username?.to_owned(),
        password: password?,
    })
}

fn ca_file(table: &Table) -> Option<PathBuf> {
    let path = PathBuf::from(table.text("ca-file")?);
    if !path.is_absolute() {
        table.problem("ca-file", "must be the absolute path of a PEM file");
        return None;
    }
    Some(path)
}

fn timeout(table: &Table) -> Duration {
    match table.parse::<Period>("timeout") {
        Some(Period(timeout)) if timeout > TIMEOUT_MAX => {
            table.problem("timeout", "must be 1s to 10m");
            TIMEOUT_DEFAULT
        }
        Some(Period(timeout)) => timeout,
        None => TIMEOUT_DEFAULT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::document::Problems;

    fn read(toml: &str) -> (Option<MailSettings>, Vec<String>) {
        let problems = Problems::default();
        let value: serde_json::Value = toml::from_str(toml).unwrap();
        let settings = MailSettings::read(&Table::top(value.as_object().unwrap(), &problems));
        let problems = problems.into_vec();
        (settings, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_relay_on_this_machine_needs_two_keys() {
        let (settings, problems) = read("relay = 'smtp://127.0.0.1:2525'\nfrom = 'p@d.example'");
        assert_eq!(problems, [""; 0]);
        assert_eq!(
            settings.unwrap(),
            MailSettings {
                relay: "smtp://127.0.0.1:2525".parse().unwrap(),
                privacy: Privacy::Off,
                from: "p@d.example".parse().unwrap(),
                login: None,
                ca_file: None,
                timeout: Duration::from_secs(60),
            }
        );
    }

    #[test]
    fn a_relay_elsewhere_is_spoken_to_in_private_unless_written_otherwise() {
        let privacy = |toml: &str| {
            read(&format!("from = 'p@d.example'\n{toml}"))
                .0
                .unwrap()
                .privacy
        };
        assert_eq!(privacy("relay = 'smtp://mail.example'"), Privacy::Required);
        assert_eq!(privacy("relay = 'smtps://mail.example'"), Privacy::Implicit);
        assert_eq!(
            privacy("relay = 'smtp://mail.example'\nstarttls = 'off'"),
            Privacy::Off
        );
    }

    #[test]
    fn a_password_never_travels_in_clear() {
        let login = "from = 'p@d.example'\nusername = 'u'\npassword-file = '%d/p'\n";
        let (_, problems) = read(&format!(
            "{login}relay = 'smtp://mail.example'\nstarttls = 'opportunistic'"
        ));
        assert_eq!(
            problems,
            [
                r#"username = "u": needs smtps:// or starttls = "required": the password would travel in clear"#
            ]
        );
        assert_eq!(
            read(&format!("{login}relay = 'smtp://mail.example'")).1,
            [""; 0]
        );
    }

    #[test]
    fn every_problem_of_the_mail_settings_is_found_at_once() {
        let (settings, problems) = read(
            "relay = 'http://x'\nfrom = 'nobody'\nstarttls = 'yes'\nusername = 'u'\nca-file = 'x.pem'\ntimeout = '11m'\nport = 25",
        );
        assert_eq!(settings, None);
        assert_eq!(
            problems,
            [
                r#"relay = "http://x": must be smtp://HOST[:PORT] or smtps://HOST[:PORT], an IPv6 address in brackets; user name and password have their own keys"#,
                r#"from = "nobody": must be a mail address in ASCII, e.g. provost@district.example or "Provost <provost@district.example>""#,
                r#"starttls = "yes": must be required, opportunistic or off"#,
                r#"username = "u": needs password-file beside it"#,
                r#"ca-file = "x.pem": must be the absolute path of a PEM file"#,
                r#"timeout = "11m": must be 1s to 10m"#,
                "port = 25: unknown key; known here: ca-file, from, password-file, relay, starttls, timeout, username",
            ]
        );
    }

    #[test]
    fn a_relay_reads_back_as_it_was_written() {
        for text in ["smtp://mail.example:25", "smtps://[::1]:465"] {
            assert_eq!(text.parse::<Relay>().unwrap().to_string(), text);
        }
        assert_eq!(
            "smtps://mail.example/"
                .parse::<Relay>()
                .unwrap()
                .to_string(),
            "smtps://mail.example:465"
        );
        for text in [
            "",
            "mail.example",
            "smtp://",
            "smtp://u:p@mail.example",
            "smtp://mail.example:0",
            "smtp://mail.example:99999",
            "smtp://[::1",
            "smtp://[mail]:25",
            "smtp://a b",
        ] {
            assert_eq!(text.parse::<Relay>(), Err(BadRelay), "{text:?}");
        }
    }
}
