//! A real 389 Directory Server on loopback: one instance in a folder of its own, without its installer.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;

use crate::directory;
use crate::office::Office;
use crate::process::{Running, free_port, must};
use crate::staff::{BASE, Staff};

/// The directory's root.
const ROOT: &str = "cn=Directory Manager";
const ROOT_PASSWORD: &str = "directory-manager";
/// The same, hashed: the server takes no other form from its configuration. `{SSHA512}` with the salt `saltsalt`.
const HASHED: &str = "{SSHA512}d0DkBF+0/XmEa9rOd4lWZA+Ba3+CYfeyJ3HfRp1cze38+/Ge9ZFVRtjpvltQ0uIlw3YSecoEBNlCcap1DU85U3NhbHRzYWx0";

/// Where the package keeps the beginnings of an instance.
const TEMPLATE: &str = "/usr/share/dirsrv/data/template-dse.ldif";

/// A running directory server.
#[derive(Debug)]
pub struct Ds389 {
    folder: PathBuf,
    port: u16,
    process: Option<Running>,
}

impl Ds389 {
    /// Starts a directory that holds the staff and tells what changes (Content Synchronization, Retro Changelog).
    ///
    /// # Panics
    /// If 389-ds-base is missing or does not start.
    pub fn start(folder: &Path, staff: &Staff) -> Self {
        let folder = folder.join("ds389");
        for part in [
            "etc/schema",
            "db",
            "lock",
            "run",
            "tmp",
            "ldif",
            "bak",
            "inst",
            "log",
        ] {
            std::fs::create_dir_all(folder.join(part)).unwrap_or_else(|why| panic!("{why}"));
        }
        let mut server = Self {
            folder,
            port: free_port(),
            process: None,
        };
        server.configure();
        server.load(staff);
        server.up();
        server
    }

    /// `ldap://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// The address of [`Ds389::url`].
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// How its administrators reach it.
    pub fn office(&self, filter: &'static str) -> Office {
        Office {
            url: self.url(),
            ca: None,
            account: ROOT.to_owned(),
            password: ROOT_PASSWORD,
            vendor: "ds389",
            filter,
            disabling: ("nsAccountLock", "TRUE"),
            enabling: ("nsAccountLock", None),
        }
    }

    /// Feeds LDIF to `ldapmodify` as the directory's root.
    pub fn modify(&self, ldif: &str) {
        let mut command = Command::new("ldapmodify");
        command.args(["-x", "-H", &self.url(), "-D", ROOT, "-w", ROOT_PASSWORD]);
        must("ldap-utils", &mut command, ldif);
    }

