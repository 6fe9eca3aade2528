//! What can go wrong in the store, told so that an operator knows what to do.

use rusqlite::ErrorCode;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

/// The store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file operation failed.
    #[error("{what} {}", path.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("open the register {}: this is not a database; move the file away or set another store.path", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of another program.
    #[error(
        "open the register {}: this is a database of another program (application id {id:#010x}); set another store.path",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its application id.
        id: i64,
    },
    /// A newer provost has written the file.
    #[error(
        "open the register {}: it has format {found}, this provost knows {known}; install the newer provost again, or restore a backup from before its upgrade",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this build knows.
        known: i64,
    },
    /// The file is damaged.
    #[error(
        "open the register {}: the file is damaged ({detail}); it was left as it is: copy it away and restore a backup with `provost restore`",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found first.
        detail: String,
    },
    /// Another daemon has the file open.
    #[error("open the register {}: another provost is running on it; stop that one first", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// There is no room to work in beside the file.
    #[error(
        "open the register {}: its disk is full or cannot be written, and the log needs some room beside the file; make room first",
        path.display()
    )]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is no backup that could be put back.
    #[error("use the backup {}: {why}", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A statement failed.
    #[error("{what} in the register")]
    Sql {
        /// What was attempted.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: rusqlite::Error,
    },
    /// The transaction that held this write could not be made durable, so nothing of it is in the register.
    #[error("make a commit durable")]
    Lost {
        /// Why it failed; shared by all writes of the transaction.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// A row holds something that this build cannot read, or a value cannot be written.
    #[error("read or write {noun} as JSON")]
    Body {
        /// What kind of row.
        noun: &'static str,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A row holds a value out of its range.
    #[error("read {noun}: `{found}` is out of range")]
    Value {
        /// What was read.
        noun: &'static str,
        /// What stands there.
        found: String,
    },
    /// The system gave no random bytes.
    #[error("draw random bytes for the journal")]
    Random {
        /// Why.
        #[source]
        source: getrandom::Error,
    },
    /// The writer has stopped; the daemon must be started again.
    #[error("write to the register: its writer has stopped")]
    Stopped,
}

/// A plan that was not committed. Nothing of it is in the register.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Something that the plan changes has changed since the plan was made: read again and plan anew.
    #[error("commit a plan: {what} has changed since the plan was made")]
    Moved {
        /// Noun and id.
        what: String,
    },
    /// Something that must be unique is there already.
    #[error("commit a plan: {what} belongs to {holder} already")]
    Duplicate {
        /// What must be unique, e.g. `username lone-pine/aortiz`.
        what: String,
        /// The id of the thing that has it.
        holder: String,
    },
    /// The change needs something that the register does not have, or takes away what something else still needs.
    #[error("commit a plan: {what} would refer to something that the register does not have")]
    Dangling {
        /// Noun and id.
        what: String,
    },
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the register takes no writes although it can be read. It passes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// No room is left.
    Full,
    /// The disk or its file system refuses.
    Unwritable,
}

impl Obstacle {
    /// What an operator reads.
    pub fn why(self) -> &'static str {
        match self {
            Self::Full => "the register's disk is full",
            Self::Unwritable => {
                "the register's disk cannot be written (read-only, over quota or failing)"
            }
        }
    }

    /// The obstacle behind an error, if there is one.
    pub fn of(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            let shared = error.downcast_ref::<Arc<rusqlite::Error>>();
            let failed = shared.map(AsRef::as_ref).or(error.downcast_ref());
            if let Some(failed) = failed {
                return Self::behind(failed);
            }
            if let Some(failed) = error.downcast_ref::<std::io::Error>() {
                return match failed.kind() {
                    ErrorKind::StorageFull => Some(Self::Full),
                    ErrorKind::ReadOnlyFilesystem | ErrorKind::QuotaExceeded => {
                        Some(Self::Unwritable)
                    }
                    _ => None,
                };
            }
            cause = error.source();
        }
        None
    }

    fn behind(error: &rusqlite::Error) -> Option<Self> {
        match error.sqlite_error_code()? {
            ErrorCode::DiskFull => Some(Self::Full),
            // A group of writes that the first one's failure took back is the last of these.
            ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::OperationAborted => Some(Self::Unwritable),
            _ => None,
        }
    }
}

/// Says what was attempted when a statement fails.
pub(super) trait Attempt<T> {
    /// Wraps the error with what was attempted.
    fn attempting(self, what: &'static str) -> Result<T, StoreError>;
}

impl<T> Attempt<T> for rusqlite::Result<T> {
    fn attempting(self, what: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Sql { what, source })
    }
}
