//! Laws that hold for every kind of the library, whatever it does.

use chronus_engine::{BLOCK, Kind, LANES, Param, Ramp, Solo, Source, Taper};
use chronus_modules::KINDS;

/// A small generator, the same every time.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = chronus_dsp::random::next(self.0);
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 8) as usize % n
    }

    fn bipolar(&mut self) -> f32 {
        chronus_dsp::random::bipolar(self.next())
    }

    fn signal(&mut self, frames: usize, level: f32) -> Vec<f32> {
        (0..frames).map(|_| self.bipolar() * level).collect()
    }
}

/// How a run is set up: everything but the cut.
#[derive(Clone)]
struct Scene {
    frames: usize,
    sample_rate: f64,
    inputs: Vec<Option<Vec<f32>>>,
    params: Vec<Ramp>,
    playing: bool,
    gate: f32,
}

impl Scene {
    /// Inputs connected or not, params still or in motion, all by `random`.
    fn random(kind: &Kind, random: &mut Random, sample_rate: f64, frames: usize) -> Self {
        let inputs = kind.spec.inputs.iter().map(|_| match random.below(4) {
            0 => None,
            1 => Some(vec![random.bipolar(); frames]),
            2 => Some((0..frames).map(|k| (k / 97 % 2) as f32).collect()),
            _ => Some(random.signal(frames, 1.0)),
        });
        let inputs = inputs.collect();
        let params = kind.spec.params.iter().map(|p| {
            let from = p.from_knob(0.5 + 0.5 * random.bipolar());
            let to = p.from_knob(0.5 + 0.5 * random.bipolar());
            let start = random.below(frames) as u64;
            let still = p.taper == Taper::Stepped || random.below(2) == 0;
            if still { Ramp::constant(to) } else { Ramp::new(from, to, start, 240) }
        });
        let params = params.collect();
        let playing = random.below(2) == 0;
        let gate = f32::from(u8::from(playing));
        Self { frames, sample_rate, inputs, params, playing, gate }
    }

    /// The scene of another module of the kind that may share a lane group with this one's: cables
    /// and choices are the same, signals and knobs its own; what rests here rests there.
    fn sibling(&self, kind: &Kind, random: &mut Random) -> Self {
        let mut scene = self.clone();
        for signal in scene.inputs.iter_mut().flatten() {
            let gain = if random.below(2) == 0 { 1.0 } else { random.bipolar() };
            let later = random.below(97);
            *signal = signal.iter().map(|x| x * gain).collect();
            signal.splice(0..0, vec![signal[0]; later]);
        }
        for (p, ramp) in kind.spec.params.iter().zip(&mut scene.params) {
            let value = p.from_knob(0.5 + 0.5 * random.bipolar());
            if p.taper != Taper::Stepped {
                let moves = !ramp.settled(0) && random.below(2) == 0;
                let (start, frames) = (random.below(self.frames) as u64, random.below(400) as u64);
                let moving = Ramp::new(ramp.at(0), value, start, frames);
                *ramp = if moves { moving } else { Ramp::constant(value) };
            }
        }
        scene.gate = random.below(2) as f32;
        scene
    }

    fn solo(&self, kind: &Kind, poly: bool) -> Solo {
        let bare = if poly { Solo::poly } else { Solo::mono };
        self.prepared(kind, bare(kind, self.sample_rate))
    }

    fn prepared(&self, kind: &Kind, mut solo: Solo) -> Solo {
        for (input, signal) in kind.spec.inputs.iter().zip(&self.inputs) {
            if let Some(signal) = signal {
                solo = solo.input(input.name, signal);
            }
        }
        for (p, ramp) in kind.spec.params.iter().zip(&self.params) {
            solo.set_now(p.name, *ramp);
        }
        solo.transport.playing = self.playing;
        solo.audio_in = [vec![0.25; self.frames], vec![-0.5; self.frames]];
        solo.voices.note_on(0, 1, 0, 60, 0.8);
        solo.voices.set_bend(100, 0, 0.5);
        solo.gates = vec![self.gate];
        solo
    }
}

