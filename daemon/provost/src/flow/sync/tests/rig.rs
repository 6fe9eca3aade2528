//! A register, a directory and a source between them.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use provost_core::change::{Actor, Change, Plan};
use provost_core::contact::{Contact, ContactKind, ContactState};
use provost_core::directory::{Dn, Guard};
use provost_core::district::{District, Inactivity};
use provost_core::id::{DistrictId, EditionId, PersonId, Revision, SourceId};
use provost_core::person::Person;
use provost_core::role::Granted;
use provost_core::time::Zone;

use crate::config::source::{Attributes, Bind, KeepAlive, MappedGroup, Source, StartTls, Timeouts};
use crate::demo::directory_server::{Account, DirectoryServer, Tree, TreeEntry};
use crate::flow::sync::{Approval, Extent, Outcome, Report, SyncError, Syncs};
use crate::ldap::{Directory, LdapDirectory, Mode, Profile};
use crate::store::Store;

pub(super) const BASE: &str = "ou=staff,dc=x";

pub(super) struct Rig {
    pub(super) store: Arc<Store>,
    pub(super) server: DirectoryServer,
    pub(super) syncs: Syncs,
    pub(super) source: Source,
    _folder: tempfile::TempDir,
}

pub(super) fn district() -> DistrictId {
    DistrictId::new("lone-pine").unwrap()
}

pub(super) fn person_id(number: usize) -> PersonId {
    PersonId::new(format!("staff:id-{number:04}")).unwrap()
}

/// A moment some minutes after the beginning; every run has its own.
pub(super) fn minute(minutes: i64) -> Timestamp {
    let begin: Timestamp = "2025-03-02T17:00:00Z".parse().unwrap();
    begin + minutes.minutes()
}

pub(super) fn staff(number: usize) -> TreeEntry {
    let (name, id) = (format!("u{number:04}"), format!("id-{number:04}"));
    let mail = format!("{name}@x.example");
    TreeEntry::new(
        &format!("uid={name},{BASE}"),
        &[
            ("objectClass", &["inetOrgPerson"]),
            ("entryUUID", &[&id]),
            ("uid", &[&name]),
            ("cn", &[&name.to_uppercase()]),
            ("mail", &[&mail]),
        ],
    )
}

/// A directory of `people` staff with ids from 0 on.
pub(super) fn tree(people: usize) -> Tree {
    let mut tree = Tree::default();
    tree.put(TreeEntry::new("dc=x", &[("objectClass", &["domain"])]));
    for unit in [BASE, "ou=left,dc=x", "ou=groups,dc=x"] {
        tree.put(TreeEntry::new(
            unit,
            &[("objectClass", &["organizationalUnit"])],
        ));
    }
    (0..people).for_each(|number| tree.put(staff(number)));
    tree
}

pub(super) fn source(url: &str, password_file: &Path) -> Source {
    let named = |name: &str| Some(name.to_owned());
    Source {
        id: SourceId::new("staff").unwrap(),
        district: district(),
        urls: vec![url.parse().unwrap()],
        profile: Profile::Auto,
        mode: Mode::Auto,
        bind: Bind::Simple {
            dn: "cn=provost,dc=x".to_owned(),
            password_file: password_file.to_owned(),
        },
        start_tls: StartTls::Default,
        ca_file: None,
        certificate: None,
        base: BASE.to_owned(),
        filter: "(objectClass=inetOrgPerson)".to_owned(),
        id_attribute: None,
        attributes: Attributes {
            username: "uid".to_owned(),
            name: named("cn"),
            mail: named("mail"),
            phone: None,
            employee_number: named("employeeNumber"),
            title: None,
            school: None,
            disabled: None,
        },
        grants: Vec::new(),
        every: Duration::from_secs(900),
        live: None,
        verify_every: Duration::from_secs(86_400),
        guard: Guard::default(),
        timeouts: Timeouts {
            connect: Duration::from_secs(20),
            operation: Duration::from_secs(20),
        },
        keep_alive: KeepAlive {
            ping_after: Duration::from_secs(30),
            ping_timeout: Duration::from_secs(10),
            age_max: Duration::from_secs(3_600),
        },
        page_size: 7,
    }
}

pub(super) fn mapped(group: &str, gives: Granted) -> MappedGroup {
    MappedGroup {
        dn: group.to_owned(),
        name: Dn::parse(group).unwrap(),
        gives,
    }
}

