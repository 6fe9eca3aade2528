//! The dialogue against a relay on loopback that says what the test wrote down for it.

use super::*;
use provost_core::id::{NoticeId, PluginId};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What the relay does when a line that begins with these letters arrives.
#[derive(Clone, Copy)]
enum Does {
    Says(&'static str),
    SaysAndHangsUp(&'static str),
    HangsUp,
    StaysSilent,
}
use Does::{HangsUp, Says, SaysAndHangsUp, StaysSilent};

type Script = &'static [(&'static str, Does)];

/// One script a connection; a line that the script does not name is answered as an agreeable relay would.
async fn relay(scripts: Vec<Script>) -> (Smtp, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, hears) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for script in scripts {
            let (stream, _) = listener.accept().await.unwrap();
            let _ = serve(stream, script, &heard).await;
        }
    });
    let smtp = Smtp {
        relay: format!("smtp://127.0.0.1:{port}").parse().unwrap(),
        privacy: Privacy::Off,
        tls: None,
        privately: None,
        credentials: None,
        from: "p@d.example".parse().unwrap(),
        timeout: Duration::from_secs(30),
        hello: ClientId::Domain("provost.test".to_owned()),
        kept: Mutex::default(),
        places: Semaphore::new(CONNECTIONS_MAX),
    };
    (smtp, hears)
}

async fn serve(
    stream: TcpStream,
    script: Script,
    heard: &mpsc::UnboundedSender<String>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 relay.test\r\n").await?;
    let mut in_message = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        if in_message && line != "." {
            if line.starts_with("Message-ID") {
                let _ = heard.send(line);
            }
            continue;
        }
        in_message = line == "DATA";
        let scripted = script.iter().find(|(verb, _)| line.starts_with(verb));
        let usual = match line.as_str() {
            "DATA" => "354 go on",
            "." => "250 2.0.0 queued as 7",
            _ => "250 fine",
        };
        let quits = line == "QUIT";
        let _ = heard.send(line);
        match scripted.map_or(Says(usual), |(_, does)| *does) {
            Says(words) => {
                in_message &= words.starts_with("354");
                stream.write_all(format!("{words}\r\n").as_bytes()).await?;
            }
            SaysAndHangsUp(words) => {
                return stream.write_all(format!("{words}\r\n").as_bytes()).await;
            }
            HangsUp => return Ok(()),
            StaysSilent => std::future::pending().await,
        }
        if quits {
            return Ok(());
        }
    }
}

fn mail(to: &[&str]) -> Mail {
    Mail {
        notice: NoticeId::new("n1").unwrap(),
        channel: PluginId::new("email").unwrap(),
        role: provost_core::notice::RecipientRole::Contact,
        to: to.iter().map(|&address| address.to_owned()).collect(),
        subject: "s".to_owned(),
        text: ".\r\n.dot\r\n".to_owned(),
        html: None,
        headers: Vec::new(),
        date: "2025-03-02T10:00:00-07:00".parse().unwrap(),
    }
}

fn all(hears: &mut mpsc::UnboundedReceiver<String>) -> Vec<String> {
    std::iter::from_fn(|| hears.try_recv().ok()).collect()
}

fn retry(why: &str) -> Reply {
    Reply::retry(why)
}

fn failed(why: &str) -> Reply {
    Reply::Failed {
        why: why.to_owned(),
    }
}

fn accepted() -> Reply {
    Reply::Accepted {
        receipt: "250 2.0.0 queued as 7".to_owned(),
        refused: Vec::new(),
    }
}

#[tokio::test]
async fn two_mails_go_over_one_connection_which_is_closed_politely() {
    let (smtp, mut hears) = relay(vec![&[]]).await;
    assert_eq!(smtp.send(&mail(&["a@d.example"])).await, accepted());
    assert_eq!(smtp.send(&mail(&["b@d.example"])).await, accepted());
    smtp.rest().await;
    let transaction = |to: &str| {
        [
            "MAIL FROM:<p@d.example>".to_owned(),
            format!("RCPT TO:<{to}>"),
            "DATA".to_owned(),
            "Message-ID: <n1.email@d.example>".to_owned(),
            ".".to_owned(),
        ]
    };
    let mut expected = vec!["EHLO provost.test".to_owned()];
    expected.extend(transaction("a@d.example"));
    expected.extend(transaction("b@d.example"));
    expected.push("QUIT".to_owned());
    assert_eq!(all(&mut hears), expected);
}

#[tokio::test]
async fn a_refused_recipient_does_not_stop_the_others() {
    let (smtp, _hears) = relay(vec![&[("RCPT TO:<b", Says("550 5.1.1 no b"))]]).await;
    let reply = smtp.send(&mail(&["a@d.example", "b@d.example"])).await;
    assert_eq!(
        reply,
        Reply::Accepted {
            receipt: "250 2.0.0 queued as 7".to_owned(),
            refused: vec![Refusal {
                address: "b@d.example".to_owned(),
                why: "RCPT: 550 5.1.1 no b".to_owned()
            }],
        }
    );
}

