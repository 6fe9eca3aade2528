//! Who is spoken to, and as whom: TLS towards a directory server, and the ways to bind.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use provost_tests::directory::{SERVICE_PASSWORD, service_dn};
use provost_tests::slapd::CLIENT;
use provost_tests::staff::BASE;
use provost_tests::tls::Tls;
use provost_tests::world::DISTRICT;
use provost_tests::{Answer, Slapd, Staff, Variant, World, wait};

use crate::sync::{NOW, count, run};

const STAFF: Staff = Staff { count: 20, seed: 4 };

/// Nothing that anything else is called.
const NEEDLE: &str = "bind-Password.9c41";

/// Sources of one district, by what is particular about them.
fn sources(world: &mut World, sources: &[(&str, String)]) {
    let mut text = String::new();
    for (id, lines) in sources {
        let _ = write!(
            text,
            "[[source]]\nid = \"{id}\"\ndistrict = \"{DISTRICT}\"\n{lines}\
             base = \"ou=staff,{BASE}\"\nmode = \"full\"\nevery = \"24h\"\nlive = false\n\
             connect-timeout = \"10s\"\nmap = {{ username = \"uid\" }}\n"
        );
    }
    world.configure(&text);
    world.provost.start();
}

fn bind(world: &World, password: &str) -> String {
    let file = world.secret(&format!("password-{}", password.len()), password);
    let account = service_dn();
    format!(
        "bind = {{ dn = \"{account}\", password-file = \"{}\" }}\n",
        file.display()
    )
}

/// Everybody is read: only the daemon's account may read anything.
fn reads(world: &World, source: &str) {
    let plan = run(&world.provost, &["sync", "plan", source, "--json"]).json();
    assert_eq!(count(&plan, "added"), 20, "{source}: {plan}");
}

/// Nothing is read, and the reason says why.
fn refuses(world: &World, source: &str, why: &str) -> Answer {
    let answer = world.provost.cli(&["sync", "probe", source]);
    assert_eq!(answer.code, 1, "{source}: {answer:?}");
    assert!(answer.err.contains(why), "{source}: {answer:?}");
    answer
}

/// A server that only the daemon's account may read.
fn private(world: &World) -> Slapd {
    let mut slapd = Slapd::start(world.path(), STAFF);
    slapd.become_variant(&Variant {
        access: format!(
            "access to dn.subtree=\"ou=staff,{BASE}\" by dn.exact=\"{}\" read by * none\n",
            service_dn()
        ),
        ..Variant::default()
    });
    slapd
}

#[test]
fn a_server_is_believed_only_with_the_right_certificate_in_time() {
    let mut world = World::new(NOW);
    let mut slapd = private(&world);
    let strangers = world.path().join("strangers");
    std::fs::create_dir(&strangers).unwrap();
    let strangers = Tls::new(&strangers);
    let by_password = bind(&world, SERVICE_PASSWORD);
    let over = |url: String, ca: &Tls, more: &str| {
        let ca = ca.ca.display();
        format!("urls = [\"{url}\"]\nca-file = \"{ca}\"\n{more}{by_password}")
    };
    let own = slapd.tls().clone();
    let looks = [
        ("private", over(slapd.tls_url(), &own, "")),
        (
            "upgraded",
            over(slapd.url(), &own, "starttls = \"required\"\n"),
        ),
        ("another-authority", over(slapd.tls_url(), &strangers, "")),
        (
            "upgraded-by-a-stranger",
            over(slapd.url(), &strangers, "starttls = \"required\"\n"),
        ),
        (
            "the-systems-authorities",
            format!("urls = [\"{}\"]\n{by_password}", slapd.tls_url()),
        ),
        ("misnamed", over(slapd.misnamed_url(), &own, "")),
    ];
    sources(&mut world, &looks);
    reads(&world, "private");
    reads(&world, "upgraded");
    for source in [
        "another-authority",
        "upgraded-by-a-stranger",
        "the-systems-authorities",
    ] {
        refuses(&world, source, "invalid peer certificate");
    }
    refuses(&world, "misnamed", "not valid for name \"127.0.0.2\"");

    own.expire();
    slapd.down();
    slapd.up();
    // It is good to the end of the second in which it was made.
    let over = || (world.provost.cli(&["sync", "probe", "private"]).code == 1).then_some(());
    wait::until("the certificate to end", || world.provost.log(), over);
    for source in ["private", "upgraded"] {
        refuses(&world, source, "certificate expired");
    }
}