/// Everything a run gave, as bits.
fn bits(outputs: &[Vec<Vec<f32>>], solo: &Solo) -> Vec<u32> {
    let outputs = outputs.iter().flatten().flatten();
    outputs.chain(solo.audio_out.iter().flatten()).map(|x| x.to_bits()).collect()
}

fn for_each_kind(seed: u32, mut law: impl FnMut(&Kind, &mut Random)) {
    for kind in KINDS {
        law(kind, &mut Random(seed));
    }
}

#[test]
fn split_law() {
    for_each_kind(1, |kind, random| {
        for round in 0..12 {
            let scene = Scene::random(kind, random, 48e3, 1500);
            let poly = round % 3 == 0;
            let mut whole = scene.solo(kind, poly);
            let outputs = whole.run_lanes(scene.frames, |_| 32);
            let expected = bits(&outputs, &whole);
            for most in [1, 7, 40] {
                let mut cut = scene.solo(kind, poly);
                let outputs = cut.run_lanes(scene.frames, |_| 1 + random.below(most));
                assert!(bits(&outputs, &cut) == expected, "{}: cut {most}", kind.spec.kind);
            }
        }
    });
}

#[test]
fn shortcuts_change_no_bit() {
    for_each_kind(8, |kind, random| {
        for round in 0..24 {
            let mut scene = Scene::random(kind, random, 48e3, 2000);
            for input in scene.inputs.iter_mut().flatten() {
                // Silence at the end, long enough for envelopes and filters to come to rest.
                input.truncate(300);
            }
            if round % 3 == 0 {
                // Knobs that stay, so that modules go on from what they kept.
                scene.params.iter_mut().for_each(|ramp| *ramp = Ramp::constant(ramp.target()));
            }
            let poly = round % 2 == 0;
            let (read, chunk) = ([1, u64::MAX][round / 3 % 2], [64, 32, 64][round % 3]);
            let frames = if kind.spec.kind == "delay" { 300_000 } else { 20_000 };
            let [with, without] = [true, false].map(|hints| {
                let mut solo = scene.solo(kind, poly);
                (solo.hints, solo.read) = (hints, read);
                let outputs = solo.run_lanes(frames, |_| chunk);
                let count = if read == 1 { outputs.len().min(1) } else { outputs.len() };
                bits(&outputs[..count], &solo)
            });
            assert!(with == without, "{}: round {round}", kind.spec.kind);
        }
    });
}

#[test]
fn lane_law() {
    for_each_kind(2, |kind, random| {
        if kind.spec.source == Source::Notes {
            return;
        }
        for _ in 0..12 {
            let scene = Scene::random(kind, random, 48e3, 1000);
            let poly = scene.solo(kind, true).run_lanes(scene.frames, |_| 32);
            for lane in 0..LANES {
                // Lanes draw their own random numbers.
                let mut mono = scene.prepared(kind, Solo::voice(kind, scene.sample_rate, lane));
                let mono = mono.run(scene.frames);
                for (mono, poly) in mono.iter().flatten().zip(poly.iter().flatten()) {
                    assert_eq!(poly[lane].to_bits(), mono.to_bits(), "{} {lane}", kind.spec.kind);
                }
            }
        }
    });
}

/// A bank of modules, each in its scene.
fn bank(kind: &Kind, scenes: &[Scene], seeds: &[u64]) -> Solo {
    let mut bank = Solo::bank(kind, scenes[0].sample_rate, seeds);
    for (i, input) in kind.spec.inputs.iter().enumerate() {
        if scenes[0].inputs[i].is_some() {
            let signals = scenes.iter().map(|scene| scene.inputs[i].clone().unwrap_or_default());
            bank = bank.input_lanes(input.name, signals.collect());
        }
    }
    for (lane, scene) in scenes.iter().enumerate() {
        for (p, ramp) in kind.spec.params.iter().zip(&scene.params) {
            bank.set_lane(lane, p.name, *ramp);
        }
        bank.gates[lane] = scene.gate;
    }
    bank.transport.playing = scenes[0].playing;
    bank
}

