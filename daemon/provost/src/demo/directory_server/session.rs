//! One connection.

use futures_util::{SinkExt, StreamExt};
use ldap3_proto::LdapCodec;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapBindResponse, LdapExtendedResponse, LdapMsg, LdapOp,
    LdapPartialAttribute, LdapResult, LdapResultCode, LdapSearchRequest, LdapSearchResultEntry,
    LdapSearchScope,
};
use provost_core::directory::Dn;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::codec::Framed;

use super::tree::{Depth, Tree, TreeEntry};
use super::{Fault, Shared, filter};

/// How long a client may say nothing, or read nothing.
const PATIENCE: Duration = Duration::from_secs(300);

/// The name of the schema entry.
const SCHEMA: &str = "cn=Subschema";

/// The paged-results control. Source: RFC 2696.
const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// Serves a connection to its end. A client that breaks the protocol is dropped, which is all there is to say to it.
pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut session = Session {
        stream: Framed::new(stream, LdapCodec::default()),
        shared,
        bound: false,
        sent: 0,
    };
    while let Ok(Some(Ok(message))) = timeout(PATIENCE, session.stream.next()).await {
        match timeout(PATIENCE, session.answer(message)).await {
            Ok(Ok(Next::Go)) => {}
            _ => break,
        }
    }
}

enum Next {
    Go,
    Close,
}

struct Session {
    stream: Framed<TcpStream, LdapCodec>,
    shared: Arc<Shared>,
    bound: bool,
    /// Entries sent on this connection.
    sent: usize,
}

/// What a search comes to.
struct Answer {
    entries: Vec<LdapSearchResultEntry>,
    code: LdapResultCode,
    cookie: Vec<u8>,
}

impl Answer {
    fn empty(code: LdapResultCode) -> Self {
        Self {
            entries: Vec::new(),
            code,
            cookie: Vec::new(),
        }
    }
}

impl Session {
    async fn answer(&mut self, message: LdapMsg) -> io::Result<Next> {
        let id = message.msgid;
        match message.op {
            LdapOp::BindRequest(request) => {
                let code = self.bind(&request);
                let res = result(code);
                self.send(LdapMsg::new(
                    id,
                    LdapOp::BindResponse(LdapBindResponse {
                        res,
                        saslcreds: None,
                    }),
                ))
                .await?;
            }
            LdapOp::SearchRequest(request) => {
                return self.search(id, &request, &message.ctrl).await;
            }
            LdapOp::ExtendedRequest(_) => {
                let refused = LdapExtendedResponse {
                    res: result(LdapResultCode::ProtocolError),
                    name: None,
                    value: None,
                };
                self.send(LdapMsg::new(id, LdapOp::ExtendedResponse(refused)))
                    .await?;
            }
            LdapOp::AbandonRequest(_) => {}
            // The directory is read-only over the wire.
            _ => return Ok(Next::Close),
        }
        Ok(Next::Go)
    }

    async fn send(&mut self, message: LdapMsg) -> io::Result<()> {
        self.stream.send(message).await
    }

    fn bind(&mut self, request: &LdapBindRequest) -> LdapResultCode {
        let account = &self.shared.account;
        let same_name = Dn::parse(&request.dn).ok() == Dn::parse(&account.dn).ok();
        let good = match &request.cred {
            LdapBindCred::Simple(password) => same_name && *password == account.password,
            LdapBindCred::SASL(_) | LdapBindCred::Unsupported => {
                return LdapResultCode::AuthMethodNotSupported;
            }
        };
        self.bound = good && self.shared.fault() != Fault::RefuseBind;
        match self.bound {
            true => LdapResultCode::Success,
            false => LdapResultCode::InvalidCredentials,
        }
    }

    async fn search(
        &mut self,
        id: i32,
        request: &LdapSearchRequest,
        controls: &[LdapControl],
    ) -> io::Result<Next> {
        let page = controls.iter().find_map(|control| match control {
            LdapControl::SimplePagedResults { size, cookie } => Some((*size, cookie.clone())),
            _ => None,
        });
        let fault = self.shared.fault();
        let answer = self.find(request, page.as_ref(), &fault);
        if fault == Fault::Silence && !request.base.is_empty() {
            return Ok(Next::Go);
        }
        for (place, entry) in answer.entries.into_iter().enumerate() {
            if let (Fault::Bytes(bytes), 2) = (&fault, place) {
                self.stream.get_mut().write_all(bytes).await?;
                continue;
            }
            if matches!(fault, Fault::DropAfter(entries) if self.sent >= entries) {
                return Ok(Next::Close);
            }
            if matches!(fault, Fault::StallAfter(entries) if self.sent >= entries) {
                return Ok(Next::Go);
            }
            self.sent += 1;
            self.send(LdapMsg::new(id, LdapOp::SearchResultEntry(entry)))
                .await?;
        }
        let done = LdapOp::SearchResultDone(result(answer.code));
        let controls = match page {
            Some(_) => vec![LdapControl::SimplePagedResults {
                size: 0,
                cookie: answer.cookie,
            }],
            None => Vec::new(),
        };
        self.send(LdapMsg::new_with_ctrls(id, done, controls))
            .await?;
        Ok(Next::Go)
    }

