//! VCF: the zero-delay state-variable filter (`dsp::svf`), its cutoff free to move at audio rate.

use chronus_dsp::math::{clamp, db_to_gain, exp2};
use chronus_engine::{
    Again, BLOCK, Category, Display, Input, Io, Knob, Module, Output, Param, Settings, Signal,
    Spec, Taper, Unit, kind, lanes,
};

use crate::kit::svf::{self, Corner, Pass, Signals, Svf, Tune};
use crate::kit::{inputs, knobs, same, steady, still};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "vcf",
    name: "VCF",
    category: Category::Filter,
    summary: "A state-variable filter with low-pass, band-pass, high-pass and notch at once.",
    inputs: &[
        Input::new("in", Signal::Audio, "The signal to filter."),
        Input::new("cutoff", Signal::Control, "Octaves, scaled by its amount.").aliases(&["cv"]),
        Input::new("resonance", Signal::Control, "Added to the resonance, scaled by its amount."),
        Input::new("pitch", Signal::Pitch, "Octaves, scaled by the tracking."),
    ],
    outputs: &[
        Output::new("out", Signal::Audio, "The response that the mode chooses."),
        Output::new("low", Signal::Audio, "Low-pass, 12 dB an octave."),
        Output::new("band", Signal::Audio, "Band-pass, 0 dB at its peak."),
        Output::new("high", Signal::Audio, "High-pass, 12 dB an octave."),
    ],
    params: &[
        Param::new("cutoff", "Cutoff", (16.0, 20_000.0), 1000.0, Unit::Hertz, "Corner frequency.")
            .taper(Taper::Exponential)
            .aliases(&["freq", "frequency"]),
        Param::new(
            "resonance",
            "Resonance",
            (0.0, 1.0),
            0.1,
            Unit::Percent,
            "Q from 0.5 to 64, evenly in octaves; it rings, but does not start by itself.",
        ),
        Param::choice(
            "mode",
            "Mode",
            &["lowpass", "bandpass", "highpass", "notch"],
            0,
            "What `out` carries.",
        ),
        Param::new(
            "drive",
            "Drive",
            (0.0, 36.0),
            0.0,
            Unit::Decibel,
            "Saturates ahead; 0 is clean.",
        ),
        Param::new(
            "cutoff_amount",
            "Cutoff CV",
            (-10.0, 10.0),
            5.0,
            Unit::Octaves,
            "Reach of cutoff.",
        ),
        Param::new(
            "resonance_amount",
            "Res CV",
            (-1.0, 1.0),
            1.0,
            Unit::Percent,
            "Reach of resonance.",
        ),
        Param::new("track", "Tracking", (0.0, 1.0), 1.0, Unit::Percent, "Reach of pitch."),
    ],
    through: &[(0, 0)],
    display: Display::Curve(svf::response(decibels)),
    ..Spec::EMPTY
};

lanes! {
    /// The filter's state, and where the corner that is kept comes from.
    pub struct Vcf {
        /// The filter.
        ..svf: Svf,
        /// The cutoff's CV of the corner that is kept.
        cutoff: f32 = 0.0,
        /// The resonance's.
        resonance: f32 = 0.0,
        /// The pitch.
        pitch: f32 = 0.0,
    }
}

kind!(SPEC, Vcf);

/// Input, band (0 dB at its peak) and low in what mode `mode` gives.
#[inline(always)]
fn mix(mode: usize) -> [f32; 3] {
    match mode {
        0 => [0.0, 0.0, 1.0],
        1 => [0.0, 1.0, 0.0],
        2 => [1.0, -1.0, -1.0],
        _ => [1.0, -1.0, 0.0],
    }
}

/// 1 / Q at a resonance of 0..=1.
#[inline(always)]
fn damping_of(resonance: f32) -> f32 {
    exp2(1.0 - 7.0 * resonance)
}