#[test]
fn a_client_certificate_and_the_peer_of_a_socket_prove_who_we_are() {
    let mut world = World::new(NOW);
    let slapd = private(&world);
    let (certificate, key) = slapd.tls().client(CLIENT);
    let ca = slapd.tls().ca.display().to_string();
    let external = "bind = { external = true }\n";
    let shown = format!(
        "certificate = \"{}\"\ncertificate-key = \"{}\"\n",
        certificate.display(),
        key.display()
    );
    let tls = format!("urls = [\"{}\"]\nca-file = \"{ca}\"\n", slapd.tls_url());
    let upgraded = format!(
        "urls = [\"{}\"]\nca-file = \"{ca}\"\nstarttls = \"required\"\n",
        slapd.url()
    );
    let socket = format!("urls = [\"{}\"]\n", slapd.socket_url());
    let looks = [
        ("certificate", format!("{tls}{shown}{external}")),
        ("upgraded", format!("{upgraded}{shown}{external}")),
        ("socket", format!("{socket}{external}")),
        ("nothing-shown", format!("{tls}{external}")),
        ("anonymous", tls.clone()),
    ];
    sources(&mut world, &looks);
    for source in ["certificate", "upgraded", "socket"] {
        reads(&world, source);
    }
    refuses(
        &world,
        "nothing-shown",
        "bind as external: the server answered",
    );
    let answer = world.provost.cli(&["sync", "plan", "anonymous"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.err.contains("32 (no such object)"), "{answer:?}");
}

/// A server that answers the first request so, on every connection. What it heard is handed out when it is over.
fn answers(with: &'static [u8]) -> (String, std::sync::mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let (tell, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut line in listener.incoming().flatten() {
            let (mut all, mut piece) = (Vec::new(), [0; 4096]);
            while let Ok(count @ 1..) = line.read(&mut piece) {
                if all.is_empty() && line.write_all(with).is_err() {
                    break;
                }
                all.extend_from_slice(&piece[..count]);
            }
            let _ = tell.send(all);
        }
    });
    (url, heard)
}

#[test]
fn where_tls_is_required_no_password_goes_over_a_line_without_it() {
    const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
    let servers: [(&str, &[u8], &str); 5] = [
        (
            "refuses",
            b"\x30\x0e\x02\x01\x01\x78\x09\x0a\x01\x02\x04\x00\x04\x02no",
            "the server answered 2 (protocol error) no",
        ),
        // Somebody between has put a bind's success behind the consent, to be taken for the server's own later on.
        (
            "says-more",
            b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
            "no answer to StartTLS",
        ),
        (
            "answers-something-else",
            b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
            "no answer to StartTLS",
        ),
        ("speaks-no-ldap", b"220 mail.example ESMTP\r\n", "bytes that are no LDAP"),
        (
            "has-no-measure",
            b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01",
            "a message that is too long",
        ),
    ];
    let mut world = World::new(NOW);
    let by_password = bind(&world, NEEDLE);
    let lines: Vec<_> = servers
        .map(|(id, with, why)| {
            let (url, heard) = answers(with);
            let lines = format!("urls = [\"{url}\"]\nstarttls = \"required\"\n{by_password}");
            (id, why, heard, lines)
        })
        .into();
    let looks: Vec<_> = lines
        .iter()
        .map(|(id, _, _, lines)| (*id, lines.clone()))
        .collect();
    sources(&mut world, &looks);
    for (id, why, heard, _) in lines {
        refuses(&world, id, why);
        assert_eq!(heard.recv().unwrap(), REQUEST, "{id}");
    }
}

#[test]
fn a_bind_password_is_never_shown() {
    let mut world = World::new(NOW);
    let slapd = private(&world);
    let wrong = bind(&world, NEEDLE);
    let source = format!("urls = [\"{}\"]\n{wrong}", slapd.url());
    sources(&mut world, &[("wrong", source)]);
    let probe = refuses(&world, "wrong", "49 (invalid credentials)");
    let mut said = vec![probe.err, world.provost.log()];
    for command in [
        ["sync", "apply", "wrong"].as_slice(),
        &["sync", "status", "--json"],
        &["status", "--json"],
        &["export"],
    ] {
        let answer = world.provost.cli(command);
        said.extend([answer.out, answer.err]);
    }
    said.push(world.provost.log());
    for text in said {
        assert!(!text.contains(NEEDLE), "{text}");
    }
}
