//! A domain controller as Microsoft's behaves where Samba does not: answers in rounds, lists in pieces, pages cut short.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{SinkExt, StreamExt};
use ldap3_proto::LdapCodec;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindResponse, LdapFilter, LdapMsg, LdapOp, LdapPartialAttribute, LdapResult,
    LdapResultCode, LdapSearchRequest, LdapSearchResultEntry, LdapSearchScope,
};
use provost_core::directory::Dn;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_util::codec::Framed;

use crate::demo::directory_server::TreeEntry;

/// Values of a list that are sent at once: Microsoft's 1,500, made handy.
pub(super) const PIECE: usize = 15;
/// Entries of a page, however many are asked for.
pub(super) const PAGE: usize = 4;

const SETTINGS: &str = "cn=NTDS Settings,dc=x";
const SCHEMA: &str = "cn=Aggregate,dc=x";
const NOBODY: &str = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// What the controller holds and does.
pub(super) struct State {
    pub(super) entries: Vec<TreeEntry>,
    /// What the next read of changes is told, besides a first answer without entries.
    pub(super) told: Vec<TreeEntry>,
    /// The identity of its database.
    pub(super) invocation: Vec<u8>,
    /// The account may read changes.
    pub(super) permitted: bool,
    /// Reads of changes so far.
    rounds: u32,
}

