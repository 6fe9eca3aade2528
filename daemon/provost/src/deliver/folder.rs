//! Captures what would be sent in a folder, for the demo: an `.eml` file a mail, an `.http` file a request.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use lettre::message::Mailbox;

use super::mail::atom;
use super::{Deliver, Letter, Mail, Parcel, Refusal, Reply, Request, Sending};

/// A folder that takes everything.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    from: Mailbox,
}

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("create the mail folder {path}")]
pub struct FolderError {
    /// The folder.
    pub path: PathBuf,
    #[source]
    source: std::io::Error,
}

impl Folder {
    /// Captures mail in `path`, which is created if it is missing.
    ///
    /// # Errors
    /// [`FolderError`] if it cannot be created.
    pub fn new(path: impl Into<PathBuf>, from: Mailbox) -> Result<Self, FolderError> {
        let path = path.into();
        match std::fs::create_dir_all(&path) {
            Ok(()) => Ok(Self { path, from }),
            Err(source) => Err(FolderError { path, source }),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Named after notice and channel: a mail that is sent again takes the place of the first, as its Message-ID says.
    fn capture(&self, mail: &Mail) -> Reply {
        let letter = match Letter::write(mail, &self.from) {
            Ok(letter) => letter,
            Err(why) => return Reply::failed(why.to_string()),
        };
        let name = format!("{}.eml", mail.local_id());
        self.keep(name, &letter.bytes, letter.refused)
    }

    /// The request without what the host adds: nothing is sent, so there is no signature and no secret in it.
    fn capture_request(&self, request: &Request) -> Reply {
        let (notice, channel) = (request.notice.as_str(), request.channel.as_str());
        let name = format!("{}.{}.http", atom(notice), atom(channel));
        self.keep(name, &request.shown(), Vec::new())
    }

    fn keep(&self, name: String, bytes: &[u8], refused: Vec<Refusal>) -> Reply {
        match self.put(&name, bytes) {
            Ok(()) => Reply::Accepted {
                receipt: format!("captured as {name}"),
                refused,
            },
            Err(why) => Reply::retry(format!("write {name}: {why}")),
        }
    }

    /// A reader of the folder sees a whole message or none.
    fn put(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        file.write_all(bytes)?;
        file.persist(self.path.join(name))?;
        Ok(())
    }
}

impl Deliver for Folder {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Sending<'a, Reply> {
        Box::pin(async move {
            match parcel {
                Parcel::Mail(mail) => self.capture(mail),
                Parcel::Http(request) => self.capture_request(request),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::id::{NoticeId, PluginId};

    #[tokio::test]
    async fn a_mail_that_is_sent_twice_lies_in_the_folder_once() {
        let place = tempfile::tempdir().unwrap();
        let folder =
            Folder::new(place.path().join("mail"), "p@d.example".parse().unwrap()).unwrap();
        let mail = Parcel::Mail(Mail {
            notice: NoticeId::new("n1").unwrap(),
            channel: PluginId::new("email").unwrap(),
            role: provost_core::notice::RecipientRole::Contact,
            to: vec!["a@d.example".to_owned()],
            subject: "s".to_owned(),
            text: "t".to_owned(),
            html: None,
            headers: Vec::new(),
            date: "2025-03-02T10:00:00-07:00".parse().unwrap(),
        });
        let accepted = Reply::Accepted {
            receipt: "captured as n1.email.eml".to_owned(),
            refused: Vec::new(),
        };
        assert_eq!(folder.send(&mail).await, accepted);
        assert_eq!(folder.send(&mail).await, accepted);
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["n1.email.eml"]);
        let text = std::fs::read_to_string(folder.path().join("n1.email.eml")).unwrap();
        assert!(
            text.contains("\r\nMessage-ID: <n1.email@d.example>\r\n"),
            "{text}"
        );
    }
}
