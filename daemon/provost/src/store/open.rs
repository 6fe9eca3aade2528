//! Opening the register's file: look first, touch nothing that is not ours.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{Attempt, StoreError};
use super::staging::file as staging;

/// "PRVS", see `migrations/001.sql`.
const APPLICATION_ID: i64 = 0x5052_5653;

/// The register's format, one file a step. Released ones never change.
pub(super) const MIGRATIONS: [&str; 13] = [
    include_str!("migrations/001.sql"),
    include_str!("migrations/002.sql"),
    include_str!("migrations/003.sql"),
    include_str!("migrations/004.sql"),
    include_str!("migrations/005.sql"),
    include_str!("migrations/006.sql"),
    include_str!("migrations/007.sql"),
    include_str!("migrations/008.sql"),
    include_str!("migrations/009.sql"),
    include_str!("migrations/010.sql"),
    include_str!("migrations/011.sql"),
    include_str!("migrations/012.sql"),
    include_str!("migrations/013.sql"),
];

/// A step from one format of the register to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upgrade {
    /// The format that is being made.
    pub to: usize,
    /// The one to which this build brings it in the end.
    pub newest: usize,
}

/// Bytes up to which every start examines the whole file: takes well under a tenth of a second.
const EXAMINED_ALWAYS: u64 = 32 << 20;

/// Bytes up to which a start after an unclean stop does. A larger file would keep people waiting for minutes; SQLite
/// recovers from a crash by itself, so such a file is examined beside the running daemon, see `Store::examine`.
const EXAMINED_AFTER_CRASH: u64 = 256 << 20;

/// How long a statement waits for another connection's lock. Only a checkpoint or an outside tool ever holds one.
const BUSY: Duration = Duration::from_secs(10);

/// Bytes of a page of a new register. A large sync appends most of what it writes: it does so with half the calls of
/// SQLite's own 4 KiB.
pub(super) const PAGE: u32 = 8 << 10;

/// Memory for pages of the writer, in KiB; what is sorted on the way to its place takes as much again.
const WRITER_CACHE_KIB: i64 = 12 << 10;

/// Bytes to which the write-ahead log is cut after a large commit.
const LOG_BYTES_KEPT: i64 = 64 << 20;

/// Prepared statements kept by a connection: more than the store has.
const STATEMENTS: usize = 192;

/// Keeps a second daemon off the file. The file beside the register is held locked, and not empty while in use.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    /// The last stop was unclean, and the register is too large to be examined before the start.
    pub(super) unexamined: bool,
}

/// The lock's file, beside the register.
pub(super) fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// How the last daemon on this file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastStop {
    Clean,
    Unclean,
}

impl Lock {
    pub(super) fn take(path: &Path) -> Result<(Self, LastStop), StoreError> {
        let lock_path = lock_path(path);
        let attempt = |what| {
            let path = lock_path.clone();
            move |source| StoreError::File { what, path, source }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(attempt("open the lock file"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(attempt("lock")(source)),
        }
        let mut mark = String::new();
        file.read_to_string(&mut mark)
            .map_err(attempt("read the lock file"))?;
        let last_stop = if mark.is_empty() {
            // On a full disk the mark is left out: the register can be read all the same, and the next start merely
            // examines less.
            let _ = file.write_all(b"in use\n");
            LastStop::Clean
        } else {
            LastStop::Unclean
        };
        let lock = Self {
            file,
            unexamined: false,
        };
        Ok((lock, last_stop))
    }

    /// Notes that the register was closed in good order.
    pub(super) fn mark_clean(&self) {
        // If this fails, the next start takes the stop for an unclean one and merely examines more.
        let _ = self.file.set_len(0);
    }
}

/// What a look at the file found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Nothing there yet.
    New,
    /// A register of some format that this build knows.
    Register { bytes: u64 },
}

/// Opens the register for writing, made or brought to the newest format if need be.
pub(super) fn open(path: &Path, tell: &dyn Fn(Upgrade)) -> Result<(Connection, Lock), StoreError> {
    let found = look(path)?;
    let (mut lock, last_stop) = Lock::take(path)?;
    if let Look::Register { bytes } = found {
        let examined = match last_stop {
            LastStop::Clean => EXAMINED_ALWAYS,
            LastStop::Unclean => EXAMINED_AFTER_CRASH,
        };
        if bytes <= examined {
            examine(&reader(path)?, path)?;
        } else {
            lock.unexamined = last_stop == LastStop::Unclean;
        }
    } else {
        create(path)?;
    }
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|source| unreadable(path, source))?;
    prepare_writer(&connection).map_err(|source| unreadable(path, source))?;
    migrate(&mut connection, tell)?;
    staging::create(path)?;
    staging::attach(&connection, path)?;
    Ok((connection, lock))
}

/// Opens a register that lives in memory only.
pub(super) fn open_in_memory() -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory().attempting("open a register in memory")?;
    prepare_writer(&connection).attempting("set up a register in memory")?;
    migrate(&mut connection, &|_| ())?;
    staging::fill(&connection)?;
    Ok(connection)
}

/// Opens another connection that only reads: the register, and what waits beside it.
pub(super) fn reader_beside(path: &Path) -> Result<Connection, StoreError> {
    let connection = reader(path)?;
    staging::attach(&connection, path)?;
    Ok(connection)
}

/// Opens another connection that only reads the register.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    reading(path, OpenFlags::empty())
}

