//! How long a change of the directory takes to be in force: a real daemon that follows a real slapd, beside slapd's own
//! consumers that follow it, in turns.

use ldap3::{Ldap, LdapConnAsync, Mod, Scope, SearchEntry};
use provost_tests::consumer::{Consumer, Safety};
use provost_tests::staff::BASE;
use provost_tests::{Client, Staff, StaffPerson, World};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Instant;
use tokio::runtime::Runtime;

use crate::Extent;
use crate::table::{Amount, Mark, Row};

/// Changes for each of those that follow.
const CHANGES: u32 = 200;

/// Changes before anything counts.
const WARM_UP: u32 = 20;

/// What the daemon takes for the end of an account.
const RETIRED: &str = "retired";

/// The rows of this part.
pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let people = extent.of(10_000, 100_000);
    let [ours, durable, unsafe_one] = measured(people);
    let row = |what: &str, ours, theirs| {
        Row::new(
            format!("live, modify acknowledged → a decision sees it, {what}, {people} staff"),
            Amount::Seconds(ours),
        )
        .against(
            "slapd's own consumer, a search sees it",
            Amount::Seconds(theirs),
        )
    };
    let quick = format!(
        "slapd's own consumer without fsync, p50; p99 {}",
        Amount::Seconds(unsafe_one.p99)
    );
    vec![
        row("p50", ours.p50, durable.p50),
        row("p99", ours.p99, durable.p99)
            .first(Mark::AtMost(Amount::Seconds(0.250)))
            .aim(Mark::RatioAtMost(1.0)),
        Row::new("the same, p50", Amount::Seconds(ours.p50))
            .against(quick, Amount::Seconds(unsafe_one.p50)),
    ]
}

/// Seconds within which a half and 99 of 100 were seen.
#[derive(Debug, Clone, Copy)]
struct Lag {
    p50: f64,
    p99: f64,
}

impl Lag {
    fn of(mut found: Vec<f64>) -> Self {
        found.sort_by(f64::total_cmp);
        let within = |share: usize| found[found.len() * share / 100];
        Self {
            p50: within(50),
            p99: within(99),
        }
    }
}

/// A connection as the directory's root.
struct Connected<'r> {
    runtime: &'r Runtime,
    ldap: Ldap,
}

impl<'r> Connected<'r> {
    fn to(runtime: &'r Runtime, url: &str) -> Self {
        let ldap = runtime.block_on(async {
            let (connection, mut ldap) = LdapConnAsync::new(url).await.unwrap();
            tokio::spawn(connection.drive());
            let bound = ldap.simple_bind(&format!("cn=admin,{BASE}"), "admin").await;
            bound.unwrap().success().unwrap();
            ldap
        });
        Self { runtime, ldap }
    }

    /// Makes the change; the moment at which it was acknowledged.
    fn set(&mut self, dn: &str, word: &str) -> Instant {
        let change = vec![Mod::Replace("employeeType", HashSet::from([word]))];
        let done = self.runtime.block_on(self.ldap.modify(dn, change));
        done.unwrap().success().unwrap();
        Instant::now()
    }

    fn shows(&mut self, dn: &str, word: &str) -> bool {
        let asked = self
            .ldap
            .search(dn, Scope::Base, "(objectClass=*)", vec!["employeeType"]);
        let (found, _) = self.runtime.block_on(asked).unwrap().success().unwrap();
        let entry = SearchEntry::construct(found.into_iter().next().unwrap());
        entry
            .attrs
            .get("employeeType")
            .is_some_and(|values| values == &[word])
    }
}

/// The daemon, and slapd's consumers with and without fsync.
fn measured(people: u32) -> [Lag; 3] {
    let staff = Staff {
        count: people,
        seed: 1,
    };
    let state = tempfile::tempdir().unwrap();
    let mut world = World::new("2025-03-02T10:00:00-07:00")
        .with_directory(staff)
        .with_store_in(state.path())
        .reading("live", "(objectClass=inetOrgPerson)");
    world.configure("");
    judge_by_type(&world);
    world.provost.start();
    world.provost.in_turn(&["sync", "apply", "--json"]).ok();
    let status = &["sync", "status", "--json"];
    world
        .provost
        .wait_json(status, |sources| sources[0]["live"]["following"] == true);
    let folder = world.path().to_owned();
    let slapd = world.slapd();
    let consumers =
        [Safety::Durable, Safety::NoSync].map(|safety| Consumer::start(&folder, slapd, safety));
    let runtime = Runtime::new().unwrap();
    let mut provider = Connected::to(&runtime, &slapd.url());
    let mut followers = consumers
        .each_ref()
        .map(|consumer| Connected::to(&runtime, &consumer.url()));
    let mut client = Client::unix(&world.provost.socket());
    let actor = staff.person(0);
    let mut lags = [const { Vec::new() }; 3];
    for turn in 0..WARM_UP + CHANGES {
        // Everybody follows every change; who is watched goes round.
        for (who, lags) in lags.iter_mut().enumerate() {
            // Each account is retired in one turn and back in the next.
            let number = 10 + turn / 2 * 3 + u32::try_from(who).unwrap();
            let (target, word) = (
                staff.person(number),
                if turn % 2 == 0 { RETIRED } else { "active" },
            );
            let dn = target.dn();
            let before = provider.set(&dn, word);
            match who {
                0 => until(|| may_enter(&mut client, &actor, &target) == (word != RETIRED)),
                _ => until(|| followers[who - 1].shows(&dn, word)),
            }
            if turn >= WARM_UP {
                lags.push(before.elapsed().as_secs_f64());
            }
            until(|| {
                followers
                    .iter_mut()
                    .all(|follower| follower.shows(&dn, word))
            });
        }
    }
    world.provost.stop();
    lags.map(Lag::of)
}

/// Asks until it is so, as often as there is an answer.
fn until(mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed().as_secs() < 60, "it is never seen");
    }
}

/// Whether the administrator may log in as somebody: only while that account is enabled.
fn may_enter(client: &mut Client, actor: &StaffPerson, target: &StaffPerson) -> bool {
    let of = |person: &StaffPerson| json!({ "type": "person", "id": format!("lone-pine/{}", person.uid) });
    let asked = json!({
        "subject": of(actor),
        "action": { "name": "login-as" },
        "resource": of(target),
    });
    let answer: Value = client.post("/access/v1/evaluation", &asked).json();
    answer["decision"]
        .as_bool()
        .unwrap_or_else(|| panic!("{answer}"))
}

/// Has the daemon take an account of that type for a disabled one.
fn judge_by_type(world: &World) {
    let config = world.provost.config();
    let text = std::fs::read_to_string(&config).unwrap();
    let rule =
        format!("disabled = {{ attribute = \"employeeType\", value = \"{RETIRED}\" }}\nevery = ");
    std::fs::write(&config, text.replace("every = ", &rule)).unwrap();
}
