//! Plugins that answer: too much, or what makes no sense.

use super::{Attack, Way};
use crate::forge::{Forged, ForgedChannel, words};

/// Where letters lie that a plugin has written: more of them than any answer may hold.
const LETTERS: u32 = 262_144;
const WRITE: &str = "(memory.fill (i32.const 262144) (i32.const 97) (i32.const 1048576))";

fn data(place: u32, content: &[u32]) -> String {
    format!("(data (i32.const {place}) \"{}\")", words(content))
}

/// A finding that permits, with these texts and facts.
fn finding(code: [u32; 2], message: [u32; 2], facts: [u32; 2]) -> [u32; 7] {
    [
        0, code[0], code[1], message[0], message[1], facts[0], facts[1],
    ]
}

const CODE: [u32; 2] = [2079, 11];
const MESSAGE: [u32; 2] = [2090, 15];

/// A policy that answers with these findings; list and findings lie from 8192 on, facts at 12288.
fn says(findings: &[[u32; 7]], facts: &[[u32; 2]]) -> Forged {
    let number = u32::try_from(findings.len()).unwrap();
    Forged {
        pages: 320,
        fields: [
            data(8192, &[8200, number]),
            data(8200, findings.as_flattened()),
            data(12288, facts.as_flattened()),
        ]
        .concat(),
        evaluate: format!("{WRITE} (local.set $answer (i32.const 8192))"),
        ..Forged::default()
    }
}

/// An HTTP request of that URL, body and authentication, to `http://a`.
fn http(url: [u32; 2], body: [u32; 2], auth: [u32; 3]) -> [u32; 13] {
    let [scheme, name, bytes] = auth;
    [
        1, 0, url[0], url[1], 0, 0, body[0], body[1], scheme, name, bytes, 0, 0,
    ]
}

fn mail(subject: [u32; 2], text: [u32; 2]) -> [u32; 13] {
    [
        0, subject[0], subject[1], text[0], text[1], 0, 0, 0, 0, 0, 0, 0, 0,
    ]
}

const URL: [u32; 2] = [8192, 10];
const NO_AUTH: [u32; 3] = [0, 0, 0];

/// A channel that renders these deliveries.
fn sends(deliveries: &[[u32; 13]]) -> ForgedChannel {
    let number = u32::try_from(deliveries.len()).unwrap();
    ForgedChannel {
        fields: [
            "(data (i32.const 8192) \"https://ab\")".to_owned(),
            data(8300, deliveries.as_flattened()),
            data(1200, &[0, 8300, number]),
        ]
        .concat(),
        render: WRITE.to_owned(),
        ..ForgedChannel::default()
    }
}

pub(super) fn too_much() -> Vec<Attack> {
    let mut attacks = costly();
    attacks.extend(findings());
    attacks.extend(deliveries());
    attacks
}

/// What would cost the host memory: one text handed over again and again.
fn costly() -> Vec<Attack> {
    const TOO_MUCH: &str = "it returned more than 1024 KiB";
    let each = finding(CODE, MESSAGE, [12288, 64]);
    let texts = says(&[each; 64], &[[LETTERS, 1024]; 64]);
    let empty = finding(CODE, MESSAGE, [0x0020_0000, 2_000_000]);
    let empty = says(&[empty; 10], &[]);
    let bodies = sends(&[http(URL, [LETTERS, 262_144], NO_AUTH); 8]);
    let free: fn(&mut provost_sandbox::limits::Limits) = |limits| limits.hostcall_fuel = usize::MAX;
    vec![
        Attack::policy("one text four thousand times", Way::Evaluate, &texts).held(TOO_MUCH, free),
        Attack {
            // The host has copied all of them before it counts the first list.
            then: Some("facts of a finding has 2000000 bytes or entries"),
            ..Attack::policy("twenty million empty strings", Way::Evaluate, &empty)
                .held(TOO_MUCH, free)
        },
        Attack::channel("eight large bodies", Way::Render, &bodies).held(TOO_MUCH, free),
    ]
}

fn findings() -> Vec<Attack> {
    let one = finding(CODE, MESSAGE, [0, 0]);
    let many = says(&[one; 65], &[]);
    let facts = says(&[finding(CODE, MESSAGE, [12288, 65])], &[[LETTERS, 1]; 65]);
    let message = says(&[finding(CODE, [LETTERS, 1025], [0, 0])], &[]);
    let code = says(&[finding([LETTERS, 97], MESSAGE, [0, 0])], &[]);
    vec![
        Attack::policy("many findings", Way::Evaluate, &many)
            .held("list of findings has 65", |limits| limits.answer.list = 65),
        Attack::policy("many facts", Way::Evaluate, &facts)
            .held("facts of a finding has 65", |limits| {
                limits.answer.list = 65
            }),
        Attack::policy("a long message", Way::Evaluate, &message)
            .held("message of a finding has 1025", |limits| {
                limits.answer.message_bytes = 2048
            }),
        Attack::policy("a long code", Way::Evaluate, &code)
            .held("code of a finding has 97", |limits| {
                limits.answer.word_bytes = 97
            }),
    ]
}

