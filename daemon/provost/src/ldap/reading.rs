//! The real directory: connect, find out, check, read.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ldap3::Scope;
use provost_core::directory::{Dn, Entry, IdAttribute, Mapping};
use std::collections::BTreeSet;
use tokio::sync::mpsc::Sender;

use super::connect::{Connection, connect};
use super::error::DirectoryError;
use super::profile::{ROOT_ATTRIBUTES, RootDse, Vendor};
use super::search::Query;
use super::{
    Changes, Content, Directory, Follow, Found, Groups, How, Mark, Members, Quirk, Reading, Sample,
    Seen, Server, Wanted, Way, schema,
};
use crate::config::source::{ServerUrl, Source};

/// Directories that are reached over LDAP.
#[derive(Debug, Clone, Copy, Default)]
pub struct LdapDirectory;

impl Directory for LdapDirectory {
    fn open<'a>(
        &'a self,
        source: &'a Source,
    ) -> BoxFuture<'a, Result<Box<dyn Reading>, DirectoryError>> {
        async move {
            let passed = |url: &ServerUrl| {
                tracing::warn!(source = %source.id, server = %url, "directory server cannot be used");
            };
            let connection = connect(source, passed).await?;
            let reading = LdapReading::over(connection, source).await?;
            Ok(Box::new(reading) as Box<dyn Reading>)
        }
        .boxed()
    }

    fn follow<'a>(
        &'a self,
        source: &'a Source,
        since: &'a Mark,
    ) -> BoxFuture<'a, Result<Follow, DirectoryError>> {
        async move {
            // It is tried again and again, so that whoever tries says once what is wrong.
            let connection = connect(source, |_| ()).await?;
            let reading = LdapReading::over(connection, source).await?;
            reading.begin_to_follow(since).await
        }
        .boxed()
    }
}

/// A reading over one connection.
pub(super) struct LdapReading {
    pub(super) source: Source,
    pub(super) server: Server,
    pub(super) connection: Connection,
    /// The source's base, parsed.
    pub(super) base: Dn,
}

impl Reading for LdapReading {
    fn server(&self) -> &Server {
        &self.server
    }

    fn people(&mut self, out: Sender<Vec<Seen>>) -> BoxFuture<'_, Result<Content, DirectoryError>> {
        async move {
            let schema = self.check_schema().await?;
            let mark = match (self.kind_of_changes(), schema) {
                (None, _) => Err(FULL),
                (Some(_), None) => Err("the server shows no schema"),
                (Some(ChangesOf::Slapd), Some(schema)) => {
                    if let Some(content) = self.read_content(schema, &out).await? {
                        return Ok(content);
                    }
                    tracing::warn!(source = %self.source.id, "server cannot be read in one go, reading by pages");
                    Err("the server gives no cookie for all of it")
                }
                // The mark is set before anything is read: what changes meanwhile is read twice rather than never.
                (Some(ChangesOf::Ds389), Some(schema)) => self.ds389_mark(schema).await?,
                (Some(ChangesOf::Controller), Some(schema)) => self.dirsync_mark(schema).await?,
            };
            let entries = self.read_people(&out).await?;
            Ok(Content { entries, mark })
        }
        .boxed()
    }

    fn changes<'a>(
        &'a mut self,
        since: &'a Mark,
        out: Sender<Vec<Seen>>,
    ) -> BoxFuture<'a, Result<Changes, DirectoryError>> {
        async move {
            match self.kind_of_changes() {
                None => Ok(Changes::Unusable(FULL)),
                Some(ChangesOf::Slapd) => self.read_changes(since, &out).await,
                Some(ChangesOf::Ds389) => self.ds389_changes(since, &out).await,
                Some(ChangesOf::Controller) => self.dirsync_changes(since, &out).await,
            }
        }
        .boxed()
    }

    fn members<'a>(&'a mut self, group: &'a str) -> BoxFuture<'a, Result<Members, DirectoryError>> {
        self.read_members(group).boxed()
    }

    fn groups(&mut self) -> BoxFuture<'_, Result<Option<Groups>, DirectoryError>> {
        self.find_groups().boxed()
    }

    fn group_version<'a>(
        &'a mut self,
        group: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, DirectoryError>> {
        self.read_group_version(group).boxed()
    }

    fn has_container<'a>(
        &'a mut self,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<bool, DirectoryError>> {
        self.find_container(ids).boxed()
    }

    fn containers_changed<'a>(
        &'a mut self,
        since: &'a Mark,
    ) -> BoxFuture<'a, Result<bool, DirectoryError>> {
        self.find_changed_container(since).boxed()
    }

    fn namesakes<'a>(
        &'a mut self,
        username: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Entry>, DirectoryError>> {
        self.find_namesakes(username).boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<bool, DirectoryError>> {
        async { Ok(self.check_schema().await?.is_some()) }.boxed()
    }

    fn sample(&mut self) -> BoxFuture<'_, Result<Sample, DirectoryError>> {
        self.read_sample().boxed()
    }

    fn quirks(&mut self) -> BoxFuture<'_, Result<Vec<Quirk>, DirectoryError>> {
        self.find_quirks().boxed()
    }

    fn entry<'a>(
        &'a mut self,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<Option<Entry>, DirectoryError>> {
        self.find_entry(wanted).boxed()
    }

    fn staff<'a>(
        &'a mut self,
        dn: &'a str,
    ) -> BoxFuture<'a, Result<Option<Entry>, DirectoryError>> {
        self.find_staff(dn).boxed()
    }

    fn look_up<'a>(
        &'a mut self,
        stable_id: &'a str,
        dn: &'a str,
    ) -> BoxFuture<'a, Result<Found, DirectoryError>> {
        self.explain(stable_id, dn).boxed()
    }
}