/// Opens a file that nobody writes, without leaving anything beside it.
pub(super) fn frozen(path: &Path) -> Result<Connection, StoreError> {
    // A name in a URI, RFC 3986: SQLite takes `immutable` only there.
    let name: String = path
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|byte| match byte {
            b'/' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                char::from(*byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    let name = format!("file:{name}?immutable=1");
    reading(Path::new(&name), OpenFlags::SQLITE_OPEN_URI)
}

/// Proves that a file is a register of a format that this build knows, page by page and index by index.
pub(super) fn prove(path: &Path) -> Result<(), StoreError> {
    let connection = match look_through(path, frozen)? {
        Look::New => {
            return Err(StoreError::NotADatabase {
                path: path.to_owned(),
            });
        }
        Look::Register { .. } => frozen(path)?,
    };
    check(&connection, path, "PRAGMA main.integrity_check(1)")
}

/// The file is a register in which nothing is damaged.
pub(super) fn is_sound(path: &Path) -> bool {
    let register = matches!(look(path), Ok(Look::Register { .. }));
    register && reader(path).is_ok_and(|connection| examine(&connection, path).is_ok())
}

fn reading(path: &Path, more: OpenFlags) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let prepare = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        keep_plans(&connection)?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        Ok(connection)
    };
    prepare().map_err(|source| unreadable(path, source))
}

/// Reads every page and says what is wrong with the first that is. Rule: damaged → clear error, file untouched.
pub(super) fn examine(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    check(connection, path, "PRAGMA main.quick_check(1)")
}

fn check(connection: &Connection, path: &Path, sql: &str) -> Result<(), StoreError> {
    let verdict: String = connection
        .query_row(sql, [], |row| row.get(0))
        .map_err(|source| unreadable(path, source))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(StoreError::Damaged {
        path: path.to_owned(),
        detail: verdict.lines().collect::<Vec<_>>().join("; "),
    })
}

/// Looks at the file through a connection that cannot write.
fn look(path: &Path) -> Result<Look, StoreError> {
    look_through(path, reader)
}

fn look_through(
    path: &Path,
    reader: impl FnOnce(&Path) -> Result<Connection, StoreError>,
) -> Result<Look, StoreError> {
    let Some(bytes) = head(path)? else {
        return Ok(Look::New);
    };
    let connection = reader(path)?;
    let number = |sql: &str| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map_err(|source| unreadable(path, source))
    };
    let id = number("PRAGMA application_id")?;
    let format = number("PRAGMA user_version")?;
    let things = number("SELECT count(*) FROM sqlite_schema")?;
    let known = MIGRATIONS.len() as i64;
    match (id, format) {
        // A daemon that died while it made the file leaves an empty database.
        (0, 0) if things == 0 => Ok(Look::New),
        (APPLICATION_ID, 1..) if format <= known => Ok(Look::Register { bytes }),
        (APPLICATION_ID, _) => Err(StoreError::Newer {
            path: path.to_owned(),
            found: format,
            known,
        }),
        _ => Err(StoreError::Foreign {
            path: path.to_owned(),
            id,
        }),
    }
}

/// The size of a file that begins like an SQLite database; `None` if there is no file, or an empty one.
fn head(path: &Path) -> Result<Option<u64>, StoreError> {
    const MAGIC: &[u8; 16] = b"SQLite format 3\0";
    let attempt = |source| StoreError::File {
        what: "read the register",
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(attempt(error)),
    };
    let bytes = file.metadata().map_err(attempt)?.len();
    let mut begin = Vec::new();
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut begin)
        .map_err(attempt)?;
    match begin.as_slice() {
        [] => Ok(None),
        begin if begin == MAGIC => Ok(Some(bytes)),
        _ => Err(StoreError::NotADatabase {
            path: path.to_owned(),
        }),
    }
}

/// Makes the file readable by the daemon alone before the first byte is in it.
fn create(path: &Path) -> Result<(), StoreError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|source| StoreError::File {
            what: "create the register",
            path: path.to_owned(),
            source,
        })
}

/// What SQLite's refusal to read a file means to the operator.
fn unreadable(path: &Path, source: rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::NotADatabase { path },
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged {
            path,
            detail: source.to_string(),
        },
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure) => {
            StoreError::NoRoom { path, source }
        }
        _ => StoreError::Sql {
            what: "open the register's file",
            source,
        },
    }
}

/// Plans a statement once. SQLite would otherwise plan some of ours anew for every value bound to them, in the hope of
/// an index for just that value: a tenth of a directory sync.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
}

fn prepare_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    keep_plans(connection)?;
    // Of a new file; one that is there keeps its own.
    connection.pragma_update(None, "page_size", PAGE)?;
    // A register in memory answers `memory` here, which is just as well.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // The writer sees to its logs itself, after it has answered.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_KEPT, |_| Ok(()))
}

/// Runs the migrations that the file has not had, each in a transaction of its own.
fn migrate(connection: &mut Connection, tell: &dyn Fn(Upgrade)) -> Result<(), StoreError> {
    const WHAT: &str = "bring the register to the newest format";
    let format: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .attempting(WHAT)?;
    let done = usize::try_from(format).unwrap_or(0);
    for (number, sql) in MIGRATIONS.iter().enumerate().skip(done) {
        if done > 0 {
            tell(Upgrade {
                to: number + 1,
                newest: MIGRATIONS.len(),
            });
        }
        let step = connection.transaction().attempting(WHAT)?;
        step.execute_batch(sql).attempting(WHAT)?;
        step.pragma_update(None, "user_version", number as i64 + 1)
            .attempting(WHAT)?;
        step.commit().attempting(WHAT)?;
    }
    Ok(())
}
