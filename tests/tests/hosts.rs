//! The bundled release plugin in an embedded CLAP host. `cargo xtask test` builds the bundle, sets
//! `CHRONUS_CLAP` and `CHRONUS_OSC`, and runs what plain `cargo test` ignores.

mod common;

use std::time::{Duration, Instant};

use chronus_tests::host::{Block, Bundle, HostEvent, Instance, Player, Setup, Timed};
use chronus_tests::measure::{decibels, first_difference, max_step, nonfinite, peak, rms};
use chronus_tests::music::Sequencer;
use chronus_tests::osc::{Client, Reply};
use chronus_tests::random::Random;
use clack_host::prelude::ProcessStatus;

use common::{bundle, chord, play, serial, silence, with_remote};

const RATE: f64 = 48_000.0;

/// Frames of the next block, by its number.
type Cut = Box<dyn FnMut(usize) -> usize>;

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn it_says_what_it_is() {
    let _serial = serial();
    let bundle = bundle();
    assert_eq!(bundle.name(), "Chronus");
    let mut instance = bundle.instance().unwrap();
    assert_eq!(instance.audio_ports().unwrap(), (vec![2], vec![2]));
    assert_eq!(instance.note_inputs().unwrap(), 1);
    assert_eq!(instance.latency().unwrap(), 0);
    assert_eq!(instance.remote_pages().unwrap(), 16);
    let params = instance.params().unwrap();
    assert_eq!(params.len(), 129, "128 macros and bypass");
    let mut ids: Vec<u32> = params.iter().map(|p| p.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), params.len(), "two parameters share an id");
    assert!(params.iter().all(|p| p.min == 0.0 && p.max == 1.0), "{params:?}");
    assert!(params.iter().all(|p| p.automatable), "{params:?}");
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn the_first_buffer_after_activate_sounds() {
    let _serial = serial();
    for _ in 0..5 {
        let bundle = bundle();
        let mut instance = bundle.instance().unwrap();
        let mut player = instance.activate(Setup::USUAL).unwrap();
        let output = play(&mut player, 2048, &chord(&[60, 64, 67], 0), |_| 2048);
        assert!(rms(&output[0]) > 1e-3, "{}", rms(&output[0]));
        instance.deactivate(player);
    }
}

/// The phrase with automation, bends and controllers between the notes.
fn busy_events(frames: usize, macros: &[u32]) -> Vec<Timed> {
    let mut events = Sequencer::new(RATE).events(0, frames);
    let mut random = Random::new(5);
    for frame in (0..frames).step_by(517) {
        let value = f64::from(random.unit());
        let event = match random.below(4) {
            0 => HostEvent::Midi([0xe0, 0, (value * 127.0) as u8]),
            1 => HostEvent::Midi([0xb0, 1, (value * 127.0) as u8]),
            _ => HostEvent::Param { id: macros[random.below(8)], value },
        };
        events.push(event.at(frame as u32));
    }
    events.sort_by_key(|e| e.frame);
    events
}

fn macro_ids(instance: &mut Instance) -> Vec<u32> {
    let params = instance.params().unwrap();
    params.iter().filter(|p| !is_bypass(&p.name)).map(|p| p.id).collect()
}

fn is_bypass(name: &str) -> bool {
    name.to_lowercase().contains("bypass")
}

