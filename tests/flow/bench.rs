//! The bench itself: a flow that fails must not fail because of the servers around it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use provost_tests::{Change, Smtpd, Staff, Variant, World, staff, wait};

const NOW: &str = "2025-03-02T10:00:00-07:00";

#[test]
fn the_directory_holds_the_staff_and_takes_every_kind_of_change() {
    let staff = Staff {
        count: 250,
        seed: 5,
    };
    let mut world = World::new(NOW).with_directory(staff);
    let slapd = world.slapd();
    assert_eq!(slapd.count("(objectClass=inetOrgPerson)"), 250);
    // 11 and 71 have every character that needs an escape, 3 has a comma, 20 is named by its uid.
    slapd.apply(&[
        Change::Modify(11),
        Change::Rename(3),
        Change::Rename(20),
        Change::Move(71),
        Change::Delete(40),
        Change::Add(250),
    ]);
    assert_eq!(slapd.count("(objectClass=inetOrgPerson)"), 250);
    assert_eq!(slapd.count(&format!("(uid={})", staff.person(40).uid)), 0);
    assert_eq!(slapd.count(&format!("(uid={})", staff.person(250).uid)), 1);
    assert_eq!(slapd.count(&format!("(uid={}m)", staff.person(20).uid)), 1);
    assert_eq!(slapd.count("(title=Senior *)"), 1);
}

#[test]
fn a_directory_with_a_size_limit_or_a_hidden_school_shows_less() {
    let staff = Staff {
        count: 250,
        seed: 5,
    };
    let mut world = World::new(NOW).with_directory(staff);
    let slapd = world.slapd();
    slapd.become_variant(&Variant {
        size_limit: Some(100),
        ..Variant::default()
    });
    let limited = slapd.search(staff::BASE, "(objectClass=inetOrgPerson)", &["1.1"]);
    assert_eq!(limited.status.code(), Some(4), "{limited:?}");
    slapd.become_variant(&Variant {
        hidden: vec![staff::school_dn(1)],
        ..Variant::default()
    });
    let elsewhere = staff.people().filter(|person| person.school != 1).count();
    assert_eq!(slapd.count("(objectClass=inetOrgPerson)"), elsewhere);
    assert!(elsewhere < 250);
}

#[test]
fn the_mail_server_delivers_refuses_and_can_be_down() {
    let mut world = World::new(NOW).with_mail(&["gone@lonepine.example"]);
    let smtpd = world.smtpd();
    assert_eq!(send(smtpd, "gone@lonepine.example"), "550");
    assert_eq!(send(smtpd, "ana@lonepine.example"), "250");
    let mails = smtpd.wait_mails(1);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].message_id(), "<1@d.example>");
    assert_eq!(mails[0].delivered_to(), "ana@lonepine.example");
    smtpd.down();
    assert!(TcpStream::connect(("127.0.0.1", smtpd.port())).is_err());
    smtpd.up();
    assert_eq!(send(smtpd, "ben@lonepine.example"), "250");
    assert_eq!(smtpd.wait_mails(2).len(), 2);
}

/// Speaks SMTP by hand: the code that answers RCPT, and the whole mail if that is 250.
fn send(smtpd: &Smtpd, to: &str) -> String {
    let stream = TcpStream::connect(("127.0.0.1", smtpd.port())).unwrap();
    stream.set_read_timeout(Some(wait::PATIENCE)).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    let mut say = |line: &str| {
        stream.write_all(format!("{line}\r\n").as_bytes()).unwrap();
    };
    let mut code = || loop {
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        if line.get(3..4) != Some("-") {
            return line.chars().take(3).collect::<String>();
        }
    };
    assert_eq!(code(), "220");
    say("EHLO bench.test");
    assert_eq!(code(), "250");
    say("MAIL FROM:<p@d.example>");
    assert_eq!(code(), "250");
    say(&format!("RCPT TO:<{to}>"));
    let answer = code();
    if answer == "250" {
        say("DATA");
        assert_eq!(code(), "354");
        say("Message-ID: <1@d.example>\r\nSubject: s\r\n\r\nt\r\n.");
        assert_eq!(code(), "250");
    }
    say("QUIT");
    answer
}
