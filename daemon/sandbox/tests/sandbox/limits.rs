//! How limits hold: without end, at the border, on the interpreter, again and again. `hostile` has a plugin for each.

use provost_core::decision::{Effect, Finding};
use provost_sandbox::limits::{CHANNEL_MEMORY_BYTES, POLICY_MEMORY_BYTES};
use provost_sandbox::{BadAnswer, CallError, Engine, Evaluation, Failure, Refusal};

use crate::facts::{facts, person};
use crate::forge::{Forged, channel};
use crate::{ask, engine, id, interpreter, load, policy};

const FOREVER: &str = "(loop $again (br $again))";

fn evaluate(engine: &Engine, forged: &Forged, action: &str) -> Result<Evaluation, Failure> {
    let facts = facts("forged", person("ana", &["sis"]));
    ask(&policy(engine, &forged.component()), action, &facts).map_err(|error| error.failure)
}

fn does(evaluate: &str) -> Forged {
    Forged {
        evaluate: evaluate.to_owned(),
        ..Forged::default()
    }
}

fn fails(forged: &Forged) -> Failure {
    evaluate(&engine(), forged, "login-as").unwrap_err()
}

fn refused(component: &[u8]) -> Failure {
    match load(&engine(), component).map_err(|error| error.refusal) {
        Err(Refusal::Describe(failure)) => failure,
        other => panic!("not refused by describe: {other:?}"),
    }
}

#[test]
fn a_policy_that_never_ends_runs_out_of_fuel() {
    let fields = format!("(func $begin {FOREVER}) (start $begin)");
    let start = Forged {
        fields,
        ..Forged::default()
    };
    let describe = Forged {
        describe: FOREVER.to_owned(),
        ..Forged::default()
    };
    assert_eq!(fails(&does(FOREVER)), Failure::OutOfFuel);
    assert_eq!(refused(&describe.component()), Failure::OutOfFuel);
    assert_eq!(refused(&start.component()), Failure::OutOfFuel);
}

#[test]
fn a_channel_that_never_ends_is_cut_off_by_the_clock() {
    assert_eq!(refused(&channel(FOREVER)), Failure::Deadline);
}

#[test]
fn memory_ends_at_the_limit_whether_asked_for_at_once_or_grown() {
    let policy = Failure::Memory {
        memory_bytes: POLICY_MEMORY_BYTES,
    };
    let too_many = u32::try_from(POLICY_MEMORY_BYTES / 65_536 + 1).unwrap();
    let at_once = Forged {
        pages: too_many,
        ..Forged::default()
    };
    let grown = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    assert_eq!(refused(&at_once.component()), policy);
    assert_eq!(fails(&does(grown)), policy);
    assert_eq!(
        refused(&channel(grown)),
        Failure::Memory {
            memory_bytes: CHANNEL_MEMORY_BYTES
        }
    );
    let within = format!("(drop (memory.grow (i32.const {})))", too_many - 2);
    assert!(evaluate(&engine(), &does(&within), "login-as").is_ok());
}

#[test]
fn a_policy_permits_only_actions_of_its_own_that_it_named() {
    let permits = does("(local.set $answer (i32.const 1208))");
    let finding = Finding {
        code: "forged.code".to_owned(),
        effect: Effect::Permit,
        message: "A [31mmessage.".to_owned(),
        source: "forged".to_owned(),
    };
    let own = evaluate(&engine(), &permits, "forged.act").unwrap();
    assert_eq!(own.findings, [finding]);
    for other in ["login-as", "forged.other"] {
        let failure = evaluate(&engine(), &permits, other).unwrap_err();
        assert!(
            matches!(failure, Failure::Answer(BadAnswer::Word { .. })),
            "{other}"
        );
    }
}

#[test]
fn nothing_of_one_call_is_left_for_the_next() {
    // Answers with a finding if it was called before.
    let remembers = Forged {
        fields: "(global $calls (mut i32) (i32.const 0))".to_owned(),
        ..does(
            "(if (global.get $calls) (then (local.set $answer (i32.const 1208))))
                (if (i32.load (i32.const 5000)) (then (local.set $answer (i32.const 1208))))
                (global.set $calls (i32.const 1)) (i32.store (i32.const 5000) (i32.const 1))",
        )
    };
    let facts = facts("forged", person("ana", &[]));
    let policy = policy(&engine(), &remembers.component());
    for _ in 0..50 {
        let said = ask(&policy, "forged.act", &facts);
        assert_eq!(said.unwrap().findings, []);
    }
}

#[test]
fn the_same_call_takes_the_same_fuel() {
    let spins = does(
        "(local $n i32) (loop $next (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))",
    );
    let spins = Forged {
        fields: format!("(func $spin {})", spins.evaluate),
        ..does("(call $spin)")
    };
    let first = evaluate(&engine(), &spins, "login-as").unwrap();
    let second = evaluate(&engine(), &spins, "login-as").unwrap();
    assert!(first.fuel > 1000);
    assert_eq!(first.fuel, second.fuel);
}

#[test]
fn the_interpreter_keeps_the_same_limits() {
    let interpreter = interpreter();
    let fails = |forged: &Forged| evaluate(&interpreter, forged, "login-as").unwrap_err();
    assert!(matches!(
        fails(&does(FOREVER)),
        Failure::OutOfFuel | Failure::Deadline
    ));
    assert!(matches!(fails(&does("unreachable")), Failure::Trap(_)));
    let permits = does("(local.set $answer (i32.const 1208))");
    let own = evaluate(&interpreter, &permits, "forged.act").unwrap();
    assert_eq!(own.findings.len(), 1);
}

#[test]
fn a_failed_policy_forbids_and_names_itself() {
    let failed = |failure| CallError {
        plugin: id("valley"),
        function: "evaluate",
        failure,
    };
    let expected = Finding {
        code: "plugin.failed".to_owned(),
        effect: Effect::Forbid,
        message: "The plugin valley failed (it was cut off after 1000 ms); what it judges is denied until it works again."
            .to_owned(),
        source: "valley".to_owned(),
    };
    assert_eq!(failed(Failure::Deadline).finding(), expected);
    assert!(!failed(Failure::Deadline).is_replayable());
    assert!(failed(Failure::OutOfFuel).is_replayable());
}
