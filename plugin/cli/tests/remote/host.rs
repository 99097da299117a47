//! A host that renders in real time on a thread of its own and keeps what it heard, and a client.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chronus_cli::remote::Remote;
use chronus_engine::{
    Block, Engine, Event, Options, Registry, Renderer, Request, Terms, TimedEvent, Transport,
};
use chronus_patch::Patch;
use rosc::{OscMessage, OscPacket, OscType};

pub const RATE: f64 = 48_000.0;
const BLOCK: usize = 64;
/// Longest wait for an answer: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// An instance with a running host.
pub struct Host {
    pub engine: Arc<Engine>,
    /// Frames rendered.
    frames: Arc<AtomicU64>,
    heard: Arc<Mutex<Vec<f32>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Plays `patch` from frame 0, with `events` at their frames.
    pub fn new(
        registry: &Arc<Registry>,
        options: Options,
        patch: &Patch,
        events: impl FnOnce(&Engine) -> Vec<(u64, Event)>,
    ) -> Self {
        let (engine, renderer) = playing(registry, options, patch);
        let events = events(&engine);
        let (engine, frames) = (Arc::new(engine), Arc::new(AtomicU64::new(0)));
        let (heard, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (f, h, s) = (frames.clone(), heard.clone(), stop.clone());
        let thread = std::thread::spawn(move || run(renderer, &events, &f, &h, &s));
        Self { engine, frames, heard, stop, thread: Some(thread) }
    }

    /// The frame of now.
    pub fn frame(&self) -> usize {
        self.frames.load(Ordering::Acquire) as usize
    }

    /// Waits until `frame` is rendered.
    pub fn play_to(&self, frame: usize) {
        while self.frame() < frame {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Plays on for `seconds`; the left channel of that time.
    pub fn hear(&self, seconds: f64) -> Vec<f32> {
        let from = self.frame();
        let to = from + (seconds * RATE) as usize;
        self.play_to(to);
        self.heard.lock().unwrap()[from..to].to_vec()
    }

    /// The left channel from frame 0 to now.
    pub fn all(&self) -> Vec<f32> {
        self.heard.lock().unwrap().clone()
    }

    pub fn missed_blocks(&self) -> u64 {
        self.engine.counters().missed_blocks.load(Ordering::Relaxed)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let done = thread.join();
            assert!(done.is_ok() || std::thread::panicking(), "the host's thread panicked");
        }
    }
}

/// An instance that plays `patch`, at frame 0.
fn playing(registry: &Arc<Registry>, options: Options, patch: &Patch) -> (Engine, Renderer) {
    let (engine, mut renderer) = Engine::new(registry.clone(), options);
    let whole = [Request::Replace(Box::new(patch.clone()))];
    engine.commit(&whole, Terms::default(), |_| ());
    engine.set_sample_rate(RATE);
    renderer.activate(RATE);
    assert!(renderer.graph().is_some(), "{:?}", engine.refusal());
    // The builder hears of it a little later.
    while engine.playing().0 == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    (engine, renderer)
}

fn run(
    mut renderer: Renderer,
    events: &[(u64, Event)],
    frames: &AtomicU64,
    heard: &Mutex<Vec<f32>>,
    stop: &AtomicBool,
) {
    let started = Instant::now();
    while !stop.load(Ordering::Acquire) {
        let at = renderer.frame();
        let left = render(&mut renderer, events, BLOCK);
        heard.lock().unwrap().extend(left);
        frames.store(at + BLOCK as u64, Ordering::Release);
        let ahead = Duration::from_secs_f64((at + BLOCK as u64) as f64 / RATE);
        std::thread::sleep(ahead.saturating_sub(started.elapsed()));
    }
}

fn render(renderer: &mut Renderer, events: &[(u64, Event)], frames: usize) -> Vec<f32> {
    let at = renderer.frame();
    let now = events.iter().filter(|(frame, _)| (at..at + frames as u64).contains(frame));
    let now: Vec<TimedEvent> =
        now.map(|&(frame, event)| TimedEvent { frame: (frame - at) as u32, event }).collect();
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    renderer.process(Block {
        channels: [&mut left, &mut right],
        events: &now,
        transport: Transport::default(),
        offline: false,
    });
    left
}

/// The left channel of `patch` played without anybody touching it.
pub fn untouched(
    registry: &Arc<Registry>,
    patch: &Patch,
    events: impl FnOnce(&Engine) -> Vec<(u64, Event)>,
    frames: usize,
) -> Vec<f32> {
    let (engine, mut renderer) = playing(registry, Options::default(), patch);
    let events = events(&engine);
    render(&mut renderer, &events, frames)
}

/// Asserts that two sounds have the same bits.
#[track_caller]
pub fn same(heard: &[f32], expected: &[f32]) {
    assert_eq!(heard.len(), expected.len());
    let differs = heard.iter().zip(expected).position(|(a, b)| a.to_bits() != b.to_bits());
    assert_eq!(differs, None, "the first frame that differs");
}

/// A program that plays the remote.
pub struct Player {
    pub socket: UdpSocket,
    port: u16,
}

impl Player {
    pub fn new(remote: &Remote) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, port: remote.port() }
    }

