//! Whether a server can go on from where a read stood.

use super::Mark;
use super::change_number::{CHANGE_NUMBER, ChangeNumbers};
use super::error::DirectoryError;
use super::reading::LdapReading;
use super::refresh::STARTED_ANEW;

/// Why a mark is of no use.
pub(super) const ANOTHER_SERVER: &str = "another server answers";
pub(super) const DAMAGED: &str = "the kept cookie is damaged";

impl LdapReading {
    /// The schema as it is now, if this is the server that gave the mark and it shows one; otherwise why not.
    pub(super) async fn goes_on_from(
        &mut self,
        since: &Mark,
    ) -> Result<Result<String, &'static str>, DirectoryError> {
        if since.server != self.server.address {
            return Ok(Err(ANOTHER_SERVER));
        }
        // A filter whose attribute the schema has lost matches nobody: every change would look like a departure.
        let schema = self.schema_since(&since.schema).await?;
        Ok(schema.ok_or("the server shows no schema"))
    }

    /// The change numbers of the mark, if slapd can go on from them; otherwise why not.
    pub(super) async fn slapd_goes_on_from(
        &mut self,
        since: &Mark,
    ) -> Result<Result<ChangeNumbers, &'static str>, DirectoryError> {
        let schema = match self.goes_on_from(since).await? {
            Ok(schema) => schema,
            Err(why) => return Ok(Err(why)),
        };
        // slapd's schema is as old as its process. One that was killed and started anew claims that its session log
        // reaches back to the last checkpoint on its disk, and names no deletion from between that and its end.
        if schema != since.schema {
            return Ok(Err(STARTED_ANEW));
        }
        Ok(ChangeNumbers::of(&since.cookie).ok_or(DAMAGED))
    }

    /// The attributes to ask slapd for: what is mapped, and the number by which a change is known to be one.
    pub(super) fn numbered_attributes(&self) -> Vec<String> {
        let mut attributes = self.mapping().attributes();
        attributes.push(CHANGE_NUMBER.to_owned());
        attributes
    }
}
