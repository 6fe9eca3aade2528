//! 389 Directory Server, and what it does unlike slapd.

use std::fmt::Write as _;

use provost_tests::staff::{BASE, group_dn};
use provost_tests::{Ds389, Office, Staff, Step, World};

use crate::rounds::{
    Rounds, Server, an_empty_group_fills, plain_access, quirk, school_year, staff_of_a_year,
};
use crate::school::FILTER;
use crate::sync::{count, run};

const STAFF: Staff = Staff {
    count: 1_000,
    seed: 12,
};

impl Server for Ds389 {
    fn office(&self) -> Office {
        Self::office(self, FILTER)
    }

    fn access(&self, world: &World) -> String {
        plain_access(&self.url(), world)
    }

    fn kill(&mut self) {
        Self::kill(self);
    }

    fn up(&mut self) {
        Self::up(self);
    }
}

fn synced() -> Rounds<Ds389> {
    Rounds::begin(STAFF, &["full", "refresh"], |world| {
        Ds389::start(world.path(), &STAFF)
    })
}

#[test]
fn a_school_year_on_389_arrives_whole_in_every_mode() {
    let staff = staff_of_a_year(STAFF);
    let mut rounds = Rounds::begin(staff, &["full", "refresh"], |world| {
        Ds389::start(world.path(), &staff)
    });
    school_year(&mut rounds);
    an_empty_group_fills(&mut rounds);
}

#[test]
fn a_389_that_has_forgotten_its_changes_or_moved_loses_nobody() {
    let mut rounds = synced();
    let probe = run(
        &rounds.world.provost,
        &["sync", "probe", "refresh", "--json"],
    )
    .json();
    assert_eq!(probe["profile"], "ds389", "{probe}");
    assert_eq!(probe["mode"], "refresh", "{probe}");
    assert_eq!(probe["schema-ok"], true, "{probe}");
    assert_eq!(quirk(&probe, "changes"), "told from here on");
    assert_eq!(
        quirk(&probe, "refreshDeletes"),
        "FALSE after a first refresh, FALSE after one without changes"
    );
    let refused = "refused with result code 4096";
    assert_eq!(quirk(&probe, "a foreign cookie"), refused);
    assert_eq!(quirk(&probe, "long lists"), "whole (4 members here)");

    let (gone, moved) = (rounds.person(33), rounds.person(34));
    let step = Step::modify(&moved, "title", &["Nurse"]);
    Server::office(&rounds.server).apply(&[Step::delete(&gone), step]);
    // By hand, for this once: otherwise it takes the changelog's maximum age. The server counts anew when it starts.
    rounds
        .server
        .modify("dn: changenumber=1,cn=changelog\nchangetype: delete\n\n");
    rounds.server.kill();
    rounds.server.up();
    let report = rounds.apply("refresh");
    assert_eq!(report["extent"], "everything", "{report}");
    let because = "the server's changelog no longer reaches back to the last read";
    assert_eq!(report["because"], because, "{report}");
    assert_eq!(count(&report, "missing"), 1, "{report}");
    rounds.round("nothing more happens", &[]);
    let told = rounds.round("the next change", &[Step::disable(&moved)]);
    assert_eq!(told, ["everything", "changes"]);

    // Its cookies name its host, and it takes none that names another one.
    rounds.server.kill();
    rounds.server.rename_host("moved.example");
    rounds.server.up();
    let report = rounds.apply("refresh");
    assert_eq!(report["extent"], "everything", "{report}");
    assert_eq!(report["because"], "the server asks for a full read");
    let told = rounds.round("after the move", &[Step::enable(&moved)]);
    assert_eq!(told, ["everything", "changes"]);
}

#[test]
fn a_group_of_many_on_389_is_read_whole_and_again_when_it_changes() {
    const MEMBERS: u32 = 2_000;
    let mut rounds = synced();
    // Most of them were here once; the last one still is.
    let group = group_dn("SIS Admins");
    let mut change = format!("dn: {group}\nchangetype: modify\nadd: member\n");
    for number in 0..MEMBERS {
        let _ = writeln!(change, "member: uid=former{number},ou=staff,{BASE}");
    }
    let last = rounds.person(40);
    rounds.server.modify(&change);
    rounds.round("many members", &[Step::join("SIS Admins", &last)]);
    let probe = run(&rounds.world.provost, &["sync", "probe", "full", "--json"]).json();
    let whole = format!("whole ({} members here)", MEMBERS + 5);
    assert_eq!(quirk(&probe, "long lists"), whole);
    rounds.round("one of them leaves", &[Step::quit("SIS Admins", &last)]);
}
