//! A real domain controller (Samba AD) on a loopback address of its own: its ports are fixed, so that the address has to
//! tell one from another.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;

use crate::office::{Office, Step};
use crate::process::{Running, free_port, must, run};
use crate::staff::{BASE, Staff, school_dn};
use crate::tls::Tls;
use crate::wait;

const ADMINISTRATOR_PASSWORD: &str = "Administrator.1";
/// Password of [`SambaAd::reader`], [`SambaAd::limited`] and [`SambaAd::stranger`].
pub const ACCOUNT_PASSWORD: &str = "Read-only.1";

/// A running domain controller.
#[derive(Debug)]
pub struct SambaAd {
    folder: PathBuf,
    address: String,
    tls: Tls,
    process: Option<Running>,
}

impl SambaAd {
    /// Provisions a domain and starts its controller with the staff.
    ///
    /// # Panics
    /// If samba-ad-dc is missing, does not start, or may not listen on its ports (that takes root).
    pub fn start(folder: &Path, staff: &Staff) -> Self {
        Self::begin(folder, staff, "")
    }

    /// The same with a controller that takes passwords in clear, so that what it says can be seen.
    pub fn start_in_clear(folder: &Path, staff: &Staff) -> Self {
        Self::begin(folder, staff, "ldap server require strong auth = no\n")
    }

    /// `more` are further lines of its configuration's section `[global]`.
    fn begin(folder: &Path, staff: &Staff, more: &str) -> Self {
        let folder = folder.join("samba");
        std::fs::create_dir_all(&folder).unwrap_or_else(|why| panic!("{why}"));
        let port = free_port().to_be_bytes();
        let address = format!("127.77.{}.{}", port[0], port[1]);
        let tls = Tls::for_address(&folder, &address);
        let mut server = Self {
            folder,
            address,
            tls,
            process: None,
        };
        server.provision();
        server.add(more);
        server.up();
        server.fill(staff);
        server
    }

    /// `ldaps://127.77.X.Y`: no password is taken in clear.
    pub fn url(&self) -> String {
        format!("ldaps://{}", self.address)
    }

    /// The same, in clear.
    pub fn clear_url(&self) -> String {
        format!("ldap://{}", self.address)
    }

    /// The address of [`SambaAd::clear_url`].
    ///
    /// # Panics
    /// Never: it is an address.
    pub fn clear_address(&self) -> SocketAddr {
        let address: IpAddr = self.address.parse().unwrap_or_else(|why| panic!("{why}"));
        (address, 389).into()
    }

    /// The certificate that clients must trust.
    pub fn ca(&self) -> &Path {
        &self.tls.ca
    }

    /// An administrator: nobody else is shown what was deleted.
    pub fn reader() -> String {
        format!("cn=provost,cn=Users,{BASE}")
    }

    /// An account with the right to read changes.
    pub fn limited() -> String {
        format!("cn=limited,cn=Users,{BASE}")
    }

    /// An account without it.
    pub fn stranger() -> String {
        format!("cn=stranger,cn=Users,{BASE}")
    }

    /// How its administrators reach it.
    pub fn office(&self, filter: &'static str) -> Office {
        Office {
            url: self.url(),
            ca: Some(self.tls.ca.clone()),
            account: format!("cn=Administrator,cn=Users,{BASE}"),
            password: ADMINISTRATOR_PASSWORD,
            vendor: "samba-ad",
            filter,
            disabling: ("userAccountControl", "546"),
            enabling: ("userAccountControl", Some("544")),
        }
    }

