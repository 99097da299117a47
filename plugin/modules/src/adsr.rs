//! ADSR: the four-stage envelope, with an amplifier on it.
//!
//! The attack is a straight line; decay and release fall like a capacitor's charge, by 60 dB over
//! their time, then scaled so that they end exactly where and when they should. A stage starts
//! from the level that is there: neither a retrigger nor an early release makes a step.

use chronus_dsp::envelope::{self, END};
use chronus_dsp::math::{clamp, is_zero, mask, masked, max};
use chronus_engine::{
    Axis, BLOCK, Category, Curve, Display, Input, Io, Knob, Module, Normal, Output, Param,
    Settings, Signal, Spec, Taper, Unit, in_turn, kind, lanes,
};

use crate::kit::{inputs, knobs, rises, steady, still};

const fn time(name: &'static str, label: &'static str, default: f32, doc: &'static str) -> Param {
    Param::new(name, label, (0.0, 20_000.0), default, Unit::Milliseconds, doc)
        .taper(Taper::Power(4.0))
}

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "adsr",
    name: "ADSR",
    category: Category::Modulator,
    summary: "An envelope of attack, decay, sustain and release, and an amplifier on it.",
    inputs: &[
        Input::new("in", Signal::Audio, "What the envelope shapes.").normal(Normal::Value(1.0)),
        Input::new("gate", Signal::Gate, "Attacks when it rises, releases when it falls."),
        Input::new("retrigger", Signal::Gate, "Attacks anew when it rises under a held gate."),
    ],
    outputs: &[
        Output::new("out", Signal::Audio, "in x envelope."),
        Output::new("env", Signal::Control, "The envelope, 0..1."),
    ],
    params: &[
        time("attack", "Attack", 10.0, "From silence to the peak, in a straight line."),
        time("decay", "Decay", 100.0, "From the peak to the sustain level, reached exactly."),
        Param::new("sustain", "Sustain", (0.0, 1.0), 0.7, Unit::Percent, "Level while held."),
        time("release", "Release", 200.0, "From wherever it is to silence, reached exactly."),
        Param::choice(
            "curve",
            "Curve",
            &["exponential", "linear"],
            0,
            "How decay and release fall: evenly in dB, or in a straight line.",
        ),
    ],
    through: &[(0, 0)],
    gate: true,
    display: Display::Curve(Curve {
        axis: Axis::Time(|settings| Stages::of(settings).end()),
        range: |_| (0.0, 1.0),
        at: |settings, seconds| Stages::of(settings).level(seconds),
    }),
    ..Spec::EMPTY
};

/// Stages; the sustain is the end of the decay, silence that of the release.
const RELEASE: u32 = 0;
const ATTACK: u32 = 1;
const DECAY: u32 = 2;

lanes! {
    /// Where the envelope is.
    pub struct Adsr {
        /// `RELEASE`, `ATTACK` or `DECAY`.
        stage: u32 = RELEASE,
        /// Position in the stage, `END` at its end.
        position: u32 = END,
        /// Level at which the release began.
        from: f32 = 0.0,
        /// Last level.
        level: f32 = 0.0,
        /// Last gate.
        gate: f32 = 0.0,
        /// Last value of the retrigger input.
        trigger: f32 = 0.0,
    }
}

kind!(SPEC, Adsr);

/// The envelope of one note as it is drawn: its times in seconds, and how long it is held after the
/// decay.
struct Stages {
    attack: f32,
    decay: f32,
    sustain: f32,
    held: f32,
    release: f32,
    linear: bool,
}

impl Stages {
    fn of(settings: &Settings<'_>) -> Self {
        let [attack, decay, release] = [0, 1, 3].map(|p| settings.values[p] * 1e-3);
        let (sustain, linear) = (settings.values[2], settings.choice(4) == 1);
        // Long enough to be seen as a level beside the other stages.
        let held = 0.25 * (attack + decay + release) + 0.005;
        Self { attack, decay, sustain, held, release, linear }
    }

