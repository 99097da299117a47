//! `chronus render` as a library: the same bits every time, at any block size, with and without
//! commits that change nothing.

mod common;

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use chronus_cli::performance::{self, Timed};
use chronus_cli::render::{RenderError, Report, Take, render};
use chronus_cli::score::Score;
use chronus_cli::smf::Song;
use chronus_cli::{notes, registry};
use chronus_engine::{Event, Registry, Request};
use chronus_patch::{Binding, MacroKnob, Patch};
use common::{VOICE, patch, requests};

const RATE: f64 = 48_000.0;
const CHORD: &str = "C3:0-1 E3:0.1-1.4 G3:0.25-0.7@90 C4:0.9-1.2";

type Sound = Vec<[u32; 2]>;

fn rendered(
    registry: &Arc<Registry>,
    patch: &Patch,
    score: &Score,
    performance: &[Timed],
    block: usize,
    seconds: f64,
) -> Result<(Sound, Report), RenderError<Infallible>> {
    let frames = (seconds * RATE) as u64;
    let take = Take { patch, score, performance, sample_rate: RATE, block, frames };
    let mut sound: Vec<[f32; 2]> = Vec::new();
    let report = render(registry, &take, &mut sound, &mut |_| ())?;
    assert_eq!(sound.len() as u64, frames);
    Ok((sound.iter().map(|frame| frame.map(f32::to_bits)).collect(), report))
}

fn chord() -> Score {
    Score::new(&notes::parse(CHORD, 2.0).unwrap(), RATE)
}

fn timed(registry: &Registry, at: f64, phrases: &[&str]) -> Timed {
    Timed { at, requests: requests(registry, phrases), strict: false }
}

#[track_caller]
fn same(a: &Sound, b: &Sound) {
    let differs = a.iter().zip(b).position(|(x, y)| x != y);
    assert_eq!(differs, None, "the first frame that differs");
    assert_eq!(a.len(), b.len());
}

fn loud(sound: &Sound) -> bool {
    sound.iter().flatten().any(|bits| f32::from_bits(*bits).abs() > 0.05)
}

#[test]
fn a_thousand_neutral_commits_leave_every_bit() {
    let registry = registry();
    let patch = patch(&registry, VOICE);
    let neutral: Vec<Timed> = (0..1000)
        .map(|n| {
            let label = format!("rename osc Lead {n}");
            let place = format!("move env {n} 7");
            let phrases: &[&str] = match n % 5 {
                0 => &[&label],
                1 => &["create spare lfo"],
                2 => &["set spare rate 9", &place],
                3 => &["delete spare"],
                _ => &[],
            };
            timed(&registry, 0.001 + f64::from(n) * 0.0019, phrases)
        })
        .collect();
    let (plain, _) = rendered(&registry, &patch, &chord(), &[], 64, 2.0).unwrap();
    assert!(loud(&plain));
    let (edited, report) = rendered(&registry, &patch, &chord(), &neutral, 64, 2.0).unwrap();
    assert_eq!(report.swapped, 1000, "{:?}", report.remarks);
    same(&plain, &edited);
}

#[test]
fn the_block_size_leaves_every_bit() {
    let registry = registry();
    let patch = patch(&registry, VOICE);
    let performance = [
        timed(&registry, 0.2, &["create osc2 vco", "set osc2 freq 443", "connect osc2 filter"]),
        // While the ramp of the one before runs.
        timed(&registry, 0.202, &["disconnect echo out"]),
        timed(&registry, 0.2020001, &["connect filter out 0.1"]),
        timed(&registry, 0.5, &["connect notes.pitch osc2.pitch", "set filter cutoff 700"]),
        timed(&registry, 0.7, &["connect echo echo 0.5"]),
        timed(&registry, 0.9, &["delete env"]),
        timed(&registry, 1.1, &["bypass filter on"]),
        timed(&registry, 1.3, &["new", "create s simple_sine"]),
        timed(&registry, 1.305, &["set s freq 331"]),
        timed(&registry, 1.5, &["create t simple_sine", "set t freq 200"]),
    ];
    let all = [64, 32, 1000, 1, 480]
        .map(|block| rendered(&registry, &patch, &chord(), &performance, block, 1.7).unwrap());
    let (first, report) = &all[0];
    assert_eq!(report.swapped, performance.len(), "{:?}", report.remarks);
    assert!(loud(first));
    for (sound, other) in &all[1..] {
        same(first, sound);
        assert_eq!(report, other);
    }
    let (again, _) = rendered(&registry, &patch, &chord(), &performance, 64, 1.7).unwrap();
    same(first, &again);
    let (plain, _) = rendered(&registry, &patch, &chord(), &[], 64, 1.7).unwrap();
    let differs = first.iter().zip(&plain).position(|(a, b)| a != b).unwrap();
    assert!((9600..9700).contains(&differs), "{differs}");
}