#[tokio::test]
async fn recipients_refused_for_good_fail_and_one_to_try_later_is_tried_later() {
    let (smtp, mut hears) = relay(vec![
        &[("RCPT", Says("550 no"))],
        &[
            ("RCPT TO:<a", Says("450 later")),
            ("RCPT TO:<b", Says("550 no")),
        ],
    ])
    .await;
    let both = mail(&["a@d.example", "b@d.example"]);
    assert_eq!(
        smtp.send(&both).await,
        failed("a@d.example: RCPT: 550 no; b@d.example: RCPT: 550 no")
    );
    assert_eq!(
        smtp.send(&both).await,
        retry("a@d.example: RCPT: 450 later; b@d.example: RCPT: 550 no")
    );
    assert!(!all(&mut hears).contains(&"DATA".to_owned()));
}

#[tokio::test]
async fn a_relay_that_refuses_the_sender_keeps_the_notice_for_later() {
    let (smtp, _hears) = relay(vec![&[("MAIL", Says("550 who are you"))]]).await;
    let reply = smtp.send(&mail(&["a@d.example"])).await;
    assert_eq!(reply, retry("MAIL: 550 who are you"));
}

#[tokio::test]
async fn a_message_that_the_relay_refuses_for_good_has_failed() {
    let (smtp, _hears) = relay(vec![
        &[(".", Says("554 5.7.1 spam"))],
        &[(".", Says("451 disk full"))],
        &[("DATA", Says("554 no"))],
    ])
    .await;
    let mail = mail(&["a@d.example"]);
    assert_eq!(smtp.send(&mail).await, failed("BODY: 554 5.7.1 spam"));
    assert_eq!(smtp.send(&mail).await, retry("BODY: 451 disk full"));
    assert_eq!(smtp.send(&mail).await, failed("DATA: 554 no"));
}

#[tokio::test]
async fn after_a_drop_behind_the_final_dot_the_same_message_id_goes_out_again() {
    let (smtp, mut hears) = relay(vec![&[(".", HangsUp)], &[]]).await;
    let mail = mail(&["a@d.example"]);
    let lost = smtp.send(&mail).await;
    assert_eq!(
        lost,
        retry("BODY: response error: incomplete response; the relay may have taken the mail")
    );
    assert_eq!(smtp.send(&mail).await, accepted());
    let ids: Vec<_> = all(&mut hears)
        .into_iter()
        .filter(|line| line.starts_with("Message-ID"))
        .collect();
    assert_eq!(ids, ["Message-ID: <n1.email@d.example>"; 2]);
}

#[tokio::test]
async fn a_silent_relay_is_given_up_at_every_verb() {
    for (verb, why) in [
        ("EHLO", "CONNECT: no answer within 100 ms"),
        ("MAIL", "MAIL: no answer within 100 ms"),
        ("RCPT", "RCPT: no answer within 100 ms"),
        ("DATA", "DATA: no answer within 100 ms"),
    ] {
        let script: Script = match verb {
            "EHLO" => &[("EHLO", StaysSilent)],
            "MAIL" => &[("MAIL", StaysSilent)],
            "RCPT" => &[("RCPT", StaysSilent)],
            _ => &[("DATA", StaysSilent)],
        };
        let (mut smtp, _hears) = relay(vec![script]).await;
        smtp.timeout = Duration::from_millis(100);
        assert_eq!(smtp.send(&mail(&["a@d.example"])).await, retry(why));
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_relay_has_closed_is_replaced_unnoticed() {
    let (smtp, mut hears) = relay(vec![&[(".", SaysAndHangsUp("250 one"))], &[]]).await;
    let first = smtp.send(&mail(&["a@d.example"])).await;
    assert!(matches!(first, Reply::Accepted { .. }));
    assert_eq!(smtp.kept.lock().unwrap().len(), 1);
    assert_eq!(smtp.send(&mail(&["b@d.example"])).await, accepted());
    let greetings = all(&mut hears)
        .iter()
        .filter(|line| line.starts_with("EHLO"))
        .count();
    assert_eq!(greetings, 2);
}

#[tokio::test]
async fn nothing_is_sent_in_clear_where_starttls_is_required() {
    let (mut smtp, mut hears) = relay(vec![&[]]).await;
    smtp.privacy = Privacy::Required;
    smtp.tls = Some(tls(&smtp.relay, None).unwrap());
    smtp.credentials = Some(Credentials::new("u".to_owned(), "secret".to_owned()));
    assert_eq!(
        smtp.send(&mail(&["a@d.example"])).await,
        retry("STARTTLS: the relay does not offer it, and it is required")
    );
    assert_eq!(all(&mut hears), ["EHLO provost.test"]);
}

#[tokio::test]
async fn a_relay_that_is_not_there_means_later() {
    let (smtp, _hears) = relay(Vec::new()).await;
    let reply = smtp.send(&mail(&["a@d.example"])).await;
    let Reply::Retry { why, .. } = reply else {
        panic!("{reply:?}")
    };
    assert!(why.starts_with("CONNECT: "), "{why}");
}

#[test]
fn a_ca_file_without_a_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, "nothing").unwrap();
    let relay: Relay = "smtps://mail.example".parse().unwrap();
    assert!(matches!(
        tls(&relay, Some(&path)),
        Err(SmtpError::NoCertificate(_))
    ));
    let missing = folder.path().join("none.pem");
    assert!(matches!(
        tls(&relay, Some(&missing)),
        Err(SmtpError::CaFile { .. })
    ));
}
