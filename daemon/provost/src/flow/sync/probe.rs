//! What a source's server is and how it would be read, without reading it.

use super::{SyncError, Syncs};
use crate::config::source::Source;
use crate::ldap::{DirectoryError, Quirk, Sample, Server};

/// What was found out about a source's server.
#[derive(Debug)]
pub struct Probe {
    /// The server and what it says of itself.
    pub server: Server,
    /// Names of the filter and the mapping that the schema does not define, or why they could not be checked; `None` if
    /// all is well.
    pub schema: Option<String>,
    /// What the first page came to.
    pub sample: Sample,
    /// In what the server differs from others, as tried on it.
    pub quirks: Vec<Quirk>,
}

impl Syncs {
    /// Connects to the source and says what kind of server it found, why, and how it would be read.
    ///
    /// # Errors
    /// [`SyncError`] if no server of the source can be used.
    pub async fn probe(&self, source: &Source) -> Result<Probe, SyncError> {
        let failed = |error| SyncError::directory(&source.id)(error);
        let mut reading = self.directory.open(source).await.map_err(failed)?;
        let schema = match reading.check().await {
            Ok(true) => None,
            Ok(false) => Some("the server shows no schema: names are not checked".to_owned()),
            Err(DirectoryError::Undefined { what, .. }) => Some(format!("{what} is not defined")),
            Err(error) => return Err(failed(error)),
        };
        let sample = reading.sample().await.map_err(failed)?;
        let quirks = reading.quirks().await.map_err(failed)?;
        Ok(Probe {
            server: reading.server().clone(),
            schema,
            sample,
            quirks,
        })
    }
}