fn deliveries() -> Vec<Attack> {
    let one = http(URL, [0, 0], NO_AUTH);
    let many = sends(&[one; 9]);
    let body = sends(&[http(URL, [LETTERS, 262_145], NO_AUTH)]);
    let text = sends(&[mail([LETTERS, 9], [LETTERS, 262_145])]);
    let subject = sends(&[mail([LETTERS, 999], [LETTERS, 9])]);
    let url = sends(&[http([262_136, 2049], [0, 0], NO_AUTH)]);
    let url = ForgedChannel {
        fields: format!("{}(data (i32.const 262136) \"https://\")", url.fields),
        ..url
    };
    let schema = ForgedChannel {
        schema: format!("{{{}}}", " ".repeat(65_535)),
        ..ForgedChannel::default()
    };
    vec![
        Attack::channel("many deliveries", Way::Render, &many)
            .held("list of deliveries has 9", |limits| {
                limits.answer.deliveries = 9
            }),
        Attack::channel("a large body", Way::Render, &body).held("body has 262145", |limits| {
            limits.answer.body_bytes = 262_145
        }),
        Attack::channel("a large text", Way::Render, &text)
            .held("text of a mail has 262145", |limits| {
                limits.answer.body_bytes = 262_145
            }),
        Attack::channel("a long subject", Way::Render, &subject)
            .held("subject has 999", |limits| limits.answer.line_bytes = 999),
        Attack::channel("a long URL", Way::Render, &url)
            .held("URL has 2049", |limits| limits.answer.url_bytes = 2049),
        Attack::channel("a large schema", Way::Load, &schema).held(
            "schema of the settings has 65537",
            |limits| {
                limits.answer.schema_bytes = 65_537;
            },
        ),
    ]
}

/// Attacks that no number holds, each with the component in which that one thing is in order.
pub(super) fn senseless() -> Vec<(Attack, Vec<u8>)> {
    let good = says(&[finding(CODE, MESSAGE, [0, 0])], &[]).component();
    let mut pairs: Vec<_> = policies()
        .into_iter()
        .map(|attack| (attack, good.clone()))
        .collect();
    pairs.extend(secrets());
    pairs.push(nested());
    pairs
}

fn policies() -> Vec<Attack> {
    let breaks = |name, held, evaluate: &str| {
        let said = says(&[finding(CODE, MESSAGE, [0, 0])], &[]);
        let forged = Forged {
            evaluate: format!("{} {evaluate}", said.evaluate),
            ..said
        };
        Attack::policy(name, Way::Evaluate, &forged).held(held, |_| ())
    };
    let named = |name: &str| {
        format!(
            "(func $\"{name}\" (param i32) (if (local.get 0) (then (call $\"{name}\" (i32.sub (local.get 0) (i32.const 1)))) (else unreachable)))"
        )
    };
    let loud = format!("\\1b[31m{}", "loud".repeat(24_000));
    let loud = Forged {
        fields: named(&loud),
        evaluate: format!("(call $\"{loud}\" (i32.const 30))"),
        ..Forged::default()
    };
    vec![
        breaks("a trap", "it trapped", "unreachable"),
        breaks(
            "a division by nothing",
            "divide by zero",
            "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
        ),
        breaks(
            "a list beyond memory",
            "it trapped",
            "(i32.store (i32.const 8192) (i32.const -28))",
        ),
        breaks(
            "a list that is not aligned",
            "it trapped",
            "(i32.store (i32.const 8192) (i32.const 8201))",
        ),
        breaks(
            "a text beyond memory",
            "it trapped",
            "(i32.store (i32.const 8212) (i32.const -8))",
        ),
        breaks(
            "a text that is none",
            "it trapped",
            "(i32.store8 (i32.const 2090) (i32.const 255))",
        ),
        breaks(
            "an effect that there is not",
            "it trapped",
            "(i32.store8 (i32.const 8200) (i32.const 9))",
        ),
        breaks(
            "a code of Provost's own",
            "Provost's own",
            "(i64.store (i32.const 2079) (i64.const 0x2e6e6967756c70)) (i32.store8 (i32.const 2085) (i32.const 46)) (i32.store8 (i32.const 2086) (i32.const 97))",
        ),
        breaks(
            "control characters in a code",
            "must be lower-case",
            "(i32.store8 (i32.const 2081) (i32.const 27))",
        ),
        breaks(
            "a message of nothing but control characters",
            "is empty",
            "(memory.fill (i32.const 2090) (i32.const 27) (i32.const 15))",
        ),
        Attack::policy("a trap that shouts", Way::Evaluate, &loud).held("it trapped", |_| ()),
    ]
}

/// Secrets that the channel did not declare; and declared, so that they may be granted.
fn secrets() -> Vec<(Attack, Vec<u8>)> {
    let bearer = sends(&[http(URL, [0, 0], [1, 2057, 4])]);
    let in_url = sends(&[http([9500, 20], [0, 0], NO_AUTH)]);
    let in_url = ForgedChannel {
        fields: format!(
            "{}(data (i32.const 9500) \"https://{{secret:root}}\")",
            in_url.fields
        ),
        ..in_url
    };
    let cases = [
        ("a secret as a token", bearer),
        ("a secret in a URL", in_url),
    ];
    let pairs = cases.map(|(name, forged)| {
        let declared = ForgedChannel {
            secrets: 2,
            ..forged.clone()
        };
        let forged = ForgedChannel {
            secrets: 1,
            ..forged
        };
        let attack = Attack::channel(name, Way::Render, &forged);
        let held = "secret `root` is not one that the channel declared";
        (attack.held(held, |_| ()), declared.component())
    });
    pairs.into()
}

/// A schema that nests deeper than any reader follows, and one that does not.
fn nested() -> (Attack, Vec<u8>) {
    let of = |depth| ForgedChannel {
        schema: format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth)),
        ..ForgedChannel::default()
    };
    let attack = Attack::channel("a schema without a ground", Way::Load, &of(20_000));
    (
        attack.held("schema of the settings", |_| ()),
        of(100).component(),
    )
}
