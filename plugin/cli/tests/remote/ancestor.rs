//! The ancestor's three test sequences, as they were written, and what it never managed: a hundred
//! commits that nobody hears.

use chronus_cli::remote::Remote;
use chronus_engine::{Engine, Event, Options};
use chronus_patch::Patch;

use crate::common::patch;
use crate::host::{Host, Player, RATE, same, untouched};
use crate::kinds::registry;

/// RMS of a sine of amplitude 0.2.
const SINE: f64 = 0.141_421_356;

fn rms(x: &[f32]) -> f64 {
    (x.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / x.len() as f64).sqrt()
}

/// No 64-frame block under -80 dBFS RMS.
#[track_caller]
fn never_silent(x: &[f32]) {
    let silent = x.chunks_exact(64).position(|block| rms(block) < 1e-4);
    assert_eq!(silent, None, "a silent block");
}

/// Amplitude at `freq`, and RMS of everything else, over whole cycles.
fn tone(x: &[f32], freq: f64) -> (f64, f64) {
    let turn = |n: usize| std::f64::consts::TAU * freq * n as f64 / RATE;
    let n = x.len() as f64;
    let part = |f: fn(f64) -> f64| {
        x.iter().enumerate().map(|(k, x)| f64::from(*x) * f(turn(k))).sum::<f64>() * 2.0 / n
    };
    let (a, b) = (part(f64::cos), part(f64::sin));
    let rest = x
        .iter()
        .enumerate()
        .map(|(k, x)| (f64::from(*x) - a * turn(k).cos() - b * turn(k).sin()).powi(2))
        .sum::<f64>();
    (a.hypot(b), (rest / n).sqrt())
}

fn stage() -> (Host, Remote, Player) {
    let host = Host::new(&registry(), Options::default(), &Patch::default(), |_| vec![]);
    let remote = Remote::start(host.engine.clone(), 0).unwrap();
    let player = Player::new(&remote);
    (host, remote, player)
}

/// `chain` of modules in order, its values primed as the ancestor did, while only staged.
fn build(player: &Player, chain: &[(&str, &str)]) {
    for (id, kind) in chain {
        player.stage(&[&format!("/patch/create {id} {kind}")]);
    }
    for pair in chain.windows(2) {
        player.stage(&[&format!("/patch/connect {} {}", pair[0].0, pair[1].0)]);
    }
    player.say("/mod/osc1/freq 440");
    player.say("/mod/osc1/gain 0.2");
    if chain.len() > 1 {
        for line in ["attack 10", "decay 50", "sustain 0.7", "release 200"] {
            player.say(&format!("/mod/env1/{line}"));
        }
    }
    if chain.len() > 2 {
        player.say("/mod/filt1/cutoff 2000");
        player.say("/mod/filt1/q 1");
    }
}

const OSC: (&str, &str) = ("osc1", "simple_sine");
const ENV: (&str, &str) = ("env1", "adsr");
const FILT: (&str, &str) = ("filt1", "biquad_filter");

#[test]
fn oscillator_only() {
    let (host, _remote, player) = stage();
    build(&player, &[OSC]);
    let answer = player.swap();
    assert_eq!(answer.len(), 4, "no warnings: {answer:?}");
    let ms: f64 = answer[2].parse().unwrap();
    let warm: f64 = answer[3].parse().unwrap();
    assert!(ms > 0.0 && warm > 0.0, "{answer:?}");
    // From the answer on, then a second of whole cycles after the ramp.
    let x = host.hear(1.1);
    never_silent(&x);
    let (amplitude, rest) = tone(&x[4800..][..48_000], 440.0);
    let level = rms(&x[4800..][..48_000]);
    println!("swapped in {ms} ms, RMS {level}, amplitude {amplitude}, all else {rest:e}");
    assert!((level - 0.14).abs() < 0.002, "{level}");
    assert!((amplitude - 0.2).abs() < 1e-4, "{amplitude}");
    assert!(rest < 1e-5, "{rest}");
    assert_eq!(host.missed_blocks(), 0);
}