/// What the face shows: the response of `out` at `hertz`, in dB, to what the drive leaves as it is.
fn decibels(settings: &Settings<'_>, hertz: f32) -> f32 {
    let &[cutoff, resonance, mode, ..] = settings.values else { return 0.0 };
    let damping = damping_of(resonance);
    let [dry, band, low] = mix(mode as usize);
    let mix = [dry, band * damping, low];
    svf::decibels((cutoff, damping, 1.0), mix, (hertz, settings.sample_rate))
}

impl<const L: usize> Module<L> for Vcf<L> {
    type Storage = ();

    const KEEPS: bool = true;

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        self.svf.keep(None);
        if io.inputs.silent(0) && self.svf.is_silent() {
            (0..SPEC.outputs.len()).for_each(|o| io.outputs.fill(o, [0.0; L]));
            io.rest();
            return;
        }
        let n = io.frames.min(BLOCK);
        let [signal, cutoff_cv, resonance_cv, pitch] = inputs(&io);
        let [cutoff, resonance, mode, drive, cutoff_amount, resonance_amount, track] = knobs(&io);
        let tuned = still(&[cutoff, resonance, cutoff_amount, resonance_amount, track]);
        let held = tuned && steady(&io, &[1, 2, 3]);
        let clean = drive.settled() == Some([0.0; L]);
        let mut corners = Corners {
            cvs: [&cutoff_cv[..n], &resonance_cv[..n], &pitch[..n]],
            per_frame: 1.0 / io.sample_rate,
            knobs: [cutoff, resonance, cutoff_amount, resonance_amount, track],
            tuned,
            settings: [[0.0; L]; 5],
        };
        let mode = mode.choice();
        let mut all = All {
            signal: &signal[..n],
            mode,
            clean,
            gain: drive.map(0, db_to_gain),
            drive,
            out: io.outputs.split().map(|out| &mut out[..n]),
        };
        self.svf.run(&mut all, &mut corners, (io.start, n), held);
        (self.cutoff, self.resonance, self.pitch) = (cutoff_cv[0], resonance_cv[0], pitch[0]);
        self.svf.keep((held && clean).then_some(mode as u32 + 1));
    }

    #[inline(always)]
    fn kept(&self, lane: usize) -> u32 {
        self.svf.kept[lane]
    }

    #[inline(always)]
    fn again(&mut self, mut io: Again<'_, L>) -> bool {
        let Some(kept) = self.svf.kept(&io) else { return false };
        let cvs = [&self.cutoff, &self.resonance, &self.pitch];
        let mut goes_on = same(&io, 1, cvs[0]) && same(&io, 2, cvs[1]) && same(&io, 3, cvs[2]);
        for output in 1..SPEC.outputs.len() {
            goes_on &= !io.outputs.connected(output);
        }
        if goes_on {
            let (mode, damping) = (kept as usize - 1, *self.svf.damping());
            let mut alone = Alone { signal: io.inputs.get(0), mode, out: io.outputs.get(0) };
            self.svf.again(&mut alone, (io.start, io.frames), damping);
        }
        goes_on
    }
}

/// What comes out in mode `mode`.
#[inline(always)]
fn mixed<const L: usize>(mode: usize, [x, low, level, high]: [[f32; L]; 4]) -> [f32; L] {
    match mode {
        0 => low,
        1 => level,
        2 => high,
        _ => {
            let mut notch = [0.0; L];
            for l in 0..L {
                notch[l] = x[l] - level[l];
            }
            notch
        }
    }
}

/// Low, band at a peak of 0 dB, and high.
#[inline(always)]
fn responses<const L: usize>(signals: &Signals<L>, damping: &[f32; L]) -> [[f32; L]; 3] {
    let Signals { x, band, low } = signals;
    let (mut level, mut high) = ([0.0; L], [0.0; L]);
    for l in 0..L {
        level[l] = damping[l] * band[l];
        high[l] = x[l] - level[l] - low[l];
    }
    [*low, level, high]
}

/// The first output by itself, without drive.
struct Alone<'a, const L: usize> {
    signal: &'a [[f32; L]],
    mode: usize,
    out: &'a mut [[f32; L]],
}

