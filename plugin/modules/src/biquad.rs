//! Biquad: the responses of R. Bristow-Johnson's "Cookbook formulae for audio EQ", computed by the
//! trapezoidal state-variable filter (`dsp::svf`), which has the same transfer functions, keeps low
//! corners exact in f32 and stays calm when they move.

use chronus_dsp::math::exp2;
use chronus_engine::{
    Again, BLOCK, Category, Display, Input, Io, KindAlias, Knob, Module, Output, Param, Settings,
    Signal, Spec, Taper, Unit, kind, lanes,
};

use crate::kit::svf::{self, Corner, Pass, Signals, Svf, Tune};
use crate::kit::{inputs, knobs, same, steady, still};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "biquad",
    name: "Biquad",
    category: Category::Filter,
    summary: "A second-order filter with the eight responses of the EQ cookbook.",
    aliases: &[KindAlias { kind: "biquad_filter", params: &[] }],
    inputs: &[
        Input::new("in", Signal::Audio, "The signal to filter."),
        Input::new("cutoff", Signal::Control, "Octaves, scaled by its amount.").aliases(&["cv"]),
    ],
    outputs: &[Output::new("out", Signal::Audio, "The filtered signal.")],
    params: &[
        Param::choice(
            "mode",
            "Mode",
            &[
                "lowpass",
                "highpass",
                "bandpass",
                "notch",
                "allpass",
                "peak",
                "lowshelf",
                "highshelf",
            ],
            0,
            "The response; gain acts on the last three.",
        )
        .aliases(&["type"]),
        Param::new("cutoff", "Cutoff", (16.0, 20_000.0), 1000.0, Unit::Hertz, "Corner frequency.")
            .taper(Taper::Exponential)
            .aliases(&["freq", "frequency"]),
        Param::new("q", "Q", (0.1, 40.0), 0.707_106_77, Unit::None, "Sharpness of the corner.")
            .taper(Taper::Exponential)
            .aliases(&["resonance"]),
        Param::new("gain", "Gain", (-24.0, 24.0), 0.0, Unit::Decibel, "Lift of peak and shelves."),
        Param::new(
            "cutoff_amount",
            "Cutoff CV",
            (-10.0, 10.0),
            5.0,
            Unit::Octaves,
            "Reach of cutoff.",
        ),
    ],
    through: &[(0, 0)],
    display: Display::Curve(svf::response(decibels)),
    ..Spec::EMPTY
};

lanes! {
    /// The filter's state, and of what is kept, the parts of the mix and the CV.
    pub struct Biquad {
        /// The filter.
        ..svf: Svf,
        /// Part of the input in the output.
        dry: f32 = 0.0,
        /// Part of the band.
        band: f32 = 0.0,
        /// Part of the low.
        low: f32 = 0.0,
        /// The CV of the corner that is kept.
        cv: f32 = 0.0,
    }
}

kind!(SPEC, Biquad);

/// What the face shows: the response at `hertz`, in dB.
fn decibels(settings: &Settings<'_>, hertz: f32) -> f32 {
    let &[mode, cutoff, q, gain, _] = settings.values else { return 0.0 };
    let Response { k: [k], scale: [scale], dry: [dry], band: [band], low: [low] } =
        Response::new(mode as usize, [q], [gain]);
    svf::decibels((cutoff, k, scale), [dry, band, low], (hertz, settings.sample_rate))
}

/// The first mode: the low alone.
const LOWPASS: usize = 0;

/// A response as a mix of a state-variable filter's signals.
#[derive(Clone, Copy)]
struct Response<const L: usize> {
    /// Damping.
    k: [f32; L],
    /// Factor on the cutoff's tangent.
    scale: [f32; L],
    /// Part of the input in the output.
    dry: [f32; L],
    /// Part of the band.
    band: [f32; L],
    /// Part of the low.
    low: [f32; L],
}

impl<const L: usize> Response<L> {
    /// Nothing but what goes in.
    const FLAT: Self =
        Self { k: [1.0; L], scale: [1.0; L], dry: [1.0; L], band: [0.0; L], low: [0.0; L] };

    /// Response `mode` at sharpness `q` and `db` decibels of lift.
    #[inline(always)]
    fn new(mode: usize, q: [f32; L], db: [f32; L]) -> Self {
        match mode {
            LOWPASS => Self::of(q, db, |k, _| (k, 1.0, [0.0, 0.0, 1.0])),
            1 => Self::of(q, db, |k, _| (k, 1.0, [1.0, -k, -1.0])),
            2 => Self::of(q, db, |k, _| (k, 1.0, [0.0, k, 0.0])),
            3 => Self::of(q, db, |k, _| (k, 1.0, [1.0, -k, 0.0])),
            4 => Self::of(q, db, |k, _| (k, 1.0, [1.0, -2.0 * k, 0.0])),
            5 => Self::of(q, db, |k, a| (k / a, 1.0, [1.0, k / a * (a * a - 1.0), 0.0])),
            6 => Self::of(q, db, |k, a| (k, 1.0 / a.sqrt(), [1.0, k * (a - 1.0), a * a - 1.0])),
            _ => Self::of(q, db, |k, a| (k, a.sqrt(), [a * a, k * (1.0 - a) * a, 1.0 - a * a])),
        }
    }

