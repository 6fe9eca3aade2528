//! School years in fast motion: after every round of changes the register equals what an independent client reads, in
//! every mode that the server supports, with servers and daemon killed in between.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use nix::sys::signal::Signal;
use provost_tests::directory::{SERVICE_PASSWORD, service_dn};
use provost_tests::staff::{BASE, group_dn, school_dn};
use provost_tests::world::DISTRICT;
use provost_tests::{Office, Slapd, Staff, StaffPerson, Step, World, wait};
use serde_json::{Value, json};

use crate::from_environment;
use crate::school::FILTER;
use crate::sync::{NOW, count, run};

/// A directory server of whatever vendor.
pub(crate) trait Server {
    /// How its administrators reach it.
    fn office(&self) -> Office;
    /// Lines of `[[source]]` that lead to it: addresses, account, certificate.
    fn access(&self, world: &World) -> String;
    /// Is killed.
    fn kill(&mut self);
    /// Comes back with what its disk has.
    fn up(&mut self);
    /// The attribute that usernames are in.
    fn username(&self) -> &'static str {
        "uid"
    }
}

/// One directory, read in several modes at once: each mode has a district of its own.
pub(crate) struct Rounds<S> {
    pub(crate) world: World,
    pub(crate) server: S,
    pub(crate) staff: Staff,
    modes: &'static [&'static str],
    /// What the last round came to, for whoever has to find out why a comparison failed.
    reports: Vec<Value>,
}

/// The district of each mode.
const DISTRICTS: [&str; 3] = [DISTRICT, "oak-hill", "river-bend"];

/// The mode that nobody asks for: its register follows.
const LIVE: &str = "live";

/// The staff of a year: the usual number, or `PROVOST_YEAR_STAFF`.
pub(crate) fn staff_of_a_year(usual: Staff) -> Staff {
    let wanted = from_environment("PROVOST_YEAR_STAFF");
    let count = wanted.map_or(usual.count, |count| count.try_into().unwrap());
    Staff { count, ..usual }
}