#[test]
fn modules_in_a_bank_are_as_they_are_alone() {
    for_each_kind(9, |kind, random| {
        if !kind.shares_lanes() {
            return;
        }
        for round in 0..32 {
            let mut first = Scene::random(kind, random, 48e3, 1900);
            if round % 4 < 2 {
                // With silence in time to come to rest in.
                first.inputs.iter_mut().flatten().for_each(|input| input.truncate(300));
            }
            if round % 8 < 4 {
                first.params.iter_mut().for_each(|ramp| *ramp = Ramp::constant(ramp.target()));
            }
            for (p, ramp) in kind.spec.params.iter().zip(&mut first.params) {
                // Of a synced module some knobs do nothing.
                if p.taper == Taper::Stepped && random.below(2) == 0 {
                    *ramp = Ramp::constant(p.default);
                }
            }
            let modules = if round % 3 == 0 { 1 + random.below(LANES) } else { LANES };
            let seeds: Vec<u64> = (0..modules).map(|_| u64::from(random.next())).collect();
            let scenes: Vec<_> = (0..modules).map(|_| first.sibling(kind, random)).collect();
            let (hints, most) = (round % 2 == 0, [1, 40][round / 2 % 2]);

            let mut banked = bank(kind, &scenes, &seeds);
            banked.hints = hints;
            let mut run = |frames: usize| banked.run_lanes(frames, |_| 1 + random.below(most));
            let together = [run(900), run(500)];
            banked.reset();
            let again = banked.run_lanes(500, |_| 32);
            for (lane, (scene, &seed)) in scenes.iter().zip(&seeds).enumerate() {
                let mut alone = scene.prepared(kind, Solo::seeded(kind, 48e3, seed));
                alone.hints = hints;
                let expected = [alone.run(900), alone.run(500)];
                alone.reset();
                let expected = expected.into_iter().chain([alone.run(500)]);
                for (part, (bank, mono)) in
                    together.iter().chain([&again]).zip(expected).enumerate()
                {
                    for (bank, mono) in bank.iter().flatten().zip(mono.iter().flatten()) {
                        let same = bank[lane].to_bits() == mono.to_bits();
                        assert!(same, "{}: round {round}, {lane}, {part}", kind.spec.kind);
                    }
                }
            }
        }
    });
}

#[test]
fn kinds_share_lanes_unless_they_reach_out_of_the_graph() {
    let alone: Vec<_> = KINDS.iter().filter(|k| !k.shares_lanes()).map(|k| k.spec.kind).collect();
    assert_eq!(alone, ["audio_in", "audio_out", "delay", "macro_in", "note_in"]);
}

#[test]
fn reset_law() {
    for_each_kind(3, |kind, random| {
        for _ in 0..4 {
            let mut scene = Scene::random(kind, random, 48e3, 2048);
            scene.params = kind.spec.params.iter().map(|p| Ramp::constant(p.default)).collect();
            for input in scene.inputs.iter_mut().flatten() {
                let (first, second) = input.split_at_mut(1024);
                second.copy_from_slice(first);
            }
            // A song that runs on is not the module's to reset.
            scene.playing = false;
            let mut solo = scene.solo(kind, true);
            solo.voices = chronus_engine::Voices::new(*solo.voices.plan(), 48e3);
            let first = solo.run_lanes(1024, |_| 32);
            solo.reset();
            let second = solo.run_lanes(1024, |_| 32);
            assert!(first == second, "{}", kind.spec.kind);
        }
    });
}

