//! The service towards programs: TLS, thousands of idle clients, and too few descriptors.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use provost_tests::process::{must, run};
use provost_tests::tls::Tls;
use provost_tests::{Client, World, provost, wait};
use serde_json::Value;

const NOW: &str = "2025-03-02T10:00:00-07:00";

fn started() -> World {
    let mut world = World::new(NOW);
    world.configure("");
    world.provost.start();
    world
}

fn address(world: &World) -> SocketAddr {
    let url = world.http();
    url.trim_start_matches("http://").parse().unwrap()
}

#[test]
fn two_thousand_idle_clients_keep_nobody_from_being_answered() {
    let world = started();
    let (address, token) = (address(&world), world.provost.token("desk", "*"));
    let idle: Vec<_> = (0..2000)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let status = world.provost.cli(&["status", "--json"]).json();
    assert_eq!(status["people"], 0);
    let mut program = Client::tcp(address, &token);
    assert_eq!(program.get("/v1/status").status, 200);
    drop(idle);
}

#[test]
fn a_daemon_without_descriptors_sheds_the_idle_and_goes_on() {
    let world = started();
    let pid = world.provost.pid().to_string();
    let limit = ["--pid", &pid, "--nofile=80:80"];
    must("util-linux", Command::new("prlimit").args(limit), "");
    let idle: Vec<_> = (0..200)
        .map(|_| TcpStream::connect(address(&world)).unwrap())
        .collect();
    wait::until(
        "an answer",
        || world.provost.log(),
        || (world.provost.cli(&["status", "--json"]).code == 0).then_some(()),
    );
    assert!(
        world
            .provost
            .log()
            .contains("a connection was not accepted")
    );
    drop(idle);
}

#[test]
fn a_program_without_a_token_is_told_what_is_missing() {
    let world = started();
    let mut stranger = Client::stranger(address(&world));
    assert_eq!(stranger.get("/healthz").status, 200);
    let refused = stranger.get("/v1/status");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    assert!(refused.json()["detail"].as_str().unwrap().contains("token"));
    let revoked = world.provost.token("desk", "*");
    let id = revoked.split('_').nth(1).unwrap();
    let mut program = Client::tcp(address(&world), &revoked);
    assert_eq!(program.get("/v1/status").status, 200);
    world.provost.cli(&["token", "revoke", id]).ok();
    assert_eq!(program.get("/v1/status").status, 401);
    let listed = world.provost.cli(&["token", "list", "--json"]).json();
    assert_eq!(listed[0]["valid"], Value::Bool(false));
}

/// Asks over TLS, trusting this authority alone; the answer, or nothing if the server is not believed.
fn over_tls(address: SocketAddr, ca: &Path) -> String {
    let mut command = Command::new("openssl");
    command
        .args(["s_client", "-quiet", "-verify_return_error", "-connect"])
        .arg(address.to_string())
        .arg("-CAfile")
        .arg(ca);
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = run("openssl", &mut command, request);
    String::from_utf8_lossy(&answer.stdout).into_owned()
}

#[test]
fn a_renewed_certificate_is_shown_after_a_reload_and_a_broken_one_is_refused() {
    let mut world = World::new(NOW);
    let first = Tls::new(world.path());
    let other = world.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let second = Tls::new(&other);
    world.configure("");
    let plain = std::fs::read_to_string(world.provost.config()).unwrap();
    let tls = format!(
        "[listen]\ntls = {{ cert = \"{}\", key = \"{}\" }}\n",
        first.certificate.display(),
        first.key.display()
    );
    world.file("provost.toml", &plain.replace("[listen]\n", &tls));
    world.provost.start();
    let address = address(&world);
    assert!(over_tls(address, &first.ca).contains("200 OK"));
    assert!(!over_tls(address, &second.ca).contains("200 OK"));
    let refused = |wanted: bool| {
        world.provost.signal(Signal::SIGHUP);
        world.provost.wait_json(&["status", "--json"], |status| {
            let lines = status["configuration-refused"].as_array().unwrap();
            lines.is_empty() != wanted
        })
    };
    std::fs::write(&first.certificate, "no certificate").unwrap();
    refused(true);
    assert!(over_tls(address, &first.ca).contains("200 OK"));
    std::fs::copy(&second.certificate, &first.certificate).unwrap();
    std::fs::copy(&second.key, &first.key).unwrap();
    refused(false);
    wait::until(
        "the new certificate",
        || world.provost.log(),
        || {
            over_tls(address, &second.ca)
                .contains("200 OK")
                .then_some(())
        },
    );
}

#[test]
fn a_reader_that_has_read_enough_ends_a_command_without_a_word() {
    let world = started();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(provost::binary());
    command.arg("--socket").arg(world.provost.socket());
    let ended = command.args(["status", "--json"]).stdout(writer).output();
    let ended = ended.unwrap();
    assert_eq!(
        ended.status.signal(),
        Some(Signal::SIGPIPE as i32),
        "{ended:?}"
    );
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}
