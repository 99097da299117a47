//! The laws of the design as tests that can fail, over the real module registry.

mod answers;
mod banks;
mod edits;
mod faulty;
mod knobs;
mod motions;
mod plans;
mod playing;
mod random;
mod rig;
mod sets;
mod sleep;

use std::sync::Arc;

use chronus_engine::{Answer, Event, NoteMatch, Registry, Request};
use chronus_patch::{Patch, Point};
use rig::{Rig, first_difference, peak};

fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(chronus_modules::KINDS))
}

fn build(registry: &Registry, lines: &[&str]) -> Patch {
    let mut patch = Patch::default();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let request = match words[..] {
            ["create", id, kind] => {
                Request::Create { id: id.into(), kind: kind.into(), position: Point::default() }
            }
            ["connect", from, to] => {
                Request::Connect { from: from.into(), to: to.into(), gain: 1.0 }
            }
            ["connect", from, to, gain] => {
                Request::Connect { from: from.into(), to: to.into(), gain: gain.parse().unwrap() }
            }
            ["set", id, param, value] => {
                Request::Set { id: id.into(), param: param.into(), value: value.parse().unwrap() }
            }
            _ => panic!("{line}"),
        };
        let edit = request.resolve(&patch, registry).unwrap_or_else(|e| panic!("{line}: {e}"));
        patch.apply(&edit).unwrap_or_else(|e| panic!("{line}: {e}"));
    }
    patch
}

fn voice_patch(registry: &Registry) -> Patch {
    build(
        registry,
        &[
            "create notes note_in",
            "create osc1 vco",
            "create osc2 vco",
            "create filt vcf",
            "create env adsr",
            "create lfo1 lfo",
            "create amp vca",
            "create echo delay",
            "create out audio_out",
            "create hiss noise",
            "create mix mixer",
            "connect notes.pitch osc1.pitch",
            "connect notes.pitch osc2.pitch",
            "set osc2 fine 7",
            "connect osc1 mix.in1",
            "connect osc2 mix.in2 0.7",
            "connect hiss mix.in3 0.05",
            "connect mix filt",
            "connect lfo1 filt.cutoff 0.3",
            "connect filt amp",
            "connect notes.gate env.gate",
            "connect env.env amp.cv",
            "connect amp echo",
            "connect echo.left out.left",
            "connect echo.right out.right",
            "connect filt lfo1.rate 0.01",
        ],
    )
}

fn notes(frames: u64) -> Vec<(u64, Event)> {
    let mut events = Vec::new();
    for n in 0..frames / 6000 {
        let key = 48 + (n * 7 % 24) as u8;
        events.push((n * 6000 + 37, Event::NoteOn { id: -1, channel: 0, key, velocity: 0.8 }));
        events.push((n * 6000 + 15000, Event::NoteOff(NoteMatch::key(0, key))));
    }
    events.sort_by_key(|e| e.0);
    events
}

#[test]
fn a_simple_sine_sounds_as_it_should() {
    let registry = registry();
    let patch = build(&registry, &["create osc1 simple_sine"]);
    let mut rig = Rig::new(&registry, 48000.0, &patch);
    let sound = rig.render(48000, |_| 64, &[], |_| 0.0);
    let rms = (sound.iter().map(|f| f64::from(f[0]).powi(2)).sum::<f64>() / 48000.0).sqrt();
    assert!((rms - 0.1414).abs() < 0.0005, "{rms}");
}

#[test]
fn splits_change_no_bit() {
    let registry = registry();
    let patch = voice_patch(&registry);
    let frames = 30_000;
    let whole = Rig::new(&registry, 48000.0, &patch).render(
        frames,
        |_| 8192,
        &notes(frames as u64),
        |_| 0.0,
    );
    assert!(peak(&whole) > 0.01 && peak(&whole) < 8.0, "{}", peak(&whole));
    for cut in [1, 7, 32, 64, 1000] {
        let other = Rig::new(&registry, 48000.0, &patch).render(
            frames,
            |_| cut,
            &notes(frames as u64),
            |_| 0.0,
        );
        assert_eq!(first_difference(&whole, &other), None, "blocks of {cut}");
    }
}

#[test]
fn neutral_commits_change_no_bit() {
    let registry = registry();
    let patch = voice_patch(&registry);
    let frames = 48_000;
    let without =
        Rig::new(&registry, 48000.0, &patch).render(frames, |_| 64, &notes(frames as u64), |_| 0.0);
    let mut rig = Rig::new(&registry, 48000.0, &patch);
    for n in 0..1000u64 {
        let due = 20 + n * 47;
        let request = match n % 4 {
            0 => Request::Create {
                id: format!("x{n}"),
                kind: "vco".into(),
                position: Point::default(),
            },
            1 => Request::Delete { id: format!("x{}", n - 1) },
            2 => Request::Edit(chronus_patch::Edit::Rename {
                id: "osc1".parse().unwrap(),
                name: format!("osc {n}"),
            }),
            _ => Request::Edit(chronus_patch::Edit::Batch(vec![])),
        };
        rig.commit_at(due, &[request]);
    }
    let with = rig.render(frames, |n| 1 + n * 13 % 97, &notes(frames as u64), |_| 0.0);
    for _ in 0..1000 {
        let answer = rig.answers.recv_timeout(std::time::Duration::from_secs(20));
        assert!(matches!(answer, Ok(Answer::Swapped { .. })), "{answer:?}");
    }
    assert_eq!(first_difference(&without, &with), None);
}
