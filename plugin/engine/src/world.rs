//! The host as a module sees it in one chunk: notes, audio, macros and transport.

use crate::lanes::LANES;
use crate::module::BLOCK;
use crate::pool::{MAX_GROUPS, bits};
use crate::ramp::Ramp;
use crate::voices::Voices;

/// Host-automatable knobs.
pub const MACROS: usize = 128;

/// What the host gives to and takes from one chunk.
pub struct World<'a> {
    /// The notes.
    pub voices: &'a Voices,
    /// Host audio left and right, `frames` each.
    pub audio_in: [&'a [f32]; 2],
    /// What the patch sends to the host; sinks add to it.
    pub audio_out: &'a mut AudioOut,
    /// Macro values 0..=1.
    pub macros: &'a [Ramp; MACROS],
    /// The host's song position.
    pub transport: &'a Transport,
}

impl World<'_> {
    #[inline(always)]
    pub(crate) fn reborrow(&mut self) -> World<'_> {
        World {
            voices: self.voices,
            audio_in: self.audio_in,
            audio_out: self.audio_out,
            macros: self.macros,
            transport: self.transport,
        }
    }
}

/// The frames to render, and all that is the same for every module in them.
pub struct Section<'a> {
    /// Frames to render.
    pub frames: usize,
    /// Absolute first frame.
    pub start: u64,
    /// Frames a second.
    pub sample_rate: f32,
    /// Bit g: a voice of lane group g sounds.
    pub(crate) groups: u8,
    /// Bit v: voice v sounds.
    sounding: u64,
    /// The host.
    pub world: World<'a>,
}

impl<'a> Section<'a> {
    /// `frames` frames from absolute frame `start` on, in which the voices sound that `world` has.
    #[must_use]
    pub fn new(frames: usize, start: u64, sample_rate: f32, world: World<'a>) -> Self {
        let sounding = world.voices.sounding();
        let sounds = |g: usize| u8::from(sounding >> (g * LANES) & 0xFFFF != 0) << g;
        let groups = (0..MAX_GROUPS).fold(0, |groups, g| groups | sounds(g));
        Self { frames, start, sample_rate, groups, sounding, world }
    }

    /// Those of `groups` lane groups that sound.
    #[inline(always)]
    pub(crate) fn sounding_groups(&self, groups: usize) -> impl Iterator<Item = usize> + use<> {
        bits(u64::from(self.groups) & ((1 << groups) - 1))
    }

    /// All bits of the lanes of `group` whose voice sounds, none of the others.
    #[inline(always)]
    pub(crate) fn heard(&self, group: usize) -> [u32; LANES] {
        let sounding = (self.sounding >> (group * LANES)) as u32;
        let mut heard = [0; LANES];
        for (lane, heard) in heard.iter_mut().enumerate() {
            *heard = (sounding >> lane & 1).wrapping_neg();
        }
        heard
    }
}

/// One chunk of the patch's output.
#[derive(Clone, Debug)]
pub struct AudioOut {
    /// Left and right; only the chunk's frames count.
    pub channels: [[f32; BLOCK]; 2],
}

impl Default for AudioOut {
    fn default() -> Self {
        Self { channels: [[0.0; BLOCK]; 2] }
    }
}

/// The host's song position at the start of its block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transport {
    /// True while the song runs.
    pub playing: bool,
    /// Beats (quarter notes) a minute.
    pub tempo: f64,
    /// Position in beats at `frame`.
    pub beat: f64,
    /// Absolute frame at which `beat` holds.
    pub frame: u64,
}

impl Default for Transport {
    fn default() -> Self {
        Self { playing: false, tempo: 120.0, beat: 0.0, frame: 0 }
    }
}

impl Transport {
    /// Position in beats at absolute frame `frame`.
    #[must_use]
    pub fn beat_at(&self, frame: u64, sample_rate: f64) -> f64 {
        if !self.playing {
            return self.beat;
        }
        let frames = frame as f64 - self.frame as f64;
        self.beat + frames / sample_rate * self.tempo / 60.0
    }
}