    fn find(
        &self,
        request: &LdapSearchRequest,
        page: Option<&(i64, Vec<u8>)>,
        fault: &Fault,
    ) -> Answer {
        let tree = self
            .shared
            .tree
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let asked = |entry: &TreeEntry| chosen(entry, &request.attrs);
        if request.scope == LdapSearchScope::Base && request.base.is_empty() {
            let root = root(&tree);
            return Answer {
                entries: vec![asked(&root)],
                ..Answer::empty(LdapResultCode::Success)
            };
        }
        if !self.bound {
            return Answer::empty(LdapResultCode::InsufficentAccessRights);
        }
        if request.base.eq_ignore_ascii_case(SCHEMA) {
            return Answer {
                entries: vec![asked(&schema(&tree))],
                ..Answer::empty(LdapResultCode::Success)
            };
        }
        match (Dn::parse(&request.base), fault) {
            (Err(_), _) => Answer::empty(LdapResultCode::InvalidDNSyntax),
            (_, Fault::Busy) => Answer::empty(LdapResultCode::Busy),
            (Ok(_), Fault::EmptySuccess) => Answer::empty(LdapResultCode::Success),
            (Ok(base), _) if !tree.has(&base) || hidden(fault, &request.base) => {
                Answer::empty(LdapResultCode::NoSuchObject)
            }
            (Ok(base), _) => self.walk(&tree, &base, request, page, fault),
        }
    }

    fn walk(
        &self,
        tree: &Tree,
        base: &Dn,
        request: &LdapSearchRequest,
        page: Option<&(i64, Vec<u8>)>,
        fault: &Fault,
    ) -> Answer {
        let depth = match request.scope {
            LdapSearchScope::Base => Depth::Base,
            LdapSearchScope::OneLevel => Depth::One,
            LdapSearchScope::Subtree | LdapSearchScope::Children => Depth::Sub,
        };
        let after = page.map_or(String::new(), |(_, cookie)| {
            String::from_utf8_lossy(cookie).into_owned()
        });
        let size = page.map_or(usize::MAX, |(size, _)| {
            usize::try_from(*size).unwrap_or(usize::MAX)
        });
        let mut answer = Answer::empty(LdapResultCode::Success);
        let mut last = String::new();
        let mut found = tree
            .below(base, depth, &after)
            .filter(|(_, entry)| {
                !hidden(fault, &entry.dn) && filter::matches(&request.filter, entry)
            })
            .peekable();
        while answer.entries.len() < size
            && let Some((key, entry)) = found.next()
        {
            if matches!(fault, Fault::SizeLimit(limit) if answer.entries.len() >= *limit) {
                answer.code = LdapResultCode::SizeLimitExceeded;
                return answer;
            }
            last.clone_from(key);
            answer.entries.push(chosen(entry, &request.attrs));
        }
        if found.peek().is_some() {
            answer.cookie = last.into_bytes();
        }
        answer
    }
}

fn hidden(fault: &Fault, dn: &str) -> bool {
    matches!(fault, Fault::Hide(end) if dn.to_lowercase().ends_with(&end.to_lowercase()))
}

fn result(code: LdapResultCode) -> LdapResult {
    LdapResult {
        code,
        matcheddn: String::new(),
        message: String::new(),
        referral: Vec::new(),
    }
}

/// The attributes that were asked for; none named or `*` means all.
fn chosen(entry: &TreeEntry, asked: &[String]) -> LdapSearchResultEntry {
    let all = asked.is_empty() || asked.iter().any(|name| name == "*" || name == "+");
    let wanted = |name: &String| all || asked.iter().any(|other| other.eq_ignore_ascii_case(name));
    let attributes = entry.attributes.iter().filter(|(name, _)| wanted(name));
    LdapSearchResultEntry {
        dn: entry.dn.clone(),
        attributes: attributes
            .map(|(name, values)| LdapPartialAttribute {
                atype: name.clone(),
                vals: values.clone(),
            })
            .collect(),
    }
}

fn root(tree: &Tree) -> TreeEntry {
    let contexts = tree.contexts();
    let contexts: Vec<&str> = contexts.iter().map(String::as_str).collect();
    TreeEntry::new(
        "",
        &[
            ("objectClass", &["top"]),
            ("vendorName", &["Provost sample directory"]),
            ("supportedLDAPVersion", &["3"]),
            ("supportedControl", &[PAGED_RESULTS]),
            ("subschemaSubentry", &[SCHEMA]),
            ("namingContexts", &contexts),
        ],
    )
}

/// Attributes that staff entries may have whether or not one has them.
const USUAL: [&str; 12] = [
    "objectClass",
    "entryUUID",
    "uid",
    "cn",
    "sn",
    "givenName",
    "mail",
    "telephoneNumber",
    "employeeNumber",
    "title",
    "departmentNumber",
    "member",
];

fn schema(tree: &Tree) -> TreeEntry {
    let mut names = tree.attribute_names();
    names.extend(USUAL.map(str::to_owned));
    let define = |(number, name): (usize, &String)| {
        format!("( 1.3.6.1.4.1.99999.1.{number} NAME '{name}' )")
    };
    let attributes: Vec<String> = names.iter().enumerate().map(define).collect();
    let classes: Vec<String> = tree.classes().iter().enumerate().map(define).collect();
    let texts = |list: &[String]| -> Vec<Vec<u8>> {
        list.iter().map(|text| text.clone().into_bytes()).collect()
    };
    TreeEntry {
        dn: SCHEMA.to_owned(),
        attributes: vec![
            ("attributeTypes".to_owned(), texts(&attributes)),
            ("objectClasses".to_owned(), texts(&classes)),
        ],
    }
}
