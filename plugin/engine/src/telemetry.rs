//! What the DSP thread shows to the editor, through a triple buffer of its own.

use crate::handover::Revision;
use crate::tap::{Extremes, MAX_TAPS, TAP_PAIRS};

/// A look at the DSP thread. Values are of the newest process() call; taps hold what was seen
/// since the telemetry before.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Revision that plays.
    pub revision: Revision,
    /// Absolute frame.
    pub frame: u64,
    /// Frames a second.
    pub sample_rate: f64,
    /// Time in process() over the block's duration.
    pub load: f32,
    /// Voices that sound.
    pub voices: u32,
    /// Highest level of left and right since the telemetry before.
    pub peak: [f32; 2],
    /// By tap, as requested.
    pub taps: Box<[TapView; MAX_TAPS]>,
    /// Counts telemetries, so that a reader knows whether it missed any.
    pub serial: u64,
}

/// What one tap saw.
#[derive(Clone, Copy, Debug)]
pub struct TapView {
    /// The pairs seen; the first `count` are valid.
    pub pairs: [Extremes; TAP_PAIRS],
    /// How many.
    pub count: u8,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            revision: 0,
            frame: 0,
            sample_rate: 0.0,
            load: 0.0,
            voices: 0,
            peak: [0.0; 2],
            taps: Box::new([TapView { pairs: [[0.0; 2]; TAP_PAIRS], count: 0 }; MAX_TAPS]),
            serial: 0,
        }
    }
}
