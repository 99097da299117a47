//! A client of the OSC remote: what a person at another program would send, and the answers.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType};
use serde_json::Value;
use thiserror::Error;

/// How many ports the remote tries from the one it was given.
pub const PORTS: u16 = 16;
/// Longest that an answer may take before the remote counts as dead.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a client that waits looks for a reply.
const LOOK: Duration = Duration::from_micros(100);

/// What the remote answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A request was staged or done.
    Ok(String),
    /// A request failed: its verb and why.
    Error(String, String),
    /// A commit plays.
    Swapped {
        /// The commit.
        revision: i64,
        /// From the commit to the swap, in ms.
        ms: f64,
        /// RMS of the warm-up.
        rms: f64,
    },
    /// A commit was refused: why.
    Rejected(i64, String),
    /// A newer commit took a commit's place.
    Superseded(i64),
    /// A commit was not ready in time.
    TimedOut(i64),
    /// The playing patch as JSON.
    Patch(String),
    /// The counters.
    Status(Value),
}

impl Reply {
    /// True for what a commit ends in.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::Swapped { .. } | Self::Rejected(..) | Self::Superseded(_) | Self::TimedOut(_)
        )
    }
}

/// Why talking to the remote failed.
#[derive(Debug, Error)]
pub enum OscError {
    /// The socket.
    #[error("the OSC socket failed: {0}")]
    Socket(#[from] std::io::Error),
    /// What came or was to be sent is not OSC.
    #[error("not OSC: {0}")]
    Packet(String),
    /// No answer came.
    #[error("the remote did not answer `{0}` within {PATIENCE:?}")]
    Silent(String),
    /// Nobody listens.
    #[error("no remote listens on the ports {0} to {end}", end = .0 + PORTS - 1)]
    Nobody(u16),
    /// A request was refused that should not have been.
    #[error("the remote refused `{verb}`: {text}")]
    Refused {
        /// The request.
        verb: String,
        /// Why.
        text: String,
    },
}

/// A connection to one instance's remote.
pub struct Client {
    socket: UdpSocket,
    port: u16,
}

/// A port from which [`PORTS`] ports on were free a moment ago.
///
/// # Errors
/// When the system gives no port at all.
pub fn free_ports() -> Result<u16, OscError> {
    loop {
        let first = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let all = first.checked_add(PORTS - 1).map(|last| first..=last);
        let free = |port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if all.is_some_and(|mut ports| ports.all(free)) {
            return Ok(first);
        }
    }
}

/// The ports from `first` on where a remote answers now.
///
/// # Errors
/// When a socket cannot be made.
pub fn listening(first: u16) -> Result<Vec<u16>, OscError> {
    let mut found = Vec::new();
    for port in first..first.saturating_add(PORTS) {
        // A remote holds its port exclusively, so a port that can be bound has none.
        if UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
            found.push(port);
        }
    }
    Ok(found)
}