#[test]
fn refused_commits_are_reported_and_the_rest_plays_on() {
    let registry = registry();
    let patch = patch(&registry, &["create s simple_sine"]);
    let performance = [
        timed(&registry, 0.1, &["create s vco"]),
        timed(&registry, 0.2, &["set s freq 220"]),
        timed(&registry, 0.3, &["set s freq 99999"]),
        timed(&registry, 9.0, &["set s freq 110"]),
    ];
    let run = |performance: &[Timed]| {
        rendered(&registry, &patch, &Score::default(), performance, 512, 0.5).unwrap()
    };
    let (sound, report) = run(&performance);
    assert_eq!(report.swapped, 1);
    let remarks: Vec<(u64, bool)> = report.remarks.iter().map(|r| (r.at_ms, r.refused)).collect();
    assert_eq!(remarks, [(100, true), (300, true), (9000, true)], "{:?}", report.remarks);
    assert!(report.remarks[0].text.contains("edit 0 (create s vco)"), "{:?}", report.remarks);
    assert!(report.remarks[2].text.contains("not reached"));
    let (alone, _) = run(&performance[1..2]);
    same(&sound, &alone);
}

#[test]
fn what_is_odd_is_said_once() {
    let registry = registry();
    let mut odd = patch(&registry, &["create s simple_sine", "create out audio_out"]);
    let edit = requests(&registry, &["connect s out"])[0].resolve(&odd, &registry).unwrap();
    odd.apply(&edit).unwrap();
    odd.cables.values_mut().for_each(|cable| cable.from.port = "warble".into());
    let performance = [
        timed(&registry, 0.01, &["rename s A"]),
        timed(&registry, 0.02, &["connect s out"]),
        timed(&registry, 0.03, &["rename s B"]),
        timed(&registry, 0.04, &["delete s"]),
        timed(&registry, 0.05, &[]),
    ];
    let (_, report) = rendered(&registry, &odd, &Score::default(), &performance, 64, 0.1).unwrap();
    assert_eq!(report.swapped, 5);
    let times: Vec<u64> = report.remarks.iter().map(|r| r.at_ms).collect();
    // The cable to nowhere; it is silent, too; it sounds; nothing is left.
    assert_eq!(times, [0, 10, 20, 40], "{:?}", report.remarks);
}

#[test]
fn a_refused_sound_does_not_spoil_what_comes_after() {
    let registry = registry();
    let patch =
        patch(&registry, &["create s simple_sine", "create out audio_out", "connect s out"]);
    // Sixteen times sixteen is over the ceiling of +24 dBFS; nothing after it is.
    let loud = timed(
        &registry,
        0.1,
        &["create v vca", "connect s v 16", "connect v out 16", "set out limit 0"],
    );
    let later = timed(&registry, 0.2, &["set s freq 220"]);
    let run = |performance: &[Timed]| {
        rendered(&registry, &patch, &Score::default(), performance, 512, 0.4).unwrap()
    };
    let (sound, report) = run(&[loud, later.clone()]);
    assert_eq!(report.swapped, 1, "{:?}", report.remarks);
    assert!(report.remarks[0].text.contains("ceiling"), "{:?}", report.remarks);
    let (alone, _) = run(&[later]);
    same(&sound, &alone);
}

#[test]
fn notes_begin_at_their_frame_whatever_the_block() {
    let registry = registry();
    let patch = patch(
        &registry,
        &[
            "create notes note_in",
            "create env adsr",
            "create out audio_out",
            "set env attack 0",
            "connect notes.gate env.gate",
            "connect env.env out 0.5",
        ],
    );
    let mut file = b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk\0\0\0\x14".to_vec();
    // 961 ticks of 480 a beat at 120 bpm, off 10 ticks later, with a bend between.
    file.extend([0x87, 0x41, 0x90, 60, 100, 5, 0xe0, 0, 0x60, 5, 0x80, 60, 0, 0x83, 0x60, 0xff]);
    file.extend([0x2f, 0, 0, 0]);
    let score = Score::of_song(&Song::read(&file).unwrap(), RATE);
    assert_eq!(score.events[0].0, 48_050);
    let onset = |block| {
        let (sound, _) = rendered(&registry, &patch, &score, &[], block, 1.1).unwrap();
        (sound.iter().position(|f| f32::from_bits(f[0]) != 0.0), sound)
    };
    let (first, sound) = onset(64);
    assert!(first.is_some_and(|f| (48_050..48_052).contains(&f)), "{first:?}");
    for block in [32, 1000, 17] {
        let (at, other) = onset(block);
        assert_eq!(at, first);
        same(&sound, &other);
    }
}

