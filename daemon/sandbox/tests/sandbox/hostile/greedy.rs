//! Plugins that take: memory, tables, instances, stack, bytes of a file.

use super::{Attack, Way};
use crate::forge::Forged;

const MEMORY: &str = "it asked for more than its 32 MiB of memory, or for too many tables";

fn has(fields: impl Into<String>) -> Forged {
    Forged {
        fields: fields.into(),
        ..Forged::default()
    }
}

/// Grows until it has had all that it wants, and traps if it gets less.
fn grows(fields: &str, grow: &str) -> Forged {
    Forged {
        evaluate: format!("(if (i32.eq {grow} (i32.const -1)) (then unreachable))"),
        ..has(fields)
    }
}

/// Appends a module of these sections to a component, and so many instances of it.
fn with_instances(mut component: Vec<u8>, sections: &[u8], times: u8) -> Vec<u8> {
    let header = [0, b'a', b's', b'm', 1, 0, 0, 0];
    component.extend([1, 8 + u8::try_from(sections.len()).unwrap()]);
    component.extend(header);
    component.extend(sections);
    // The component's own module is the first, this one the second.
    component.extend([2, 3 * times + 1, times]);
    component.extend([0, 1, 0].repeat(times.into()));
    component
}

/// A memory of 400 pages, and one of a single page.
const LARGE: [u8; 6] = [5, 4, 1, 0, 0x90, 3];
const SMALL: [u8; 5] = [5, 3, 1, 0, 1];

/// A table of 24,000 elements, and one of a single element.
const LONG: [u8; 8] = [4, 6, 1, 0x70, 0, 0xc0, 0xbb, 1];
const SHORT: [u8; 6] = [4, 4, 1, 0x70, 0, 1];

/// A component that is made too long by a section that nobody reads.
fn padded(bytes: u32) -> Vec<u8> {
    let mut component = Forged::default().component();
    let low = |shift: u32| u8::try_from(bytes >> shift & 0x7f).unwrap();
    component.extend([0, low(0) | 0x80, low(7) | 0x80, low(14) | 0x80, low(21)]);
    component.extend([1, b'x']);
    let length = component.len() + usize::try_from(bytes).unwrap() - 2;
    component.resize(length, 0);
    component
}

pub(super) fn attacks() -> Vec<Attack> {
    let mut attacks = memories();
    attacks.extend(tables());
    let deep = Forged {
        evaluate: "(drop (call $deep (i64.const 20000)))".to_owned(),
        ..has("(func $deep (param $n i64) (result i64)
                 (if (result i64) (i64.eqz (local.get $n)) (then (i64.const 0))
                   (else (i64.add (local.get $n) (call $deep (i64.sub (local.get $n) (i64.const 1)))))))")
    };
    attacks.push(
        Attack::policy("call oneself deep", Way::Evaluate, &deep).held(
            "it used up its 512 KiB of stack",
            |limits| {
                limits.stack_bytes = 2 << 20;
            },
        ),
    );
    let instances = with_instances(Forged::default().component(), &[], 40);
    attacks.push(
        Attack::of("many instances", Way::Load, instances)
            .held("instances", |limits| limits.instances = 64),
    );
    attacks.push(Attack::of("a huge file", Way::Load, padded(64 << 20)).held(
        "more than the 67108864 that are allowed",
        |limits| {
            limits.component_bytes = 128 << 20;
        },
    ));
    attacks
}

fn memories() -> Vec<Attack> {
    let at_once = Forged {
        pages: 513,
        ..Forged::default()
    };
    let grown = grows("", "(memory.grow (i32.const 512))");
    let half = Forged {
        pages: 200,
        ..Forged::default()
    };
    let together = with_instances(half.component(), &LARGE, 1);
    let three = with_instances(Forged::default().component(), &SMALL, 2);
    let double = [
        Attack::policy("much memory at once", Way::Load, &at_once),
        Attack::policy("memory by growing", Way::Evaluate, &grown),
        Attack::of("two memories together", Way::Load, together),
    ];
    let double =
        double.map(|attack| attack.held(MEMORY, |limits| limits.policy_memory_bytes = 64 << 20));
    let three = Attack::of("three memories", Way::Load, three)
        .held("memories", |limits| limits.memories = 3);
    double.into_iter().chain([three]).collect()
}

fn tables() -> Vec<Attack> {
    let plain = || Forged::default().component();
    let long = has("(table $long 30001 funcref)");
    let together = with_instances(plain(), &LONG, 6);
    let many = with_instances(plain(), &SHORT, 41);
    vec![
        Attack::policy("a long table", Way::Load, &long)
            .held("table", |limits| limits.table_elements = 40_000),
        Attack::of("tables together", Way::Load, together)
            .held(MEMORY, |limits| limits.table_elements_total = 200_000),
        Attack {
            // A module has one table at most, so that whoever has many has as many instances.
            then: Some("tables"),
            ..Attack::of("many tables", Way::Load, many)
                .held("instances", |limits| limits.instances = 64)
        },
    ]
}
