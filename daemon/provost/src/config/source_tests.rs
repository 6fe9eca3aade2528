use provost_core::document::Problems;
use serde_json::Value;

use super::*;

const EXAMPLE: &str = r#"
[[source]]
id = "staff-ldap"
district = "lone-pine"
urls = ["ldaps://ldap1.lonepine.example", "ldap://[::1]:3890", "ldapi://%2Frun%2Fldapi"]
profile = "auto"
bind = { dn = "cn=provost,dc=example", password-file = "%d/ldap-password" }
base = "ou=staff,dc=district,dc=example"
filter = "(objectClass=inetOrgPerson)"
map = { username = "uid", name = "cn", mail = "mail", phone = "telephoneNumber", employee-number = "employeeNumber", title = "title", school = "departmentNumber" }
every = "15m"
live = true
verify-every = "24h"
guard = { missing-max = "2.5%" }
[[source.grant]]
group = "cn=SIS Admins,ou=groups,dc=district,dc=example"
role = "sis"
"#;

fn read(text: &str) -> (Vec<Source>, Vec<String>) {
    let value: Value = toml::from_str(text).unwrap();
    let problems = Problems::default();
    let sources = sources(
        &Table::top(value.as_object().unwrap(), &problems),
        Some(Path::new("/run/credentials/provost.service")),
    );
    let problems = problems.into_vec();
    (sources, problems.iter().map(ToString::to_string).collect())
}

#[test]
fn the_documented_source_is_believed_as_written() {
    let (sources, problems) = read(EXAMPLE);
    assert_eq!(problems, Vec::<String>::new());
    let source = &sources[0];
    let urls: Vec<_> = source.urls.iter().map(ToString::to_string).collect();
    assert_eq!(
        urls,
        [
            "ldaps://ldap1.lonepine.example:636",
            "ldap://[::1]:3890",
            "ldapi:///run/ldapi"
        ]
    );
    assert_eq!(
        source.bind,
        Bind::Simple {
            dn: "cn=provost,dc=example".to_owned(),
            password_file: "/run/credentials/provost.service/ldap-password".into(),
        }
    );
    assert_eq!(source.every, Duration::from_secs(900));
    assert_eq!(source.guard.missing_max.to_string(), "2.50%");
    assert_eq!(
        source.grants[0].gives,
        Granted::Role(RoleId::new("sis").unwrap())
    );
    assert_eq!(source.page_size, 1000);
    let seconds = Duration::from_secs;
    let keep_alive = KeepAlive {
        ping_after: seconds(30),
        ping_timeout: seconds(10),
        age_max: seconds(3_600),
    };
    assert_eq!(source.keep_alive, keep_alive);
}

#[test]
fn every_problem_of_a_source_is_found_at_once() {
    let (sources, problems) = read(
        r#"
[[source]]
id = "a"
urls = ["http://x"]
base = "nonsense"
filter = "(uid=*"
bind = { dn = "cn=x" }
map = { username = "u id", nick = "x" }
every = "15 minutes"
guard = { missing-max = "5" }
ping-after = "soon"
ping-timeout = "30s"
connection-max-age = "1m"
[[source.grant]]
group = "cn=x"
"#,
    );
    assert_eq!(sources, []);
    assert_eq!(
        problems,
        [
            "source[0].district: is missing",
            "source[0].urls[0] = \"http://x\": must be ldap://HOST[:PORT], ldaps://HOST[:PORT] or ldapi://PATH with / written as %2F",
            "source[0].urls = [\"http://x\"]: must name at least one server",
            "source[0].base = \"nonsense\": must be parts of the form attribute=value, separated by commas",
            "source[0].filter = \"(uid=*\": is no filter of RFC 4515",
            "source[0].map.username = \"u id\": must be the name of an attribute, without options",
            "source[0].map.nick = \"x\": unknown key; known here: employee-number, mail, name, phone, school, title, username",
            "source[0].bind = {\"dn\":\"cn=x\"}: must be { dn, password-file } or { external = true }; left out for an anonymous bind",
            "source[0].grant[0]: must give either a role or a user-group",
            "source[0].ping-after = \"soon\": must be a whole number of at least 1 with its unit: s, m, h or d, e.g. \"15m\"",
            "source[0].connection-max-age = \"1m\": must be longer than ping-after and ping-timeout together, which are 1m",
            "source[0].every = \"15 minutes\": must be a whole number of at least 1 with its unit: s, m, h or d, e.g. \"15m\"",
            "source[0].guard.missing-max = \"5\": must be a percentage from \"0%\" to \"100%\", e.g. \"5%\" or \"2.5%\"",
        ]
    );
}

#[test]
fn only_a_loopback_server_is_spoken_to_in_clear_by_default() {
    let local = |url: &str| url.parse::<ServerUrl>().unwrap().is_local();
    assert!(local("ldap://127.0.0.1:3890") && local("ldap://localhost") && local("ldap://[::1]"));
    assert!(!local("ldap://10.0.0.1") && !local("ldap://localhost.example"));
}

#[test]
fn a_password_that_would_go_over_the_network_in_clear_is_remarked() {
    let (sources, _) = read(EXAMPLE);
    let mut source = sources[0].clone();
    source.start_tls = StartTls::Never;
    let mut remarks = |url: &str| {
        source.urls = vec![url.parse().unwrap()];
        source.remarks()
    };
    assert_eq!(
        remarks("ldap://10.0.0.1"),
        [
            "starttls = \"off\": the bind password goes to ldap://10.0.0.1:389 in clear, for whoever listens"
        ]
    );
    for url in [
        "ldaps://10.0.0.1",
        "ldap://127.0.0.1",
        "ldapi://%2Frun%2Fldapi",
    ] {
        assert_eq!(remarks(url), Vec::<String>::new(), "{url}");
    }
}

#[test]
fn the_mode_is_auto_unless_it_is_written_and_live_belongs_to_auto() {
    let mode = |text: &str| {
        let (sources, problems) = read(&EXAMPLE.replace("live = true", text));
        assert_eq!(problems, Vec::<String>::new());
        (sources[0].reading_mode(), sources[0].remarks().len())
    };
    assert_eq!(mode("live = true"), (Mode::Auto, 0));
    assert_eq!(mode(""), (Mode::Auto, 0));
    assert_eq!(mode("live = false"), (Mode::Rounds, 0));
    assert_eq!(mode("mode = \"live\""), (Mode::Live, 0));
    assert_eq!(mode("mode = \"full\""), (Mode::Full, 0));
    assert_eq!(mode("mode = \"dirsync\""), (Mode::DirSync, 0));
    assert_eq!(mode("mode = \"refresh\"\nlive = true"), (Mode::Refresh, 1));
    let problem = |text: &str| read(&EXAMPLE.replace("live = true", text)).1[0].clone();
    assert!(problem("mode = \"sometimes\"").contains("must be \"auto\""));
    assert!(problem("mode = \"live\"\nlive = false").contains("contradicts mode"));
}
