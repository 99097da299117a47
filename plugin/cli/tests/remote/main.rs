//! The OSC remote over a real socket, against an engine that a host thread keeps rendering.
#![expect(clippy::print_stdout, reason = "measured figures, shown with --nocapture")]

#[path = "../common/mod.rs"]
mod common;

mod abuse;
mod ancestor;
mod host;
mod kinds;
mod packets;
mod session;
