//! A second slapd that follows the first one (syncrepl, refreshAndPersist): what a follower of a directory is held against.

use std::path::Path;
use std::process::Command;

use crate::process::{Running, free_port};
use crate::slapd::{ROOT_PASSWORD, Slapd};
use crate::staff::BASE;

/// Whether the consumer waits for its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// As it comes: every change is on the disk before it is visible.
    Durable,
    /// `dbnosync`: fast, and no more than a rumour after a crash.
    NoSync,
}

/// A running consumer.
#[derive(Debug)]
pub struct Consumer {
    port: u16,
    _process: Running,
}

impl Consumer {
    /// Copies the provider's data and follows it from there.
    ///
    /// # Panics
    /// If slapd or its tools are missing or do not start.
    pub fn start(folder: &Path, provider: &Slapd, safety: Safety) -> Self {
        let folder = folder.join(format!("consumer-{safety:?}"));
        std::fs::create_dir_all(folder.join("data")).unwrap_or_else(|why| panic!("{why}"));
        let file = folder.join("slapd.conf");
        std::fs::write(&file, configuration(&folder, provider, safety))
            .unwrap_or_else(|why| panic!("write slapd.conf: {why}"));
        provider.copy_to(&file);
        let port = free_port();
        let mut command = Command::new("/usr/sbin/slapd");
        let url = format!("ldap://127.0.0.1:{port}");
        command.args(["-d", "0", "-h", &url, "-f"]).arg(&file);
        let mut process = Running::start("consumer", &folder, &command);
        process.wait_port(port);
        Self {
            port,
            _process: process,
        }
    }

    /// `ldap://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }
}

/// The line of a database that follows the server at `url`.
pub(crate) fn following(url: &str) -> String {
    format!(
        "syncrepl rid=001 provider={url} type=refreshAndPersist retry=\"1 +\" searchbase=\"{BASE}\" \
         bindmethod=simple binddn=\"cn=admin,{BASE}\" credentials={ROOT_PASSWORD} schemachecking=off\n"
    )
}

fn configuration(folder: &Path, provider: &Slapd, safety: Safety) -> String {
    let folder = folder.display();
    let sync = match safety {
        Safety::Durable => "",
        Safety::NoSync => "dbnosync\n",
    };
    format!(
        "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\n\
         modulepath /usr/lib/ldap\nmoduleload back_mdb\n\
         pidfile {folder}/slapd.pid\nargsfile {folder}/slapd.args\n\
         sizelimit unlimited\n\
         database mdb\nsuffix \"{BASE}\"\nrootdn \"cn=admin,{BASE}\"\nrootpw {ROOT_PASSWORD}\n\
         directory {folder}/data\nmaxsize 1073741824\n{sync}\
         index objectClass,entryUUID,entryCSN,uid eq\naccess to * by * read\n\
         {follow}",
        follow = following(&provider.url()),
    )
}