impl<S: Server> Rounds<S> {
    /// Starts everything and reads the staff for the first time.
    pub(crate) fn begin(
        staff: Staff,
        modes: &'static [&'static str],
        start: impl FnOnce(&World) -> S,
    ) -> Self {
        let mut world = World::new(NOW);
        let server = start(&world);
        let mut text = String::new();
        for district in &DISTRICTS[1..modes.len()] {
            let _ = write!(
                text,
                "[[district]]\nid = \"{district}\"\nname = \"Another one\"\ntimezone = \"America/Denver\"\n\
                 edition = \"standard\"\nproducts = [\"sis\"]\n"
            );
        }
        let (access, office) = (server.access(&world), server.office());
        for (mode, district) in modes.iter().zip(DISTRICTS) {
            let _ = write!(
                text,
                "[[source]]\nid = \"{mode}\"\ndistrict = \"{district}\"\n{access}\
                 base = \"ou=staff,{BASE}\"\nfilter = \"{filter}\"\nmode = \"{mode}\"\nevery = \"24h\"\n\
                 live = {live}\nmap = {{ username = \"{username}\", name = \"displayName\", mail = \"mail\", \
                 phone = \"telephoneNumber\", employee-number = \"employeeNumber\", title = \"title\", \
                 school = \"departmentNumber\" }}\n\
                 disabled = {{ attribute = \"{disabling}\", value = \"{value}\" }}\n\
                 [[source.grant]]\ngroup = \"{group}\"\nrole = \"sis\"\n",
                filter = office.filter,
                username = server.username(),
                disabling = office.disabling.0,
                value = office.disabling.1,
                group = group_dn("SIS Admins"),
                live = *mode == LIVE,
            );
        }
        world.configure(&text);
        world.provost.start();
        let mut rounds = Self {
            world,
            server,
            staff,
            modes,
            reports: Vec::new(),
        };
        for extent in rounds.sync() {
            assert_eq!(extent, "everything");
        }
        if rounds.modes.contains(&LIVE) {
            rounds.apply(LIVE);
        }
        rounds.compare("at the beginning");
        rounds
    }

    /// The modes that read when they are told to.
    fn told(&self) -> impl Iterator<Item = &'static str> + use<S> {
        self.modes.iter().copied().filter(|mode| *mode != LIVE)
    }

    pub(crate) fn person(&self, number: u32) -> StaffPerson {
        self.staff.person(number)
    }

    /// What is done becomes the register's, in each mode. Says how much each mode that is told to read read.
    pub(crate) fn round(&mut self, name: &str, steps: &[Step]) -> Vec<String> {
        self.server.office().apply(steps);
        let extents = self.sync();
        self.compare(name);
        extents
    }

    /// Applies every source until nothing waits for a second opinion. Says how much each mode read first.
    fn sync(&mut self) -> Vec<String> {
        let mut extents = Vec::new();
        self.reports.clear();
        for mode in self.told() {
            let first = self.apply(mode);
            extents.push(first["extent"].as_str().unwrap_or_default().to_owned());
            let unsettled = count(&first, "missing") > 0;
            self.reports.push(first);
            if unsettled {
                self.reports.push(self.apply(mode));
            }
        }
        extents
    }

    pub(crate) fn apply(&self, mode: &str) -> Value {
        let report = run(&self.world.provost, &["sync", "apply", mode, "--json"]).json();
        assert_eq!(report["done"]["outcome"], "applied", "{report}");
        report
    }

    /// The register of each mode's district against the directory.
    fn compare(&self, when: &str) {
        let directory = self.server.office().people();
        assert!(!directory.is_empty(), "{when}");
        let export = || self.world.provost.cli(&["export"]).json();
        let document = export();
        for (mode, district) in self.modes.iter().zip(DISTRICTS) {
            let differs = |document: &Value| difference(&directory, &register(document, district));
            let found = match *mode {
                LIVE => {
                    let told = || {
                        let sources = self.world.provost.cli(&["sync", "status"]).ok();
                        format!("{:?}\n{}", differs(&export()), sources.out)
                    };
                    wait::until(when, told, || differs(&export()).is_none().then_some(()));
                    None
                }
                _ => differs(&document),
            };
            assert_eq!(found, None, "{mode} {when}\n{:#?}", self.reports);
        }
    }
}

/// The first person in whom the register is unlike the directory.
fn difference(
    directory: &BTreeMap<String, Value>,
    register: &BTreeMap<String, Value>,
) -> Option<String> {
    let unlike = directory.iter().find_map(|(number, wanted)| {
        let (held, wanted) = (register.get(number), present(wanted));
        (held != Some(&wanted)).then(|| format!("{number}: {held:?} instead of {wanted}"))
    });
    let stays = || {
        let mut held = register.iter();
        held.find_map(|(number, held)| {
            let status = held["status"].as_str().unwrap_or_default();
            let left = ["deleted", "gone"].contains(&status);
            let there = left || directory.contains_key(number);
            (!there).then(|| format!("{number} left and is {held}"))
        })
    };
    unlike.or_else(stays)
}

/// What the register must hold of somebody whom the directory has.
fn present(wanted: &Value) -> Value {
    let mut wanted = wanted.clone();
    let disabled = wanted["disabled"] == true;
    if let Some(fields) = wanted.as_object_mut() {
        fields.remove("disabled");
        let status = if disabled { "disabled" } else { "present" };
        fields.insert("status".to_owned(), json!(status));
    }
    wanted
}