impl<const L: usize> Pass<L> for Alone<'_, L> {
    /// Damping.
    type Mix = [f32; L];

    #[inline(always)]
    fn input(&mut self, k: usize) -> [f32; L] {
        self.signal[k]
    }

    #[inline(always)]
    fn output(&mut self, k: usize, signals: Signals<L>, damping: &[f32; L]) {
        let [low, level, high] = responses(&signals, damping);
        self.out[k] = mixed(self.mode, [signals.x, low, level, high]);
    }
}

/// All outputs, with drive.
struct All<'a, const L: usize> {
    signal: &'a [[f32; L]],
    mode: usize,
    drive: Knob<'a, L>,
    /// There is no drive.
    clean: bool,
    gain: [f32; L],
    /// As the spec has them.
    out: [&'a mut [[f32; L]]; 4],
}

impl<const L: usize> Pass<L> for All<'_, L> {
    /// Damping.
    type Mix = [f32; L];

    #[inline(always)]
    fn input(&mut self, k: usize) -> [f32; L] {
        let mut x = self.signal[k];
        if self.clean {
            return x;
        }
        // Straight at 0 dB; with more drive it bends ever earlier towards +-1.
        if k > 0 && self.drive.moves() {
            self.gain = self.drive.map(k, db_to_gain);
        }
        for l in 0..L {
            let gain = self.gain[l];
            let bent = (gain - 1.0) * x[l];
            x[l] = gain * x[l] / (1.0 + bent * bent).sqrt();
        }
        x
    }

    #[inline(always)]
    fn output(&mut self, k: usize, signals: Signals<L>, damping: &[f32; L]) {
        let [low, level, high] = responses(&signals, damping);
        let first = mixed(self.mode, [signals.x, low, level, high]);
        for (out, row) in self.out.iter_mut().zip([first, low, level, high]) {
            out[k] = row;
        }
    }
}