    /// What `f` makes of each lane's damping and of the cookbook's A: damping, scale and mix.
    #[inline(always)]
    fn of(q: [f32; L], db: [f32; L], f: impl Fn(f32, f32) -> (f32, f32, [f32; 3])) -> Self {
        let [mut k, mut scale, mut dry, mut band, mut low] = [[0.0; L]; 5];
        for l in 0..L {
            // The square root of the lift: 10^(dB / 40).
            let a = exp2(db[l] * 0.083_048_2);
            (k[l], scale[l], [dry[l], band[l], low[l]]) = f(1.0 / q[l], a);
        }
        Self { k, scale, dry, band, low }
    }
}

impl<const L: usize> Module<L> for Biquad<L> {
    type Storage = ();

    const KEEPS: bool = true;

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        self.svf.keep(None);
        if io.inputs.silent(0) && self.svf.is_silent() {
            io.outputs.fill(0, [0.0; L]);
            io.rest();
            return;
        }
        let n = io.frames.min(BLOCK);
        let [signal, cv] = inputs(&io);
        let [mode, cutoff, q, gain, amount] = knobs(&io);
        let mode = mode.choice();
        let tuned = still(&[cutoff, q, gain, amount]);
        let held = tuned && steady(&io, &[1]);
        let mut corners = Corners {
            cv: &cv[..n],
            cutoff,
            amount,
            per_frame: 1.0 / io.sample_rate,
            mode,
            q,
            gain,
            tuned,
            response: Response::FLAT,
        };
        let span = (io.start, n);
        let (signal, out) = (&signal[..n], &mut io.outputs.get(0)[..n]);
        if mode == LOWPASS {
            self.svf.run(&mut Low { signal, out }, &mut corners, span, held);
        } else {
            self.svf.run(&mut Mixed { signal, out }, &mut corners, span, held);
            let Response { dry, band, low, .. } = corners.response;
            (self.dry, self.band, self.low) = (dry, band, low);
        }
        self.cv = cv[0];
        self.svf.keep(held.then_some(if mode == LOWPASS { LOW } else { MIXED }));
    }

    #[inline(always)]
    fn kept(&self, lane: usize) -> u32 {
        self.svf.kept[lane]
    }

    #[inline(always)]
    fn again(&mut self, mut io: Again<'_, L>) -> bool {
        let Some(kept) = self.svf.kept(&io) else { return false };
        if !same(&io, 1, &self.cv) {
            return false;
        }
        let span = (io.start, io.frames);
        let (signal, out) = (io.inputs.get(0), io.outputs.get(0));
        if kept == LOW {
            self.svf.again(&mut Low { signal, out }, span, ());
        } else {
            let (dry, band, low) = (self.dry, self.band, self.low);
            self.svf.again(&mut Mixed { signal, out }, span, Mix { dry, band, low });
        }
        true
    }
}

/// Kept: the low alone.
const LOW: u32 = 1;
/// Kept: a mix.
const MIXED: u32 = 2;

/// The low-pass, which most are: it needs no mix of signals.
struct Low<'a, const L: usize> {
    signal: &'a [[f32; L]],
    out: &'a mut [[f32; L]],
}

impl<const L: usize> Pass<L> for Low<'_, L> {
    type Mix = ();

    #[inline(always)]
    fn input(&mut self, k: usize) -> [f32; L] {
        self.signal[k]
    }

    #[inline(always)]
    fn output(&mut self, k: usize, signals: Signals<L>, (): &()) {
        self.out[k] = signals.low;
    }
}

/// Any other response.
struct Mixed<'a, const L: usize> {
    signal: &'a [[f32; L]],
    out: &'a mut [[f32; L]],
}

/// Parts of a filter's signals.
#[derive(Clone, Copy)]
struct Mix<const L: usize> {
    dry: [f32; L],
    band: [f32; L],
    low: [f32; L],
}

impl<const L: usize> Pass<L> for Mixed<'_, L> {
    type Mix = Mix<L>;

    #[inline(always)]
    fn input(&mut self, k: usize) -> [f32; L] {
        self.signal[k]
    }

    #[inline(always)]
    fn output(&mut self, k: usize, signals: Signals<L>, mix: &Mix<L>) {
        let mut y = [0.0; L];
        for l in 0..L {
            let Signals { x, band, low } = signals;
            y[l] = mix.dry[l] * x[l] + mix.band[l] * band[l] + mix.low[l] * low[l];
        }
        self.out[k] = y;
    }
}

/// Where the corner is in a chunk.
struct Corners<'a, const L: usize> {
    cv: &'a [[f32; L]],
    cutoff: Knob<'a, L>,
    /// Reach of the CV.
    amount: Knob<'a, L>,
    /// Seconds.
    per_frame: f32,
    mode: usize,
    q: Knob<'a, L>,
    gain: Knob<'a, L>,
    /// No knob moves.
    tuned: bool,
    response: Response<L>,
}