impl Client {
    /// Connects to the remote on `port` of this machine.
    ///
    /// # Errors
    /// When there is no socket, or nobody answers.
    pub fn connect(port: u16) -> Result<Self, OscError> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nonblocking(true)?;
        let client = Self { socket, port };
        client.status().map_err(|e| match e {
            OscError::Silent(_) | OscError::Socket(_) => OscError::Nobody(port),
            other => other,
        })?;
        Ok(client)
    }

    /// The port it is connected to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends a request without waiting for anything.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn send(&self, address: &str, args: Vec<OscType>) -> Result<(), OscError> {
        self.send_packet(&OscPacket::Message(OscMessage { addr: address.into(), args }))
    }

    /// Sends a request written as people write it: `"/patch/set osc1 freq 440"`. Words that are
    /// numbers become numbers.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn say(&self, line: &str) -> Result<(), OscError> {
        self.send_packet(&OscPacket::Message(message(line)))
    }

    /// Sends several such requests in one packet, so that nothing comes between them.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn say_all(&self, lines: &[String]) -> Result<(), OscError> {
        let content = lines.iter().map(|line| OscPacket::Message(message(line))).collect();
        let timetag = OscTime { seconds: 0, fractional: 1 };
        self.send_packet(&OscPacket::Bundle(OscBundle { timetag, content }))
    }

    fn send_packet(&self, packet: &OscPacket) -> Result<(), OscError> {
        let bytes = rosc::encoder::encode(packet).map_err(|e| OscError::Packet(e.to_string()))?;
        self.socket.send(&bytes)?;
        Ok(())
    }

    /// The next reply; none within `timeout`.
    ///
    /// # Errors
    /// When the socket fails or what came is not a reply of the remote.
    pub fn receive(&self, timeout: Duration) -> Result<Option<Reply>, OscError> {
        // Not the socket's own timeout: it counts in ticks of several milliseconds.
        let deadline = Instant::now() + timeout;
        let mut buffer = [0; 1 << 16];
        let length = loop {
            match self.socket.recv(&mut buffer) {
                Ok(length) => break length,
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(e) => return Err(e.into()),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            std::thread::sleep(left.min(LOOK));
        };
        let packet = rosc::decoder::decode_udp(&buffer[..length]);
        match packet.map_err(|e| OscError::Packet(e.to_string()))?.1 {
            OscPacket::Message(message) => parse(&message).map(Some),
            OscPacket::Bundle(_) => Err(OscError::Packet("a bundle as an answer".into())),
        }
    }

    /// Says `line` and waits for the reply that `wanted` recognises; others are passed over.
    ///
    /// # Errors
    /// When the socket fails, or no such reply comes.
    pub fn ask(&self, line: &str, wanted: impl Fn(&Reply) -> bool) -> Result<Reply, OscError> {
        self.say(line)?;
        self.wait(line, wanted)
    }

    fn wait(&self, what: &str, wanted: impl Fn(&Reply) -> bool) -> Result<Reply, OscError> {
        let deadline = Instant::now() + PATIENCE;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            match self.receive(left)? {
                Some(reply) if wanted(&reply) => return Ok(reply),
                _ => {}
            }
        }
        Err(OscError::Silent(what.into()))
    }

    /// Stages one edit, such as `"create osc1 vco"`, and waits until it is staged.
    ///
    /// # Errors
    /// When the remote refuses it.
    pub fn stage(&self, edit: &str) -> Result<(), OscError> {
        self.staged(edit, |client| client.say(&format!("/patch/{edit}")))
    }

    /// Stages a whole document.
    ///
    /// # Errors
    /// When the remote refuses it.
    pub fn stage_patch(&self, json: &str) -> Result<(), OscError> {
        self.staged("load", |client| client.send("/patch/load", vec![OscType::String(json.into())]))
    }

    fn staged(
        &self,
        edit: &str,
        send: impl Fn(&Self) -> Result<(), OscError>,
    ) -> Result<(), OscError> {
        send(self)?;
        match self.wait(edit, |r| matches!(r, Reply::Ok(_) | Reply::Error(..)))? {
            Reply::Error(verb, text) => Err(OscError::Refused { verb, text }),
            _ => Ok(()),
        }
    }

    /// Commits what is staged and waits for its answer.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn commit(&self) -> Result<Reply, OscError> {
        self.ask("/patch/commit", Reply::is_answer)
    }

    /// The counters.
    ///
    /// # Errors
    /// When the remote does not answer.
    pub fn status(&self) -> Result<Value, OscError> {
        match self.ask("/engine/status", |r| matches!(r, Reply::Status(_)))? {
            Reply::Status(status) => Ok(status),
            other => Err(OscError::Packet(format!("{other:?}"))),
        }
    }

    /// The playing patch as JSON.
    ///
    /// # Errors
    /// When the remote does not answer.
    pub fn patch(&self) -> Result<String, OscError> {
        match self.ask("/patch/get", |r| matches!(r, Reply::Patch(_) | Reply::Error(..)))? {
            Reply::Patch(json) => Ok(json),
            Reply::Error(verb, text) => Err(OscError::Refused { verb, text }),
            other => Err(OscError::Packet(format!("{other:?}"))),
        }
    }
}

/// The message that `line` spells.
fn message(line: &str) -> OscMessage {
    let mut words = line.split_whitespace();
    let addr = words.next().unwrap_or_default().into();
    let args = words.map(|word| {
        let whole = word.parse().map(OscType::Int);
        whole
            .or_else(|_| word.parse().map(OscType::Float))
            .unwrap_or_else(|_| OscType::String(word.into()))
    });
    OscMessage { addr, args: args.collect() }
}

fn parse(message: &OscMessage) -> Result<Reply, OscError> {
    let odd = || OscError::Packet(format!("unexpected {} {:?}", message.addr, message.args));
    let text = |i: usize| match message.args.get(i) {
        Some(OscType::String(text)) => Ok(text.clone()),
        _ => Err(odd()),
    };
    let whole = |i: usize| match message.args.get(i) {
        Some(OscType::Int(n)) => Ok(i64::from(*n)),
        Some(OscType::Long(n)) => Ok(*n),
        _ => Err(odd()),
    };
    let number = |i: usize| match message.args.get(i) {
        Some(OscType::Float(x)) => Ok(f64::from(*x)),
        Some(OscType::Double(x)) => Ok(*x),
        _ => Err(odd()),
    };
    match message.addr.as_str() {
        "/ok" => text(0).map(Reply::Ok),
        "/error" => Ok(Reply::Error(text(0)?, text(1)?)),
        "/patch/swapped" => {
            Ok(Reply::Swapped { revision: whole(0)?, ms: number(1)?, rms: number(2)? })
        }
        "/patch/rejected" => Ok(Reply::Rejected(whole(0)?, text(1)?)),
        "/patch/superseded" => whole(0).map(Reply::Superseded),
        "/patch/timeout" => whole(0).map(Reply::TimedOut),
        "/patch" => text(0).map(Reply::Patch),
        "/engine/status" => {
            let json = text(0)?;
            let status = serde_json::from_str(&json);
            status.map(Reply::Status).map_err(|e| OscError::Packet(e.to_string()))
        }
        _ => Err(odd()),
    }
}
