//! Documents, values, macros, bundles, status: what a client does right.

use std::sync::{Arc, Mutex};

use chronus_cli::remote::{MacroSink, Remote};
use chronus_engine::{Engine, Options};
use chronus_patch::{Binding, BindingCurve, MacroKnob, Patch};
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType};

use crate::common::{VOICE, patch};
use crate::host::{Host, Player};
use crate::kinds::registry;

fn playing(patch: &Patch) -> (Host, Remote, Player) {
    let host = Host::new(&registry(), Options::default(), patch, |_| vec![]);
    let remote = Remote::start(host.engine.clone(), 0).unwrap();
    let player = Player::new(&remote);
    (host, remote, player)
}

fn document(player: &Player) -> Patch {
    player.say("/patch/get");
    let answer = player.hear();
    assert_eq!(answer[0], "/patch", "{answer:?}");
    Patch::from_json(&answer[1]).unwrap()
}

#[test]
fn a_document_comes_back_as_it_was_loaded() {
    let voice = patch(&registry(), VOICE);
    let (_host, _remote, player) = playing(&Patch::default());
    player.send("/patch/load", vec![OscType::String(voice.to_json())]);
    assert_eq!(player.hear(), ["/ok", "/patch/load"]);
    assert_eq!(document(&player), Patch::default(), "staged is not playing");
    player.swap();
    assert_eq!(document(&player), voice);
    player.say("/mod/filter/cutoff 333");
    let mut turned = voice.clone();
    let filter = turned.modules.get_mut(&"filter".parse().unwrap()).unwrap();
    filter.params.insert("cutoff".into(), 333.0);
    assert_eq!(document(&player), turned, "with its knobs as they stand");
    player.stage(&["/patch/new"]);
    player.swap();
    assert_eq!(document(&player), Patch::default());
    let torn = &voice.to_json()[..300];
    player.send("/patch/load", vec![OscType::String(torn.into())]);
    let answer = player.hear();
    assert_eq!(answer[..2], ["/error", "/patch/load"]);
    assert!(answer[2].contains("line"), "it says where: {answer:?}");
}

#[test]
fn a_document_too_large_for_a_packet_is_an_error() {
    let notes = "long ".repeat(13_000);
    let large = Patch { notes, ..patch(&registry(), VOICE) };
    let (_host, _remote, player) = playing(&large);
    assert!(player.error("/patch/get").contains("a packet holds"));
}

#[test]
fn ids_of_digits_and_numbers_of_any_type() {
    let (host, _remote, player) = playing(&Patch::default());
    player.stage(&["/patch/create #7 simple_sine", "/patch/create g1/out audio_out"]);
    player.send(
        "/patch/connect",
        vec![OscType::Int(7), OscType::String("g1/out".into()), OscType::Double(0.5)],
    );
    assert_eq!(player.hear(), ["/ok", "/patch/connect"]);
    player.send(
        "/patch/set",
        vec![OscType::Long(7), OscType::String("frequency".into()), OscType::Int(300)],
    );
    assert_eq!(player.hear(), ["/ok", "/patch/set"]);
    player.swap();
    player.say("/mod/g1/out/level #-6");
    player.say("/mod/7/gain 0.75");
    let patch = document(&player);
    let param = |id: &str, param: &str| patch.modules[&id.parse().unwrap()].params[param];
    assert_eq!((param("7", "freq"), param("7", "gain")), (300.0, 0.75));
    assert_eq!(param("g1/out", "level"), -6.0);
    assert_eq!(patch.cables.values().next().unwrap().gain, 0.5);
    assert_eq!(host.missed_blocks(), 0);
}

#[test]
fn a_staged_value_is_the_staged_module_s() {
    let (host, _remote, player) = playing(&Patch::default());
    let other = Player::new(&_remote);
    player.stage(&["/patch/create s simple_sine"]);
    player.say("/mod/s/freq 300");
    assert!(other.error("/mod/s/freq 500").contains("no module `s`"), "staged by another");
    player.swap();
    player.stage(&["/patch/delete s"]);
    player.say("/mod/s/gain 0.125");
    player.stage(&["/patch/abort"]);
    let patch = document(&player);
    let params = &patch.modules[&"s".parse().unwrap()].params;
    assert_eq!((params["freq"], params["gain"]), (300.0, 0.125));
    assert!(host.engine.playing().1.modules.len() == 1);
}

#[test]
fn the_last_of_hurried_commits_has_the_value() {
    let (host, _remote, player) = playing(&patch(&registry(), &["create s simple_sine"]));
    for value in [300, 500, 700, 900, 600] {
        player.say(&format!("/patch/set s freq {value}"));
        player.say("/patch/commit");
        // Some are swapped in before the next is committed, some are superseded.
        host.play_to(host.frame() + 100);
    }
    for _ in 0..10 {
        let answer = player.hear();
        assert!(
            ["/ok", "/patch/swapped", "/patch/superseded"].contains(&&*answer[0]),
            "{answer:?}"
        );
    }
    let freq = |patch: &Patch| patch.modules[&"s".parse().unwrap()].params["freq"];
    assert_eq!(freq(&document(&player)), 600.0);
    let _ = host.hear(0.1);
    let x = host.hear(0.1);
    let crossings = x.windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count();
    assert!((59..=61).contains(&crossings), "{crossings}");
}