impl<const L: usize> Corners<'_, L> {
    /// The corner at frame `k`, at this damping and scale.
    #[inline(always)]
    fn corner(&self, k: usize, damping: [f32; L], scale: [f32; L]) -> Corner<L> {
        let (cutoff, cv, reach) = (self.cutoff.at(k), self.cv[k], self.amount.at(k));
        let (mut turns, mut octaves) = ([0.0; L], [0.0; L]);
        for l in 0..L {
            turns[l] = cutoff[l] * self.per_frame;
            octaves[l] = cv[l] * reach[l];
        }
        Corner { turns, octaves, damping, scale }
    }
}

impl<const L: usize> Tune<(), L> for Corners<'_, L> {
    #[inline(always)]
    fn tune(&mut self, k: usize) -> (Corner<L>, ()) {
        (self.corner(k, self.q.map(k, |q| 1.0 / q), [1.0; L]), ())
    }
}

impl<const L: usize> Tune<Mix<L>, L> for Corners<'_, L> {
    #[inline(always)]
    fn tune(&mut self, k: usize) -> (Corner<L>, Mix<L>) {
        if k == 0 || !self.tuned {
            self.response = Response::new(self.mode, self.q.at(k), self.gain.at(k));
        }
        let Response { k: damping, scale, dry, band, low } = self.response;
        (self.corner(k, damping, scale), Mix { dry, band, low })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::measure::{db, response};
    use chronus_engine::Solo;

    /// |H| at `f` by the cookbook's coefficients, in f64.
    fn cookbook(mode: usize, cutoff: f64, q: f64, gain: f64, f: f64) -> f64 {
        let w0 = std::f64::consts::TAU * cutoff;
        let (a, alpha, cos) = (10f64.powf(gain / 40.0), w0.sin() / (2.0 * q), w0.cos());
        let (plus, minus, root) = (a + 1.0, a - 1.0, 2.0 * a.sqrt() * alpha);
        let (b, a) = match mode {
            0 => {
                let b = (1.0 - cos) / 2.0;
                ([b, 2.0 * b, b], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
            }
            1 => {
                let b = (1.0 + cos) / 2.0;
                ([b, -2.0 * b, b], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
            }
            2 => ([alpha, 0.0, -alpha], [1.0 + alpha, -2.0 * cos, 1.0 - alpha]),
            3 => ([1.0, -2.0 * cos, 1.0], [1.0 + alpha, -2.0 * cos, 1.0 - alpha]),
            4 => {
                let (up, down) = (1.0 + alpha, 1.0 - alpha);
                ([down, -2.0 * cos, up], [up, -2.0 * cos, down])
            }
            5 => {
                let b = [1.0 + alpha * a, -2.0 * cos, 1.0 - alpha * a];
                (b, [1.0 + alpha / a, -2.0 * cos, 1.0 - alpha / a])
            }
            6 => (
                [
                    a * (plus - minus * cos + root),
                    2.0 * a * (minus - plus * cos),
                    a * (plus - minus * cos - root),
                ],
                [plus + minus * cos + root, -2.0 * (minus + plus * cos), plus + minus * cos - root],
            ),
            _ => (
                [
                    a * (plus + minus * cos + root),
                    -2.0 * a * (minus + plus * cos),
                    a * (plus + minus * cos - root),
                ],
                [plus - minus * cos + root, 2.0 * (minus - plus * cos), plus - minus * cos - root],
            ),
        };
        let magnitude = |c: [f64; 3]| {
            let w = std::f64::consts::TAU * f;
            let re = c[0] + c[1] * w.cos() + c[2] * (2.0 * w).cos();
            let im = c[1] * w.sin() + c[2] * (2.0 * w).sin();
            re.hypot(im)
        };
        magnitude(b) / magnitude(a)
    }

    #[test]
    fn magnitudes_are_the_cookbooks() {
        let (frames, rate, mut worst) = (1 << 16, 48e3, 0.0f64);
        let mut impulse = vec![0.0; frames];
        impulse[0] = 1.0;
        for mode in 0..8 {
            for (cutoff, q) in [(50.0f32, 0.7f32), (1000.0, 0.3), (1000.0, 12.0), (15_000.0, 2.0)] {
                for gain in [-18.0f32, 12.0] {
                    let mut solo = Solo::mono(&KIND, rate).input("in", &impulse);
                    solo = solo.set("mode", mode as f32).set("cutoff", cutoff);
                    let signal = &solo.set("q", q).set("gain", gain).run(frames)[0];
                    for f in [20.0, 60.0, 300.0, 950.0, 1050.0, 4000.0, 10_000.0, 19_000.0] {
                        let (c, f) = (f64::from(cutoff) / rate, f / rate);
                        let expected = cookbook(mode, c, f64::from(q), f64::from(gain), f);
                        if expected > 1e-3 {
                            let error = db(response(signal, f) / expected).abs();
                            worst = worst.max(error);
                            assert!(error < 0.1, "mode {mode} {cutoff} Hz at {f}: {error} dB");
                        }
                    }
                }
            }
        }
        eprintln!("biquad: within {worst:.4} dB of the cookbook");
    }
}
