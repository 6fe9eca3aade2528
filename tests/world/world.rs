//! A district with its servers, its clock and its provost.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::directory::{SERVICE_PASSWORD, service_dn};
use crate::fault_proxy::FaultProxy;
use crate::process::free_port;
use crate::provost::{Provost, plugin};
use crate::relay::Relay;
use crate::slapd::Slapd;
use crate::smtpd::Smtpd;
use crate::staff::{BASE, Staff, group_dn};
use crate::tls::Tls;

/// Where the sample district lives: its days begin and end in Denver.
pub const DISTRICT: &str = "lone-pine";
/// The directory source of the district.
pub const SOURCE: &str = "staff-ldap";

/// Everything that a flow needs. Servers stop when it goes out of scope.
///
/// The fields are in the order in which they must end: the daemon, its servers, their files.
#[derive(Debug)]
pub struct World {
    /// The daemon and its command line.
    pub provost: Provost,
    slapd: Option<Slapd>,
    smtpd: Option<Smtpd>,
    relay: Option<(Relay, String)>,
    http: u16,
    tls: Option<Tls>,
    mode: &'static str,
    filter: &'static str,
    proxy: Option<FaultProxy>,
    store: Option<PathBuf>,
    spool: Option<PathBuf>,
    folder: tempfile::TempDir,
}

impl World {
    /// A district without any server, at a moment of the test's choice (RFC 3339).
    ///
    /// # Panics
    /// If there is no room for temporary files.
    pub fn new(now: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("provost-")
            .tempdir_in("/tmp")
            .unwrap_or_else(|why| panic!("make a folder in /tmp: {why}"));
        let provost = Provost::new(folder.path());
        provost.set_clock(now);
        Self {
            provost,
            slapd: None,
            smtpd: None,
            relay: None,
            http: free_port(),
            tls: None,
            mode: "full",
            filter: "(objectClass=inetOrgPerson)",
            proxy: None,
            store: None,
            spool: None,
            folder,
        }
    }

    /// With the register in another folder, e.g. on a disk that is small.
    #[must_use]
    pub fn with_store_in(mut self, folder: &Path) -> Self {
        self.store = Some(folder.join("provost.db"));
        self
    }

