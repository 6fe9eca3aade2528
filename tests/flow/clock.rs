//! A clock that leaps: nobody is told or cut off, and everything else goes on.

use provost_tests::World;

use crate::feed::import;

#[test]
fn a_daemon_whose_clock_went_back_says_so_and_goes_on_answering() {
    let mut world = World::new("2025-03-02T10:00:00-07:00");
    world.configure("");
    world.provost.start();
    import(&world);
    let clock = |wanted: &str| {
        world
            .provost
            .wait_json(&["status", "--json"], |status| status["clock"] == wanted)
    };
    clock("running");
    world.provost.set_clock("2025-02-27T10:00:00-07:00");
    let status = clock("frozen");
    assert_eq!(status["alarms"][0]["code"], "clock.frozen", "{status}");
    let decide = [
        "decide",
        "--subject",
        "aortiz",
        "--action",
        "case.submit",
        "--resource",
        "lone-pine",
        "--json",
    ];
    assert_eq!(world.provost.cli(&decide).json()["decision"], true);
    // Nor does an operator make anything happen by a clock that nobody believes.
    let swept = world.provost.cli(&["sweep", "run"]);
    assert_eq!(swept.code, 1, "{}", swept.out);
    assert!(swept.err.contains("not believed"), "{}", swept.err);
    world.provost.set_clock("2025-03-02T10:01:00-07:00");
    // A clock that comes right by itself proves nothing.
    clock("frozen");
    world.provost.cli(&["clock", "confirm"]).ok();
    clock("running");
    let log = world.provost.log();
    assert_eq!(log.matches("clock frozen").count(), 1, "{log}");
}