/// Where the corner is in a chunk.
struct Corners<'a, const L: usize> {
    /// Cutoff, resonance and pitch.
    cvs: [&'a [[f32; L]]; 3],
    /// Seconds.
    per_frame: f32,
    /// Cutoff, resonance, both their reaches, and the tracking.
    knobs: [Knob<'a, L>; 5],
    /// No knob moves.
    tuned: bool,
    /// Their values, the cutoff in cycles a frame.
    settings: [[f32; L]; 5],
}

impl<const L: usize> Tune<[f32; L], L> for Corners<'_, L> {
    #[inline(always)]
    fn tune(&mut self, k: usize) -> (Corner<L>, [f32; L]) {
        if k == 0 || !self.tuned {
            let [cutoff, resonance, cutoff_amount, resonance_amount, track] = &self.knobs;
            let per_frame = self.per_frame;
            self.settings = [
                cutoff.map(k, |hz| hz * per_frame),
                resonance.at(k),
                cutoff_amount.at(k),
                resonance_amount.at(k),
                track.at(k),
            ];
        }
        let [turns, rest, reach, rest_reach, tracking] = self.settings;
        let [cutoff_cv, res_cv, pitch] = self.cvs.map(|cv| cv[k]);
        let (mut octaves, mut damping) = ([0.0; L], [0.0; L]);
        for l in 0..L {
            octaves[l] = cutoff_cv[l] * reach[l] + pitch[l] * tracking[l];
            let res = clamp(rest[l] + res_cv[l] * rest_reach[l], 0.0, 1.0);
            damping[l] = damping_of(res);
        }
        (Corner { turns, octaves, damping, scale: [1.0; L] }, damping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::measure::{db, noise, peak, response, rms};
    use chronus_engine::Solo;

    const FRAMES: usize = 1 << 15;

    fn impulse() -> Vec<f32> {
        let mut impulse = vec![0.0; FRAMES];
        impulse[0] = 1.0;
        impulse
    }

    /// |H| of each output by the bilinear transform of the analogue prototype.
    fn closed_form(f: f64, cutoff: f64, k: f64) -> [f64; 4] {
        let w = (std::f64::consts::PI * f).tan() / (std::f64::consts::PI * cutoff).tan();
        let d = (1.0 - w * w).hypot(k * w);
        [1.0 / d, k * w / d, w * w / d, (1.0 - w * w).abs() / d]
    }

    #[test]
    fn magnitudes_are_the_closed_form() {
        let (rate, mut worst) = (48e3, 0.0f64);
        for cutoff in [40.0f32, 1000.0, 8000.0, 18_000.0] {
            for resonance in [0.0f32, 0.1, 0.5, 0.8] {
                let mut solo = Solo::mono(&KIND, rate).input("in", &impulse());
                solo = solo.set("cutoff", cutoff).set("resonance", resonance);
                let mut notch = Solo::mono(&KIND, rate).input("in", &impulse());
                notch = notch.set("cutoff", cutoff).set("resonance", resonance).set("mode", 3.0);
                let out = solo.run(FRAMES);
                let outputs = [&out[1], &out[2], &out[3], &notch.run(FRAMES)[0]];
                assert_eq!(out[0], out[1]);
                let k = f64::from(1.0 - 7.0 * resonance).exp2();
                // Where it rings longer than what is looked at, the end of the ring is cut off.
                if cutoff < 100.0 && resonance > 0.5 {
                    continue;
                }
                for f in [20.0, 50.0, 200.0, 900.0, 1100.0, 5000.0, 10_000.0, 20_000.0] {
                    let expected = closed_form(f / rate, f64::from(cutoff) / rate, k);
                    for (signal, expected) in outputs.iter().zip(expected) {
                        if expected > 1e-3 {
                            let error = db(response(signal, f / rate) / expected).abs();
                            worst = worst.max(error);
                            assert!(error < 0.1, "{cutoff} Hz, {resonance}, at {f} Hz: {error} dB");
                        }
                    }
                }
            }
        }
        eprintln!("vcf: within {worst:.4} dB of the closed form");
    }

    #[test]
    fn calm_under_any_modulation_at_full_resonance() {
        let signal: Vec<f32> = noise(48_000);
        let wild: Vec<f32> = noise(48_001)[1..].iter().map(|x| x * 2.0).collect();
        let mut solo = Solo::mono(&KIND, 48e3).input("in", &signal).input("cutoff", &wild);
        solo = solo.set("resonance", 1.0).set("cutoff_amount", 10.0);
        let loud = peak(&solo.run(48_000)[0]);
        // Q is 64 at most.
        assert!(loud < 100.0, "{loud}");
        // With the input gone it falls silent, however the cutoff moves.
        let solo = Solo::mono(&KIND, 48e3).input("in", &signal[..100]).input("cutoff", &wild);
        let out = &solo.set("resonance", 1.0).run(48_000)[0];
        assert!(rms(&out[47_000..]) < 1e-6);
    }

    #[test]
    fn drive_starts_clean_and_bends_to_one() {
        let loud: Vec<f32> = noise(2000).iter().map(|x| x * 10.0).collect();
        let high = |drive: f32| {
            let solo = Solo::mono(&KIND, 48e3).set("cutoff", 20_000.0).set("drive", drive);
            peak(&solo.input("in", &loud).run(2000)[0])
        };
        assert!(high(0.0) > 5.0);
        // Held to +-1 ahead of the filter, which may ring a little.
        assert!(high(36.0) < 2.5);
    }

    #[test]
    fn tracks_the_pitch() {
        let (rate, f) = (48e3, 2000.0 / 48e3);
        let mut up = Solo::mono(&KIND, rate).input("in", &impulse()).set("cutoff", 500.0);
        let mut flat = Solo::mono(&KIND, rate).input("in", &impulse()).set("cutoff", 2000.0);
        up = up.input("pitch", &vec![2.0; FRAMES]);
        let (a, b) = (response(&up.run(FRAMES)[0], f), response(&flat.run(FRAMES)[0], f));
        assert!(db(a / b).abs() < 1e-3);
    }
}
