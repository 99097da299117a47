//! Packets that are no requests, too many, too large, or from too many.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use chronus_cli::remote::{PORTS, Remote, RemoteError};
use chronus_engine::{Engine, Options};
use chronus_patch::Patch;
use rosc::OscType;

use crate::common::patch;
use crate::host::{Host, Player, same, untouched};
use crate::kinds::registry;

fn idle() -> (Host, Remote, Player) {
    let host = Host::new(&registry(), Options::default(), &Patch::default(), |_| vec![]);
    let remote = Remote::start(host.engine.clone(), 0).unwrap();
    let player = Player::new(&remote);
    (host, remote, player)
}

#[test]
fn wrong_arguments_are_named() {
    let (_host, _remote, player) = idle();
    for (line, says) in [
        ("/patch/create osc1", "argument 2 is missing"),
        ("/patch/create osc1 vco more", "1 arguments too many"),
        ("/patch/delete 1.5", "argument 1 is a number, not a string"),
        ("/patch/connect osc1 env1 loud", "argument 3 is a string, not a finite number"),
        ("/patch/set osc1 freq high", "argument 3 is a string"),
        ("/patch/commit stricter", "is not `strict`"),
        ("/patch/new patch", "too many"),
        ("/patch/load {", "argument"),
        ("/patch/unknown", "no such request"),
        ("/", "no such request"),
        ("/mod/osc1 1", "name a module and a param"),
        ("/gate/osc1 2", "not 0 or 1"),
        ("/gate/osc1", "missing"),
        ("/note #60 #128", "velocity"),
        ("/note #128 #1", "a key 0 to 127"),
        ("/engine/status now", "too many"),
        ("/engine", "no such request"),
    ] {
        if line == "/patch/load {" {
            player.send("/patch/load", vec![OscType::Blob(vec![1, 2, 3])]);
            assert_eq!(player.hear()[..2], ["/error", "/patch/load"]);
            continue;
        }
        let text = player.error(line);
        assert!(text.contains(says), "{line}: {text}");
    }
    player.send("/mod/osc1/freq", vec![OscType::Float(f32::NAN)]);
    assert_eq!(player.hear()[..2], ["/error", "/mod/osc1/freq"]);
    let far = format!("/patch/{}", "x".repeat(20_000));
    player.send(&far, vec![]);
    assert!(player.hear()[1].len() < 300, "long addresses are not echoed");
    player.send("/patch/create", vec![OscType::String("x".repeat(60_000)), 1.into()]);
    assert!(player.hear()[2].contains("longer than"));
}

#[test]
fn garbage_is_answered_and_the_rest_goes_on() {
    let (host, _remote, player) = idle();
    let mut seed = 1u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as u32
    };
    let mut answered = 0;
    for _ in 0..400 {
        let size = 1 + random() as usize % 300;
        let mut garbage: Vec<u8> = (0..size).map(|_| random() as u8).collect();
        match random() % 4 {
            0 => garbage[0] = b'/',
            1 => garbage.splice(0..0, *b"#bundle\0\0\0\0\0\0\0\0\x01").for_each(drop),
            2 => garbage.splice(0..0, *b"/patch/connect\0\0,ssf").for_each(drop),
            _ => {}
        }
        player.send_bytes(&garbage);
        let answer = player.hear();
        assert_eq!(answer[0], "/error", "{answer:?}");
        answered += 1;
        // A bundle may hold several.
        while player.hear_within(Duration::from_micros(1)).is_some() {}
    }
    assert_eq!(answered, 400);
    player.send_bytes(&[]);
    assert_eq!(player.hear()[..2], ["/error", "packet"]);
    player.send_bytes(&vec![b'x'; 65_507]);
    assert_eq!(player.hear()[..2], ["/error", "packet"]);
    assert_eq!(player.status()["missed_blocks"], 0);
    assert_eq!(host.missed_blocks(), 0);
}

