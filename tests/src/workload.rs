//! The work that engines are compared by: what each of the workloads computes, and how a Chronus
//! patch says it.
//!
//! - W1: `n` voices of sine, envelope and low-pass, summed.
//! - W2: `n` chains of saw, low-pass, gain, low-pass, gain, summed; W2b the same with a band-limited
//!   saw.
//! - W3: W1's voices, each in modules of its own, and a live edit that adds three modules.
//!
//! Where a patch differs from what the other engines play: all voices of W1 have the attack of the
//! first (10 ms; the table has 0.1 ms more for each voice), because a voice cannot move that knob;
//! the low-pass is a state-variable filter with the same transfer function; the limiter of the
//! output is off, and W1 is sent at -40 dB, because the engine cuts off at +24 dBFS.

use chronus_engine::{Event, Expression, NoteMatch, TimedEvent};
use chronus_patch::{Cable, Module, ModuleId, Patch, PortRef};

/// Frames a second.
pub const RATE: f64 = 48_000.0;
/// Most voices of one patch of W1; more are played by several engines.
pub const VOICES: usize = 64;
/// Level at which W1 is sent, in decibels.
const W1_LEVEL: f32 = -40.0;
/// Keys of one pitch that W1's patch has: with 16 channels that makes 64 notes.
const KEYS: u8 = 4;
/// A4, the key of all voices of W1.
const KEY: u8 = 69;

/// One of the workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Voices.
    W1,
    /// Separate chains.
    W2,
    /// Separate chains of band-limited saws.
    W2b,
    /// Voices in modules of their own.
    W3,
}

/// How a saw is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saw {
    /// A ramp that falls at once.
    Naive,
    /// With its step rounded off against aliases.
    BandLimited,
}

impl Workload {
    /// The workload called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "W1" => Some(Self::W1),
            "W2" => Some(Self::W2),
            "W2b" => Some(Self::W2b),
            "W3" => Some(Self::W3),
            _ => None,
        }
    }

    /// Its saw.
    #[must_use]
    pub fn saw(self) -> Saw {
        if self == Self::W2b { Saw::BandLimited } else { Saw::Naive }
    }

    /// What the patches' output is to be multiplied by, to be as loud as the other engines'.
    #[must_use]
    pub fn loudness(self) -> f32 {
        match self {
            Self::W1 | Self::W3 => 10f32.powf(-W1_LEVEL / 20.0),
            Self::W2 | Self::W2b => 1.0,
        }
    }

    /// The patches that play `n` voices or chains of it, and the notes to strike in each.
    #[must_use]
    pub fn parts(self, n: usize) -> Vec<(Patch, Vec<TimedEvent>)> {
        match self {
            Self::W1 => {
                let firsts = (0..n).step_by(VOICES);
                let count = |first: usize| VOICES.min(n - first);
                firsts.map(|first| (voices(count(first)), notes(first, count(first)))).collect()
            }
            Self::W2 | Self::W2b => vec![(chains(n, self.saw()), Vec::new())],
            Self::W3 => vec![(separate_voices(n), Vec::new())],
        }
    }
}

/// A voice of W1.
#[derive(Clone, Copy, Debug)]
pub struct VoiceTerms {
    /// Turns a frame.
    pub step: f32,
    /// Of the attack, a frame.
    pub rise: f32,
    /// Hz.
    pub cutoff: f32,
}

/// Voice `i` of W1.
#[must_use]
pub fn voice(i: usize) -> VoiceTerms {
    let i = i as f32;
    let rate = RATE as f32;
    let step = (440.0 + 0.1 * i) / rate;
    VoiceTerms { step, rise: 1.0 / ((0.01 + 0.0001 * i) * rate), cutoff: 2000.0 + i }
}

/// Fall a frame of W1's decay (100 ms), and its sustain level.
#[must_use]
pub fn envelope() -> (f32, f32) {
    (0.3 / (0.1 * RATE as f32), 0.7)
}

/// A chain of W2.
#[derive(Clone, Copy, Debug)]
pub struct ChainTerms {
    /// Turns a frame.
    pub step: f32,
    /// Cutoff in Hz and Q of the first low-pass.
    pub first: (f32, f32),
    /// The same of the second.
    pub second: (f32, f32),
}

