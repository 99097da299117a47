//! Laws of what faces show: every drawing is finite and within its range, is moved by some knob, and
//! is what the module does.

use chronus_engine::{Curve, Display, Kind, MOST_BARS, Settings, Solo};
use chronus_modules::KINDS;

const RATE: f64 = 48e3;
/// Places of a curve that are looked at.
const PLACES: usize = 97;

/// A small generator, the same every time.
struct Random(u32);

impl Random {
    fn part(&mut self) -> f32 {
        self.0 = chronus_dsp::random::next(self.0);
        0.5 + 0.5 * chronus_dsp::random::bipolar(self.0)
    }
}

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.spec.kind == name).expect("a kind of that name")
}

fn defaults(kind: &Kind) -> Vec<f32> {
    kind.spec.params.iter().map(|p| p.default).collect()
}

/// The values of `kind` with some of them set by name.
fn values(kind: &Kind, set: &[(&str, f32)]) -> Vec<f32> {
    let mut values = defaults(kind);
    for (name, value) in set {
        values[kind.spec.param(name).expect("a param of that name")] = *value;
    }
    values
}

/// The module alone, set so.
fn solo(kind: &Kind, set: &[(&str, f32)]) -> Solo {
    set.iter().fold(Solo::mono(kind, RATE), |solo, (name, value)| solo.set(name, *value))
}

fn curve(kind: &Kind) -> Curve {
    let Display::Curve(curve) = kind.spec.display else { panic!("{}: a curve", kind.spec.kind) };
    curve
}

/// The whole drawing as numbers, after they were checked.
fn drawn(kind: &Kind, settings: &Settings<'_>) -> Vec<f32> {
    let name = kind.spec.kind;
    match kind.spec.display {
        Display::None | Display::Meter => Vec::new(),
        Display::Curve(curve) => {
            let (low, high) = (curve.range)(settings);
            assert!(low < high && low.is_finite() && high.is_finite(), "{name}");
            let place = |n: usize| curve.axis.at(settings, n as f32 / (PLACES - 1) as f32);
            let places: Vec<f32> = (0..PLACES).map(place).collect();
            assert!(places.windows(2).all(|two| two[0] < two[1]), "{name}: {places:?}");
            let check = |x: &f32| {
                let y = (curve.at)(settings, *x);
                let told = format!("{name}: {y} at {x} with {settings:?}");
                assert!(y.is_finite() && (low..=high).contains(&y), "{told}");
                y
            };
            places.iter().map(check).collect()
        }
        Display::Bars(bars) => {
            assert!((bars.span)(settings) >= 0.0, "{name}");
            let all: Vec<_> = (0..MOST_BARS).map_while(|n| (bars.at)(settings, n)).collect();
            for bar in &all {
                assert!((0.0..=1.0).contains(&bar.place) && bar.height.abs() <= 1.0, "{bar:?}");
            }
            all.iter().flat_map(|bar| [bar.place, bar.height]).collect()
        }
        Display::Scope(scope) => {
            assert!(scope.output < kind.spec.outputs.len(), "{name}");
            let picture = (scope.picture)(settings);
            assert!(picture.seconds > 0.0 && picture.seconds <= 5.0, "{name}: {picture:?}");
            assert!(picture.gain > 0.0 && picture.gain.is_finite(), "{name}: {picture:?}");
            Vec::new()
        }
    }
}

/// Law: at the default, every extreme and at random values a drawing is finite and in its range.
#[test]
fn drawings_are_finite_and_in_their_range() {
    let mut random = Random(1);
    for kind in KINDS {
        let params = kind.spec.params;
        for round in 0..400 {
            let value = |p: &chronus_engine::Param| match (round, random.part()) {
                (0, _) => p.default,
                (1, _) => p.min,
                (2, _) => p.max,
                (3..100, part) => [p.min, p.max][usize::from(part > 0.5)],
                (_, part) => p.from_knob(part),
            };
            let values: Vec<f32> = params.iter().map(value).collect();
            for sample_rate in [8e3, 48e3, 384e3] {
                drawn(kind, &Settings { values: &values, sample_rate });
            }
        }
    }
}

/// Law: some knob moves every curve and every row of bars.
#[test]
fn knobs_move_their_drawing() {
    for kind in KINDS {
        if !matches!(kind.spec.display, Display::Curve(_) | Display::Bars(_)) {
            continue;
        }
        let defaults = defaults(kind);
        let draw = |values: &[f32]| drawn(kind, &Settings { values, sample_rate: 48e3 });
        let moves = |p: usize, to: f32| {
            let mut values = defaults.clone();
            values[p] = to;
            draw(&values) != draw(&defaults)
        };
        let params = kind.spec.params.iter().enumerate();
        let moving = params.filter(|(p, param)| moves(*p, param.min) || moves(*p, param.max));
        assert!(moving.count() > 0, "{}", kind.spec.kind);
    }
}

/// Law: what people patch most has a drawing.
#[test]
fn kinds_with_a_shape_show_it() {
    let without: Vec<_> = KINDS
        .iter()
        .filter(|kind| matches!(kind.spec.display, Display::None))
        .map(|kind| kind.spec.kind)
        .collect();
    assert_eq!(without, ["macro_in", "note_in"]);
}