/// By whose rules changes are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangesOf {
    Slapd,
    Ds389,
    /// A domain controller.
    Controller,
}

/// The name of the root entry, in which a server tells of itself.
pub(super) const ROOT: &str = "";

/// Why there are no changes to be read.
const FULL: &str = "everything is read each time";

impl LdapReading {
    fn kind_of_changes(&self) -> Option<ChangesOf> {
        match (self.server.way.how, self.server.root.vendor) {
            (How::Full, _) => None,
            (How::Refresh | How::Live, Vendor::Ds389) => Some(ChangesOf::Ds389),
            (How::Refresh | How::Live, _) => Some(ChangesOf::Slapd),
            (How::DirSync, _) => Some(ChangesOf::Controller),
        }
    }

    /// Finds out what a bound connection leads to.
    pub(super) async fn over(
        mut connection: Connection,
        source: &Source,
    ) -> Result<Self, DirectoryError> {
        let query = Query {
            what: "read the server's root entry",
            base: ROOT,
            scope: Scope::Base,
            filter: "(objectClass=*)",
            attributes: ROOT_ATTRIBUTES.map(str::to_owned).into(),
        };
        let found = connection.find(&query).await?;
        let entry = found.first().ok_or_else(|| DirectoryError::Malformed {
            what: query.what.to_owned(),
            found: "no root entry",
        })?;
        let root = RootDse::read(entry, source.profile);
        let id = match &source.id_attribute {
            Some(name) => IdAttribute::named(name),
            None => root.vendor.id_attribute(),
        };
        let base = Dn::parse(&source.base).map_err(|_| DirectoryError::Malformed {
            what: format!("read {}", source.base),
            found: "a base that is no distinguished name",
        })?;
        let server = Server {
            address: connection.server.clone(),
            way: Way::choose(source.reading_mode(), &root, &id),
            root,
            id,
        };
        Ok(Self {
            source: source.clone(),
            server,
            connection,
            base,
        })
    }

    /// The first value of one attribute of an entry.
    pub(super) async fn first_value(
        &mut self,
        what: &str,
        of: &str,
        attribute: &str,
    ) -> Result<Option<Vec<u8>>, DirectoryError> {
        let query = Query {
            what,
            base: of,
            scope: Scope::Base,
            filter: "(objectClass=*)",
            attributes: vec![attribute.to_owned()],
        };
        let found = self.connection.find(&query).await?;
        let value = found
            .first()
            .and_then(|entry| entry.values(attribute).next());
        Ok(value.map(<[u8]>::to_vec))
    }

    /// Which attribute means what, for this server.
    pub(super) fn mapping(&self) -> Mapping {
        self.source.attributes.mapping(self.server.id.clone())
    }