/// Chain `i` of W2.
#[must_use]
pub fn chain(i: usize) -> ChainTerms {
    let i = i as f32;
    ChainTerms {
        step: (110.0 + 3.0 * i) / RATE as f32,
        first: (2000.0 + 10.0 * i, 1.0),
        second: (4000.0 + 10.0 * i, std::f32::consts::FRAC_1_SQRT_2),
    }
}

/// The low-pass of the cookbook (R. Bristow-Johnson, "Cookbook formulae for audio EQ"):
/// b0, b1, b2, a1, a2.
#[must_use]
pub fn filter(cutoff: f32, q: f32) -> [f32; 5] {
    let w = std::f64::consts::TAU * f64::from(cutoff) / RATE;
    let (sine, cosine) = w.sin_cos();
    let alpha = sine / (2.0 * f64::from(q));
    let b = (1.0 - cosine) / 2.0;
    [b, 2.0 * b, b, -2.0 * cosine, 1.0 - alpha].map(|c| (c / (1.0 + alpha)) as f32)
}

/// A patch under construction.
#[derive(Default)]
struct Draft(Patch);

impl Draft {
    fn module(mut self, id: &str, kind: &str, params: &[(&str, f32)]) -> Self {
        let mut module = Module::new(kind);
        module.params = params.iter().map(|(name, value)| ((*name).into(), *value)).collect();
        self.0.modules.insert(named(id), module);
        self
    }

    fn cable(mut self, from: (&str, &str), to: (&str, &str)) -> Self {
        let id = self.0.next_cable_id();
        let port = |(module, port): (&str, &str)| PortRef::new(named(module), port);
        self.0.cables.insert(id, Cable::new(port(from), port(to)));
        self
    }

    fn output(self, level: f32) -> Self {
        self.module("out", "audio_out", &[("level", level), ("limit", 0.0)])
    }
}

fn named(id: &str) -> ModuleId {
    // PANIC: the ids of this file are ids.
    ModuleId::new(id).expect("an id")
}

/// One patch of `n` voices.
fn voices(n: usize) -> Patch {
    let envelope = [("attack", 10.0), ("decay", 100.0), ("sustain", 0.7), ("curve", 1.0)];
    let low_pass = [("cutoff", 2000.0), ("q", 1.0), ("cutoff_amount", 1.0)];
    let Draft(mut patch) = Draft::default()
        .module("notes", "note_in", &[])
        .module("osc", "vco", &[("shape", 0.0), ("freq", 440.0)])
        .module("env", "adsr", &envelope)
        .module("low", "biquad", &low_pass)
        .output(W1_LEVEL)
        .cable(("notes", "pitch"), ("osc", "pitch"))
        .cable(("notes", "gate"), ("env", "gate"))
        .cable(("notes", "velocity"), ("low", "cutoff"))
        .cable(("osc", "out"), ("env", "in"))
        .cable(("env", "out"), ("low", "in"))
        .cable(("low", "out"), ("out", "left"));
    patch.voice.count = u8::try_from(n).unwrap_or(u8::MAX);
    // Four keys of one pitch, so that 64 notes can sound within 5 ms of the same pitch.
    patch.tuning.cents = vec![0.0; 12];
    for k in 0..KEYS {
        patch.tuning.cents[usize::from(KEY + k) % 12] = -100.0 * f32::from(k);
    }
    patch
}

/// The notes of `count` voices from voice `first` on. The pitch comes as a tuning expression, the
/// cutoff as the velocity.
fn notes(first: usize, count: usize) -> Vec<TimedEvent> {
    let note = |i: usize| {
        let (channel, key) = ((i % 16) as u8, KEY + (i / 16) as u8 % KEYS);
        let id = i as i32;
        let terms = voice(first + i);
        let velocity = (terms.cutoff / 2000.0).log2();
        let octaves = (f64::from(terms.step) * RATE / 440.0).log2() as f32;
        let note = NoteMatch { id, ..NoteMatch::key(channel, key) };
        [
            Event::NoteOn { id, channel, key, velocity },
            Event::Express { note, expression: Expression::Tuning, value: octaves },
        ]
    };
    (0..count).flat_map(note).map(|event| TimedEvent { frame: 0, event }).collect()
}

