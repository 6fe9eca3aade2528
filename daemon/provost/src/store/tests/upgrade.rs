//! A register of any older format is brought to the newest one with all that it holds.

use rusqlite::Connection;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use provost_core::notice::NoticeKind;

use super::nouns::everything;
use super::outbox::{notice, put};
use super::*;
use crate::store::open::MIGRATIONS;
use crate::store::{Upgrade, Verdict};

/// The rows of a table, each as its columns in the order of their names, written as SQL literals.
type Rows = Vec<String>;

fn names(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn tables(connection: &Connection, schema: &str) -> Vec<String> {
    let sql = format!(
        "SELECT name FROM {schema}.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    );
    names(connection, &sql)
}

fn columns(connection: &Connection, schema: &str, table: &str) -> Vec<String> {
    let sql = format!("SELECT name FROM pragma_table_info('{table}', '{schema}') ORDER BY name");
    names(connection, &sql)
}

/// Registers got a name of their own in format 13.
const UNNAMED: &str = "DELETE FROM setting WHERE key = 'register.id'";

/// Everything in these tables, but the register's own name.
fn content(path: &Path, of: &[String]) -> BTreeMap<String, Rows> {
    let connection = Connection::open(path).unwrap();
    let rows = |table: &String| {
        let quoted = columns(&connection, "main", table);
        let quoted: Vec<_> = quoted.iter().map(|name| format!("quote({name})")).collect();
        let row = quoted.join(" || ', ' || ");
        let sql = format!("SELECT {row} FROM {table} ORDER BY 1");
        let mut rows = names(&connection, &sql);
        rows.retain(|row| !row.contains("'register.id'"));
        (table.clone(), rows)
    };
    of.iter().map(rows).collect()
}

/// Writes the register `newest` as a daemon of that format would have left it, as far as the format has room for it, and
/// gives the tables that both have.
fn written_in(format: usize, newest: &Path, path: &Path) -> Vec<String> {
    let older = Connection::open(path).unwrap();
    for sql in &MIGRATIONS[..format] {
        older.execute_batch(sql).unwrap();
    }
    older
        .pragma_update(None, "user_version", format.to_string())
        .unwrap();
    older.pragma_update(None, "foreign_keys", false).unwrap();
    older
        .execute("ATTACH ? AS newest", [newest.to_str().unwrap()])
        .unwrap();
    let mut both = tables(&older, "main");
    let today = tables(&older, "newest");
    both.retain(|table| today.contains(table));
    for table in &both {
        let mut shared = columns(&older, "main", table);
        let known = columns(&older, "newest", table);
        shared.retain(|column| known.contains(column));
        let shared = shared.join(", ");
        let copy = format!(
            "DELETE FROM {table}; INSERT INTO {table} ({shared}) SELECT {shared} FROM newest.{table}"
        );
        older.execute_batch(&copy).unwrap();
    }
    if both.iter().any(|table| table == "setting") {
        older.execute(UNNAMED, []).unwrap();
    }
    both
}

/// A register of the newest format with one of everything; somebody is given up by the directory, a notice waits.
fn full(disk: &Disk) -> (Revision, Verdict) {
    let store = disk.open();
    commit(&store, everything()).unwrap();
    let mut gone = linked("gus", "gwood", "0c-2d");
    if let Some(link) = &mut gone.directory {
        link.status = DirectoryStatus::Deleted { since: noon() };
    }
    let told = notice(NoticeKind::Notice);
    commit(&store, vec![put_person(None, Some(&gone)), put(&told)]).unwrap();
    let register = store.read().unwrap();
    (register.revision(), register.verify_journal().unwrap())
}

#[test]
fn a_register_of_every_older_format_keeps_all_that_it_holds() {
    let newest = Disk::new();
    let (revision, verdict) = full(&newest);
    for format in 1..MIGRATIONS.len() {
        let disk = Disk::new();
        let shared = written_in(format, &newest.path(), &disk.path());
        let told = RefCell::new(Vec::new());
        let note = |step: Upgrade| told.borrow_mut().push(step.to);
        let store = Store::open_telling(&disk.path(), &note).unwrap();
        let steps: Vec<_> = (format + 1..=MIGRATIONS.len()).collect();
        assert_eq!(told.into_inner(), steps, "from format {format}");

        let register = store.read().unwrap();
        assert_eq!(register.revision(), revision, "from format {format}");
        assert_eq!(register.verify_journal().unwrap(), verdict);
        drop(register);
        store.examine().unwrap();
        let kept = content(&disk.path(), &shared);
        assert_eq!(kept, content(&newest.path(), &shared), "{format}");

        let kim = person("kim", "klee");
        let next = commit(&store, vec![put_person(None, Some(&kim))]).unwrap();
        assert_eq!(next, Revision(revision.0 + 1), "from format {format}");
        assert!(matches!(
            store.read().unwrap().verify_journal().unwrap(),
            Verdict::Sound { .. }
        ));
    }
}

#[test]
fn an_upgrade_that_breaks_off_leaves_a_register_that_the_next_start_upgrades() {
    let newest = Disk::new();
    let (revision, _) = full(&newest);
    let disk = Disk::new();
    written_in(4, &newest.path(), &disk.path());
    // What stands in the way of the sixth step.
    let older = Connection::open(disk.path()).unwrap();
    older.execute_batch("CREATE TABLE settled (a)").unwrap();
    let error = Store::open(&disk.path()).err().unwrap();
    assert!(error.to_string().contains("newest format"), "{error}");
    older.execute_batch("DROP TABLE settled").unwrap();
    drop(older);
    let store = disk.open();
    assert_eq!(store.read().unwrap().revision(), revision);
}
