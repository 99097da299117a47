//! Audible edits: no step, state carried, every kind of entry (bridge, width, load).

use chronus_engine::{Answer, Event, Request};
use chronus_patch::{Edit, Patch, Point};

use crate::rig::{Rig, Sound};
use crate::{build, registry};

fn create(id: &str, kind: &str) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point::default() }
}

fn connect(from: &str, to: &str, gain: f32) -> Request {
    Request::Connect { from: from.into(), to: to.into(), gain }
}

fn disconnect(from: &str, to: &str) -> Request {
    Request::Disconnect { from: from.into(), to: to.into() }
}

/// max |dx| in the ramp over its limit, as DECISIONS.md defines `max_step_over_limit`.
fn step_over_limit(
    sound: &Sound,
    at: usize,
    ramp: usize,
    slope: usize,
    rate: f64,
    second: bool,
) -> f32 {
    let around = (0.05 * rate) as usize;
    let mut worst = 0f32;
    for channel in 0..2 {
        let x: Vec<f32> = sound.iter().map(|f| f[channel]).collect();
        let d: Vec<f32> = x.windows(2).map(|w| w[1] - w[0]).collect();
        let d = if second { d.windows(2).map(|w| w[1] - w[0]).collect() } else { d };
        let max = |r: std::ops::Range<usize>| {
            d[r.start..r.end.min(d.len())].iter().fold(0f32, |m, v| m.max(v.abs()))
        };
        let before = max(at.saturating_sub(around)..at.saturating_sub(2));
        let after = max(at + ramp + 2..at + ramp + around);
        let peak = x[at.saturating_sub(around)..(at + ramp + around).min(x.len())]
            .iter()
            .fold(0f32, |m, v| m.max(v.abs()));
        let limit = before.max(after) + peak / slope as f32;
        if limit > 0.0 {
            worst = worst.max(max(at.saturating_sub(2)..at + ramp + 2) / limit);
        }
    }
    worst
}

struct Case {
    name: &'static str,
    patch: Vec<&'static str>,
    edit: Vec<Request>,
    notes: bool,
}

fn cases() -> Vec<Case> {
    let sines = vec![
        "create a simple_sine",
        "create b simple_sine",
        "set b freq 331",
        "create out audio_out",
        "connect a out",
    ];
    let poly = vec![
        "create notes note_in",
        "create osc simple_sine",
        "create env adsr",
        "create out audio_out",
        "connect notes.pitch osc.pitch",
        "connect notes.gate env.gate",
        "connect osc env.in",
        "connect env.out out",
    ];
    let add = |mut v: Vec<&'static str>, more: &[&'static str]| {
        v.extend(more);
        v
    };
    vec![
        Case {
            name: "cable added",
            patch: sines.clone(),
            edit: vec![connect("b", "out", 1.0)],
            notes: false,
        },
        Case {
            name: "cable removed",
            patch: add(sines.clone(), &["connect b out"]),
            edit: vec![disconnect("a", "out")],
            notes: false,
        },
        Case {
            name: "gain changed",
            patch: sines.clone(),
            edit: vec![Request::Edit(Edit::SetGain { id: chronus_patch::CableId(1), gain: 0.2 })],
            notes: false,
        },
        Case {
            name: "module deleted",
            patch: add(sines.clone(), &["connect b out"]),
            edit: vec![Request::Delete { id: "a".into() }],
            notes: false,
        },
        Case {
            name: "filter inserted",
            patch: sines.clone(),
            edit: vec![
                create("f", "vcf"),
                disconnect("a", "out"),
                connect("a", "f", 1.0),
                connect("f", "out", 1.0),
            ],
            notes: false,
        },
        Case {
            name: "output deleted",
            patch: sines.clone(),
            edit: vec![Request::Delete { id: "out".into() }],
            notes: false,
        },
        Case {
            name: "second output",
            patch: sines.clone(),
            edit: vec![create("out2", "audio_out"), connect("b", "out2", 1.0)],
            notes: false,
        },
        Case {
            name: "right output connected",
            patch: sines.clone(),
            edit: vec![connect("b", "out.right", 1.0)],
            notes: false,
        },
        Case {
            name: "bypass",
            patch: add(
                sines.clone(),
                &["create v vca", "set v gain 0.3", "connect b v", "connect v out"],
            ),
            edit: vec![Request::Edit(Edit::SetBypass { id: "v".parse().unwrap(), bypass: true })],
            notes: false,
        },
        Case {
            name: "normal taken away",
            patch: add(
                sines.clone(),
                &["create v vca", "connect b v", "connect v out", "create l lfo", "set l rate 1"],
            ),
            edit: vec![connect("l.uni", "v.cv", 1.0)],
            notes: false,
        },
        Case {
            name: "bridge",
            patch: add(
                sines.clone(),
                &[
                    "create p vca",
                    "create q vca",
                    "connect b p",
                    "connect p q 0.5",
                    "connect q out",
                ],
            ),
            edit: vec![
                disconnect("p", "q"),
                disconnect("b", "p"),
                connect("b", "q", 1.0),
                connect("q", "p", 0.5),
                disconnect("q", "out"),
                connect("p", "out", 1.0),
            ],
            notes: false,
        },
        Case {
            // The gain's CV is 1 as long as no cable ends there: in the bridge that fades, without one.
            name: "bridge of a normal",
            patch: add(
                sines.clone(),
                &["create v vca", "create f biquad", "connect b v", "connect v f", "connect v out"],
            ),
            edit: vec![disconnect("v", "f"), connect("b", "f", 1.0), connect("f", "v.cv", 0.5)],
            notes: false,
        },
        Case {
            name: "poly filter added",
            patch: poly.clone(),
            edit: vec![
                create("f", "vcf"),
                disconnect("env.out", "out"),
                connect("env.out", "f", 1.0),
                connect("f", "out", 1.0),
            ],
            notes: true,
        },
        Case {
            name: "mono becomes poly",
            patch: sines.clone(),
            edit: vec![create("n", "note_in"), connect("n.pitch", "a.pitch", 1.0)],
            notes: true,
        },
        Case {
            name: "poly becomes mono",
            patch: poly.clone(),
            edit: vec![Request::Delete { id: "notes".into() }],
            notes: true,
        },
        Case {
            name: "load",
            patch: sines.clone(),
            edit: vec![Request::Replace(Box::new(build(
                &registry(),
                &["create z simple_sine", "set z freq 523"],
            )))],
            notes: false,
        },
    ]
}

