//! How a patch wants its notes played.

use chronus_patch::{Tuning, VoiceMode, VoiceSettings};

use super::MAX_VOICES;
use crate::lanes::LANES;

/// How a patch wants its notes played: `VoiceSettings` and `Tuning`, resolved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoicePlan {
    /// Voices, 1..=64.
    pub count: usize,
    /// Poly, mono or legato.
    pub mode: VoiceMode,
    /// Glide in seconds.
    pub glide: f64,
    /// Octaves from A4 for each key.
    pub pitches: [f32; 128],
}

impl VoicePlan {
    /// Resolves what the patch says.
    #[must_use]
    pub fn new(settings: &VoiceSettings, tuning: &Tuning) -> Self {
        let count = match settings.mode {
            VoiceMode::Poly => usize::from(settings.count).clamp(1, MAX_VOICES),
            VoiceMode::Mono | VoiceMode::Legato => 1,
        };
        let reference = f64::from(tuning.a4 / 440.0).log2();
        let pitches = std::array::from_fn(|key| {
            let cents = tuning.cents.get(key % 12).copied().unwrap_or(0.0);
            ((key as f64 - 69.0) / 12.0 + f64::from(cents) / 1200.0 + reference) as f32
        });
        Self { count, mode: settings.mode, glide: f64::from(settings.glide) / 1000.0, pitches }
    }

    /// Lane groups of a poly signal; 0 when notes are mono.
    #[must_use]
    pub fn groups(&self) -> usize {
        if self.count == 1 { 0 } else { self.count.div_ceil(LANES) }
    }

    /// Lanes of a poly signal; 1 when notes are mono.
    #[must_use]
    pub(crate) fn lanes(&self) -> usize {
        (self.groups() * LANES).max(1)
    }
}
