//! The OSC remote: a session played, and watched, from another program on the same machine. UDP,
//! loopback only.
//!
//! Every request is answered to the address it came from. `VERB` in an answer is the address of
//! the request (`/ok /patch/create`).
//!
//! | request | meaning | answer |
//! |---|---|---|
//! | `/patch/create ID KIND`, `/patch/delete ID` | stage a module | `/ok VERB` or `/error VERB TEXT` |
//! | `/patch/connect SRC[.PORT] DST[.PORT] [GAIN]`, `/patch/disconnect SRC[.PORT] DST[.PORT]` | stage a cable; no port = the module's first | same |
//! | `/patch/set ID PARAM VALUE` | stage a value | same |
//! | `/patch/new`, `/patch/load JSON` | stage an empty patch; a whole document | same |
//! | `/patch/get` | ask for the document that plays | `/patch JSON` |
//! | `/patch/commit [strict]` | commit the staged edits | `/patch/swapped REV MS RMS [WARNINGS]`, `/patch/rejected REV TEXT`, `/patch/superseded REV`, `/patch/timeout REV` |
//! | `/patch/abort` | drop the staged edits | `/ok VERB` |
//! | `/mod/ID/PARAM VALUE`, `/gate/ID 0 or 1`, `/note KEY VELOCITY` | live, no commit | `/error VERB TEXT`, only on failure |
//! | `/engine/status` | counters | `/engine/status JSON` |
//!
//! **Arguments.** A number may be an int, long, float or double; an id of digits may be an int.
//! Velocities are 0..127 as ints, 0..1 as floats; 0 lifts the key. `/mod` brings values outside a
//! param's range into it. In `/mod/g1/osc1/freq` the last part is the param.
//!
//! **Staging.** Each client (sender address) stages edits of its own. What can be judged without
//! the document (arguments, ids, kinds, the JSON of a document) is judged at once: an edit
//! answered by `/error` is not staged. The rest is judged at the commit, which applies all staged
//! edits to the document or none; the first that fails is named in `/patch/rejected`, counted
//! from 0. A commit empties the stage whatever becomes of it. `/patch/new` and `/patch/load` drop
//! what was staged before them. `/mod` on a module that is only staged sets the staged value.
//!
//! **Values.** A param bound to a macro is moved through it (see [`MacroSink`]).
//!
//! **Answers to commits** come when there is one, in between other answers; a commit without
//! staged edits is a commit too. `REV` is an int, `MS` (commit to swap) and `RMS` (of the warm-up)
//! are floats, `WARNINGS` is there only when there are any.
//!
//! **Bundles** are taken in order at once; their time tags are not looked at.
//!
//! **Bounds.** A client stages at most 20,000 edits, and 16 clients stage at a time: one more, and
//! the client that was idle longest gets `/error /patch/abort TEXT` and loses what it staged.
//! Documents over 60,000 bytes do not fit into a packet. Malformed packets get
//! `/error packet TEXT`.
//!
//! **Status.** The JSON of `/engine/status` has these keys:
//!
//! | key | meaning |
//! |---|---|
//! | `revision`, `head_revision` | the commit that plays; the newest commit |
//! | `frame` | frames rendered since the plugin was activated |
//! | `recent_swaps` | the last 16 commits swapped in: `revision`, the `frame` from which it plays, and the frame at which it `began` to be heard, earlier where it came over a bridge |
//! | `active_modules`, `standby_modules` | modules that play; modules being built, 0 when none are |
//! | `swaps`, `rejections`, `superseded`, `timeouts` | commits by answer |
//! | `missed_blocks`, `late_blocks` | blocks not rendered by a graph; blocks slower than they last |
//! | `nonfinite` | samples that were no numbers, and were silenced |
//! | `commit_to_swap_ms` | `last`, `p50`, `p99` in milliseconds |
//! | `swap_us` | `p50`, `p99`, `max` in microseconds |
//! | `warmup_rms` | RMS of the last ten warm-up blocks, oldest first |
//! | `load` | time in process() over the block's duration, smoothed |
//! | `port` | where this remote listens |

mod args;
mod bound;
mod desk;
mod packet;
mod reply;
mod stage;
mod status;

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use chronus_engine::Engine;
use thiserror::Error;

pub use bound::{MacroEvents, MacroSink};
use desk::Desk;
use reply::Replies;
pub(crate) use reply::join;
pub use reply::{refusal, warnings};

/// Ports tried from the one asked for.
pub const PORTS: u16 = 16;
/// How often the thread looks whether it shall stop.
const READ_TIMEOUT: Duration = Duration::from_millis(50);
/// Larger than any UDP datagram.
const PACKET_BYTES: usize = 65_536;

/// Why the remote did not start.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// No free port.
    #[error(
        "UDP ports {first} to {last} are taken: choose another with CHRONUS_OSC, or close what uses them"
    )]
    Taken {
        /// The port asked for.
        first: u16,
        /// The last one tried.
        last: u16,
    },
    /// The socket could not be set up.
    #[error("the OSC socket failed: {0}")]
    Socket(#[from] io::Error),
}

/// A running remote. Dropping it stops and joins its thread, within 50 ms, and frees the port;
/// answers to its commits that come later go nowhere.
#[derive(Debug)]
pub struct Remote {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Remote {
    /// Listens on 127.0.0.1 at `port`, or, where that is taken, at the next free of 16 ports.
    /// Port 0 lets the system choose. Bound params are moved by [`MacroEvents`].
    ///
    /// # Errors
    /// When all 16 ports are taken, or the system refuses a socket or a thread.
    pub fn start(engine: Arc<Engine>, port: u16) -> Result<Self, RemoteError> {
        Self::with_macros(engine, port, Arc::new(MacroEvents))
    }

    /// The same, moving bound params through `macros`: what a plugin needs, since its host owns
    /// the macros.
    ///
    /// # Errors
    /// As [`Remote::start`].
    pub fn with_macros(
        engine: Arc<Engine>,
        port: u16,
        macros: Arc<dyn MacroSink>,
    ) -> Result<Self, RemoteError> {
        let socket = bind(port)?;
        socket.set_read_timeout(Some(READ_TIMEOUT))?;
        let port = socket.local_addr()?.port();
        let socket = Arc::new(socket);
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = stop.clone();
        let desk = Desk::new(engine, macros, Replies::new(&socket), port);
        let thread = std::thread::Builder::new().name("chronus-osc".into());
        let thread = thread.spawn(move || serve(desk, &socket, &stopping))?;
        Ok(Self { port, stop, thread: Some(thread) })
    }

    /// The port it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

fn bind(port: u16) -> Result<UdpSocket, RemoteError> {
    let last = if port == 0 { 0 } else { port.saturating_add(PORTS - 1) };
    for candidate in port..=last {
        match UdpSocket::bind((Ipv4Addr::LOCALHOST, candidate)) {
            Ok(socket) => return Ok(socket),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => {}
            Err(e) => return Err(e.into()),
        }
    }
    Err(RemoteError::Taken { first: port, last })
}

fn serve(mut desk: Desk, socket: &UdpSocket, stop: &AtomicBool) {
    let mut packet = vec![0; PACKET_BYTES];
    while !stop.load(Ordering::Acquire) {
        match socket.recv_from(&mut packet) {
            Ok((size, client)) => desk.take(&packet[..size], client),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            // Some systems report here that an answer found nobody; never spin on it.
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}