    fn end(&self) -> f32 {
        self.attack + self.decay + self.held + self.release
    }

    fn level(&self, seconds: f32) -> f32 {
        let fall = |seconds: f32, time: f32| {
            // A stage of no time is over at once.
            let progress = if seconds < time { clamp(seconds / time, 0.0, 1.0) } else { 1.0 };
            if self.linear { 1.0 - progress } else { envelope::fall(progress) }
        };
        if seconds < self.attack {
            return clamp(seconds / self.attack, 0.0, 1.0);
        }
        let decayed = seconds - self.attack;
        let released = decayed - self.decay - self.held;
        if released < 0.0 {
            self.sustain + (1.0 - self.sustain) * fall(decayed, self.decay)
        } else {
            self.sustain * fall(released, self.release)
        }
    }
}

/// What the knobs say to one lane at one frame.
#[derive(Clone, Copy)]
struct Shape {
    /// Steps of position a frame.
    attack: u32,
    decay: u32,
    release: u32,
    sustain: f32,
    linear: bool,
}

/// The same of all lanes.
struct Shapes<const L: usize> {
    attack: [u32; L],
    decay: [u32; L],
    release: [u32; L],
    sustain: [f32; L],
    linear: bool,
}

impl<const L: usize> Shapes<L> {
    /// At frame `k` of a chunk, `per_ms` frames a millisecond.
    #[inline(always)]
    fn new(stages: &[Knob<'_, L>; 4], linear: bool, per_ms: f32, k: usize) -> Self {
        let [attack, decay, sustain, release] = stages;
        let step = |ms: f32| envelope::step(ms * per_ms);
        Self {
            attack: attack.map(k, step),
            decay: decay.map(k, step),
            release: release.map(k, step),
            sustain: sustain.at(k),
            linear,
        }
    }

    #[inline(always)]
    fn lane(&self, l: usize) -> Shape {
        Shape {
            attack: self.attack[l],
            decay: self.decay[l],
            release: self.release[l],
            sustain: self.sustain[l],
            linear: self.linear,
        }
    }
}

/// The state of one lane.
#[derive(Clone, Copy)]
struct Lane {
    stage: u32,
    position: u32,
    from: f32,
    level: f32,
    gate: f32,
    trigger: f32,
}

impl Lane {
    /// Whether the attack starts, and whether the release does.
    #[inline(always)]
    fn edges(self, gate: f32, trigger: f32) -> (bool, bool) {
        let rose = rises(self.gate, gate) | rises(self.trigger, trigger);
        ((gate >= 0.5) & rose, (gate < 0.5) & (self.gate >= 0.5))
    }

    /// The state one frame later.
    #[inline(always)]
    fn tick(self, gate: f32, trigger: f32, shape: Shape) -> Self {
        let (start, lift) = self.edges(gate, trigger);
        let peaked = (self.stage == ATTACK) & (self.position == END);
        let stage = if peaked { DECAY } else { self.stage };
        let stage = if start { ATTACK } else { stage };
        let stage = if lift { RELEASE } else { stage };
        let (attacks, decays) = (stage == ATTACK, stage == DECAY);

        let position = if peaked | lift { 0 } else { self.position };
        let position = if start { envelope::position(self.level) } else { position };
        let step = if attacks { shape.attack } else { shape.release };
        let step = if decays { shape.decay } else { step };
        let position = envelope::advance(position, step);
        let from = if lift { self.level } else { self.from };

        let rise = envelope::progress(position);
        let fall = if shape.linear { 1.0 - rise } else { envelope::fall(rise) };
        // Where the fall ends, and how far from there it starts.
        let floor = if decays { shape.sustain } else { 0.0 };
        let height = if decays { 1.0 - shape.sustain } else { from };
        let level = if attacks { rise } else { floor + height * fall };
        Self { stage, position, from, level, gate, trigger }
    }
}

impl<const L: usize> Adsr<L> {
    #[inline(always)]
    fn lane(&self, l: usize) -> Lane {
        let Self { stage, position, from, level, gate, trigger } = self;
        Lane {
            stage: stage[l],
            position: position[l],
            from: from[l],
            level: level[l],
            gate: gate[l],
            trigger: trigger[l],
        }
    }