    /// Refuses a filter or a mapping that names what the server does not define: it would be answered with success,
    /// and look like an empty directory or like people without mail. Says when that schema was made; `None` if there
    /// was nothing to check against.
    pub(super) async fn check_schema(&mut self) -> Result<Option<String>, DirectoryError> {
        let Some(schema) = self.server.root.schema.clone() else {
            // A server that publishes no schema gives nothing to check against; the other guards remain.
            tracing::warn!(source = %self.source.id, "server publishes no schema, names are not checked");
            return Ok(None);
        };
        let query = Query {
            what: "read the server's schema",
            base: &schema,
            scope: Scope::Base,
            filter: "(objectClass=*)",
            attributes: ["attributeTypes", "objectClasses", SCHEMA_MADE]
                .map(str::to_owned)
                .into(),
        };
        let found = self.connection.find(&query).await?;
        let defined = |name: &str| -> BTreeSet<String> {
            found
                .iter()
                .flat_map(|entry| entry.values(name))
                .filter_map(|value| std::str::from_utf8(value).ok())
                .flat_map(schema::defined)
                .collect()
        };
        let (attributes, classes) = (defined("attributeTypes"), defined("objectClasses"));
        if attributes.is_empty() {
            tracing::warn!(source = %self.source.id, "server shows no schema, names are not checked");
            return Ok(None);
        }
        match self.first_undefined(&attributes, &classes) {
            None => Ok(found.first().map(|entry| self.made(entry))),
            Some(what) => Err(DirectoryError::Undefined {
                server: self.server.address.clone(),
                what,
            }),
        }
    }

    /// Checks the schema if it is not the one that was checked before; says which one it is now.
    pub(super) async fn schema_since(
        &mut self,
        checked: &str,
    ) -> Result<Option<String>, DirectoryError> {
        let Some(schema) = self.server.root.schema.clone() else {
            return Ok(None);
        };
        if self.server.root.vendor != Vendor::OpenLdap {
            return self.check_schema().await;
        }
        let query = Query {
            what: "read when the server's schema was made",
            base: &schema,
            scope: Scope::Base,
            filter: "(objectClass=*)",
            attributes: vec![SCHEMA_MADE.to_owned()],
        };
        let found = self.connection.find(&query).await?;
        match found.first().and_then(|entry| entry.text(SCHEMA_MADE)) {
            Some(same) if same == checked => Ok(Some(same.to_owned())),
            _ => self.check_schema().await,
        }
    }

    /// What tells this schema from another: when it was made, where the server says that. 389-ds does not, and Samba gives
    /// the same time whatever happens, so that there the schema itself has to do.
    fn made(&self, schema: &Entry) -> String {
        let said = schema.text(SCHEMA_MADE);
        match said.filter(|_| self.server.root.vendor == Vendor::OpenLdap) {
            Some(time) => time.to_owned(),
            None => schema::digest(schema),
        }
    }

    /// The attributes that the configuration names, with the one that identifies entries.
    pub(super) fn mapped(&self) -> impl Iterator<Item = &str> {
        let of = &self.source.attributes;
        let mapped = [
            Some(&self.server.id.name),
            Some(&of.username),
            of.name.as_ref(),
            of.mail.as_ref(),
            of.phone.as_ref(),
            of.employee_number.as_ref(),
            of.title.as_ref(),
            of.school.as_ref(),
            of.disabled.as_ref().map(|rule| &rule.attribute),
        ];
        mapped.into_iter().flatten().map(String::as_str)
    }

    fn first_undefined(
        &self,
        attributes: &BTreeSet<String>,
        classes: &BTreeSet<String>,
    ) -> Option<String> {
        let used = schema::names(&self.source.filter);
        let mapped = self.mapped().map(str::to_lowercase);
        let attribute = used
            .attributes
            .iter()
            .cloned()
            .chain(mapped)
            .find(|name| !attributes.contains(name))
            .map(|name| format!("attribute {name}"));
        let class = || {
            let unknown = used.classes.iter().find(|name| !classes.contains(*name));
            unknown.map(|name| format!("object class {name}"))
        };
        attribute.or_else(class)
    }
}

/// When an entry changed last. Source: RFC 4512 §3.4.4.
const SCHEMA_MADE: &str = "modifyTimestamp";