#[test]
fn carried_lanes_go_on_alike() {
    for_each_kind(4, |kind, random| {
        // Its storage moves whole, which one module by itself cannot do.
        if kind.spec.kind == "delay" {
            return;
        }
        // In the middle of a pair of frames, and between two chunks.
        for (poly, at) in [(false, 777), (true, 777), (false, 768), (true, 768)] {
            let scene = Scene::random(kind, random, 48e3, 2000);
            let mut old = scene.solo(kind, poly);
            let _ = old.run_lanes(at, |_| 32);
            let mut new = scene.solo(kind, poly);
            new.carry(&old);
            let (a, b) = (old.run_lanes(1223, |_| 32), new.run_lanes(1223, |_| 32));
            assert!(a == b, "{}", kind.spec.kind);
        }
    });
}

#[test]
fn finite_at_every_extreme() {
    for_each_kind(5, |kind, random| {
        let count = kind.spec.params.len();
        for round in 0..48 {
            let sample_rate = [8e3, 48e3, 384e3][round % 3];
            let mut scene = Scene::random(kind, random, sample_rate, 600);
            let level = [1.0, 10.0][round / 3 % 2];
            for input in &mut scene.inputs {
                *input = Some(random.signal(600, level));
            }
            for i in 0..count {
                let p = &kind.spec.params[i];
                let value = match round {
                    0..3 => p.min,
                    3..6 => p.max,
                    _ if random.below(2) == 0 => [p.min, p.max][random.below(2)],
                    _ => p.from_knob(0.5 + 0.5 * random.bipolar()),
                };
                scene.params[i] = Ramp::constant(value);
            }
            let mut solo = scene.solo(kind, round % 2 == 0);
            let outputs = solo.run_lanes(600, |_| 32);
            let all = outputs.iter().flatten().flatten().chain(solo.audio_out.iter().flatten());
            for x in all {
                assert!(x.is_finite() && x.abs() < 1e6, "{} round {round}: {x}", kind.spec.kind);
            }
        }
    });
}

#[test]
fn tails_do_not_idle_in_subnormals() {
    for_each_kind(6, |kind, random| {
        for round in 0..3 {
            let frames = if round == 0 { 60 * 8000 } else { 8 * 8000 };
            let mut scene = Scene::random(kind, random, 8e3, frames);
            scene.playing = false;
            for (i, input) in scene.inputs.iter_mut().enumerate() {
                *input = (i == 0).then(|| random.signal(400, 1.0));
            }
            let mut solo = scene.solo(kind, false);
            if round == 0 {
                for p in kind.spec.params {
                    solo.set_now(p.name, Ramp::constant(p.default));
                }
            }
            let outputs = solo.run(frames);
            // A tail may pass through them, on its way to the end of a block; none stays there. What
            // leaves the plugin has none at all (`tests/tests/laws/random.rs`).
            for output in &outputs {
                let subnormal = |x: &f32| *x != 0.0 && !x.is_normal();
                let longest = output.chunk_by(|a, b| subnormal(a) == subnormal(b));
                let longest = longest.filter(|run| subnormal(&run[0])).map(<[f32]>::len).max();
                let longest = longest.unwrap_or_default();
                assert!(longest <= BLOCK, "{}: {longest} frames", kind.spec.kind);
            }
        }
    });
}