#[test]
fn the_envelope_is_drawn_as_it_sounds() {
    let kind = kind("adsr");
    let curve = curve(kind);
    for (times, sustain, linear) in [
        ([10.0, 100.0, 200.0], 0.7, 0.0),
        ([300.0, 50.0, 20.0], 0.2, 0.0),
        ([5.0, 5.0, 400.0], 1.0, 1.0),
        ([80.0, 200.0, 100.0], 0.0, 1.0),
    ] {
        let [attack, decay, release] = times;
        let set = [("attack", attack), ("decay", decay), ("sustain", sustain)];
        let set = [&set[..], &[("release", release), ("curve", linear)]].concat();
        let values = values(kind, &set);
        let settings = Settings { values: &values, sample_rate: RATE as f32 };
        let end = curve.axis.at(&settings, 1.0);
        let frames = (f64::from(end) * RATE) as usize;
        let held = frames - (f64::from(release) * 1e-3 * RATE) as usize;
        let mut solo = solo(kind, &set).input("gate", &vec![1.0; held]);
        let env = solo.run(frames).swap_remove(1);
        for (k, level) in env.iter().enumerate() {
            let drawn = (curve.at)(&settings, (k + 1) as f32 / RATE as f32);
            // A frame of the steepest stage.
            let close = (drawn - level).abs() < 0.01 + 1.0 / (5.0 * 48.0);
            assert!(close, "{times:?} frame {k}: {drawn}, not {level}");
        }
    }
}

/// Decibels of an impulse response at `hertz`.
fn measured(impulse: &[f32], hertz: f32) -> f64 {
    let turn = std::f64::consts::TAU * f64::from(hertz) / RATE;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, &y) in impulse.iter().enumerate() {
        re += f64::from(y) * (turn * n as f64).cos();
        im -= f64::from(y) * (turn * n as f64).sin();
    }
    20.0 * re.hypot(im).max(1e-10).log10()
}

#[test]
fn filters_are_drawn_as_they_sound() {
    let mut compared = 0;
    for (name, sharpness, modes) in [("biquad", [0.5, 6.0], 8), ("vcf", [0.0, 0.6], 4)] {
        let kind = kind(name);
        let (curve, sharp) = (curve(kind), if name == "vcf" { "resonance" } else { "q" });
        for mode in 0..modes {
            for cutoff in [60.0, 900.0, 12_000.0] {
                for (value, gain) in sharpness.into_iter().zip([-9.0, 15.0]) {
                    let mut set = vec![("mode", mode as f32), ("cutoff", cutoff), (sharp, value)];
                    if name == "biquad" {
                        set.push(("gain", gain));
                    }
                    let mut impulse = vec![0.0; 1 << 15];
                    impulse[0] = 1.0;
                    let out = solo(kind, &set).input("in", &impulse).run(1 << 15).swap_remove(0);
                    let values = values(kind, &set);
                    let settings = Settings { values: &values, sample_rate: RATE as f32 };
                    for part in 0..=24 {
                        let hertz = curve.axis.at(&settings, part as f32 / 24.0);
                        let (drawn, heard) =
                            ((curve.at)(&settings, hertz), measured(&out, hertz) as f32);
                        // Beyond its range a drawing ends.
                        let (low, high) = (curve.range)(&settings);
                        let error = (drawn - heard.clamp(low, high)).abs();
                        assert!(error < 0.5, "{set:?} at {hertz}: {drawn} dB, not {heard} dB");
                        compared += 1;
                    }
                }
            }
        }
    }
    assert_eq!(compared, 12 * 3 * 2 * 25);
}

/// Frames of a period at which a wave is not drawn as it sounds.
fn astray(kind: &Kind, set: &[(&str, f32)], period: usize) -> usize {
    let out = solo(kind, set).run(period).swap_remove(0);
    let (curve, values) = (curve(kind), values(kind, set));
    let settings = Settings { values: &values, sample_rate: RATE as f32 };
    let off = |(k, y): &(usize, &f32)| {
        ((curve.at)(&settings, *k as f32 / period as f32) - **y).abs() > 2e-3
    };
    out.iter().enumerate().filter(off).count()
}

#[test]
fn oscillators_are_drawn_as_they_sound() {
    let lfo = kind("lfo");
    for shape in 0..5 {
        for phase in [0.0, 0.3] {
            let set = [("shape", shape as f32), ("rate", 10.0), ("phase", phase)];
            // An edge may come a frame earlier or later.
            let off = astray(lfo, &set, 4800);
            assert!(off <= 2, "{set:?}: {off} frames");
        }
    }
    let vco = kind("vco");
    for shape in 0..4 {
        for (freq, period) in [(100.0, 480), (2400.0, 20)] {
            for (width, gain) in [(0.5, 1.0), (0.15, 0.6)] {
                let shape = ("shape", shape as f32);
                let set = [shape, ("freq", freq), ("width", width), ("gain", gain)];
                let off = astray(vco, &set, period);
                assert_eq!(off, 0, "{set:?}");
            }
        }
    }
}

#[test]
fn repeats_are_drawn_as_they_sound() {
    let kind = kind("delay");
    let Display::Bars(bars) = kind.spec.display else { panic!("bars") };
    for mode in [0.0, 1.0] {
        let set = [("time", 100.0), ("feedback", 0.6), ("mix", 0.5), ("mode", mode)];
        let values = values(kind, &set);
        let settings = Settings { values: &values, sample_rate: RATE as f32 };
        let span = (bars.span)(&settings);
        let mut input = vec![0.0; (span * RATE as f32) as usize];
        input[0] = 1.0;
        let len = input.len();
        let out = solo(kind, &set).input("left", &input).run(len);
        for n in 0..4 {
            let bar = (bars.at)(&settings, n).expect("a repeat");
            // The tone spreads a repeat over some frames, whose sum stays.
            let at = (bar.place * span * RATE as f32).round() as usize;
            let side = &out[usize::from(bar.height < 0.0)];
            let sum: f32 = side[at.saturating_sub(40)..at + 400].iter().sum();
            assert!((sum - bar.height.abs()).abs() < 0.01, "{set:?} {n}: {bar:?}, not {sum}");
        }
    }
}
