//! A real mail server on loopback: OpenSMTPD, delivering into a maildir.
//!
//! OpenSMTPD keeps its queue and its control socket at fixed places, so each one runs in mount and process namespaces
//! of its own with empty folders there. That, and its change of user, need root.

use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;

use crate::mailbox::Received;
use crate::process::{Running, free_port};
use crate::wait;

/// A running mail server.
#[derive(Debug)]
pub struct Smtpd {
    folder: PathBuf,
    port: u16,
    process: Option<Running>,
}

/// Mounts empty folders over the fixed places, then becomes the server. `$1` is the configuration.
const INSIDE: &str = "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/spool && \
                      mkdir -m 711 /var/spool/smtpd && exec /usr/sbin/smtpd -d -f \"$1\"";

impl Smtpd {
    /// Starts a mail server that takes mail for everybody but the addresses in `refused`, which it answers with 550.
    ///
    /// # Panics
    /// If OpenSMTPD is missing, this is not root, or it does not start.
    pub fn start(folder: &Path, refused: &[&str]) -> Self {
        assert!(
            nix::unistd::geteuid().is_root(),
            "the mail server of the tests (OpenSMTPD) needs root, in a container for example"
        );
        let folder = folder.join("smtpd");
        let mail = folder.join("mail");
        std::fs::create_dir_all(&mail).unwrap_or_else(|why| panic!("{why}"));
        open_the_way(&folder, &mail);
        let mut smtpd = Self {
            folder,
            port: free_port(),
            process: None,
        };
        smtpd.configure(refused);
        smtpd.up();
        smtpd
    }

    /// `smtp://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Goes down; what it has not delivered is lost with its queue.
    pub fn down(&mut self) {
        if let Some(mut process) = self.process.take() {
            // The process that holds the namespaces ignores SIGTERM; its death takes everything in them along.
            process.stop(Signal::SIGKILL);
        }
    }

    /// Comes back on the same port.
    pub fn up(&mut self) {
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--fork",
            "--kill-child",
        ]);
        command
            .args(["sh", "-c", INSIDE, "smtpd"])
            .arg(self.configuration());
        let mut process = Running::start("smtpd", &self.folder, &command);
        process.wait_port(self.port);
        self.process = Some(process);
    }

    /// What it has delivered so far, the oldest first.
    pub fn mails(&self) -> Vec<Received> {
        let Ok(entries) = std::fs::read_dir(self.folder.join("mail/new")) else {
            return Vec::new();
        };
        let mut files: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.path().canonicalize().ok())
            .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
            .collect();
        files.sort();
        let read = |(_, path): &(_, PathBuf)| std::fs::read_to_string(path).ok();
        files
            .iter()
            .filter_map(read)
            .map(|text| Received { text })
            .collect()
    }

    /// How many mails it has delivered so far.
    pub fn count(&self) -> u64 {
        let entries = std::fs::read_dir(self.folder.join("mail/new"));
        entries.map_or(0, |entries| entries.count() as u64)
    }

    /// Waits until at least `count` mails are delivered, and gives all there are.
    ///
    /// # Panics
    /// If they do not come.
    pub fn wait_mails(&self, count: usize) -> Vec<Received> {
        wait::until(
            &format!("{count} mails"),
            || self.log(),
            || Some(self.mails()).filter(|mails| mails.len() >= count),
        )
    }

    /// What it says about its work.
    pub fn log(&self) -> String {
        self.process.as_ref().map_or(String::new(), Running::log)
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("smtpd.conf")
    }

    /// `nobody` owns all mailboxes: the server delivers for no user who is not in the system, and never as root.
    fn configure(&self, refused: &[&str]) {
        let refused: Vec<String> = refused
            .iter()
            .map(|address| format!("\"{address}\""))
            .collect();
        let reject = match refused.is_empty() {
            true => String::new(),
            false => format!(
                "table refused {{ {} }}\nmatch from any for rcpt-to <refused> reject\n",
                refused.join(", ")
            ),
        };
        let text = format!(
            "table everybody {{ \"@\" = nobody }}\n\
             listen on 127.0.0.1 port {port} hostname relay.test\n\
             action \"keep\" maildir \"{mail}\" virtual <everybody>\n\
             {reject}match from any for any action \"keep\"\n",
            port = self.port,
            mail = self.folder.join("mail").display(),
        );
        std::fs::write(self.configuration(), text)
            .unwrap_or_else(|why| panic!("write smtpd.conf: {why}"));
    }
}

impl Drop for Smtpd {
    fn drop(&mut self) {
        self.down();
    }
}

/// The delivering user must reach the maildir through folders that only root may enter otherwise.
fn open_the_way(folder: &Path, mail: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let enter = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o711))
            .unwrap_or_else(|why| panic!("open {}: {why}", path.display()));
    };
    enter(folder);
    if let Some(parent) = folder.parent() {
        enter(parent);
    }
    let nobody = nix::unistd::User::from_name("nobody").ok().flatten();
    let uid = nobody.map(|user| user.uid);
    nix::unistd::chown(mail, uid, None)
        .unwrap_or_else(|why| panic!("give the maildir away: {why}"));
}
