//! What the host tests share.
#![allow(dead_code, reason = "not every test file uses all of it")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chronus_tests::host::{Block, Bundle, HostEvent, Instance, Player, Setup, Timed};
use chronus_tests::osc::{Client, Reply, listening};

/// One test at a time: instances are told apart by the port they take.
pub fn serial() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bundle under test.
pub fn bundle() -> Bundle {
    Bundle::load(&Bundle::default_path()).unwrap()
}

/// Keys that go down at a frame and stay.
pub fn chord(keys: &[u16], frame: u32) -> Vec<Timed> {
    keys.iter().map(|&key| HostEvent::NoteOn { key, velocity: 0.8 }.at(frame)).collect()
}

/// Two channels of silence.
pub fn silence(frames: usize) -> [Vec<f32>; 2] {
    [vec![0.0; frames], vec![0.0; frames]]
}

/// Renders `frames` frames in blocks of `cut(frame)`.
pub fn play(
    player: &mut Player,
    frames: usize,
    events: &[Timed],
    cut: impl FnMut(usize) -> usize,
) -> [Vec<f32>; 2] {
    let mut output = silence(frames);
    player.render(&mut output, events, cut).unwrap();
    output
}

/// Activates, and connects to the remote that starts listening with it (at the first activate).
pub fn with_remote(instance: &mut Instance, setup: Setup) -> (Player, Client) {
    let first = std::env::var("CHRONUS_OSC").ok().and_then(|port| port.parse().ok());
    let first = first.expect("CHRONUS_OSC is not set: run `cargo xtask test`");
    let before = listening(first).unwrap();
    let player = instance.activate(setup).unwrap();
    let deadline = Instant::now() + Duration::from_secs(2);
    loop {
        let new = listening(first).unwrap().into_iter().find(|port| !before.contains(port));
        if let Some(port) = new {
            return (player, Client::connect(port).unwrap());
        }
        assert!(Instant::now() < deadline, "no remote from port {first} on");
    }
}

/// Plays silence until the commit that was just sent is answered.
pub fn until_answered(player: &mut Player, client: &Client) -> Reply {
    let [mut left, mut right] = silence(64);
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        player
            .process(Block { input: None, output: [&mut left, &mut right], events: &[] })
            .unwrap();
        match client.receive(Duration::from_micros(300)).unwrap() {
            Some(reply) if reply.is_answer() => return reply,
            Some(Reply::Error(verb, text)) => panic!("{verb}: {text}"),
            _ => {}
        }
    }
    panic!("no answer within 10 s");
}
