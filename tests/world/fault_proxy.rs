//! A line between the daemon and a directory server on which a test breaks one message: for everything that a real
//! server does not do when asked.
//!
//! It knows of LDAP what it must: where a message ends, whose answer it is and of which kind (RFC 4511 §4.1.1).

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What happens to one message of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The line breaks after so many of its bytes; none is a break between two messages.
    Cut(usize),
    /// Nothing comes any more, and the line stays.
    Stall,
    /// One bit arrives as another; the number is taken modulo the message's length.
    Flip(usize),
    /// It says that it is two gigabytes long.
    Swell,
    /// It is lost.
    Lose,
    /// It arrives twice.
    Repeat,
    /// The one behind it overtakes it, if that is there already.
    Overtake,
    /// Its operation ends here with this result code and without controls, and nothing else of it arrives.
    End(u8),
}

#[derive(Debug, Default)]
struct State {
    connected: Vec<Instant>,
    fault: Option<(usize, Fault)>,
    messages: usize,
    lines: Vec<TcpStream>,
}

/// The line. Connections of the daemon go through it until the test ends.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl FaultProxy {
    /// A line to the server at this address.
    ///
    /// # Panics
    /// If there is no port.
    pub fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|why| panic!("{why}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                lock(&shared).connected.push(Instant::now());
                // A server that is away is a line that breaks at once.
                drop(connect(client, server, &shared));
            }
        });
        Self { port, state }
    }

    /// `ldap://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// When somebody connected, from the beginning on.
    pub fn connected(&self) -> Vec<Instant> {
        lock(&self.state).connected.clone()
    }

    /// From here on messages are counted anew, and this happens to the one with this number, from 0.
    pub fn arm(&self, message: usize, fault: Fault) {
        let mut state = lock(&self.state);
        (state.fault, state.messages) = (Some((message, fault)), 0);
    }

    /// Whether what was to happen has.
    pub fn has_struck(&self) -> bool {
        lock(&self.state).fault.is_none()
    }

    /// Nothing happens any more. Says whether the fault has struck, and how many messages there were.
    pub fn disarm(&self) -> (bool, usize) {
        let mut state = lock(&self.state);
        let struck = state.fault.take().is_none();
        // Who still waits behind a fault is let go.
        for line in state.lines.drain(..) {
            let _ = line.shutdown(Shutdown::Both);
        }
        (struck, std::mem::take(&mut state.messages))
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(
    client: TcpStream,
    server: SocketAddr,
    state: &Arc<Mutex<State>>,
) -> std::io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    lock(state)
        .lines
        .extend([client.try_clone()?, server.try_clone()?]);
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || {
        drop(std::io::copy(&mut from, &mut to));
        let _ = to.shutdown(Shutdown::Both);
    });
    let state = Arc::clone(state);
    std::thread::spawn(move || {
        drop(answers(&server, &client, &state));
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    });
    Ok(())
}

/// Carries the server's messages until either side has gone.
fn answers(
    mut server: &TcpStream,
    mut client: &TcpStream,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let (mut waiting, mut ended) = (Vec::new(), None::<Vec<u8>>);
    let mut chunk = [0; 16 << 10];
    loop {
        let count = server.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        waiting.extend_from_slice(chunk.get(..count).unwrap_or_default());
        while let Some(message) = first(&mut waiting) {
            if ended.is_some() && ended == id(&message).map(<[u8]>::to_vec) {
                continue;
            }
            let Some(fault) = due(state) else {
                client.write_all(&message)?;
                continue;
            };
            match fault {
                Fault::Cut(bytes) => {
                    let bytes = bytes.min(message.len().saturating_sub(1));
                    return client.write_all(message.get(..bytes).unwrap_or_default());
                }
                Fault::Stall => {
                    // Until somebody closes the line.
                    while server.read(&mut chunk)? > 0 {}
                    return Ok(());
                }
                Fault::Flip(bit) => client.write_all(&flipped(message, bit))?,
                Fault::Swell => client.write_all(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff])?,
                Fault::Lose => {}
                Fault::Repeat => {
                    client.write_all(&message)?;
                    client.write_all(&message)?;
                }
                Fault::Overtake => {
                    if let Some(next) = first(&mut waiting) {
                        client.write_all(&next)?;
                    }
                    client.write_all(&message)?;
                }
                Fault::End(code) => {
                    ended = id(&message).map(<[u8]>::to_vec);
                    client.write_all(&ending(&message, code))?;
                }
            }
        }
    }
}

/// What happens to the message that is next, if its turn has come.
fn due(state: &Mutex<State>) -> Option<Fault> {
    let mut state = lock(state);
    let number = state.messages;
    state.messages += 1;
    let (_, fault) = state.fault.take_if(|(at, _)| *at == number)?;
    Some(fault)
}

/// Takes the first message out, if all of it is there.
fn first(waiting: &mut Vec<u8>) -> Option<Vec<u8>> {
    let (head, length) = length(waiting)?;
    let end = head.checked_add(length)?;
    (waiting.len() >= end).then(|| waiting.drain(..end).collect())
}

/// Bytes of tag and length, and the length that they tell (X.690 §8.1.3).
fn length(message: &[u8]) -> Option<(usize, usize)> {
    let first = *message.get(1)?;
    if first < 0x80 {
        return Some((2, usize::from(first)));
    }
    let head = 2 + usize::from(first & 0x7f);
    let bytes = message.get(2..head)?.iter();
    Some((
        head,
        bytes.fold(0, |length, byte| length << 8 | usize::from(*byte)),
    ))
}

/// The message id with its tag and length.
fn id(message: &[u8]) -> Option<&[u8]> {
    let (head, _) = length(message)?;
    let bytes = usize::from(*message.get(head + 1)?);
    message.get(head..head + 2 + bytes)
}

fn flipped(mut message: Vec<u8>, bit: usize) -> Vec<u8> {
    let byte = bit / 8 % message.len().max(1);
    if let Some(byte) = message.get_mut(byte) {
        *byte ^= 1 << (bit % 8);
    }
    message
}

/// The end of the operation that the message belongs to, as its server would have written it.
fn ending(message: &[u8], code: u8) -> Vec<u8> {
    const SEARCH_DONE: u8 = 0x65;
    let id = id(message).unwrap_or(&[2, 1, 1]);
    let (head, _) = length(message).unwrap_or_default();
    let tag = match message.get(head + id.len()) {
        // An entry, a reference, an intermediate message: a search.
        None | Some(0x64 | 0x73 | 0x79) => SEARCH_DONE,
        Some(tag) => *tag,
    };
    let mut ending = vec![0x30, 0];
    ending.extend_from_slice(id);
    ending.extend_from_slice(&[tag, 7, 0x0a, 1, code, 4, 0, 4, 0]);
    if let Some(length) = u8::try_from(ending.len() - 2)
        .ok()
        .filter(|length| *length < 0x80)
    {
        ending[1] = length;
    }
    ending
}