    pub fn send_bytes(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, (Ipv4Addr::LOCALHOST, self.port)).unwrap();
    }

    pub fn send(&self, addr: &str, args: Vec<OscType>) {
        let message = OscPacket::Message(OscMessage { addr: addr.into(), args });
        self.send_bytes(&rosc::encoder::encode(&message).unwrap());
    }

    /// Sends `line`: an address and its arguments, separated by spaces. Numbers go as floats, but
    /// as ints after `#`.
    pub fn say(&self, line: &str) {
        let mut words = line.split_whitespace();
        let addr = words.next().unwrap();
        let args = words.map(|word| match word.strip_prefix('#') {
            Some(int) => OscType::Int(int.parse().unwrap()),
            None => word.parse().map_or_else(|_| OscType::String(word.into()), OscType::Float),
        });
        self.send(addr, args.collect());
    }

    /// The next answer, as words.
    #[track_caller]
    pub fn hear(&self) -> Vec<String> {
        let answer = self.hear_within(PATIENCE);
        answer.expect("an answer")
    }

    pub fn hear_within(&self, time: Duration) -> Option<Vec<String>> {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let mut datagram = [0; 65_536];
        let size = self.socket.recv(&mut datagram).ok()?;
        let Ok((_, OscPacket::Message(answer))) = rosc::decoder::decode_udp(&datagram[..size])
        else {
            panic!("an answer that is no message");
        };
        let args = answer.args.into_iter().map(|arg| match arg {
            OscType::Int(n) => n.to_string(),
            OscType::Float(x) => x.to_string(),
            OscType::String(text) => text,
            other => panic!("an odd argument: {other:?}"),
        });
        Some(std::iter::once(answer.addr).chain(args).collect())
    }

    /// Sends each line and expects `/ok` for it.
    #[track_caller]
    pub fn stage(&self, lines: &[&str]) {
        for line in lines {
            self.say(line);
            let verb = line.split_whitespace().next().unwrap();
            assert_eq!(self.hear(), ["/ok", verb], "{line}");
        }
    }

    /// Commits, and expects a swap.
    #[track_caller]
    pub fn swap(&self) -> Vec<String> {
        self.say("/patch/commit");
        let answer = self.hear();
        assert_eq!(answer[0], "/patch/swapped", "{answer:?}");
        answer
    }

    /// Sends `line` and expects an error about its address; the text.
    #[track_caller]
    pub fn error(&self, line: &str) -> String {
        self.say(line);
        let answer = self.hear();
        let verb = line.split_whitespace().next().unwrap();
        assert_eq!(answer[..2], ["/error", verb], "{line}: {answer:?}");
        answer[2].clone()
    }

    /// What `/engine/status` says.
    #[track_caller]
    pub fn status(&self) -> serde_json::Value {
        self.say("/engine/status");
        let answer = self.hear();
        assert_eq!(answer[0], "/engine/status", "{answer:?}");
        serde_json::from_str(&answer[1]).unwrap()
    }
}