    /// With a spool folder for activity files.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn with_spool(mut self) -> Self {
        let spool = self.folder.path().join("spool");
        std::fs::create_dir(&spool).unwrap_or_else(|why| panic!("make the spool: {why}"));
        self.spool = Some(spool);
        self
    }

    /// With a directory server that holds this staff.
    #[must_use]
    pub fn with_directory(mut self, staff: Staff) -> Self {
        self.slapd = Some(Slapd::start(self.folder.path(), staff));
        self
    }

    /// With another mode of reading the directory than `full`, and with this filter.
    #[must_use]
    pub fn reading(mut self, mode: &'static str, filter: &'static str) -> Self {
        (self.mode, self.filter) = (mode, filter);
        self
    }

    /// With a line to the directory server that a test can break. The daemon waits a second for an answer, and reads
    /// pages of 20.
    #[must_use]
    pub fn with_fault_proxy(mut self) -> Self {
        self.proxy = Some(FaultProxy::start(self.slapd().address()));
        self
    }

    /// The line to the directory server.
    ///
    /// # Panics
    /// If it cannot be broken.
    pub fn fault_proxy(&self) -> &FaultProxy {
        let proxy = self.proxy.as_ref();
        proxy.unwrap_or_else(|| panic!("nothing breaks this world's line"))
    }

    /// With a mail server that refuses these recipients.
    #[must_use]
    pub fn with_mail(mut self, refused: &[&str]) -> Self {
        self.smtpd = Some(Smtpd::start(self.folder.path(), refused));
        self
    }

    /// With a relay that does as it is told, instead of a mail server; `keys` are further keys of `[mail]`.
    #[must_use]
    pub fn with_relay(mut self, keys: &'static str) -> Self {
        self.relay = Some((Relay::start(), keys.to_owned()));
        self
    }

    /// With such a relay that is reached over TLS only; `keys` says the further keys when its certificate is known.
    #[must_use]
    pub fn with_private_relay(mut self, keys: impl FnOnce(&Tls) -> String) -> Self {
        let folder = self.folder.path().join("relay");
        std::fs::create_dir(&folder)
            .unwrap_or_else(|why| panic!("make {}: {why}", folder.display()));
        let tls = Tls::new(&folder);
        self.relay = Some((Relay::private(&tls), keys(&tls)));
        self
    }

    /// The relay that does as it is told.
    ///
    /// # Panics
    /// If there is none.
    pub fn relay(&self) -> &Relay {
        let relay = self.relay.as_ref();
        &relay.unwrap_or_else(|| panic!("this world has no relay")).0
    }

    /// With an API that answers over TLS.
    #[must_use]
    pub fn with_tls(mut self) -> Self {
        let folder = self.folder.path().join("tls");
        std::fs::create_dir(&folder)
            .unwrap_or_else(|why| panic!("make {}: {why}", folder.display()));
        self.tls = Some(Tls::new(&folder));
        self
    }

    /// The certificate that clients of the API must trust.
    ///
    /// # Panics
    /// If the API answers without TLS.
    pub fn ca(&self) -> &Path {
        let tls = self.tls.as_ref();
        &tls.unwrap_or_else(|| panic!("this world has no TLS")).ca
    }

    /// The directory server.
    ///
    /// # Panics
    /// If there is none.
    pub fn slapd(&mut self) -> &mut Slapd {
        self.slapd
            .as_mut()
            .unwrap_or_else(|| panic!("this world has no directory"))
    }

    /// The directory server, which others may look at as well.
    ///
    /// # Panics
    /// If there is none.
    pub fn directory(&self) -> &Slapd {
        let slapd = self.slapd.as_ref();
        slapd.unwrap_or_else(|| panic!("this world has no directory"))
    }

    /// The mail server.
    ///
    /// # Panics
    /// If there is none.
    pub fn smtpd(&mut self) -> &mut Smtpd {
        self.smtpd
            .as_mut()
            .unwrap_or_else(|| panic!("this world has no mail server"))
    }

    /// The folder of this world.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Base URL of the HTTP API.
    pub fn http(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.http)
    }

    /// Writes a file into the folder and gives its path.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap_or_else(|why| panic!("write {name}: {why}"));
        path
    }

    /// Writes a file as secrets are kept, for its owner alone, and gives its path.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name, text);
        let alone = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, alone).unwrap_or_else(|why| panic!("close {name}: {why}"));
        path
    }

    /// Brings the running daemon's register to this document.
    ///
    /// # Panics
    /// If it is refused.
    pub fn import(&self, register: &str) {
        let register = self.file("register.toml", register);
        let register = register.to_string_lossy();
        self.provost.cli(&["import", &register]).ok();
    }

    /// Writes `provost.toml` for the servers that are there; `more` comes behind it.
    pub fn configure(&self, more: &str) {
        let mut text = self.base_configuration();
        let server = self
            .smtpd
            .as_ref()
            .map(|smtpd| (smtpd.url(), "timeout = \"20s\""));
        let relay = self
            .relay
            .as_ref()
            .map(|(relay, keys)| (relay.url(), keys.as_str()));
        if let Some((url, keys)) = server.or(relay) {
            let _ = write!(
                text,
                "[mail]\nrelay = \"{url}\"\nfrom = \"provost@district.example\"\n{keys}\n\
                 [[plugin]]\nid = \"email\"\nfile = \"{}\"\n\
                 [[route]]\nnotices = [\"inactivity.*\"]\nto = \"contact\"\nchannels = [\"email\"]\n",
                plugin("email").display(),
            );
        }
        if let Some(slapd) = &self.slapd {
            text.push_str(&self.source(slapd));
        }
        text.push_str(more);
        self.file("provost.toml", &text);
    }

    /// Writes something else into `provost.toml` where this stands.
    ///
    /// # Panics
    /// If it does not stand there.
    pub fn reconfigure(&self, this: &str, other: &str) {
        let text = std::fs::read_to_string(self.provost.config()).unwrap_or_default();
        assert!(text.contains(this), "{this} is not in\n{text}");
        self.file("provost.toml", &text.replace(this, other));
    }

    fn base_configuration(&self) -> String {
        let folder = self.folder.path().display();
        let store = self
            .store
            .clone()
            .unwrap_or(self.folder.path().join("provost.db"));
        let spool = self.spool.as_ref().map_or_else(String::new, |spool| {
            format!("spool = \"{}\"\n", spool.display())
        });
        format!(
            "[store]\npath = \"{store}\"\n\
             [listen]\nsocket = \"{folder}/provost.sock\"\nhttp = \"127.0.0.1:{http}\"\n{tls}{spool}\
             [[district]]\nid = \"{DISTRICT}\"\nname = \"Lone Pine Unified\"\ntimezone = \"America/Denver\"\n\
             edition = \"standard\"\nproducts = [\"sis\"]\nmailbox = \"it@lonepine.example\"\n",
            http = self.http,
            store = store.display(),
            tls = self.tls.as_ref().map_or_else(String::new, |tls| format!(
                "tls = {{ cert = \"{}\", key = \"{}\" }}\n",
                tls.certificate.display(),
                tls.key.display()
            )),
        )
    }

    fn source(&self, slapd: &Slapd) -> String {
        let password = self.secret("ldap-password", SERVICE_PASSWORD);
        let map = "username = \"uid\", name = \"displayName\", mail = \"mail\", phone = \"telephoneNumber\", \
                   employee-number = \"employeeNumber\", title = \"title\", school = \"departmentNumber\"";
        let (url, line) = match &self.proxy {
            Some(proxy) => (proxy.url(), "operation-timeout = \"1s\"\npage-size = 20\n"),
            None => (slapd.url(), ""),
        };
        format!(
            "[[source]]\nid = \"{SOURCE}\"\ndistrict = \"{DISTRICT}\"\nurls = [\"{url}\"]\n\
             bind = {{ dn = \"{dn}\", password-file = \"{password}\" }}\nbase = \"ou=staff,{BASE}\"\n\
             filter = \"{filter}\"\nmap = {{ {map} }}\nmode = \"{mode}\"\nevery = \"24h\"\n{live}{line}\
             [[source.grant]]\ngroup = \"{group}\"\nrole = \"sis\"\n",
            dn = service_dn(),
            filter = self.filter,
            mode = self.mode,
            live = if self.mode == "live" {
                ""
            } else {
                "live = false\n"
            },
            password = password.display(),
            group = group_dn("SIS Admins"),
        )
    }
}