#[test]
fn a_flood_is_neither_heard_nor_a_stall() {
    let registry = registry();
    let patch =
        patch(&registry, &["create s simple_sine", "create out audio_out", "connect s out"]);
    let nothing = |_: &Engine| vec![];
    let host = Host::new(&registry, Options::default(), &patch, nothing);
    let remote = Remote::start(host.engine.clone(), 0).unwrap();
    let player = Player::new(&remote);
    let flood = Player::new(&remote);
    let started = Instant::now();
    let mut sent = 0;
    while started.elapsed() < Duration::from_secs(1) {
        for line in ["/patch/create a vco", "/patch/abort", "/nonsense", "/gate/ghost 1"] {
            flood.say(line);
            sent += 1;
        }
        flood.send_bytes(&[b'/'; 60_000]);
    }
    println!("{sent} packets");
    let asked = Instant::now();
    let status = loop {
        // The system may drop what a flooded socket cannot hold: ask again.
        player.say("/engine/status");
        if let Some(answer) = player.hear_within(Duration::from_millis(300)) {
            break answer;
        }
    };
    println!("answered after {:?}", asked.elapsed());
    assert_eq!(status[0], "/engine/status");
    assert_eq!(host.missed_blocks(), 0);
    let heard = host.all();
    same(&heard, &untouched(&registry, &patch, nothing, heard.len()));
}

#[test]
fn a_seventeenth_client_makes_the_idlest_go() {
    let (_host, remote, first) = idle();
    first.stage(&["/patch/create a lfo", "/patch/create b lfo"]);
    let others: Vec<Player> = (0..15).map(|_| Player::new(&remote)).collect();
    for other in &others {
        other.stage(&["/patch/create c lfo"]);
    }
    let last = Player::new(&remote);
    last.stage(&["/patch/create d lfo"]);
    let answer = first.hear();
    assert_eq!(answer[..2], ["/error", "/patch/abort"]);
    assert!(answer[2].contains("your 2 staged edits were dropped"), "{answer:?}");
    others[0].swap();
    assert_eq!(last.status()["active_modules"], 2, "c and the implicit output");
}

#[test]
fn a_taken_port_leads_to_the_next_and_a_free_one_comes_back() {
    let host = Host::new(&registry(), Options::default(), &Patch::default(), |_| vec![]);
    let first = Remote::start(host.engine.clone(), 0).unwrap().port();
    let first = first.clamp(1024, 65_000);
    let mut taken: Vec<UdpSocket> = Vec::new();
    let remote = Remote::start(host.engine.clone(), first).unwrap();
    assert!((first..first + PORTS).contains(&remote.port()));
    let second = Remote::start(host.engine.clone(), remote.port()).unwrap();
    assert!(second.port() > remote.port());
    assert_eq!(Player::new(&second).status()["port"], second.port());
    let port = second.port();
    let dropped = Instant::now();
    drop(second);
    assert!(dropped.elapsed() < Duration::from_millis(500));
    taken.push(UdpSocket::bind(("127.0.0.1", port)).expect("the port is free again"));
    for port in first..first + PORTS {
        taken.extend(UdpSocket::bind(("127.0.0.1", port)));
    }
    let none = Remote::start(host.engine.clone(), first);
    assert!(matches!(none, Err(RemoteError::Taken { .. })), "{none:?}");
}

#[test]
fn it_goes_at_once_with_commits_pending() {
    // Without a sample rate nothing is ever built, so nothing is answered.
    let (engine, _renderer) = Engine::new(registry(), Options::default());
    let engine = std::sync::Arc::new(engine);
    let remote = Remote::start(engine.clone(), 0).unwrap();
    let player = Player::new(&remote);
    for n in 0..20 {
        player.stage(&[&format!("/patch/create a{n} lfo")]);
        player.say("/patch/commit");
        if n > 0 {
            assert_eq!(player.hear()[0], "/patch/superseded");
        }
    }
    assert_eq!(player.status()["head_revision"], 20);
    let port = remote.port();
    let dropped = Instant::now();
    drop(remote);
    assert!(dropped.elapsed() < Duration::from_millis(500), "{:?}", dropped.elapsed());
    UdpSocket::bind(("127.0.0.1", port)).expect("pending answers do not hold the port");
    assert_eq!(std::sync::Arc::strong_count(&engine), 1);
}
