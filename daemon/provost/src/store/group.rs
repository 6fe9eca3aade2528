//! User groups.

use provost_core::id::{DistrictId, GroupId};
use provost_core::role::Group;
use rusqlite::params;

use super::commit::{Commit, Expected};
use super::error::{CommitError, StoreError};
use super::row::{execute, many, one, to_body, value};
use super::snapshot::Snapshot;
use super::tool;

/// Writes a group, or removes one.
pub(super) fn put(
    commit: &Commit<'_>,
    before: Option<&Group>,
    after: Option<&Group>,
) -> Result<(), CommitError> {
    let Some(group) = after.or(before) else {
        return Ok(());
    };
    const STORED: &str = "SELECT revision FROM user_group WHERE district = ?1 AND id = ?2";
    let key = [group.district.as_str(), group.id.as_str()];
    let stored = value(commit.connection, "find a group", STORED, key)?;
    commit.check(stored, Expected::by(&before), || {
        format!("group {}/{}", group.district, group.id)
    })?;
    let Some(after) = after else {
        const REMOVE: &str = "DELETE FROM user_group WHERE district = ?1 AND id = ?2";
        execute(commit.connection, "remove a group", REMOVE, key)?;
        return Ok(());
    };
    for name in after.rights.keys() {
        tool::intern(commit.connection, name)?;
    }
    execute(
        commit.connection,
        "write a group",
        include_str!("group/put.sql"),
        params![key[0], key[1], commit.number(), to_body("group", after)?],
    )?;
    Ok(())
}

impl Snapshot<'_> {
    /// A group of a district.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn group(&self, district: &DistrictId, id: &GroupId) -> Result<Option<Group>, StoreError> {
        self.group_by_name(district.as_str(), id.as_str())
    }

    /// A group by texts that may be no ids at all.
    pub(super) fn group_by_name(
        &self,
        district: &str,
        id: &str,
    ) -> Result<Option<Group>, StoreError> {
        const SQL: &str = "SELECT body FROM user_group WHERE district = ?1 AND id = ?2";
        one(self.connection(), "group", SQL, [district, id])
    }

    /// All groups of a district, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn groups(&self, district: &DistrictId) -> Result<Vec<Group>, StoreError> {
        const SQL: &str = "SELECT body FROM user_group WHERE district = ?1 ORDER BY id";
        many(self.connection(), "group", SQL, [district.as_str()])
    }

    /// A group by `district/group`, else of the given district, else the only one of that id.
    pub(super) fn find_group(
        &self,
        reference: &str,
        district: Option<&DistrictId>,
    ) -> Result<Option<Group>, StoreError> {
        if let Some((of, id)) = reference.split_once('/')
            && let Some(group) = self.group_by_name(of, id)?
        {
            return Ok(Some(group));
        }
        if let Some(district) = district
            && let Some(group) = self.group_by_name(district.as_str(), reference)?
        {
            return Ok(Some(group));
        }
        const NAMED: &str = "SELECT body FROM user_group WHERE id = ?1 ORDER BY district";
        let mut named: Vec<Group> = many(self.connection(), "group", NAMED, [reference])?;
        let only = named.pop();
        Ok(only.filter(|_| named.is_empty()))
    }
}
