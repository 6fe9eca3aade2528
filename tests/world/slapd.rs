//! A real slapd on loopback, with its own configuration and data.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::sys::signal::Signal;

use crate::consumer::following;
use crate::directory::{self, Change, service_dn};
use crate::office::Office;
use crate::process::{Running, free_port, must, run};
use crate::staff::{BASE, Staff, group_dn, school_dn};
use crate::tls::Tls;

/// Password of `cn=admin`, the directory's root.
pub(crate) const ROOT_PASSWORD: &str = "admin";

/// Members of this group do not see the second school.
const BLIND: &str = "Blind";

/// Whose certificate, of the authority that the server trusts, is the daemon's account.
pub const CLIENT: &str = "provost-client";

/// How this directory treats the daemon's account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variant {
    /// Searches by the daemon's account end after so many entries, with result code 4.
    pub size_limit: Option<u32>,
    /// Subtrees that the daemon's account cannot see: an access rule somebody got wrong.
    pub hidden: Vec<String>,
    /// Access rules that come before all others.
    pub access: String,
}

/// A running directory server.
#[derive(Debug)]
pub struct Slapd {
    folder: PathBuf,
    port: u16,
    tls_port: u16,
    tls: Tls,
    staff: Staff,
    mirror: Option<Mirror>,
    process: Option<Running>,
}

/// What one of two servers that mirror each other is.
#[derive(Debug)]
struct Mirror {
    /// Its number among them.
    number: u8,
    /// Where the other one is.
    peer: String,
}

impl Slapd {
    /// Starts a directory that holds the staff.
    ///
    /// # Panics
    /// If slapd or its tools are missing or do not start.
    pub fn start(folder: &Path, staff: Staff) -> Self {
        let mut slapd = Self::empty(folder.join("slapd"), staff);
        slapd.configure(&Variant::default());
        must(
            "slapd",
            Command::new("/usr/sbin/slapadd")
                .args(["-q", "-b", BASE, "-f"])
                .arg(slapd.configuration()),
            &directory::ldif(&staff),
        );
        slapd.up();
        slapd
    }

    fn empty(folder: PathBuf, staff: Staff) -> Self {
        std::fs::create_dir_all(folder.join("data")).unwrap_or_else(|why| panic!("{why}"));
        let tls = Tls::new(&folder);
        Self {
            folder,
            port: free_port(),
            tls_port: free_port(),
            tls,
            staff,
            mirror: None,
            process: None,
        }
    }

    /// Starts a second one with the same data. From here on each takes over what the other one is told.
    pub fn mirrored(&mut self) -> Self {
        let mut other = Self::empty(self.folder.with_extension("mirror"), self.staff);
        let (here, there) = (self.url(), other.url());
        let of = |number, peer| Some(Mirror { number, peer });
        (self.mirror, other.mirror) = (of(1, there), of(2, here));
        self.down();
        for slapd in [&mut *self, &mut other] {
            slapd.configure(&Variant::default());
        }
        self.copy_to(&other.configuration());
        self.up();
        other.up();
        other
    }

    /// Copies the data into the database of another configuration, whose server does not run.
    pub(crate) fn copy_to(&self, configuration: &Path) {
        let mut slapcat = Command::new("/usr/sbin/slapcat");
        slapcat.args(["-b", BASE, "-f"]).arg(self.configuration());
        let data = must("slapd", &mut slapcat, "");
        let mut slapadd = Command::new("/usr/sbin/slapadd");
        slapadd
            .args(["-q", "-w", "-b", BASE, "-f"])
            .arg(configuration);
        must("slapd", &mut slapadd, &data);
    }

    /// `ldap://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// The address of [`Slapd::url`].
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// `ldaps://127.0.0.1:PORT`, with a certificate of [`Slapd::tls`].
    pub fn tls_url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    /// The same port on the IPv6 loopback address, if the machine has one.
    pub fn tls6_url(&self) -> String {
        format!("ldaps://[::1]:{}", self.tls_port)
    }

    /// The same port at an address for which the certificate does not stand.
    pub fn misnamed_url(&self) -> String {
        format!("ldaps://127.0.0.2:{}", self.tls_port)
    }

    /// `ldapi://` with the path of its socket. Whoever owns the peer process is the daemon's account.
    pub fn socket_url(&self) -> String {
        let socket = self.folder.join("ldapi").display().to_string();
        format!("ldapi://{}", socket.replace('/', "%2F"))
    }

    /// The certificates; StartTLS works on [`Slapd::url`] as well.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The staff that it was loaded with.
    pub fn staff(&self) -> &Staff {
        &self.staff
    }

    /// Goes down and comes back on the same ports with the same data, treating the daemon's account as `variant` says.
    pub fn become_variant(&mut self, variant: &Variant) {
        self.down();
        self.configure(variant);
        self.up();
    }

    /// Goes down; clients find nobody there.
    pub fn down(&mut self) {
        if let Some(mut process) = self.process.take() {
            // slapd ends in an orderly way on SIGINT and SIGTERM alike.
            process.stop(Signal::SIGTERM);
        }
    }

    /// Comes back.
    pub fn up(&mut self) {
        let mut command = Command::new("/usr/sbin/slapd");
        // `-d 0` keeps it in the foreground.
        command.args(["-d", "0", "-h"]);
        let urls = [
            self.url(),
            self.tls_url(),
            self.misnamed_url(),
            self.socket_url(),
        ];
        let mut urls = urls.join(" ");
        // A machine without IPv6 has no such address to listen on.
        if std::net::TcpListener::bind("[::1]:0").is_ok() {
            urls = format!("{urls} {}", self.tls6_url());
        }
        command.arg(urls);
        command.arg("-f").arg(self.configuration());
        let mut process = Running::start("slapd", &self.folder, &command);
        process.wait_port(self.port);
        self.process = Some(process);
    }

