//! What the DSP thread shows to the editor, through a triple buffer of its own. Looking takes nothing
//! away: a telemetry says the same to all who look at it, and scopes repeat what the last ones had.

use crate::handover::Revision;
use crate::tap::{LevelView, MAX_LEVELS, MAX_SCOPES, ScopeView};

/// A look at the DSP thread. Values are of the newest process() call.
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
    /// Level of left and right: the highest, which then falls to half in a tenth of a second.
    pub peak: [f32; 2],
    /// Something is tapped; otherwise `scopes` and `levels` are left as they were.
    pub watched: bool,
    /// What scopes see, as requested.
    pub scopes: Box<[ScopeView; MAX_SCOPES]>,
    /// What glances see, as requested.
    pub levels: Box<[LevelView; MAX_LEVELS]>,
    /// Grows from telemetry to telemetry.
    pub serial: u64,
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
            watched: false,
            scopes: Box::new([ScopeView::NONE; MAX_SCOPES]),
            levels: Box::new([LevelView::NONE; MAX_LEVELS]),
            serial: 0,
        }
    }
}
