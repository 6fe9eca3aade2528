//! What keeps a sync from coming to an end. Nothing of the register has changed then.

use provost_core::id::{DistrictId, SourceId};
use std::error::Error;

use crate::ldap::DirectoryError;
use crate::store::{CommitError, StoreError};

/// A run that did not come to an end.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The directory could not be read completely.
    #[error("read the directory of source {source_id}")]
    Directory {
        /// Which.
        source_id: SourceId,
        /// Why.
        #[source]
        source: DirectoryError,
    },
    /// Groups are nested deeper than anybody nests them.
    #[error("follow the groups of source {source_id}: nested deeper than {levels} levels")]
    TooDeep {
        /// Which.
        source_id: SourceId,
        /// How deep was followed.
        levels: u32,
    },
    /// The register has no such district (yet): the configuration names it and has not been taken over.
    #[error("sync source {source_id}: the register has no district {district}")]
    NoDistrict {
        /// Which source.
        source_id: SourceId,
        /// Which district.
        district: DistrictId,
    },
    /// Another run is under way.
    #[error("sync source {source_id}: it is being worked on already")]
    Busy {
        /// Which.
        source_id: SourceId,
    },
    /// The plan breaks a rule of the register.
    #[error("apply a plan")]
    Commit(#[source] CommitError),
    /// The store failed.
    #[error("keep a directory read")]
    Store(#[source] StoreError),
    /// The daemon is stopping.
    #[error("sync a directory: interrupted")]
    Interrupted,
}

impl From<StoreError> for SyncError {
    fn from(source: StoreError) -> Self {
        Self::Store(source)
    }
}

impl From<CommitError> for SyncError {
    fn from(source: CommitError) -> Self {
        Self::Commit(source)
    }
}

impl SyncError {
    /// Says of which source a directory error is.
    pub(super) fn directory(source_id: &SourceId) -> impl FnOnce(DirectoryError) -> Self + use<> {
        let source_id = source_id.clone();
        |source| Self::Directory { source_id, source }
    }

    /// The error with its causes in one line, for the state that is kept of a source.
    pub(super) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}