impl Rig {
    /// A register with one district and a directory of `people` staff; nothing synced yet.
    pub(super) async fn new(people: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("provost.db")).unwrap();
        Self::on(store, folder, people).await
    }

    /// The same in memory, where the writer compares by itself.
    pub(super) async fn in_memory(people: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::on(Store::in_memory().unwrap(), folder, people).await
    }

    async fn on(store: Store, folder: tempfile::TempDir, people: usize) -> Self {
        let store = Arc::new(store);
        let password_file = folder.path().join("password");
        let mut file = std::fs::File::create(&password_file).unwrap();
        file.write_all(b"secret\n").unwrap();
        let account = Account {
            dn: "cn=provost,dc=x".to_owned(),
            password: "secret".to_owned(),
        };
        let server = DirectoryServer::start(tree(people), account).await.unwrap();
        let source = source(&server.url(), &password_file);
        let rig = Self {
            syncs: Syncs::new(Arc::clone(&store), Arc::new(LdapDirectory)),
            store,
            server,
            source,
            _folder: folder,
        };
        rig.commit(vec![Change::District {
            before: None,
            after: Box::new(lone_pine()),
        }]);
        rig
    }

    /// The same, synced once.
    pub(super) async fn synced(people: usize) -> Self {
        let rig = Self::new(people).await;
        let report = rig
            .apply(0, Approval::Operator("root".to_owned()))
            .await
            .unwrap();
        assert!(
            matches!(report.done, Some(Outcome::Applied { .. })),
            "{report:?}"
        );
        rig
    }

    /// Reads through another directory than the LDAP server.
    pub(super) fn through(mut self, directory: Arc<dyn Directory>) -> Self {
        self.syncs = Syncs::new(Arc::clone(&self.store), directory);
        self
    }

    pub(super) async fn apply(&self, at: i64, approval: Approval) -> Result<Report, SyncError> {
        let source = Arc::new(self.source.clone());
        self.syncs
            .apply(&source, None, minute(at), Extent::Changes, approval)
            .await
    }

    /// A run of the timer.
    pub(super) async fn tick(&self, at: i64) -> Report {
        self.apply(at, Approval::Automatic).await.unwrap()
    }

    /// The lines of a plan.
    pub(super) async fn plan(&self, at: i64) -> (Report, Vec<String>) {
        let (sender, receiver) = std::sync::mpsc::channel();
        let lines = Box::new(move |line: crate::flow::sync::Line| {
            sender.send(line.to_string()).unwrap();
        });
        let source = Arc::new(self.source.clone());
        let report = self
            .syncs
            .plan(&source, None, minute(at), Extent::Changes, lines)
            .await
            .unwrap();
        (report, receiver.iter().collect())
    }

    pub(super) fn commit(&self, changes: Vec<Change>) {
        let base = self.revision();
        let mut plan = Plan::new(base, Actor::Configuration, minute(0));
        plan.changes = changes;
        self.store.commit(plan).unwrap();
    }

    pub(super) fn revision(&self) -> Revision {
        self.store.read().unwrap().revision()
    }

    pub(super) fn people(&self) -> Vec<Person> {
        self.store
            .read()
            .unwrap()
            .people(None, None, 100_000)
            .unwrap()
    }

    pub(super) fn person(&self, number: usize) -> Person {
        self.store
            .read()
            .unwrap()
            .person(&person_id(number))
            .unwrap()
            .unwrap()
    }

    pub(super) fn contact_state(&self, number: usize) -> ContactState {
        self.store
            .read()
            .unwrap()
            .contact(&person_id(number))
            .unwrap()
            .unwrap()
            .state
    }

    pub(super) fn designate(&self, person: &PersonId) {
        let contact = Contact {
            person: person.clone(),
            district: district(),
            kind: ContactKind::Support,
            state: ContactState::Active,
            designated: minute(0),
            reactivated: None,
            last_activity: None,
            episodes: 0,
            episode: None,
            hold: None,
            suspended: None,
            deactivated: None,
            next_due: None,
            training: Default::default(),
            sharing_reported: None,
        };
        self.commit(vec![Change::Contact {
            before: None,
            after: Box::new(contact),
        }]);
    }

    /// Codes of all alarms so far.
    pub(super) fn alarms(&self) -> Vec<String> {
        let page = crate::store::Page::newest(100);
        let alarms = self.store.read().unwrap().alarms(page).unwrap();
        alarms.into_iter().map(|(_, alarm)| alarm.code).collect()
    }
}

fn lone_pine() -> District {
    District {
        id: district(),
        name: "Lone Pine".to_owned(),
        timezone: Zone::utc(),
        edition: EditionId::new("standard").unwrap(),
        products: Default::default(),
        hosting: None,
        sites: Default::default(),
        schools: Default::default(),
        preferences: Default::default(),
        inactivity: Inactivity::default(),
        help: Default::default(),
        mailbox: None,
        linked_to: None,
        technical_cap: 1,
        third_parties: Default::default(),
    }
}

/// A person who was put into the register without a directory.
pub(super) fn by_hand(id: &str, username: &str) -> Person {
    Person {
        id: PersonId::new(id).unwrap(),
        district: district(),
        username: username.to_owned(),
        name: "By Hand".to_owned(),
        mail: Vec::new(),
        phone: Vec::new(),
        employee_number: None,
        title: None,
        homepage: provost_core::person::MAIN_HOMEPAGE.to_owned(),
        enabled: true,
        schools: Default::default(),
        third_party: None,
        coach_of: Default::default(),
        directory: None,
    }
}
