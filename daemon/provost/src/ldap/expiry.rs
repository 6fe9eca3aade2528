//! Accounts that expire: no change of the directory tells of that, only the time.

use ldap3::Scope;
use tokio::sync::mpsc::Sender;

use super::Seen;
use super::error::DirectoryError;
use super::file_time::file_time;
use super::reading::{LdapReading, ROOT};
use super::search::Query;

/// A server's clock and ours may be this far apart, in Windows file time.
const MARGIN: i64 = 86_400 * 10_000_000;

impl LdapReading {
    /// The server's clock, in Windows file time; `None` if it does not show it.
    pub(super) async fn server_clock(&mut self) -> Result<Option<i64>, DirectoryError> {
        let what = "read the server's clock";
        let clock = self.first_value(what, ROOT, "currentTime").await?;
        Ok(clock.and_then(|clock| file_time(std::str::from_utf8(&clock).ok()?)))
    }

    /// Sends the entries of the source whose accounts may have expired between two looks at the server's clock. Whether
    /// they have is judged by our own clock, like everything else about an entry.
    pub(super) async fn expired_since(
        &mut self,
        before: Option<i64>,
        now: Option<i64>,
        out: &Sender<Vec<Seen>>,
    ) -> Result<(), DirectoryError> {
        let (Some(before), Some(now)) = (before, now) else {
            return Ok(());
        };
        let base = self.source.base.clone();
        let filter = format!(
            "(&{}(accountExpires>={})(accountExpires<={}))",
            self.source.filter,
            before.saturating_sub(MARGIN).max(1),
            now.saturating_add(MARGIN),
        );
        let query = Query {
            what: "read accounts that expire",
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: self.mapping().attributes(),
        };
        // Contracts end together: it may be more people than a server sends at once.
        self.pass_on(&query, out).await.map(drop)
    }
}