/// What the register holds of a district's people, as far as the directory answers for it.
fn register(document: &Value, district: &str) -> BTreeMap<String, Value> {
    let list = |name: &str| document[name].as_array().cloned().unwrap_or_default();
    let grants = list("grant");
    let holds = |person: &Value| {
        let id = &person["id"];
        grants
            .iter()
            .any(|grant| grant["person"] == *id && grant["role"] == "sis")
    };
    let people = list("person").into_iter();
    people
        .filter(|person| person["district"] == district)
        .map(|person| {
            let number = person["employee-number"].as_str().unwrap_or_default();
            let held = json!({
                "dn": person["directory"]["dn"],
                "username": person["username"],
                "name": person["name"],
                "mail": list_of(&person["mail"]),
                "phone": list_of(&person["phone"]),
                "title": person["title"],
                "schools": list_of(&person["schools"]),
                "status": person["directory"]["status"],
                "holds": holds(&person),
            });
            (number.to_owned(), held)
        })
        .collect()
}

fn list_of(value: &Value) -> Value {
    json!(value.as_array().cloned().unwrap_or_default())
}

/// The rounds of a year. The first mode reads everything each time, the second one changes alone where it can.
pub(crate) fn school_year<S: Server>(rounds: &mut Rounds<S>) {
    let of = |number: u32| rounds.staff.person(number);
    let people: Vec<StaffPerson> = (0..rounds.staff.count + 5).map(of).collect();
    staff_changes(rounds, &people);
    groups_and_schools_change(rounds, &people);
    killed(rounds, &people);
}

/// How much each mode reads where a round can be told one by one.
const TOLD: [&str; 2] = ["everything", "changes"];

fn staff_changes<S: Server>(rounds: &mut Rounds<S>, people: &[StaffPerson]) {
    let (at, late) = (|number: usize| &people[number], rounds.staff.count as usize);
    let step =
        |number: usize, attribute, values: &[&str]| Step::modify(at(number), attribute, values);
    let told = rounds.round(
        "attributes change, come and go",
        &[
            step(20, "title", &["Senior Teacher"]),
            step(21, "telephoneNumber", &["+1 555 0199 9999"]),
            step(22, "title", &[]),
            step(23, "mail", &["new.address@staff.district.example"]),
            step(24, "displayName", &["Zoë Ångström-Łukasz"]),
            step(25, "departmentNumber", &["S000", "S001"]),
        ],
    );
    assert_eq!(told, TOLD);
    let told = rounds.round(
        "people are hired and deleted",
        &[
            Step::hire(at(late), &school_dn(0)),
            Step::hire(at(late + 1), &school_dn(1)),
            Step::delete(at(30)),
            Step::delete(at(31)),
        ],
    );
    assert_eq!(told, TOLD);
    let told = rounds.round(
        "people are renamed and move",
        &[
            Step::rename(at(40)),
            Step::rename(at(43)),
            Step::relocate(at(41), &school_dn((at(41).school + 1) % 2)),
            Step::relocate(at(51), &school_dn((at(51).school + 1) % 2)),
            step(42, "description", &["nothing that is mapped"]),
        ],
    );
    assert_eq!(told, TOLD);
    let told = rounds.round(
        "people leave the filter and the base, and are disabled",
        &[
            step(60, "employeeType", &["left"]),
            step(61, "employeeType", &["left"]),
            Step::relocate(at(62), &format!("ou=service,{BASE}")),
            Step::disable(at(63)),
            Step::disable(at(64)),
        ],
    );
    assert_eq!(told, TOLD);
    let told = rounds.round(
        "some of them come back",
        &[
            step(61, "employeeType", &[]),
            Step::relocate(at(62), &school_dn(0)),
            Step::enable(at(64)),
        ],
    );
    assert_eq!(told, TOLD);
}

fn groups_and_schools_change<S: Server>(rounds: &mut Rounds<S>, people: &[StaffPerson]) {
    let at = |number: usize| &people[number];
    rounds.round(
        "a nested group and the group itself change",
        &[
            Step::join("Principals", at(70)),
            Step::quit("SIS Admins", at(1)),
        ],
    );
    // Every odd sign stands in this name, and where members follow their groups it changes in one as well.
    rounds.round(
        "somebody with an odd name moves",
        &[Step::relocate(at(71), &school_dn((at(71).school + 1) % 2))],
    );
    rounds.round(
        "a school is renamed",
        &[Step::rename_unit(&school_dn(1), "Renamed, with a comma")],
    );
    rounds.round(
        "a school moves into another one",
        &[Step::move_unit(
            &format!("ou=Renamed\\, with a comma,ou=staff,{BASE}"),
            &school_dn(0),
        )],
    );
    let told = rounds.round(
        "somebody moves up",
        &[Step::relocate(at(80), &school_dn(0)), Step::delete(at(81))],
    );
    assert_eq!(told, TOLD);
}