#[test]
fn with_envelope() {
    let (host, _remote, player) = stage();
    build(&player, &[OSC, ENV]);
    player.swap();
    player.say("/gate/env1 1");
    let from = host.frame();
    let _ = host.hear(0.8);
    let x = host.all()[from..].to_vec();
    let start = x.iter().position(|x| x.abs() > 1e-6).expect("the attack");
    let x = &x[start..];
    never_silent(&x[64..]);
    // Peaks of half cycles: attack to 10 ms, decay to 60 ms, sustain after it.
    let half = (RATE / 880.0) as usize;
    let peak = |ms: f64| {
        let at = (ms * RATE / 1000.0) as usize;
        x[at - half..at + half].iter().fold(0f32, |m, x| m.max(x.abs()))
    };
    let curve = [2.0, 5.0, 10.5, 20.0, 35.0, 50.0, 70.0, 300.0].map(peak);
    println!("envelope {curve:?}");
    assert!(curve[0] < curve[1] && curve[1] < curve[2], "attack: {curve:?}");
    assert!((0.18..0.2001).contains(&curve[2]), "peak: {curve:?}");
    assert!(curve[2..7].is_sorted_by(|a, b| a > b), "decay: {curve:?}");
    assert!((curve[6] - 0.14).abs() < 0.002 && (curve[7] - 0.14).abs() < 0.002, "{curve:?}");
    let level = rms(&x[9600..][..12_000]);
    assert!((level - 0.7 * SINE).abs() < 0.002, "sustain: {level}");

    player.say("/gate/env1 0");
    let x = host.hear(0.6);
    let quiet = x.iter().rposition(|x| x.abs() > 1e-4).expect("a release");
    assert!(rms(&x[x.len() - 4800..]) < 1e-5, "it falls silent");
    assert!(quiet > 4800, "the release takes its time: {quiet}");
    assert_eq!(host.missed_blocks(), 0);
}

#[test]
fn full_chain() {
    let (host, _remote, player) = stage();
    build(&player, &[OSC, ENV, FILT]);
    // Without waiting for the answer: a gate opened before its module plays is not lost.
    player.say("/patch/commit");
    player.say("/gate/env1 1");
    let answer = player.hear();
    assert_eq!(answer[0], "/patch/swapped", "{answer:?}");
    let _ = host.hear(0.3);
    let x = host.hear(1.0);
    never_silent(&x);
    let (amplitude, rest) = tone(&x, 440.0);
    // The cookbook's lowpass at 440 Hz, corner 2 kHz, Q 1.
    let tan = |f: f64| (std::f64::consts::PI * f / RATE).tan();
    let w = tan(440.0) / tan(2000.0);
    let passes = 1.0 / (1.0 - w * w).hypot(w);
    let level = rms(&x);
    println!("RMS {level}, filter passes {passes}, all else {rest:e}");
    assert!((level - 0.7 * SINE * passes).abs() < 0.002, "{level}");
    assert!((amplitude - 0.14 * passes).abs() < 5e-4, "{amplitude}");
    assert!(rest < 1e-5, "{rest}");
    assert_eq!(host.missed_blocks(), 0);
}

const CHAIN: &[&str] = &[
    "create osc1 simple_sine",
    "create env1 adsr",
    "create filt1 biquad_filter",
    "create out audio_out",
    "connect osc1 env1",
    "connect env1 filt1",
    "connect filt1 out",
    "set osc1 freq 337",
    "set osc1 gain 0.3",
    "set env1 attack 900",
    "set env1 decay 1500",
    "set env1 sustain 0.4",
    "set filt1 cutoff 1234",
];

/// The envelope's gate opens at frame 1,000.
fn gate(engine: &Engine) -> Vec<(u64, Event)> {
    let module = engine.module_key(&"env1".parse().unwrap()).unwrap();
    vec![(1_000, Event::Gate { module, on: true })]
}

#[test]
fn a_hundred_commits_keep_parameters_phase_and_envelope_stage() {
    let registry = registry();
    let patch = patch(&registry, CHAIN);
    let host = Host::new(&registry, Options::default(), &patch, gate);
    let remote = Remote::start(host.engine.clone(), 0).unwrap();
    let player = Player::new(&remote);
    host.play_to(4_800);
    for n in 0..100 {
        player.stage(&[if n % 2 == 0 { "/patch/create spare lfo" } else { "/patch/delete spare" }]);
        player.swap();
    }
    // Far into the decay, when nobody has touched anything for a while.
    host.play_to(host.frame() + 24_000);
    assert_eq!(player.status()["swaps"], 101);
    let heard = host.all();
    same(&heard, &untouched(&registry, &patch, gate, heard.len()));
    assert_eq!(host.missed_blocks(), 0);
}

#[test]
fn three_commits_keep_a_value_that_was_turned() {
    let (host, _remote, player) = stage();
    build(&player, &[OSC]);
    player.swap();
    player.say("/mod/osc1/freq 660");
    player.say("/mod/osc1/gain 0.5");
    for _ in 0..3 {
        player.swap();
    }
    let _ = host.hear(0.1);
    let (amplitude, rest) = tone(&host.hear(0.5), 660.0);
    assert!((amplitude - 0.5).abs() < 1e-3 && rest < 1e-4, "{amplitude} {rest}");
}