#[test]
fn specs_are_sound() {
    let word = |s: &str| {
        !s.is_empty()
            && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let sentence = |s: &str| s.ends_with('.') && s.chars().next().is_some_and(|c| !c.is_numeric());
    let mut names = std::collections::BTreeSet::new();
    for kind in KINDS {
        let spec = kind.spec;
        let all = std::iter::once(spec.kind).chain(spec.aliases.iter().map(|a| a.kind));
        for name in all {
            assert!(word(name) && names.insert(name), "kind {name}");
        }
        assert!(sentence(spec.summary), "{}: {}", spec.kind, spec.summary);
        assert_eq!(spec.latency, 0);
        for (input, output) in spec.through {
            assert!(*input < spec.inputs.len() && *output < spec.outputs.len());
        }
        for alias in spec.aliases {
            for (param, value) in alias.params {
                let index = spec.param(param).expect("alias sets a param of the kind");
                assert_eq!(spec.params[index].clamp(*value), *value);
            }
        }
        let ports = [
            spec.inputs.iter().map(|p| (p.name, p.aliases)).collect::<Vec<_>>(),
            spec.outputs.iter().map(|p| (p.name, p.aliases)).collect(),
            spec.params.iter().map(|p| (p.name, p.aliases)).collect(),
        ];
        for group in ports {
            let mut seen = std::collections::BTreeSet::new();
            for name in group.iter().flat_map(|(n, a)| std::iter::once(n).chain(a.iter())) {
                assert!(word(name) && seen.insert(*name), "{}.{name}", spec.kind);
            }
        }
        for doc in spec.inputs.iter().map(|p| p.doc).chain(spec.params.iter().map(|p| p.doc)) {
            assert!(doc.ends_with('.'), "{}: {doc}", spec.kind);
        }
        assert!(spec.kind == "audio_out" || !spec.outputs.is_empty());
    }
}

#[test]
fn values_survive_being_read_and_typed() {
    for_each_kind(7, |kind, random| {
        for p in kind.spec.params {
            assert!(p.min < p.max && p.clamp(p.default) == p.default, "{}", p.name);
            assert!(p.taper != Taper::Exponential || p.min > 0.0, "{}", p.name);
            check_texts(kind, p, random);
        }
    });
}

fn check_texts(kind: &Kind, p: &Param, random: &mut Random) {
    let positions = [0.0, 1.0, p.to_knob(p.default)];
    let positions = positions.into_iter().chain((0..50).map(|_| 0.5 + 0.5 * random.bipolar()));
    for position in positions {
        let value = p.from_knob(position);
        assert!((p.min..=p.max).contains(&value), "{}.{}: {value}", kind.spec.kind, p.name);
        let text = p.text(value);
        let parsed = p.parse(&text).unwrap_or_else(|| panic!("{}: {text:?}", p.name));
        assert!((p.min..=p.max).contains(&parsed));
        // Texts have three or four digits, decibels one decimal.
        let error = (parsed - value).abs();
        let fine = error <= value.abs() * 6e-3 + 6e-4 || p.text(parsed) == text;
        assert!(fine, "{}.{}: {value} -> {text} -> {parsed}", kind.spec.kind, p.name);
        assert!((p.to_knob(value) - position).abs() < 2e-3 || p.taper == Taper::Stepped);
    }
}

/// Prints a hash of what every kind renders. Run by `every_instruction_set_gives_the_same_bits`.
#[test]
#[ignore = "prints for another test"]
#[allow(clippy::print_stdout, reason = "its parent reads it")]
fn fingerprint() {
    for_each_kind(8, |kind, random| {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for round in 0..24 {
            let scene = Scene::random(kind, random, 48e3, 500);
            let mut solo = scene.solo(kind, round % 2 == 0);
            let outputs = solo.run_lanes(scene.frames, |_| 32);
            for bits in bits(&outputs, &solo) {
                hash = (hash ^ u64::from(bits)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        println!("fingerprint {} {hash:016x}", kind.spec.kind);
    });
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let run = |simd: &str| {
        let mut child = std::process::Command::new(std::env::current_exe().expect("own path"));
        child.args(["--ignored", "--exact", "fingerprint", "--nocapture"]);
        let output = child.env("CHRONUS_SIMD", simd).output().expect("the test program runs");
        let text = String::from_utf8(output.stdout).expect("test output is text");
        let lines = text.lines().filter(|line| line.starts_with("fingerprint"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let baseline = run("scalar");
    assert_eq!(baseline.len(), KINDS.len());
    for set in chronus_engine::instruction_sets().into_iter().filter(|set| *set != "scalar") {
        assert_eq!(run(set), baseline, "{set}");
    }
}