#[test]
fn tempo_changes_reach_what_follows_beats_at_their_frame() {
    let registry = registry();
    let patch = patch(
        &registry,
        &[
            "create l lfo",
            "set l sync 5",
            "create s simple_sine",
            "create out audio_out",
            "create v vca",
            "connect s v",
            "connect l v.cv",
            "connect v out",
        ],
    );
    let score = Score { tempo: vec![(0, 90.0), (20_003, 173.0)], ..Score::default() };
    let run = |score: &Score, block| rendered(&registry, &patch, score, &[], block, 1.0).unwrap().0;
    let sound = run(&score, 64);
    same(&sound, &run(&score, 1000));
    let slower = Score { tempo: vec![(0, 90.0)], ..Score::default() };
    let differs = sound.iter().zip(&run(&slower, 64)).position(|(a, b)| a != b);
    assert!(differs.is_some_and(|f| (20_003..20_100).contains(&f)), "{differs:?}");
}

#[test]
fn macros_stand_where_the_patch_has_them_from_the_first_frame() {
    let registry = registry();
    let mut bound =
        patch(&registry, &["create s simple_sine", "create out audio_out", "connect s out"]);
    let mut free = bound.clone();
    let osc = "s".parse().unwrap();
    let binding = Binding {
        module: "s".parse().unwrap(),
        param: "freq".into(),
        min: 100.0,
        max: 500.0,
        curve: chronus_patch::BindingCurve::Linear,
        unknown: Default::default(),
    };
    let knob = MacroKnob { value: 0.5, bindings: vec![binding], ..MacroKnob::default() };
    bound.macros.insert(3, knob);
    free.modules.get_mut(&osc).unwrap().params.insert("freq".into(), 300.0);
    let run = |patch| rendered(&registry, patch, &Score::default(), &[], 64, 0.2).unwrap().0;
    same(&run(&bound), &run(&free));
}

#[test]
fn a_patch_that_is_too_loud_is_refused() {
    let registry = registry();
    let patch = patch(
        &registry,
        &[
            "create s vco",
            "create v vca",
            "create out audio_out",
            "set out limit 0",
            "connect s v 16",
            "connect v out 16",
        ],
    );
    let refused = rendered(&registry, &patch, &Score::default(), &[], 64, 0.1);
    assert!(matches!(refused, Err(RenderError::Refused(_))), "{:?}", refused.map(|r| r.1));
}

#[test]
fn performances_read_from_a_file_play_like_those_in_memory() {
    let registry = registry();
    let patch = patch(&registry, VOICE);
    let text = r#"[{ "at": 0.3, "do": ["set filter cutoff 500", "connect lfo osc.fm 0.01"] }]"#;
    let read = performance::parse(text, Path::new("."), &registry).unwrap();
    let written = [timed(&registry, 0.3, &["set filter cutoff 500", "connect lfo osc.fm 0.01"])];
    let run = |p: &[Timed]| rendered(&registry, &patch, &chord(), p, 64, 0.6).unwrap().0;
    same(&run(&read), &run(&written));
}

#[test]
fn an_event_that_means_nothing_changes_nothing() {
    let registry = registry();
    let patch = patch(&registry, VOICE);
    let mut score = chord();
    score.events.insert(
        2,
        (score.events[1].0, Event::Controller { channel: 0, controller: 3, value: 1.0 }),
    );
    let (with, _) = rendered(&registry, &patch, &score, &[], 64, 0.6).unwrap();
    let (without, _) = rendered(&registry, &patch, &chord(), &[], 64, 0.6).unwrap();
    same(&with, &without);
    let whole =
        Timed { at: 0.3, requests: vec![Request::Replace(Box::new(patch.clone()))], strict: true };
    let (_, report) = rendered(&registry, &patch, &chord(), &[whole], 64, 0.6).unwrap();
    assert_eq!(report.swapped, 1, "{:?}", report.remarks);
}
/// Cycles a second of a tone, by its rising zero crossings in `seconds`.
fn cycles(sound: &Sound, seconds: std::ops::Range<f64>) -> f64 {
    let range = (seconds.start * RATE) as usize..(seconds.end * RATE) as usize;
    let rising = |w: &[[u32; 2]]| f32::from_bits(w[0][0]) < 0.0 && f32::from_bits(w[1][0]) >= 0.0;
    let count = sound[range].windows(2).filter(|w| rising(w)).count();
    count as f64 / (seconds.end - seconds.start)
}

#[test]
fn each_commit_sets_its_value_though_all_are_handed_over_first() {
    let registry = registry();
    let patch = patch(&registry, &["create s simple_sine"]);
    let performance = [
        timed(&registry, 0.2, &["set s freq 1000"]),
        timed(&registry, 0.4, &["rename s Lead"]),
        timed(&registry, 0.6, &["set s freq 2000"]),
        timed(&registry, 0.8, &["set s freq 1000"]),
    ];
    let (sound, report) =
        rendered(&registry, &patch, &Score::default(), &performance, 64, 1.0).unwrap();
    assert_eq!(report.swapped, 4, "{:?}", report.remarks);
    for (seconds, expected) in
        [(0.0..0.2, 440.0), (0.25..0.6, 1000.0), (0.65..0.8, 2000.0), (0.85..1.0, 1000.0)]
    {
        let heard = cycles(&sound, seconds.clone());
        assert!((heard - expected).abs() < 15.0, "{seconds:?}: {heard}");
    }
}
