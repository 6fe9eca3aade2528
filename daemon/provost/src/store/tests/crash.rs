use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use super::*;

/// Runs [`a_commit_of_a_child`] in a process of its own that dies at a fail point; the register is in its folder.
fn dies_at(disk: &Disk, point: &str) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::tests::crash::a_commit_of_a_child",
            "--ignored",
        ])
        .current_dir(disk.folder.path())
        .env("PROVOST_FAILPOINT", point)
        .output()
        .unwrap()
        .status;
    const SIGKILL: i32 = 9;
    assert_eq!(status.signal(), Some(SIGKILL), "{point}: {status}");
}

#[test]
#[ignore = "the child of the other tests here; dies at a fail point"]
fn a_commit_of_a_child() {
    let store = Store::open(std::path::Path::new("provost.db")).unwrap();
    with_ana(&store);
    commit(&store, vec![put_contact(None, &contact("ana"))]).unwrap();
}

#[test]
fn a_crash_before_a_commit_is_durable_leaves_nothing_of_it() {
    let disk = Disk::new();
    dies_at(&disk, "store.commit.before:2");
    let store = disk.open();
    let register = store.read().unwrap();
    assert_eq!(register.revision(), Revision(1));
    assert_eq!(
        register.person(&person_id("ana")).unwrap(),
        Some(person("ana", "aortiz"))
    );
    assert_eq!(register.contact(&person_id("ana")).unwrap(), None);
}

#[test]
fn a_crash_after_a_commit_loses_nothing_of_it() {
    let disk = Disk::new();
    dies_at(&disk, "store.commit.after:2");
    let store = disk.open();
    let register = store.read().unwrap();
    assert_eq!(register.revision(), Revision(2));
    assert_eq!(
        register.contact(&person_id("ana")).unwrap(),
        Some(contact("ana"))
    );
}