#[test]
fn audible_edits_stay_within_their_ramp() {
    let registry = registry();
    let mut failures = Vec::new();
    for case in cases() {
        for rate in [48_000.0, 44_100.0] {
            let patch = build(&registry, &case.patch);
            let mut rig = Rig::new(&registry, rate, &patch);
            let at = 20_011;
            rig.commit_at(at as u64, &case.edit);
            let events: Vec<(u64, Event)> = if case.notes {
                vec![(100, Event::NoteOn { id: -1, channel: 0, key: 57, velocity: 1.0 })]
            } else {
                vec![]
            };
            let sound = rig.render(40_000, |_| 64, &events, |_| 0.0);
            let answer = rig.answers.recv_timeout(std::time::Duration::from_secs(5));
            assert!(matches!(answer, Ok(Answer::Swapped { .. })), "{}: {answer:?}", case.name);
            for second in [false, true] {
                let seconds = match case.name {
                    "load" => chronus_engine::LOAD_FADE_SECONDS,
                    "bridge" | "bridge of a normal" => 2.0 * chronus_engine::CABLE_RAMP_SECONDS,
                    _ => chronus_engine::CABLE_RAMP_SECONDS,
                };
                let ramp = (seconds * rate).ceil() as usize;
                let slope = ramp;
                let ramp = ramp + ramp / 10;
                let ratio = step_over_limit(&sound, at, ramp, slope, rate, second);
                if ratio > 1.0 {
                    failures.push(format!("{} at {rate}: {ratio} (second {second})", case.name));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn an_edit_changes_something() {
    let registry = registry();
    for case in cases() {
        let patch: Patch = build(&registry, &case.patch);
        let events = [(100, Event::NoteOn { id: -1, channel: 0, key: 57, velocity: 1.0 })];
        let mut plain = Rig::new(&registry, 48_000.0, &patch);
        let before = plain.render(30_000, |_| 64, &events, |_| 0.0);
        let mut rig = Rig::new(&registry, 48_000.0, &patch);
        rig.commit_at(20_011, &case.edit);
        let after = rig.render(30_000, |_| 64, &events, |_| 0.0);
        let first = crate::rig::first_difference(&before, &after);
        assert!(first.is_some_and(|f| f >= 20_011), "{}: {first:?}", case.name);
        assert!(first.is_some_and(|f| f < 22_000), "{}: {first:?}", case.name);
    }
}