    /// Makes changes as the directory's root.
    ///
    /// # Panics
    /// If one of them is refused.
    pub fn apply(&self, changes: &[Change]) {
        self.modify(&directory::changes(&self.staff, changes));
    }

    /// Hides the second school from the daemon's account, by an access rule that asks a group. No entry of the staff
    /// changes and the server runs on, so that nothing tells of it.
    pub fn hide_second_school(&self) {
        let (group, account) = (group_dn(BLIND), service_dn());
        self.modify(&format!(
            "dn: {group}\nchangetype: add\nobjectClass: groupOfNames\ncn: {BLIND}\nmember: {account}\n"
        ));
    }

    /// How its administrators reach it. What disables an account is for the district to say here: slapd has no such
    /// attribute of its own.
    pub fn office(&self, filter: &'static str) -> Office {
        Office {
            url: self.url(),
            ca: None,
            account: format!("cn=admin,{BASE}"),
            password: ROOT_PASSWORD,
            vendor: "openldap",
            filter,
            disabling: ("employeeType", "inactive"),
            enabling: ("employeeType", None),
        }
    }

    /// Is killed, as by a power failure.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(Signal::SIGKILL);
        }
    }

    /// Feeds LDIF to `ldapmodify` as the directory's root.
    pub fn modify(&self, ldif: &str) {
        let mut command = Command::new("ldapmodify");
        must(
            "ldap-utils",
            self.client(&mut command, &format!("cn=admin,{BASE}"), ROOT_PASSWORD),
            ldif,
        );
    }

    /// What the daemon's account finds: the whole answer of `ldapsearch`, failed or not.
    pub fn search(&self, base: &str, filter: &str, attributes: &[&str]) -> Output {
        let mut command = Command::new("ldapsearch");
        command.args(["-LLL", "-o", "ldif-wrap=no", "-b", base]);
        self.client(&mut command, &service_dn(), directory::SERVICE_PASSWORD);
        command.arg(filter).args(attributes);
        run("ldap-utils", &mut command, "")
    }

    /// How many entries the daemon's account finds below `ou=staff`.
    ///
    /// # Panics
    /// If the search fails.
    pub fn count(&self, filter: &str) -> usize {
        let output = self.search(&format!("ou=staff,{BASE}"), filter, &["1.1"]);
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().filter(|line| line.starts_with("dn:")).count()
    }

    fn client<'c>(&self, command: &'c mut Command, dn: &str, password: &str) -> &'c mut Command {
        command.args(["-x", "-H", &self.url(), "-D", dn, "-w", password])
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder.join("slapd.conf")
    }

    fn configure(&self, variant: &Variant) {
        let account = service_dn();
        let quoted = |dn: &str| dn.replace('\\', "\\\\").replace('"', "\\\"");
        let mut hidden: String = variant
            .hidden
            .iter()
            .map(|dn| {
                format!(
                    "access to dn.subtree=\"{}\" by dn.exact=\"{account}\" none by * read\n",
                    quoted(dn)
                )
            })
            .collect();
        let _ = writeln!(
            hidden,
            "access to dn.subtree=\"{}\" by group.exact=\"{}\" none by * read",
            quoted(&school_dn(1)),
            group_dn(BLIND),
        );
        let limit = variant
            .size_limit
            .map_or("unlimited".to_owned(), |size| size.to_string());
        let (number, peer) = match &self.mirror {
            None => Default::default(),
            Some(Mirror { number, peer }) => (
                format!("serverID {number}\n"),
                format!("{}mirrormode true\n", following(peer)),
            ),
        };
        let text = format!(
            "{number}include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\n\
             modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload syncprov\n\
             pidfile {folder}/slapd.pid\nargsfile {folder}/slapd.args\n\
             TLSCACertificateFile {ca}\nTLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\n\
             TLSVerifyClient try\nauthz-regexp \"^cn={CLIENT}$\" \"{account}\"\n\
             authz-regexp \"^gidNumber=[0-9]+\\\\+uidNumber={user},cn=peercred,cn=external,cn=auth$\" \"{account}\"\n\
             sizelimit unlimited\n\
             database mdb\nsuffix \"{BASE}\"\nrootdn \"cn=admin,{BASE}\"\nrootpw {ROOT_PASSWORD}\n\
             directory {folder}/data\nmaxsize 1073741824\n\
             index objectClass,entryUUID,entryCSN,uid eq\n\
             limits dn.exact=\"{account}\" size.soft={limit} size.hard={limit} size.prtotal={limit}\n\
             access to attrs=userPassword by anonymous auth by * none\n{access}{hidden}access to * by * read\n{peer}\
             overlay syncprov\nsyncprov-checkpoint 1000 10\nsyncprov-sessionlog 10000\n",
            access = variant.access,
            user = nix::unistd::getuid(),
            folder = self.folder.display(),
            ca = self.tls.ca.display(),
            certificate = self.tls.certificate.display(),
            key = self.tls.key.display(),
        );
        std::fs::write(self.configuration(), text)
            .unwrap_or_else(|why| panic!("write slapd.conf: {why}"));
    }
}
