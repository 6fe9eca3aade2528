//! Plugins that run on and on, in everything of them that the host calls.

use provost_sandbox::limits::Limits;
use std::time::{Duration, Instant};

use super::{Attack, Way, engine, outcome};
use crate::forge::{Forged, ForgedChannel};

/// Rounds of the spin of a policy: some hundred million units of fuel, some hundredths of a second.
const ROUNDS: u64 = 20_000_000;

/// How long the sitters sit: longer than any call may take.
const SITTING: Duration = Duration::from_secs(2);

const TOO_LONG: &str = "it was cut off after 1000 ms";

/// A function that spins for so many rounds, once in the life of an instance.
fn spin(rounds: u64) -> String {
    format!(
        "(global $spun (mut i32) (i32.const 0))
         (func $spin (local $n i64)
           (if (global.get $spun) (then return))
           (global.set $spun (i32.const 1))
           (loop $next (br_if $next (i64.lt_u
             (local.tee $n (i64.add (local.get $n) (i64.const 1)))
             (i64.const {rounds})))))"
    )
}

const CALL: &str = "(call $spin)";

fn spinning(more: &str) -> Forged {
    Forged {
        fields: format!("{}{more}", spin(ROUNDS)),
        ..Forged::default()
    }
}

/// Policies that burn more fuel than a call has.
pub(super) fn burners() -> Vec<Attack> {
    let in_start = spinning("(start $spin)");
    let in_describe = Forged {
        describe: CALL.to_owned(),
        ..spinning("")
    };
    let in_evaluate = Forged {
        evaluate: CALL.to_owned(),
        ..spinning("")
    };
    let in_realloc = Forged {
        realloc: CALL.to_owned(),
        ..spinning("")
    };
    let after = |function: &str| {
        spinning(&format!(
            "(func (export \"cabi_post_provost:plugin/policy@1.0.0#{function}\") (param i32) (call $spin))"
        ))
    };
    let cases = [
        ("spin in start", Way::Load, in_start),
        ("spin in describe", Way::Load, in_describe),
        ("spin after describe", Way::Load, after("describe")),
        ("spin in evaluate", Way::Evaluate, in_evaluate),
        ("spin after evaluate", Way::Evaluate, after("evaluate")),
        ("spin in realloc", Way::Evaluate, in_realloc),
        ("fill memory again and again", Way::Evaluate, filling()),
    ];
    let attacks = cases.map(|(name, way, forged)| {
        Attack::policy(name, way, &forged).held("it used up its 50000000 units of fuel", |limits| {
            limits.policy_fuel = u64::MAX;
        })
    });
    attacks.into()
}

/// Channels have no fuel to count: their answers are not replayed.
pub(super) fn sitters() -> Vec<Attack> {
    let rounds = calibrated();
    let still = ForgedChannel {
        fields: spin(rounds),
        ..ForgedChannel::default()
    };
    let call = CALL.to_owned();
    let fields = format!("{}(start $spin)", still.fields);
    let in_start = ForgedChannel {
        fields,
        ..still.clone()
    };
    let in_describe = ForgedChannel {
        describe: call.clone(),
        ..still.clone()
    };
    let in_render = ForgedChannel {
        render: call.clone(),
        ..still.clone()
    };
    let in_judge = ForgedChannel {
        judge: call.clone(),
        ..still.clone()
    };
    let in_realloc = ForgedChannel {
        realloc: call,
        ..still
    };
    let cases = [
        ("sit in start", Way::Load, in_start),
        ("sit in describe", Way::Load, in_describe),
        ("sit in render", Way::Render, in_render),
        ("sit in judge", Way::Judge, in_judge),
        ("sit in realloc", Way::Render, in_realloc),
    ];
    let attacks = cases.map(|(name, way, forged)| {
        Attack::channel(name, way, &forged).held(TOO_LONG, |limits| {
            limits.call_time = Duration::from_secs(60);
        })
    });
    attacks.into()
}

/// One instruction writes 16 MiB; fuel counts the bytes.
fn filling() -> Forged {
    Forged {
        pages: 320,
        fields: "(func $fill (local $n i32)
               (loop $next
                 (memory.fill (i32.const 65536) (i32.const 7) (i32.const 16777216))
                 (br_if $next (i32.lt_u
                   (local.tee $n (i32.add (local.get $n) (i32.const 1)))
                   (i32.const 20)))))"
            .to_owned(),
        evaluate: "(call $fill)".to_owned(),
        ..Forged::default()
    }
}

/// So many rounds of the spin as take about [`SITTING`] on this machine.
fn calibrated() -> u64 {
    let free = engine(Limits::default());
    let timed = |rounds| {
        let describe = CALL.to_owned();
        let fields = spin(rounds);
        let forged = ForgedChannel {
            fields,
            describe,
            ..ForgedChannel::default()
        };
        let component = forged.component();
        let began = Instant::now();
        outcome(&free, &component, Way::Load).unwrap();
        began.elapsed()
    };
    let runs = (0..3).map(|_| timed(ROUNDS).saturating_sub(timed(1)));
    let quickest = runs.min().unwrap().max(Duration::from_millis(1));
    let times = SITTING.as_nanos() / quickest.as_nanos() + 1;
    ROUNDS * u64::try_from(times).unwrap()
}
