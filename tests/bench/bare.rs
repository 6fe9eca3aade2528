//! The same rows by SQLite alone: what the disk and the database cost before Provost does anything.

use provost::store::Store;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::path::Path;

use crate::measure::seconds;

/// Tables that commits of the benches write, each with the column that numbers its rows.
const TABLES: [(&str, &str); 5] = [
    ("contact", "revision"),
    ("notice", "seq"),
    ("journal", "seq"),
    ("journal_value", "seq"),
    ("activity", "at"),
];

/// Rows of one table.
struct Written {
    put: String,
    rows: Vec<Vec<Value>>,
}

/// A copy of a register that follows it by bare SQL.
pub(crate) struct Twin {
    original: Connection,
    copy: Connection,
    seen: Vec<i64>,
}

impl Twin {
    /// Copies the register that lies in `folder`.
    pub(crate) fn of(store: &Store, folder: &Path) -> Self {
        let path = folder.join("twin.db");
        store.backup(&path).unwrap();
        let copy = Connection::open(path).unwrap();
        copy.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
            .unwrap();
        copy.pragma_update(None, "synchronous", "FULL").unwrap();
        copy.pragma_update(None, "cache_size", -(16 << 10)).unwrap();
        let original = Connection::open(crate::register::file(folder)).unwrap();
        let mut twin = Self {
            original,
            copy,
            seen: vec![0; TABLES.len()],
        };
        twin.look();
        twin
    }

    /// Takes note of the last row of each table.
    fn look(&mut self) {
        for (place, (table, number)) in TABLES.iter().enumerate() {
            let sql = format!("SELECT coalesce(max({number}), 0) FROM {table}");
            self.seen[place] = self.original.query_one(&sql, [], |row| row.get(0)).unwrap();
        }
    }

    /// What the original has that the copy has not.
    fn written(&self) -> Vec<Written> {
        let newer = |(place, (table, number)): (usize, &(&str, &str))| {
            let sql = format!(
                "SELECT * FROM {table} WHERE {number} > {}",
                self.seen[place]
            );
            let mut statement = self.original.prepare(&sql).unwrap();
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| (0..columns).map(|n| row.get(n)).collect());
            let rows = rows.unwrap().collect::<Result<_, _>>().unwrap();
            let holes = vec!["?"; columns].join(", ");
            let put = format!("REPLACE INTO {table} VALUES ({holes})");
            Written { put, rows }
        };
        TABLES.iter().enumerate().map(newer).collect()
    }

    /// Writes into the copy what the original was given since, in one durable transaction; says how many seconds the
    /// transaction took and how many rows it had. `first` runs inside it before anything is written.
    pub(crate) fn follow(&mut self, first: impl FnOnce(&Connection)) -> (f64, usize) {
        let written = self.written();
        let copy = &self.copy;
        let took = seconds(|| {
            copy.execute_batch("BEGIN IMMEDIATE").unwrap();
            first(copy);
            for table in &written {
                let mut put = copy.prepare_cached(&table.put).unwrap();
                for row in &table.rows {
                    put.execute(params_from_iter(row)).unwrap();
                }
            }
            copy.execute_batch("COMMIT").unwrap();
        });
        self.look();
        (took, written.iter().map(|table| table.rows.len()).sum())
    }
}