fn fresh(
    events: &[Timed],
    setup: Setup,
    frames: usize,
    cut: impl FnMut(usize) -> usize,
) -> [Vec<f32>; 2] {
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let mut player = instance.activate(setup).unwrap();
    let output = play(&mut player, frames, events, cut);
    instance.deactivate(player);
    output
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn every_block_size_gives_the_same_bits() {
    let _serial = serial();
    let frames = 2 * RATE as usize;
    let macros = macro_ids(&mut bundle().instance().unwrap());
    let events = busy_events(frames, &macros);
    let whole = fresh(&events, Setup::USUAL, frames, |_| 8192);
    assert!(rms(&whole[0]) > 1e-3);
    let mut random = Random::new(11);
    let mut cuts: Vec<(String, Cut)> =
        vec![("random".into(), Box::new(move |_| 1 + random.below(8192)))];
    for size in [1, 2, 3, 7, 31, 32, 33, 64, 100, 441, 512, 1000, 1024, 4096, 8191] {
        cuts.push((size.to_string(), Box::new(move |_| size)));
    }
    for (name, cut) in cuts {
        let other = fresh(&events, Setup::USUAL, frames, cut);
        for side in 0..2 {
            let difference = first_difference(&whole[side], &other[side]);
            assert_eq!(difference, None, "blocks of {name}, side {side}");
        }
    }
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn every_sample_rate_plays_and_splits() {
    let _serial = serial();
    for rate in
        [8000.0, 11_025.0, 22_050.0, 44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0, 384_000.0]
    {
        let frames = (rate * 0.5) as usize;
        let events = chord(&[57, 64], 10);
        let output = fresh(&events, Setup::at(rate), frames, |_| 512);
        let [left, right] = &output;
        assert_eq!(nonfinite(left) + nonfinite(right), 0, "{rate}");
        let level = decibels(rms(&left[frames / 4..]));
        assert!((-50.0..0.0).contains(&level), "{rate}: {level} dBFS");
        let mut random = Random::new(2);
        let other = fresh(&events, Setup::at(rate), frames, |_| 1 + random.below(700));
        assert_eq!(first_difference(left, &other[0]), None, "{rate}");
    }
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn a_rate_change_in_one_instance_plays_on() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let mut levels = Vec::new();
    for rate in [44_100.0, 96_000.0, 44_100.0, 48_000.0] {
        let mut player = instance.activate(Setup::at(rate)).unwrap();
        let output = play(&mut player, (rate * 0.3) as usize, &chord(&[60], 0), |_| 256);
        levels.push(decibels(rms(&output[0])));
        instance.deactivate(player);
    }
    assert!(levels.iter().all(|level| (level - levels[0]).abs() < 1.5), "{levels:?}");
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn state_gives_the_same_patch_and_the_same_audio() {
    let _serial = serial();
    let bundle = bundle();
    let mut first = bundle.instance().unwrap();
    let macros = macro_ids(&mut first);
    let (mut player, client) = with_remote(&mut first, Setup::USUAL);
    // An edit, a knob, and a macro, so that all three come back.
    for edit in ["create extra vco", "set extra shape 0", "create tap scope", "connect extra tap"] {
        client.stage(edit).unwrap();
    }
    client.say("/patch/commit").unwrap();
    common::until_answered(&mut player, &client);
    client.say("/mod/extra/fine 17").unwrap();
    let turn = [HostEvent::Param { id: macros[0], value: 0.8125 }.at(0)];
    play(&mut player, 4096, &turn, |_| 512);
    let patch = client.patch().unwrap();
    let saved = first.save().unwrap();
    first.deactivate(player);

    let restored = |state: &[u8]| {
        let mut instance = bundle.instance().unwrap();
        instance.load(state).unwrap();
        let again = instance.save().unwrap();
        let value = instance.param(macros[0]).unwrap();
        let (mut player, client) = with_remote(&mut instance, Setup::USUAL);
        let audio = play(&mut player, 48_000, &chord(&[50, 62, 69], 100), |_| 480);
        let patch = client.patch().unwrap();
        instance.deactivate(player);
        (again, value, patch, audio)
    };
    let (second_save, value, second_patch, second_audio) = restored(&saved);
    assert!((value - 0.8125).abs() < 1e-6, "{value}");
    assert!(second_patch.contains("\"extra\"") && second_patch.contains("17"), "{second_patch}");
    assert_eq!(document(&second_patch), document(&patch));
    let (third_save, _, third_patch, third_audio) = restored(&second_save);
    assert_eq!(second_save, third_save);
    assert_eq!(document(&second_patch), document(&third_patch));
    assert!(rms(&second_audio[0]) > 1e-3);
    assert_eq!(first_difference(&second_audio[0], &third_audio[0]), None);
    assert_eq!(first_difference(&second_audio[1], &third_audio[1]), None);
}

/// The document as data: the order of lines is no difference. Values may have gone through `/mod`.
fn document(json: &str) -> serde_json::Value {
    serde_json::from_str(json).unwrap()
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn state_loaded_while_it_plays_takes_over() {
    let _serial = serial();
    let bundle = bundle();
    let mut donor = bundle.instance().unwrap();
    let (mut player, client) = with_remote(&mut donor, Setup::USUAL);
    for edit in
        ["new", "create tone vco", "set tone shape 0", "set tone gain 0.25", "set tone freq 1000"]
    {
        client.stage(edit).unwrap();
    }
    client.say("/patch/commit").unwrap();
    common::until_answered(&mut player, &client);
    let state = donor.save().unwrap();
    donor.deactivate(player);

    let mut instance = bundle.instance().unwrap();
    let mut player = instance.activate(Setup::USUAL).unwrap();
    play(&mut player, 24_000, &chord(&[60], 0), |_| 256);
    instance.load(&state).unwrap();
    let started = Instant::now();
    let mut level = 0.0;
    while (level - 0.25f32 / 2f32.sqrt()).abs() > 0.01 && started.elapsed() < Duration::from_secs(3)
    {
        instance.idle();
        level = rms(&play(&mut player, 4800, &[], |_| 256)[0]);
    }
    assert!((level - 0.25 / 2f32.sqrt()).abs() < 0.01, "{level}");
    instance.deactivate(player);
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn truncated_and_flipped_state_is_refused_and_the_patch_plays_on() {
    let _serial = serial();
    let bundle = bundle();
    let mut state = bundle.instance().unwrap().save().unwrap();
    let events = chord(&[48, 60, 64], 20);
    let run = |abuse: &mut dyn FnMut(&mut Instance)| {
        let mut instance = bundle.instance().unwrap();
        let mut player = instance.activate(Setup::USUAL).unwrap();
        let mut output = play(&mut player, 12_000, &events, |_| 256);
        abuse(&mut instance);
        let rest = play(&mut player, 24_000, &[], |_| 256);
        for (all, rest) in output.iter_mut().zip(rest) {
            all.extend(rest);
        }
        instance.deactivate(player);
        output
    };
    let calm = run(&mut |_| ());
    let mut tried = 0;
    let abused = run(&mut |instance| {
        let length = state.len();
        for cut in (0..length).step_by((length / 97).max(1)).chain([length - 1]) {
            assert!(instance.load(&state[..cut]).is_err(), "cut to {cut} of {length}");
            tried += 1;
        }
        for place in (0..length).step_by((length / 211).max(1)).chain([length - 1]) {
            let flip = 1u8 << (place % 8);
            state[place] ^= flip;
            assert!(instance.load(&state).is_err(), "bit {flip} of byte {place} of {length}");
            state[place] ^= flip;
            tried += 1;
        }
        instance.idle();
    });
    assert!(tried > 250, "{tried}");
    assert!(rms(&calm[0][12_000..]) > 1e-3);
    assert_eq!(first_difference(&calm[0], &abused[0]), None);
    assert_eq!(first_difference(&calm[1], &abused[1]), None);
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn garbage_is_no_state() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let mut random = Random::new(8);
    for length in [0, 1, 3, 8, 64, 1000, 100_000] {
        let bytes: Vec<u8> = (0..length).map(|_| random.bits() as u8).collect();
        assert!(instance.load(&bytes).is_err(), "{length} random bytes");
    }
    for text in ["{}", "null", "{\"version\": 99}", "chronus"] {
        assert!(instance.load(text.as_bytes()).is_err(), "{text}");
    }
    let mut player = instance.activate(Setup::USUAL).unwrap();
    assert!(rms(&play(&mut player, 9600, &chord(&[60], 0), |_| 512)[0]) > 1e-3);
    instance.deactivate(player);
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn the_tail_is_finite_and_long_enough() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let mut player = instance.activate(Setup::USUAL).unwrap();
    let mut events = chord(&[60, 67], 0);
    events.extend([60, 67].map(|key| HostEvent::NoteOff { key }.at(9600)));
    play(&mut player, 24_000, &events, |_| 512);
    let tail = player.tail().unwrap().expect("the factory patch has an end");
    assert!(f64::from(tail) > 0.1 * RATE, "{tail} frames");
    let rest = play(&mut player, tail as usize + 48_000, &[], |_| 512);
    let after = &rest[0][tail as usize..];
    assert!(decibels(peak(after)) < -60.0, "{} dBFS after the tail", decibels(peak(after)));
    // In the end the host may let it sleep.
    let mut status = None;
    for _ in 0..(60.0 * RATE) as usize / 8192 {
        status = Some(block(&mut player, 8192, &[]).status);
        if !matches!(status, Some(ProcessStatus::Continue)) {
            break;
        }
    }
    assert!(!matches!(status, Some(ProcessStatus::Continue)), "{status:?}");
    instance.deactivate(player);
}

fn block(player: &mut Player, frames: usize, events: &[Timed]) -> chronus_tests::host::Outcome {
    let [mut left, mut right] = silence(frames);
    player.process(Block { input: None, output: [&mut left, &mut right], events }).unwrap()
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn bypass_lets_the_input_through_without_a_click() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let params = instance.params().unwrap();
    let id = params.iter().find(|p| is_bypass(&p.name)).expect("a bypass").id;
    let mut player = instance.activate(Setup::USUAL).unwrap();
    let sine: Vec<f32> = (0..48_000)
        .map(|k| 0.3 * (std::f32::consts::TAU * 200.0 * k as f32 / 48e3).sin())
        .collect();
    let mut output = silence(48_000);
    for (n, at) in (0..48_000).step_by(480).enumerate() {
        let events = match n {
            0 => chord(&[45], 0),
            40 => vec![HostEvent::Param { id, value: 1.0 }.at(0)],
            70 => vec![HostEvent::Param { id, value: 0.0 }.at(0)],
            _ => Vec::new(),
        };
        let range = at..at + 480;
        let [left, right] = &mut output;
        player
            .process(Block {
                input: Some([&sine[range.clone()], &sine[range.clone()]]),
                output: [&mut left[range.clone()], &mut right[range]],
                events: &events,
            })
            .unwrap();
    }
    instance.deactivate(player);
    // 10 ms after the switch, and until the next: the input, bit for bit.
    let range = 40 * 480 + 480..70 * 480;
    assert_eq!(first_difference(&output[0][range.clone()], &sine[range]), None);
    let around = |n: usize| &output[0][n * 480 - 480..n * 480 + 480];
    let usual = max_step(&output[0][9600..18_000]).max(max_step(&sine));
    for n in [40, 70] {
        let allowed = usual + peak(&output[0]) / 240.0;
        assert!(max_step(around(n)) <= allowed * 1.01, "{} {allowed}", max_step(around(n)));
    }
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn a_flood_of_events_is_survived() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let macros = macro_ids(&mut instance);
    let mut player = instance.activate(Setup::USUAL).unwrap();
    let mut random = Random::new(4);
    for _ in 0..4 {
        let mut events: Vec<Timed> = (0..20_000)
            .map(|_| {
                let key = random.below(128) as u16;
                let event = match random.below(5) {
                    0 => HostEvent::NoteOn { key, velocity: f64::from(random.unit()) },
                    1 => HostEvent::NoteOff { key },
                    2 => HostEvent::Midi([0xb0, key as u8 % 120, random.below(128) as u8]),
                    3 => HostEvent::Choke { key },
                    _ => HostEvent::Param {
                        id: macros[random.below(macros.len())],
                        value: f64::from(random.unit()),
                    },
                };
                event.at(random.below(512) as u32)
            })
            .collect();
        events.sort_by_key(|e| e.frame);
        let output = play(&mut player, 512, &events, |_| 512);
        assert_eq!(nonfinite(&output[0]), 0);
        assert!(peak(&output[0]) < 16.0, "{}", peak(&output[0]));
    }
    let lift: Vec<Timed> = (0..128).map(|key| HostEvent::NoteOff { key }.at(0)).collect();
    play(&mut player, 512, &lift, |_| 512);
    instance.deactivate(player);
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn two_instances_do_not_disturb_each_other() {
    let _serial = serial();
    let frames = 48_000;
    let alone = fresh(&chord(&[52, 59, 64], 33), Setup::USUAL, frames, |_| 256);
    let bundle = bundle();
    let (mut a, mut b) = (bundle.instance().unwrap(), bundle.instance().unwrap());
    let macros = macro_ids(&mut b);
    let mut player_a = a.activate(Setup::USUAL).unwrap();
    let mut player_b = b.activate(Setup::at(44_100.0)).unwrap();
    let mut output = silence(frames);
    let chord = chord(&[52, 59, 64], 33);
    for (n, at) in (0..frames).step_by(256).enumerate() {
        let events: &[Timed] = if n == 0 { &chord } else { &[] };
        let length = 256.min(frames - at);
        let [left, right] = &mut output;
        let part = [&mut left[at..at + length], &mut right[at..at + length]];
        player_a.process(Block { input: None, output: part, events }).unwrap();
        let value = (n % 50) as f64 / 50.0;
        let other = [
            HostEvent::NoteOn { key: 30 + (n % 60) as u16, velocity: 1.0 }.at(0),
            HostEvent::Param { id: macros[n % 8], value }.at(1),
        ];
        block(&mut player_b, 100, &other);
    }
    assert_eq!(first_difference(&alone[0], &output[0]), None);
    a.deactivate(player_a);
    b.deactivate(player_b);
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn unloading_and_loading_again_leaves_no_threads_behind() {
    let _serial = serial();
    let before = threads();
    let mut outputs = Vec::new();
    for _ in 0..5 {
        let bundle = bundle();
        let mut instance = bundle.instance().unwrap();
        let mut player = instance.activate(Setup::USUAL).unwrap();
        outputs.push(play(&mut player, 9600, &chord(&[60], 0), |_| 256));
        instance.deactivate(player);
        drop(instance);
        drop(bundle);
        let deadline = Instant::now() + Duration::from_secs(2);
        while threads() > before && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(threads() <= before, "{} threads, {before} before", threads());
    }
    let differ = outputs.iter().find(|o| first_difference(&o[0], &outputs[0][0]).is_some());
    assert!(differ.is_none());
}

/// How often the library is loaded, and how many instances are dropped each time.
const LOADS: usize = 25;
const DROPS: usize = 40;

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn a_thousand_instances_dropped_with_commits_pending_leave_their_neighbour_alone() {
    let _serial = serial();
    let before = threads();
    let path = own_copy();
    let (mut certain, mut round) = (0, 0);
    for load in 0..LOADS {
        // A thread that has used the library keeps it in memory to its own end: so each load has
        // one of its own, and the library goes after it.
        let played = std::thread::scope(|scope| {
            let path = &path;
            let thread = scope.spawn(move || {
                let bundle = Bundle::load(path).unwrap();
                let certain = neighbour_of_the_dropped(&bundle, round);
                (bundle, certain)
            });
            thread.join()
        });
        let (bundle, found) = played.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        certain += found;
        round += DROPS;
        drop(bundle);
        assert!(!is_mapped(&path), "load {load}: the library was not unloaded");
        let deadline = Instant::now() + Duration::from_secs(2);
        while threads() > before && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(threads() <= before, "load {load}: {} threads, {before} before", threads());
    }
    assert_eq!(round, 1000);
    assert!(certain > 600, "{certain} rounds had a commit pending for certain");
}

/// Plays one instance while others come and go with commits pending, from round `first` on; rounds
/// in which a commit was pending for certain.
fn neighbour_of_the_dropped(bundle: &Bundle, first: usize) -> usize {
    let mut neighbour = bundle.instance().unwrap();
    let (mut player, client) = with_remote(&mut neighbour, Setup::USUAL);
    play(&mut player, 4800, &chord(&[60], 0), |_| 256);
    let mut certain = 0;
    for round in first..first + DROPS {
        let mut victim = bundle.instance().unwrap();
        let (victim_player, victim_client) = with_remote(&mut victim, Setup::USUAL);
        commit_in_a_row(&victim_client);
        // At another stage of the build every time, sometimes before the commits are read.
        std::thread::sleep(Duration::from_micros(round as u64 % 40 * 50));
        certain += usize::from(round % 4 > 0 && pending(&victim_client) > 0);
        if round % 2 == 0 {
            victim.deactivate(victim_player);
        } else {
            drop(victim_player);
        }
        drop(victim);
        let edit = if round % 2 == 0 { "create spare vco" } else { "delete spare" };
        client.stage(edit).unwrap();
        client.say("/patch/commit").unwrap();
        let answer = common::until_answered(&mut player, &client);
        assert!(matches!(answer, Reply::Swapped { .. }), "round {round}: {answer:?}");
    }
    let status = client.status().unwrap();
    assert_eq!(status["missed_blocks"], 0, "{status}");
    // The last to go, with the library, has commits pending too.
    commit_in_a_row(&client);
    neighbour.deactivate(player);
    certain
}

/// A copy of the library that no other test has in memory.
fn own_copy() -> std::path::PathBuf {
    let original = Bundle::default_path();
    if cfg!(not(target_os = "linux")) {
        return original;
    }
    let copy = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("again.clap");
    std::fs::copy(&original, &copy).unwrap();
    copy
}

fn commit_in_a_row(client: &Client) {
    for n in 0..4 {
        client.say(&format!("/patch/create v{n} vco")).unwrap();
        client.say("/patch/commit").unwrap();
    }
}

/// Commits that the remote has taken and that are not answered.
fn pending(client: &Client) -> u64 {
    let status = client.status().unwrap();
    let count = |name: &str| status[name].as_u64().expect("a counter");
    let answered = ["swaps", "rejections", "superseded", "timeouts"].map(count);
    count("head_revision").saturating_sub(answered.iter().sum())
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// True while the library at `path` is in this process, where the system tells.
fn is_mapped(path: &std::path::Path) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    maps.contains(&path.display().to_string())
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn deactivating_with_a_commit_pending_answers_it_and_keeps_the_edit() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let (player, client) = with_remote(&mut instance, Setup::USUAL);
    client.stage("create spare vco").unwrap();
    client.say("/patch/commit").unwrap();
    instance.deactivate(player);
    let mut player = instance.activate(Setup::at(44_100.0)).unwrap();
    play(&mut player, 4410, &[], |_| 441);
    let answer = common::until_answered(&mut player, &client);
    assert!(matches!(answer, Reply::Superseded(_) | Reply::Swapped { .. }), "{answer:?}");
    // A superseded commit is answered before the one that contains it is known to play.
    let deadline = Instant::now() + Duration::from_secs(2);
    while !client.patch().unwrap().contains("\"spare\"") {
        assert!(Instant::now() < deadline, "the edit is lost");
        play(&mut player, 441, &[], |_| 441);
    }
    instance.deactivate(player);
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn offline_process_waits_for_commits() {
    let _serial = serial();
    let bundle = bundle();
    let run = |cut: usize| {
        let mut instance = bundle.instance().unwrap();
        instance.set_offline(true).unwrap();
        let (mut player, client) = with_remote(&mut instance, Setup::USUAL);
        let mut output = play(&mut player, 9600, &chord(&[48, 60], 0), |_| cut);
        for (n, gain) in [0.3, 0.9, 0.1, 0.5].into_iter().enumerate() {
            client.stage(&format!("create tone{n} vco")).unwrap();
            client.stage(&format!("set tone{n} gain {gain}")).unwrap();
            client.stage(&format!("create out{n} audio_out")).unwrap();
            client.stage(&format!("connect tone{n} out{n} 0.2")).unwrap();
            client.say("/patch/commit").unwrap();
            // Its answer shows that the commit is under way before the block is asked for.
            client.status().unwrap();
            let part = play(&mut player, 4800, &[], |_| cut);
            for (all, part) in output.iter_mut().zip(part) {
                all.extend(part);
            }
        }
        assert_eq!(client.status().unwrap()["missed_blocks"], 0);
        instance.deactivate(player);
        output
    };
    let whole = run(4800);
    for cut in [64, 1000] {
        let other = run(cut);
        assert_eq!(first_difference(&whole[0], &other[0]), None, "blocks of {cut}");
    }
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn reset_falls_silent() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let mut player = instance.activate(Setup::USUAL).unwrap();
    let before = play(&mut player, 24_000, &chord(&[60, 64], 0), |_| 256);
    assert!(rms(&before[0]) > 1e-3);
    player.reset();
    let after = play(&mut player, 24_000, &[], |_| 256);
    assert!(decibels(peak(&after[0])) < -90.0, "{} dBFS", decibels(peak(&after[0])));
    instance.deactivate(player);
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn macros_move_the_sound_and_name_what_they_drive() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let params = instance.params().unwrap();
    let macros: Vec<_> = params.iter().filter(|p| !is_bypass(&p.name)).collect();
    let text = instance.param_text(macros[0].id, 0.5).unwrap();
    assert!(text.chars().any(char::is_alphabetic), "`{text}` names nothing");
    let render = |value: f64| {
        let mut events = chord(&[48, 55], 1);
        events.insert(0, HostEvent::Param { id: macros[0].id, value }.at(0));
        fresh(&events, Setup::USUAL, 24_000, |_| 256)
    };
    let (low, high) = (render(0.0), render(1.0));
    assert!(first_difference(&low[0], &high[0]).is_some(), "macro 1 ({text}) moves nothing");
    // A value set while it plays reaches the state after the next block.
    let mut player = instance.activate(Setup::USUAL).unwrap();
    let event = HostEvent::Param { id: macros[3].id, value: 0.625 }.at(7);
    play(&mut player, 64, &[event], |_| 64);
    assert_eq!(instance.param(macros[3].id), Some(0.625));
    instance.deactivate(player);
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn bends_controllers_and_expressions_are_heard() {
    let _serial = serial();
    let plain = fresh(&chord(&[60], 0), Setup::USUAL, 24_000, |_| 256);
    let bend = HostEvent::Midi([0xe0, 0, 100]).at(6000);
    let tuning = HostEvent::Express {
        key: 60,
        expression: clack_host::events::event_types::NoteExpressionType::Tuning,
        value: 3.0,
    }
    .at(6000);
    for event in [bend, tuning] {
        let mut events = chord(&[60], 0);
        events.push(event);
        let moved = fresh(&events, Setup::USUAL, 24_000, |_| 256);
        let from = first_difference(&plain[0], &moved[0]);
        assert!(from.is_some_and(|frame| (6000..6400).contains(&frame)), "{event:?}: {from:?}");
    }
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn ended_notes_are_reported() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let mut player = instance.activate(Setup::USUAL).unwrap();
    block(&mut player, 512, &chord(&[60, 67], 0));
    let lift = [60, 67].map(|key| HostEvent::NoteOff { key }.at(0));
    let mut ended = block(&mut player, 512, &lift).ended;
    for _ in 0..(20.0 * RATE) as usize / 512 {
        ended.extend(block(&mut player, 512, &[]).ended);
    }
    ended.sort_unstable();
    assert_eq!(ended, [60, 67]);
    instance.deactivate(player);
}

#[test]
#[ignore = "needs the bundle: cargo xtask test"]
fn an_edit_makes_the_project_dirty() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let (mut player, client) = with_remote(&mut instance, Setup::USUAL);
    let dirty =
        |instance: &Instance| instance.requests().dirty.load(std::sync::atomic::Ordering::Relaxed);
    instance.idle();
    let before = dirty(&instance);
    client.stage("create spare vco").unwrap();
    client.say("/patch/commit").unwrap();
    common::until_answered(&mut player, &client);
    let deadline = Instant::now() + Duration::from_secs(2);
    while dirty(&instance) == before && Instant::now() < deadline {
        instance.idle();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(dirty(&instance) > before);
    instance.deactivate(player);
}
