//! Patches written as phrases.

use chronus_cli::phrase;
use chronus_engine::{Registry, Request};
use chronus_patch::Patch;

/// The requests of `phrases`.
pub fn requests(registry: &Registry, phrases: &[&str]) -> Vec<Request> {
    phrases.iter().map(|p| phrase::parse(p, registry).unwrap_or_else(|e| panic!("{e}"))).collect()
}

/// The patch that `phrases` make of an empty one.
pub fn patch(registry: &Registry, phrases: &[&str]) -> Patch {
    let mut patch = Patch::default();
    for request in requests(registry, phrases) {
        let edit = request.resolve(&patch, registry).unwrap_or_else(|e| panic!("{e}"));
        patch.apply(&edit).unwrap_or_else(|e| panic!("{e}"));
    }
    patch
}

/// A voice with everything that rings or moves: notes, filter, envelope, LFO, delay, feedback.
pub const VOICE: &[&str] = &[
    "create notes note_in",
    "create osc vco",
    "create lfo lfo",
    "create filter vcf",
    "create env adsr",
    "create echo delay",
    "create out audio_out",
    "set lfo rate 3.7",
    "set env attack 5",
    "set env decay 80",
    "set env release 300",
    "connect notes.pitch osc.pitch",
    "connect notes.gate env.gate",
    "connect osc filter",
    "connect lfo filter.cutoff 0.3",
    "connect filter env",
    "connect env echo",
    "connect env out 0.4",
    "connect echo out 0.4",
];
