//! ADSR: the four-stage envelope, with an amplifier on it.
//!
//! The attack is a straight line; decay and release fall like a capacitor's charge, by 60 dB over
//! their time, then scaled so that they end exactly where and when they should. A stage starts
//! from the level that is there: neither a retrigger nor an early release makes a step.

use chronus_dsp::envelope::{self, END};
use chronus_dsp::math::max;
use chronus_engine::{
    BLOCK, Category, Input, Io, Module, Normal, Output, Param, Signal, Spec, Taper, Unit, kind,
    lanes,
};

use crate::kit::{frames, inputs, knobs, rises, steady, still};

const fn time(name: &'static str, label: &'static str, default: f32, doc: &'static str) -> Param {
    Param::new(
        name,
        label,
        (0.0, 20_000.0),
        default,
        Unit::Milliseconds,
        doc,
    )
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
        Input::new(
            "gate",
            Signal::Gate,
            "Attacks when it rises, releases when it falls.",
        ),
        Input::new(
            "retrigger",
            Signal::Gate,
            "Attacks anew when it rises under a held gate.",
        ),
    ],
    outputs: &[
        Output::new("out", Signal::Audio, "in x envelope."),
        Output::new("env", Signal::Control, "The envelope, 0..1."),
    ],
    params: &[
        time(
            "attack",
            "Attack",
            10.0,
            "From silence to the peak, in a straight line.",
        ),
        time(
            "decay",
            "Decay",
            100.0,
            "From the peak to the sustain level, reached exactly.",
        ),
        Param::new(
            "sustain",
            "Sustain",
            (0.0, 1.0),
            0.7,
            Unit::Percent,
            "Level while held.",
        ),
        time(
            "release",
            "Release",
            200.0,
            "From wherever it is to silence, reached exactly.",
        ),
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

impl<const L: usize> Module<L> for Adsr<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let n = io.frames.min(BLOCK);
        let [signal, gate, trigger] = inputs(&io);
        let [attack, decay, sustain, release, curve] = knobs(&io);
        let linear = curve.choice() == 1;
        let sustain = frames(sustain);
        let host = io.gate;
        let per_ms = io.sample_rate * 0.001;
        let [out, env] = io.outputs.split().map(|out| &mut out[..n]);

        if steady(gate) && steady(trigger) && self.rests(&gate[0], &trigger[0], host) {
            self.gate = gate[0].map(|gate| max(gate, host));
            self.trigger = trigger[0];
            for k in 0..n {
                let x = signal[k];
                let (mut level, mut y) = ([0.0; L], [0.0; L]);
                for l in 0..L {
                    level[l] = if self.stage[l] == DECAY {
                        sustain[k]
                    } else {
                        0.0
                    };
                    y[l] = x[l] * level[l];
                }
                (out[k], env[k]) = (y, level);
            }
            if let Some(last) = env.last() {
                self.level = *last;
            }
            return;
        }

        let steps = |k: usize| [release, attack, decay].map(|t| envelope::step(t.at(k) * per_ms));
        let held = still(&[release, attack, decay]);
        let mut step = steps(0);
        let Self {
            mut stage,
            mut position,
            mut from,
            mut level,
            gate: mut gated,
            ..
        } = *self;
        let mut triggered = self.trigger;
        for k in 0..n {
            if k > 0 && !held {
                step = steps(k);
            }
            let (x, gate, trigger) = (signal[k], gate[k], trigger[k]);
            let mut y = [0.0; L];
            for l in 0..L {
                let now = max(gate[l], host);
                let rose = rises(gated[l], now) | rises(triggered[l], trigger[l]);
                let start = (now >= 0.5) & rose;
                let lift = (now < 0.5) & (gated[l] >= 0.5);
                let peaked = (stage[l] == ATTACK) & (position[l] == END);
                gated[l] = now;
                triggered[l] = trigger[l];

                let s = if peaked { DECAY } else { stage[l] };
                let s = if start { ATTACK } else { s };
                let s = if lift { RELEASE } else { s };
                let at = if peaked | lift { 0 } else { position[l] };
                let at = if start {
                    envelope::position(level[l])
                } else {
                    at
                };
                from[l] = if lift { level[l] } else { from[l] };

                let step = if s == RELEASE {
                    step[0]
                } else if s == ATTACK {
                    step[1]
                } else {
                    step[2]
                };
                let at = envelope::advance(at, step);
                let p = envelope::progress(at);
                let fall = if linear { 1.0 - p } else { envelope::fall(p) };
                // Where the fall ends, and how far it is from there to its start.
                let floor = if s == DECAY { sustain[k] } else { 0.0 };
                let height = if s == DECAY {
                    1.0 - sustain[k]
                } else {
                    from[l]
                };
                stage[l] = s;
                position[l] = at;
                level[l] = if s == ATTACK {
                    p
                } else {
                    floor + height * fall
                };
                y[l] = x[l] * level[l];
            }
            (out[k], env[k]) = (y, level);
        }
        *self = Self {
            stage,
            position,
            from,
            level,
            gate: gated,
            trigger: triggered,
        };
    }
}

impl<const L: usize> Adsr<L> {
    /// True when every lane sustains or is silent, and stays so under these inputs.
    #[inline(always)]
    fn rests(&self, gate: &[f32; L], trigger: &[f32; L], host: f32) -> bool {
        let mut rests = true;
        for l in 0..L {
            let now = max(gate[l], host);
            let rose = rises(self.gate[l], now) | rises(self.trigger[l], trigger[l]);
            let lift = (now < 0.5) & (self.gate[l] >= 0.5);
            let ended = (self.position[l] == END) & (self.stage[l] != ATTACK);
            rests &= ended & !rose & !lift;
        }
        rests
    }
}
