//! Answers, from whatever thread has them, to the client that asked.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Weak};

use chronus_engine::{Answer, Diagnostic, Rejection, Request, Revision, Verdict};
use rosc::{OscMessage, OscPacket, OscType};

use crate::phrase;

/// Longest text in an answer.
const TEXT_BYTES: usize = 4_000;
/// Longest address that is repeated in an answer.
const VERB_BYTES: usize = 200;
/// Diagnostics that an answer names.
const DIAGNOSTICS: usize = 20;

/// Where answers are sent from. It does not keep the socket open: what is answered after the
/// remote is gone goes nowhere.
#[derive(Clone)]
pub struct Replies(Weak<UdpSocket>);

impl Replies {
    /// Answers through `socket`.
    pub fn new(socket: &Arc<UdpSocket>) -> Self {
        Self(Arc::downgrade(socket))
    }

    fn send(&self, client: SocketAddr, addr: &str, args: Vec<OscType>) {
        let Some(socket) = self.0.upgrade() else { return };
        let message = OscPacket::Message(OscMessage { addr: addr.into(), args });
        let Ok(datagram) = rosc::encoder::encode(&message) else { return };
        // A client that is gone is no fault here.
        let _ = socket.send_to(&datagram, client);
    }

    /// `/ok VERB`.
    pub fn ok(&self, client: SocketAddr, verb: &str) {
        self.send(client, "/ok", vec![cut(verb, VERB_BYTES).into()]);
    }

    /// `/error VERB TEXT`.
    pub fn error(&self, client: SocketAddr, verb: &str, text: &str) {
        let args = vec![cut(verb, VERB_BYTES).into(), cut(text, TEXT_BYTES).into()];
        self.send(client, "/error", args);
    }

    /// An answer that is one JSON text.
    pub fn json(&self, client: SocketAddr, addr: &str, json: String) {
        self.send(client, addr, vec![json.into()]);
    }

    /// What became of a commit of `requests`.
    pub fn answer(&self, client: SocketAddr, answer: &Answer, requests: &[Request]) {
        match answer {
            Answer::Swapped { revision, took, verdict, diagnostics, .. } => {
                let ms = (took.as_secs_f64() * 1e3) as f32;
                let mut args = vec![number(*revision), ms.into(), verdict.rms.into()];
                let warnings = warnings(verdict, diagnostics);
                if !warnings.is_empty() {
                    args.push(cut(&warnings, TEXT_BYTES).into());
                }
                self.send(client, "/patch/swapped", args);
            }
            Answer::Rejected { revision, rejection } => {
                let text = refusal(rejection, requests);
                let args = vec![number(*revision), cut(&text, TEXT_BYTES).into()];
                self.send(client, "/patch/rejected", args);
            }
            Answer::Superseded { revision } => {
                self.send(client, "/patch/superseded", vec![number(*revision)]);
            }
            Answer::TimedOut { revision } => {
                self.send(client, "/patch/timeout", vec![number(*revision)]);
            }
        }
    }
}

/// Why a commit of `requests` was refused, the failed request in its own words.
#[must_use]
pub fn refusal(rejection: &Rejection, requests: &[Request]) -> String {
    match rejection {
        Rejection::Edit { index, text } => match requests.get(*index) {
            Some(request) => format!("edit {index} ({}): {text}", phrase::describe(request)),
            None => rejection.to_string(),
        },
        _ => rejection.to_string(),
    }
}

/// What is odd about a patch that plays; empty when nothing is.
#[must_use]
pub fn warnings(verdict: &Verdict, diagnostics: &[Diagnostic]) -> String {
    let mut all: Vec<String> = Vec::new();
    if verdict.late {
        all.push(
            "late: silent in the probe, something on the way is still in attack or delay".into(),
        );
    } else if verdict.silent {
        all.push("silent: the patch stays silent with a note held and noise at its inputs".into());
    }
    if !diagnostics.is_empty() {
        all.push(join(diagnostics));
    }
    all.join("; ")
}

/// The first diagnostics, in one line.
pub(crate) fn join(diagnostics: &[Diagnostic]) -> String {
    let mut all: Vec<String> =
        diagnostics.iter().take(DIAGNOSTICS).map(ToString::to_string).collect();
    if let Some(more) = diagnostics.len().checked_sub(DIAGNOSTICS).filter(|more| *more > 0) {
        all.push(format!("and {more} more"));
    }
    all.join("; ")
}

/// A revision as an int, or as a long beyond what an int holds.
fn number(revision: Revision) -> OscType {
    i32::try_from(revision).map_or(OscType::Long(revision as i64), OscType::Int)
}

/// `text`, or its beginning where it is longer than `bytes`. NULs would end an OSC string.
fn cut(text: &str, bytes: usize) -> String {
    let end = text.floor_char_boundary(bytes);
    let dots = if end < text.len() { "…" } else { "" };
    format!("{}{dots}", text[..end].replace('\0', ""))
}