/// The controller. It stops when this is dropped.
pub(super) struct Controller {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
    accepting: AbortHandle,
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Controller {
    pub(super) async fn start(entries: Vec<TreeEntry>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("ldap://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            entries,
            told: Vec::new(),
            invocation: vec![7; 16],
            permitted: true,
            rounds: 0,
        }));
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self {
            url,
            state,
            accepting: accepting.abort_handle(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut stream = Framed::new(stream, LdapCodec::default());
    while let Some(Ok(message)) = stream.next().await {
        let replies = match message.op {
            LdapOp::BindRequest(_) => vec![(
                LdapOp::BindResponse(LdapBindResponse {
                    res: result(LdapResultCode::Success),
                    saslcreds: None,
                }),
                Vec::new(),
            )],
            LdapOp::SearchRequest(request) => search(&mut lock(&state), &request, &message.ctrl),
            _ => return,
        };
        for (op, controls) in replies {
            let reply = LdapMsg::new_with_ctrls(message.msgid, op, controls);
            if stream.send(reply).await.is_err() {
                return;
            }
        }
    }
}

type Replies = Vec<(LdapOp, Vec<LdapControl>)>;

fn search(state: &mut State, request: &LdapSearchRequest, controls: &[LdapControl]) -> Replies {
    for control in controls {
        match control {
            LdapControl::AdDirsync { cookie, .. } => {
                return dirsync(state, request, cookie.as_deref().unwrap_or_default());
            }
            LdapControl::SimplePagedResults { size, cookie } => {
                return page(state, request, *size, cookie);
            }
            _ => {}
        }
    }
    let found = find(state, request);
    let found = found.iter().map(|entry| chosen(entry, &request.attrs));
    ended(found.collect(), LdapResultCode::Success, Vec::new())
}

/// Every question gets an answer without entries first: the search has gone part of the way.
fn dirsync(state: &mut State, request: &LdapSearchRequest, cookie: &[u8]) -> Replies {
    let answer = |entries: Vec<&TreeEntry>, more: bool, cookie: String| {
        let control = LdapControl::AdDirsync {
            flags: i64::from(more),
            max_bytes: 0,
            cookie: Some(cookie.into_bytes()),
        };
        let entries = entries.iter().map(|entry| chosen(entry, &[]));
        ended(entries.collect(), LdapResultCode::Success, vec![control])
    };
    if !state.permitted {
        return ended(
            Vec::new(),
            LdapResultCode::InsufficentAccessRights,
            Vec::new(),
        );
    }
    let text = String::from_utf8_lossy(cookie).into_owned();
    if !text.ends_with("half") {
        return answer(Vec::new(), true, format!("{text}half"));
    }
    let rounds = state.rounds;
    match &request.filter {
        LdapFilter::Equality(name, _) if name == "isDeleted" => {
            answer(vec![&tombstone(0x7e)], false, "tombstones".to_owned())
        }
        LdapFilter::Equality(_, value) if value == NOBODY => {
            answer(Vec::new(), false, "0".to_owned())
        }
        _ if text != format!("{rounds}half") => {
            ended(Vec::new(), LdapResultCode::UnwillingToPerform, Vec::new())
        }
        _ => {
            state.rounds += 1;
            let told = std::mem::take(&mut state.told);
            answer(told.iter().collect(), false, state.rounds.to_string())
        }
    }
}

fn page(state: &State, request: &LdapSearchRequest, size: i64, cookie: &[u8]) -> Replies {
    let from: usize = String::from_utf8_lossy(cookie).parse().unwrap_or(0);
    let size = usize::try_from(size).unwrap().min(PAGE);
    let found = find(state, request);
    let page = found.iter().skip(from).take(size);
    let more = found.len() > from + size;
    let cookie = if more {
        (from + size).to_string()
    } else {
        String::new()
    };
    let control = LdapControl::SimplePagedResults {
        size: 0,
        cookie: cookie.into_bytes(),
    };
    let page = page.map(|entry| chosen(entry, &request.attrs)).collect();
    ended(page, LdapResultCode::Success, vec![control])
}

fn find(state: &State, request: &LdapSearchRequest) -> Vec<TreeEntry> {
    match request.base.as_str() {
        "" => return vec![root()],
        SCHEMA => return vec![schema()],
        SETTINGS => {
            let id = ("invocationId".to_owned(), vec![state.invocation.clone()]);
            return vec![TreeEntry {
                dn: SETTINGS.to_owned(),
                attributes: vec![id],
            }];
        }
        _ => {}
    }
    let base = Dn::parse(&request.base).unwrap();
    let within = |entry: &&TreeEntry| {
        let name = Dn::parse(&entry.dn).unwrap();
        match request.scope {
            LdapSearchScope::Base => name == base,
            _ => name.is_within(&base),
        }
    };
    let entries = state.entries.iter().filter(within);
    entries
        .filter(|entry| matches(&request.filter, entry))
        .cloned()
        .collect()
}

fn matches(filter: &LdapFilter, entry: &TreeEntry) -> bool {
    let any = |name: &str, test: &dyn Fn(&str) -> bool| {
        let named = entry
            .attributes
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let mut values = named.flat_map(|(_, values)| values);
        values.any(|value| test(&String::from_utf8_lossy(value)))
    };
    let number = |text: &str| text.parse::<i64>().unwrap_or(0);
    match filter {
        LdapFilter::And(parts) => parts.iter().all(|part| matches(part, entry)),
        LdapFilter::Or(parts) => parts.iter().any(|part| matches(part, entry)),
        LdapFilter::Present(name) => any(name, &|_| true),
        LdapFilter::Equality(name, value) => any(name, &|found| found == value),
        LdapFilter::GreaterOrEqual(name, value) => {
            any(name, &|found| number(found) >= number(value))
        }
        LdapFilter::LessOrEqual(name, value) => any(name, &|found| number(found) <= number(value)),
        _ => false,
    }
}

/// Long lists come in pieces: the attribute empty, and beside it the piece that was asked for or the first one.
fn chosen(entry: &TreeEntry, asked: &[String]) -> LdapSearchResultEntry {
    let mut attributes = Vec::new();
    for (name, values) in &entry.attributes {
        let wanted = asked.iter().find_map(|asked| {
            let (bare, range) = asked.split_once(";range=").unwrap_or((asked, "0-*"));
            let from = range.split('-').next()?.parse::<usize>().ok()?;
            bare.eq_ignore_ascii_case(name).then_some(from)
        });
        let from = match wanted {
            Some(from) => from,
            None if asked.is_empty() => 0,
            None => continue,
        };
        if values.len() <= PIECE {
            attributes.push((name.clone(), values.clone()));
            continue;
        }
        let end = (from + PIECE).min(values.len());
        let last = if end == values.len() {
            "*".to_owned()
        } else {
            (end - 1).to_string()
        };
        attributes.push((name.clone(), Vec::new()));
        attributes.push((
            format!("{name};range={from}-{last}"),
            values[from..end].to_vec(),
        ));
    }
    let attributes = attributes.into_iter();
    LdapSearchResultEntry {
        dn: entry.dn.clone(),
        attributes: attributes
            .map(|(atype, vals)| LdapPartialAttribute { atype, vals })
            .collect(),
    }
}

fn ended(
    entries: Vec<LdapSearchResultEntry>,
    code: LdapResultCode,
    controls: Vec<LdapControl>,
) -> Replies {
    let entries = entries
        .into_iter()
        .map(|entry| (LdapOp::SearchResultEntry(entry), Vec::new()));
    let done = (LdapOp::SearchResultDone(result(code)), controls);
    entries.chain([done]).collect()
}

fn result(code: LdapResultCode) -> LdapResult {
    LdapResult {
        code,
        matcheddn: String::new(),
        message: String::new(),
        referral: Vec::new(),
    }
}

fn root() -> TreeEntry {
    TreeEntry::new(
        "",
        &[
            ("supportedCapabilities", &["1.2.840.113556.1.4.800"]),
            (
                "supportedControl",
                &["1.2.840.113556.1.4.319", "1.2.840.113556.1.4.841"],
            ),
            ("namingContexts", &["dc=x"]),
            ("subschemaSubentry", &[SCHEMA]),
            ("dsServiceName", &[SETTINGS]),
            ("currentTime", &["20250302170000.0Z"]),
        ],
    )
}

fn schema() -> TreeEntry {
    let names = [
        "objectClass",
        "objectGUID",
        "sAMAccountName",
        "cn",
        "mail",
        "employeeNumber",
        "accountExpires",
    ];
    let defined = |(number, name)| format!("( 1.2.{number} NAME '{name}' )");
    let attributes: Vec<String> = names.iter().enumerate().map(defined).collect();
    let attributes: Vec<&str> = attributes.iter().map(String::as_str).collect();
    TreeEntry::new(
        SCHEMA,
        &[
            ("attributeTypes", &attributes),
            ("objectClasses", &["( 1.3 NAME 'user' )"]),
        ],
    )
}

/// The bytes of an id, which are text here.
fn guid(number: u8) -> String {
    char::from(number).to_string().repeat(16)
}

pub(super) fn user(number: u8, name: &str) -> TreeEntry {
    TreeEntry::new(
        &format!("CN={name},ou=staff,DC=x"),
        &[
            ("objectClass", &["user"]),
            ("objectGUID", &[&guid(number)]),
            ("sAMAccountName", &[name]),
            ("cn", &[&name.to_uppercase()]),
            ("accountExpires", &["9223372036854775807"]),
        ],
    )
}

/// What DirSync tells of an entry whose attribute was taken away.
pub(super) fn taken_away(number: u8, name: &str, attribute: &str) -> TreeEntry {
    let mut told = TreeEntry::new(
        &format!("CN={name},ou=staff,DC=x"),
        &[("objectGUID", &[&guid(number)])],
    );
    told.attributes.push((attribute.to_owned(), Vec::new()));
    told
}

/// What is left of a deleted entry: no class that a filter may ask for, a new name, a new place.
pub(super) fn tombstone(number: u8) -> TreeEntry {
    TreeEntry::new(
        &format!("CN=x\\0ADEL:{number},CN=Deleted Objects,DC=x"),
        &[("objectGUID", &[&guid(number)]), ("isDeleted", &["TRUE"])],
    )
}