/// A group that nobody is in yet stands within a mapped one; whoever joins it is given what that one gives.
pub(crate) fn an_empty_group_fills<S: Server>(rounds: &mut Rounds<S>) {
    let joining = rounds.person(72);
    rounds.round(
        "an empty group is nested",
        &[
            Step::group("Substitutes", &[], &[]),
            Step::join_group("SIS Admins", "Substitutes"),
        ],
    );
    rounds.round(
        "somebody joins the empty group",
        &[Step::join("Substitutes", &joining)],
    );
}

/// The server dies right after a change, then the daemon does; neither loses anything.
fn killed<S: Server>(rounds: &mut Rounds<S>, people: &[StaffPerson]) {
    let at = |number: usize| &people[number];
    let incremental = rounds.modes[1];
    rounds.server.office().apply(&[
        Step::modify(at(90), "title", &["Acting Principal"]),
        Step::delete(at(91)),
    ]);
    rounds.server.kill();
    for mode in rounds.told() {
        let failed = run(&rounds.world.provost, &["sync", "apply", mode, "--json"]);
        assert_ne!(failed.code, 0, "{failed:?}");
    }
    rounds.server.up();
    rounds.round(
        "the server was killed",
        &[Step::modify(at(92), "title", &["Nurse"])],
    );

    rounds
        .server
        .office()
        .apply(&[Step::delete(at(93)), Step::disable(at(94))]);
    rounds.world.provost.signal(Signal::SIGKILL);
    rounds.world.provost.wait_end();
    rounds.world.provost.start();
    rounds.round(
        "the daemon was killed",
        &[Step::modify(at(95), "title", &["Nurse"])],
    );
    let last = rounds.apply(incremental);
    assert_eq!(last["extent"], "nothing", "{last}");
    let whole = run(
        &rounds.world.provost,
        &["sync", "plan", incremental, "--full", "--json"],
    )
    .json();
    assert_eq!(
        count(&whole, "changes"),
        0,
        "a full read sees the same: {whole}"
    );
}

/// What trying out one difference between servers came to.
pub(crate) fn quirk(probe: &Value, name: &str) -> String {
    let quirks = probe["quirks"].as_array().cloned().unwrap_or_default();
    let mut named = quirks.iter().filter(|quirk| quirk["name"] == name);
    let found = named
        .next()
        .map(|quirk| quirk["found"].as_str().unwrap_or_default());
    found
        .unwrap_or_else(|| panic!("no {name} in {probe}"))
        .to_owned()
}

struct OpenLdap(Slapd);

impl Server for OpenLdap {
    fn office(&self) -> Office {
        self.0.office(FILTER)
    }

    fn access(&self, world: &World) -> String {
        plain_access(&self.0.url(), world)
    }

    fn kill(&mut self) {
        self.0.kill();
    }

    fn up(&mut self) {
        self.0.up();
    }
}

/// Access in clear by the account that the LDIF brings.
pub(crate) fn plain_access(url: &str, world: &World) -> String {
    let password = world.secret("ldap-password", SERVICE_PASSWORD);
    format!(
        "urls = [\"{url}\"]\nbind = {{ dn = \"{}\", password-file = \"{}\" }}\n",
        service_dn(),
        password.display()
    )
}

#[test]
fn a_school_year_on_slapd_arrives_whole_in_every_mode() {
    let staff = Staff {
        count: 3_000,
        seed: 11,
    };
    let mut rounds = Rounds::begin(staff, &["full", "refresh", LIVE], |world| {
        OpenLdap(Slapd::start(world.path(), staff))
    });
    school_year(&mut rounds);
}