/// `n` chains side by side.
fn chains(n: usize, saw: Saw) -> Patch {
    let mut draft = Draft::default().output(0.0).module("one", "attenuverter", &[("offset", 1.0)]);
    for i in 0..n {
        let terms = chain(i);
        let hertz = terms.step * RATE as f32;
        let [osc, low, half, lower, faint] =
            ["osc", "low", "half", "lower", "faint"].map(|name| format!("{name}{i}"));
        draft = match saw {
            // The LFO's knob ends at 100 Hz; its input goes on from there.
            Saw::Naive => draft
                .module(
                    &osc,
                    "lfo",
                    &[("shape", 3.0), ("rate", 100.0), ("rate_amount", (hertz / 100.0).log2())],
                )
                .cable(("one", "out"), (&osc, "rate")),
            Saw::BandLimited => draft.module(&osc, "vco", &[("shape", 2.0), ("freq", hertz)]),
        };
        draft = draft
            .module(&low, "biquad", &[("cutoff", terms.first.0), ("q", terms.first.1)])
            .module(&half, "vca", &[("gain", 0.5)])
            .module(&lower, "biquad", &[("cutoff", terms.second.0), ("q", terms.second.1)])
            .module(&faint, "vca", &[("gain", 0.01)])
            .cable((&osc, "out"), (&low, "in"))
            .cable((&low, "out"), (&half, "in"))
            .cable((&half, "out"), (&lower, "in"))
            .cable((&lower, "out"), (&faint, "in"))
            .cable((&faint, "out"), ("out", "left"));
    }
    if saw == Saw::BandLimited {
        draft.0.modules.remove(&named("one"));
    }
    draft.0
}

/// `n` voices of four modules each, which a remote has set off.
fn separate_voices(n: usize) -> Patch {
    let mut draft = Draft::default().output(W1_LEVEL);
    let envelope = [("attack", 10.0), ("decay", 100.0), ("sustain", 0.7), ("curve", 1.0)];
    draft = draft.module("gate", "attenuverter", &[("offset", 1.0)]);
    for i in 0..n {
        let [osc, env, vca, low] = ["osc", "env", "vca", "low"].map(|name| format!("{name}{i}"));
        let terms = voice(i);
        let hertz = terms.step * RATE as f32;
        draft = draft
            .module(&osc, "vco", &[("shape", 0.0), ("freq", hertz)])
            .module(&env, "adsr", &envelope)
            .module(&vca, "vca", &[])
            .module(&low, "biquad", &[("cutoff", terms.cutoff), ("q", 1.0)])
            .cable(("gate", "out"), (&env, "gate"))
            .cable((&osc, "out"), (&vca, "in"))
            .cable((&env, "env"), (&vca, "cv"))
            .cable((&vca, "out"), (&low, "in"))
            .cable((&low, "out"), ("out", "left"));
    }
    draft.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::{Layout, Limit, Set};
    use crate::measure::{rms, strongest_partial};
    use crate::stage::Stage;

    /// Level and strongest partial of the last of two seconds.
    fn sound(mut render: impl FnMut(&mut [f32])) -> (f32, f64) {
        let mut signal = vec![0.0; 96_000];
        signal.chunks_exact_mut(64).for_each(&mut render);
        let last = &signal[48_000..];
        (rms(last), strongest_partial(last, RATE).0)
    }

    #[test]
    fn the_patches_sound_as_the_limits_do() {
        let voices = [1, 16, 64, 96].map(|n| (Workload::W1, n));
        let chains = [1, 100].map(|n| (Workload::W2, n));
        let soft = [1, 100].map(|n| (Workload::W2b, n));
        for (workload, n) in voices.into_iter().chain(chains).chain(soft) {
            let mut limit = Limit::new(workload, n, Layout::Modules, Set::Baseline, 64);
            let (level, tone) = sound(|out| limit.render(out));
            let mut stage = Stage::new(&workload.parts(n)).unwrap();
            let (ours, our_tone) = sound(|out| {
                stage.render(out.len());
                out.copy_from_slice(&stage.left()[..out.len()]);
                out.iter_mut().for_each(|x| *x *= workload.loudness());
            });
            let text = format!("{workload:?} {n}: {ours} at {our_tone}, not {level} at {tone}");
            assert!((ours / level - 1.0).abs() < 0.03, "{text}");
            // Of a hundred chains no partial sticks out.
            assert!(n == 100 || (our_tone - tone).abs() < 1.0, "{text}");
        }
    }
}