    #[inline(always)]
    fn set_lane(&mut self, l: usize, lane: Lane) {
        self.stage[l] = lane.stage;
        self.position[l] = lane.position;
        self.from[l] = lane.from;
        self.level[l] = lane.level;
        self.gate[l] = lane.gate;
        self.trigger[l] = lane.trigger;
    }

    /// Writes the signal at a level that rests.
    #[inline(always)]
    fn amplify(&self, io: &mut Io<'_, L>, signal: &[[f32; L]]) {
        if !io.outputs.connected(0) {
            return;
        }
        let level = self.level;
        if io.inputs.steady(0) || is_zero(&level) {
            io.outputs.fill(0, amplified(&signal[0], &level));
            return;
        }
        for (out, x) in io.outputs.get(0).iter_mut().zip(signal) {
            in_turn::<L>();
            *out = amplified(x, &level);
        }
    }

    /// True when every lane sustains or is silent, and stays so under these inputs.
    #[inline(always)]
    fn rests(&self, gate: &[f32; L], trigger: &[f32; L], host: &[f32; L]) -> bool {
        let mut rests = true;
        for l in 0..L {
            let lane = self.lane(l);
            let (start, lift) = lane.edges(max(gate[l], host[l]), trigger[l]);
            rests &= (lane.position == END) & (lane.stage != ATTACK) & !start & !lift;
        }
        rests
    }
}

/// Shut is silent, not a zero with the signal's sign: those who come after may rest.
#[inline(always)]
fn amplified<const L: usize>(x: &[f32; L], level: &[f32; L]) -> [f32; L] {
    let mut y = [0.0; L];
    for l in 0..L {
        y[l] = masked(x[l] * level[l], mask(level[l] != 0.0));
    }
    y
}

impl<const L: usize> Module<L> for Adsr<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let n = io.frames.min(BLOCK);
        let [signal, gate, trigger] = inputs(&io);
        let [stages @ .., curve]: [_; 5] = knobs(&io);
        let (host, per_ms) = (io.gate(), io.sample_rate * 0.001);
        let held = still(&stages);
        let calm = held && steady(&io, &[1, 2]) && self.rests(&gate[0], &trigger[0], &host);
        if calm {
            // Most of a note's life: every frame is as the first, and that as `tick` makes it.
            let sustain = stages[2].at(0);
            let (mut level, mut now) = ([0.0; L], [0.0; L]);
            for l in 0..L {
                // Added to 0, as there: never -0.
                level[l] = masked(sustain[l], mask(self.stage[l] == DECAY)) + 0.0;
                now[l] = max(gate[0][l], host[l]);
            }
            (self.level, self.gate, self.trigger) = (level, now, trigger[0]);
            if io.outputs.connected(1) {
                io.outputs.fill(1, self.level);
            }
            if io.inputs.steady(0) {
                io.rest();
            }
            self.amplify(&mut io, signal);
            return;
        }
        let linear = curve.choice() == 1;
        let mut now = Shapes::new(&stages, linear, per_ms, 0);
        let mut state = self.clone();
        let [out, env] = io.outputs.split().map(|out| &mut out[..n]);
        for k in 0..n {
            in_turn::<L>();
            if k > 0 && !held {
                now = Shapes::new(&stages, linear, per_ms, k);
            }
            let (gate, trigger) = (gate[k], trigger[k]);
            for l in 0..L {
                let gate = max(gate[l], host[l]);
                state.set_lane(l, state.lane(l).tick(gate, trigger[l], now.lane(l)));
            }
            env[k] = state.level;
        }
        *self = state;
        for (out, (x, level)) in out.iter_mut().zip(signal.iter().zip(env)) {
            in_turn::<L>();
            *out = amplified(x, level);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::measure::{largest_step, peak};
    use chronus_engine::Solo;

    /// The envelope under a gate that is high for `held` frames of `frames`.
    fn envelope(rate: f64, times: [f32; 3], held: usize, frames: usize) -> Vec<f32> {
        let [attack, decay, release] = times;
        let mut solo = Solo::mono(&KIND, rate).set("attack", attack).set("decay", decay);
        solo = solo.set("release", release).set("sustain", 0.5);
        solo.input("gate", &vec![1.0; held]).run(frames).swap_remove(1)
    }

    #[test]
    fn stages_take_their_time() {
        for (rate, ms) in [(48e3, 10.0f32), (44.1e3, 7.3), (48e3, 2000.0), (384e3, 500.0)] {
            let frames = f64::from(ms) * 1e-3 * rate;
            let allowed = (frames * 1e-3).max(1.0);
            let held = (frames * 2.5) as usize;
            let env = envelope(rate, [ms; 3], held, (frames * 4.0) as usize);
            let at = |wanted: &dyn Fn(f32) -> bool, from: usize| {
                (from + env[from..].iter().position(|&x| wanted(x)).unwrap() + 1 - from) as f64
            };
            let attack = at(&|x| x == 1.0, 0);
            assert!((attack - frames).abs() <= allowed, "attack {attack} {frames}");
            let decay = at(&|x| x == 0.5, attack as usize);
            assert!((decay - frames).abs() <= allowed, "decay {decay} {frames}");
            let release = at(&|x| x == 0.0, held);
            assert!((release - frames).abs() <= allowed, "release {release} {frames}");
        }
    }

    #[test]
    fn the_attack_is_straight_and_the_decay_even_in_decibels() {
        let env = envelope(48e3, [10.0, 100.0, 100.0], 48_000, 48_000);
        for (k, level) in env[..480].iter().enumerate() {
            assert!((level - (k + 1) as f32 / 480.0).abs() < 1e-6);
        }
        // Halfway in time a fall of 60 dB has come 30 dB down.
        let half = (env[480 + 2400 - 1] - 0.5) / 0.5;
        assert!((half - (0.0316 - 0.001) / 0.999).abs() < 1e-3, "{half}");
    }

    #[test]
    fn neither_retrigger_nor_early_release_makes_a_step() {
        for first in [100, 300, 700, 3000] {
            let mut gate = vec![1.0; first];
            gate.extend([0.0; 333]);
            gate.extend([1.0; 1000]);
            gate.extend([0.0]);
            gate.extend([1.0; 2000]);
            let mut retrigger = vec![0.0; first + 900];
            retrigger.extend([1.0; 10]);
            let solo = Solo::mono(&KIND, 48e3).input("gate", &gate);
            let env = &solo.input("retrigger", &retrigger).run(8000)[1];
            // The steepest stage is the attack; its last frame may be one and a half steps long.
            assert!(largest_step(env) <= 1.501 / 480.0, "{first}: {}", largest_step(env));
            assert!(peak(env) <= 1.0);
        }
    }

    #[test]
    fn follows_the_remote_gate_and_shapes_its_input() {
        let mut solo = Solo::mono(&KIND, 48e3).input("in", &[0.5; 9600]).set("sustain", 0.25);
        solo.gates = vec![1.0];
        let out = solo.run(9600);
        assert_eq!((out[0][9599], out[1][9599]), (0.125, 0.25));
    }

    #[test]
    fn no_time_is_no_time() {
        let env = envelope(48e3, [0.0; 3], 10, 20);
        assert_eq!((env[0], env[2], env[11]), (1.0, 0.5, 0.0));
    }
}