#[test]
fn bundles_are_taken_in_order() {
    let (_host, _remote, player) = playing(&Patch::default());
    let message = |addr: &str, args: &[&str]| {
        let args = args.iter().map(|a| OscType::String((*a).into())).collect();
        OscPacket::Message(OscMessage { addr: addr.into(), args })
    };
    let timetag = OscTime { seconds: u32::MAX, fractional: 0 };
    let bundle = |content| OscPacket::Bundle(OscBundle { timetag, content });
    let all = bundle(vec![
        message("/patch/create", &["a", "simple_sine"]),
        bundle(vec![message("/patch/create", &["b", "adsr"]), message("/what", &[])]),
        message("/patch/connect", &["a", "b"]),
        message("/patch/commit", &[]),
    ]);
    player.send_bytes(&rosc::encoder::encode(&all).unwrap());
    let answers: Vec<String> = (0..5).map(|_| player.hear()[0].clone()).collect();
    assert_eq!(answers, ["/ok", "/ok", "/error", "/ok", "/patch/swapped"]);
}

fn bound() -> Patch {
    let mut patch =
        patch(&registry(), &["create s simple_sine", "create out audio_out", "connect s out"]);
    let binding = Binding {
        module: "s".parse().unwrap(),
        param: "freq".into(),
        min: 100.0,
        max: 500.0,
        curve: BindingCurve::Linear,
        unknown: Default::default(),
    };
    let knob = MacroKnob { bindings: vec![binding], ..MacroKnob::default() };
    patch.macros.insert(9, knob);
    patch
}

#[test]
fn a_bound_param_moves_its_macro() {
    let (host, _remote, player) = playing(&bound());
    player.say("/mod/s/freq 400");
    let _ = player.status();
    host.play_to(host.frame() + 256);
    assert_eq!(host.engine.macro_value(9), 0.75);
    // It sounds: 400 Hz has 40 rising zero crossings in 0.1 s.
    let _ = host.hear(0.1);
    let x = host.hear(0.1);
    let crossings = x.windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count();
    assert!((39..=41).contains(&crossings), "{crossings}");
}

#[derive(Default)]
struct Gestures(Mutex<Vec<(u8, f32)>>);

impl MacroSink for Gestures {
    fn turn_macro(&self, _: &Engine, index: u8, value: f32) {
        self.0.lock().unwrap().push((index, value));
    }
}

#[test]
fn a_plugin_moves_macros_by_its_host() {
    let host = Host::new(&registry(), Options::default(), &bound(), |_| vec![]);
    let gestures = Arc::new(Gestures::default());
    let remote = Remote::with_macros(host.engine.clone(), 0, gestures.clone()).unwrap();
    let player = Player::new(&remote);
    for line in ["/mod/s/freq 200", "/mod/s/frequency 9999", "/mod/s/gain 0.1"] {
        player.say(line);
    }
    let _ = player.status();
    assert_eq!(*gestures.0.lock().unwrap(), [(9, 0.25), (9, 1.0)]);
}

#[test]
fn notes_and_gates_are_played() {
    let (host, _remote, player) = playing(&patch(&registry(), VOICE));
    player.say("/note #60 #100");
    player.say("/note 64 0.5");
    let _ = host.hear(0.1);
    let peak = |x: &[f32]| x.iter().fold(0f32, |m, x| m.max(x.abs()));
    assert!(peak(&host.hear(0.1)) > 0.05);
    assert_eq!(host.engine.counters().voices.load(std::sync::atomic::Ordering::Relaxed), 2);
    player.say("/note #60 #0");
    player.say("/note 64 0.0");
    let _ = host.hear(0.5);
    assert_eq!(host.engine.counters().voices.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[test]
fn warnings_come_with_the_swap() {
    let (_host, _remote, player) = playing(&Patch::default());
    player.stage(&["/patch/create l lfo"]);
    let answer = player.swap();
    assert!(answer.get(4).is_some_and(|w| w.contains("silent")), "{answer:?}");
}

#[test]
fn the_status_has_every_key() {
    let (_host, remote, player) = playing(&patch(&registry(), VOICE));
    player.swap();
    player.stage(&["/patch/delete ghost"]);
    player.say("/patch/commit");
    assert_eq!(player.hear()[0], "/patch/rejected");
    let status = player.status();
    let keys: Vec<&str> = status.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "revision",
            "head_revision",
            "active_modules",
            "standby_modules",
            "frame",
            "recent_swaps",
            "swaps",
            "rejections",
            "superseded",
            "timeouts",
            "missed_blocks",
            "late_blocks",
            "nonfinite",
            "commit_to_swap_ms",
            "swap_us",
            "warmup_rms",
            "load",
            "port",
        ]
    );
    let last = status["recent_swaps"].as_array().and_then(|swaps| swaps.last()).unwrap();
    assert_eq!(last["revision"], status["revision"]);
    assert!(last["frame"].as_u64() <= status["frame"].as_u64(), "{status}");
    assert_eq!(status["active_modules"], 7);
    assert_eq!(status["rejections"], 1);
    assert_eq!(status["port"], remote.port());
    let head = status["head_revision"].as_u64().unwrap();
    assert_eq!(status["revision"].as_u64().unwrap() + 1, head);
    assert_eq!(status["warmup_rms"].as_array().unwrap().len(), 10);
    for (group, key) in
        [("commit_to_swap_ms", "last"), ("commit_to_swap_ms", "p99"), ("swap_us", "max")]
    {
        assert!(status[group][key].as_f64().unwrap() > 0.0, "{group}.{key}: {status}");
    }
    assert!(status["load"].as_f64().unwrap() > 0.0);
}