    /// Is killed, as by a power failure.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(Signal::SIGKILL);
        }
    }

    /// Comes back, with what its disk has.
    pub fn up(&mut self) {
        let mut command = Command::new("/usr/sbin/samba");
        command.args([
            "--foreground",
            "--no-process-group",
            "--debug-stdout",
            "--model=single",
        ]);
        command
            .arg("--configfile")
            .arg(self.folder.join("etc/smb.conf"));
        self.process = Some(Running::start("samba-dc", &self.folder, &command));
        let log = || std::fs::read_to_string(self.folder.join("samba-dc.log")).unwrap_or_default();
        wait::until("the domain controller to answer", log, || {
            let mut command = Command::new("ldapsearch");
            command.env("LDAPTLS_CACERT", &self.tls.ca);
            command.args([
                "-x",
                "-LLL",
                "-H",
                &self.url(),
                "-s",
                "base",
                "-b",
                "",
                "dnsHostName",
            ]);
            run("ldap-utils", &mut command, "")
                .status
                .success()
                .then_some(())
        });
    }

    /// Adds lines that provisioning does not write down.
    fn add(&self, lines: &str) {
        let file = self.folder.join("etc/smb.conf");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|why| panic!("{why}"));
        let global = "[global]\n";
        let text = text.replacen(global, &format!("{global}{lines}"), 1);
        std::fs::write(&file, text).unwrap_or_else(|why| panic!("{why}"));
    }

    fn provision(&self) {
        let folder = self.folder.display();
        let options = [
            format!("interfaces={}/8", self.address),
            "bind interfaces only=yes".to_owned(),
            "server services=ldap".to_owned(),
            format!("tls cafile={}", self.tls.ca.display()),
            format!("tls certfile={}", self.tls.certificate.display()),
            format!("tls keyfile={}", self.tls.key.display()),
            format!("log file={folder}/log"),
            format!("pid directory={folder}"),
            format!("ncalrpc dir={folder}/ncalrpc"),
            format!("winbindd socket directory={folder}/winbindd"),
        ];
        let mut command = Command::new("samba-tool");
        command.args([
            "domain",
            "provision",
            "--server-role=dc",
            "--dns-backend=NONE",
        ]);
        command.args([
            "--realm=DISTRICT.EXAMPLE",
            "--domain=DISTRICT",
            "--host-name=dc1",
        ]);
        command.arg(format!("--targetdir={folder}"));
        command.arg(format!("--host-ip={}", self.address));
        command.arg(format!("--adminpass={ADMINISTRATOR_PASSWORD}"));
        command.args(options.iter().map(|option| format!("--option={option}")));
        must("samba-ad-provision", &mut command, "");
    }

    fn fill(&self, staff: &Staff) {
        let office = self.office("(objectClass=user)");
        let accounts = ["provost", "limited", "stranger"];
        office.apply(&accounts.map(|name| Step::account(name, ACCOUNT_PASSWORD)));
        // There has been somebody before.
        office.apply(&[
            Step::administrator("provost"),
            Step::account("former", ACCOUNT_PASSWORD),
            Step::remove("former"),
        ]);
        // DS-Replication-Get-Changes (MS-ADTS 5.1.3.2.1).
        let mut command = Command::new("samba-tool");
        command.args(["dsacl", "set", "--car=get-changes", "--action=allow"]);
        command.arg(format!("--objectdn={BASE}"));
        command.arg(format!("--trusteedn={}", Self::limited()));
        command.arg("-H").arg(self.folder.join("private/sam.ldb"));
        command
            .arg("--configfile")
            .arg(self.folder.join("etc/smb.conf"));
        must("samba-common-bin", &mut command, "");
        let units = ["staff", "groups", "service"].map(|unit| format!("ou={unit},{BASE}"));
        let schools = (0..staff.schools()).map(school_dn);
        let mut steps: Vec<Step> = units
            .into_iter()
            .chain(schools)
            .map(|dn| Step::unit(&dn))
            .collect();
        let people: Vec<_> = staff.people().collect();
        steps.extend(
            people
                .iter()
                .map(|person| Step::hire(person, &school_dn(person.school))),
        );
        let principals = people.iter().filter(|person| person.title == "Principal");
        let principals: Vec<_> = principals.take(2).collect();
        let first: Vec<_> = people.iter().take(3).collect();
        steps.push(Step::group("Principals", &principals, &[]));
        steps.push(Step::group("SIS Admins", &first, &["Principals"]));
        steps.push(Step::join_group("Principals", "SIS Admins"));
        office.apply(&steps);
    }
}