    /// Is killed, as by a power failure.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(Signal::SIGKILL);
        }
    }

    /// Comes back, with what its disk has.
    pub fn up(&mut self) {
        let mut command = Command::new("/usr/sbin/ns-slapd");
        command.arg("-D").arg(self.folder.join("etc"));
        command.arg("-i").arg(self.folder.join("run/pid"));
        // `-d 0` keeps it in the foreground.
        command.args(["-d", "0"]);
        let mut process = Running::start("ns-slapd", &self.folder, &command);
        process.wait_port(self.port);
        self.process = Some(process);
    }

    /// Calls its machine otherwise, while it is down.
    pub fn rename_host(&self, host: &str) {
        let file = self.folder.join("etc/dse.ldif");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|why| panic!("{why}"));
        let lines = text.lines().map(|line| match line {
            line if line.starts_with("nsslapd-localhost:") => {
                format!("nsslapd-localhost: {host}\n")
            }
            line => format!("{line}\n"),
        });
        std::fs::write(&file, lines.collect::<String>()).unwrap_or_else(|why| panic!("{why}"));
    }

    fn load(&self, staff: &Staff) {
        // Reading is allowed to whoever binds, passwords aside.
        let permission = "aci: (targetattr != \"userPassword\")(version 3.0; acl \"reading\"; \
                          allow (read, search, compare) userdn = \"ldap:///all\";)\n";
        let ldif = directory::ldif(staff);
        let (suffix, rest) = ldif.split_once("\n\n").unwrap_or((&ldif, ""));
        let file = self.folder.join("ldif/staff.ldif");
        std::fs::write(
            &file,
            format!("version: 1\n\n{suffix}\n{permission}\n{rest}"),
        )
        .unwrap_or_else(|why| panic!("write {}: {why}", file.display()));
        let mut command = Command::new("/usr/sbin/ns-slapd");
        command
            .arg("ldif2db")
            .arg("-D")
            .arg(self.folder.join("etc"));
        command.args(["-n", "userRoot", "-i"]).arg(file);
        must("389-ds-base", &mut command, "");
    }

    /// Writes the configuration, and copies what it refers to.
    fn configure(&self) {
        let etc = self.folder.join("etc");
        let write = std::fs::write(etc.join("dse.ldif"), self.configuration());
        write.unwrap_or_else(|why| panic!("write dse.ldif: {why}"));
        let mut files: Vec<PathBuf> = ["slapd-collations.conf", "certmap.conf"]
            .map(|name| Path::new("/etc/dirsrv/config").join(name))
            .into();
        let schema = std::fs::read_dir("/etc/dirsrv/schema")
            .into_iter()
            .flatten();
        files.extend(schema.flatten().map(|entry| entry.path()));
        for file in files {
            let name = file.file_name().unwrap_or_default();
            let is_schema = file.extension().is_some_and(|end| end == "ldif");
            let room = if is_schema { "schema" } else { "" };
            std::fs::copy(&file, etc.join(room).join(name))
                .unwrap_or_else(|why| panic!("copy {}: {why}", file.display()));
        }
    }

    /// The package's template with this instance's folders, its plugins switched on, and one database.
    fn configuration(&self) -> String {
        let folder = self.folder.display().to_string();
        let port = self.port.to_string();
        let user = must("coreutils", Command::new("id").arg("-un"), "");
        let values = [
            ("schema_dir", format!("{folder}/etc/schema")),
            ("lock_dir", format!("{folder}/lock")),
            ("tmp_dir", format!("{folder}/tmp")),
            ("cert_dir", format!("{folder}/etc")),
            ("ldif_dir", format!("{folder}/ldif")),
            ("bak_dir", format!("{folder}/bak")),
            ("run_dir", format!("{folder}/run")),
            ("inst_dir", format!("{folder}/inst")),
            ("log_dir", format!("{folder}/log")),
            ("config_dir", format!("{folder}/etc")),
            ("db_dir", format!("{folder}/db")),
            ("db_home_dir", format!("{folder}/db")),
            ("db_lib", "bdb".to_owned()),
            ("fqdn", "localhost".to_owned()),
            ("ds_port", port),
            ("ds_user", user.trim().to_owned()),
            ("rootdn", ROOT.to_owned()),
            ("ds_passwd", HASHED.to_owned()),
            ("ds_suffix", BASE.to_owned()),
            ("ldapi_enabled", "off".to_owned()),
            ("ldapi_autobind", "off".to_owned()),
            ("ldapi", format!("{folder}/run/ldapi")),
        ];
        let mut text = std::fs::read_to_string(TEMPLATE)
            .unwrap_or_else(|why| panic!("read {TEMPLATE} (Debian package 389-ds-base): {why}"));
        for (name, value) in values {
            text = text.replace(&format!("%{name}%"), &value);
        }
        text = switched_on(&text, "Content Synchronization", "");
        text = switched_on(
            &text,
            "Retro Changelog Plugin",
            "nsslapd-attribute: nsuniqueid:targetUniqueId\n",
        );
        text.truncate(text.trim_end().len());
        text.push_str("\n\n");
        text = text.replacen("\n\n", "\nnsslapd-listenhost: 127.0.0.1\n\n", 1);
        let _ = write!(
            text,
            "dn: cn=userRoot,cn=ldbm database,cn=plugins,cn=config\nobjectClass: top\n\
             objectClass: extensibleObject\nobjectClass: nsBackendInstance\ncn: userRoot\n\
             nsslapd-suffix: {BASE}\nnsslapd-directory: {folder}/db/userRoot\n\n\
             dn: cn=\"{BASE}\",cn=mapping tree,cn=config\nobjectClass: top\n\
             objectClass: extensibleObject\nobjectClass: nsMappingTree\ncn: {BASE}\n\
             nsslapd-state: backend\nnsslapd-backend: userRoot\n"
        );
        text
    }
}

/// The configuration with a plugin switched on, and further lines in its entry.
fn switched_on(text: &str, plugin: &str, more: &str) -> String {
    let begin = text
        .find(&format!("dn: cn={plugin},cn=plugins,cn=config"))
        .unwrap_or_else(|| panic!("{TEMPLATE} has no plugin {plugin}"));
    let (before, entry) = text.split_at(begin);
    let on = format!("nsslapd-pluginenabled: on\n{more}");
    format!(
        "{before}{}",
        entry.replacen("nsslapd-pluginenabled: off\n", &on, 1)
    )
}
