//! The limits: the workloads written by hand in the two ways that matter, as a measure for the
//! engine. A slow limit would flatter it, so these are as fast as plain Rust makes them.
//!
//! `lanes` computes sixteen voices side by side, all of a voice's modules in one loop; no engine
//! that knows its patch only at run time does that. `modules` computes one module of one voice at
//! a time over a block, as engines do.

mod kernel;
mod lanes;
mod modules;
mod set;

pub use set::Set;

use crate::workload::{Workload, filter, voice};

/// How a limit goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Sixteen voices side by side, one loop.
    Lanes,
    /// One module of one voice at a time.
    Modules,
}

/// One of the limits, ready to play.
pub struct Limit {
    set: Set,
    body: Body,
}

enum Body {
    VoiceLanes(lanes::Voices),
    ChainLanes(lanes::Chains),
    VoiceModules(modules::Voices),
    ChainModules(modules::Chains),
}

impl Limit {
    /// `n` voices or chains of `workload`, in blocks of at most `block` frames.
    #[must_use]
    pub fn new(workload: Workload, n: usize, layout: Layout, set: Set, block: usize) -> Self {
        let saw = workload.saw();
        let body = match (workload, layout) {
            (Workload::W1, Layout::Lanes) => Body::VoiceLanes(lanes::Voices::new(n, block)),
            (Workload::W1, Layout::Modules) => Body::VoiceModules(modules::Voices::new(n, block)),
            (_, Layout::Lanes) => Body::ChainLanes(lanes::Chains::new(n, saw, block)),
            (_, Layout::Modules) => Body::ChainModules(modules::Chains::new(n, saw, block)),
        };
        Self { set, body }
    }

    /// Renders the next block.
    pub fn render(&mut self, out: &mut [f32]) {
        match &mut self.body {
            Body::VoiceLanes(body) => self.set.run(lanes::RenderVoices(body, out)),
            Body::ChainLanes(body) => self.set.run(lanes::RenderChains(body, out)),
            Body::VoiceModules(body) => self.set.run(modules::RenderVoices(body, out)),
            Body::ChainModules(body) => self.set.run(modules::RenderChains(body, out)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{rms, strongest_partial};
    use crate::workload::RATE;

    /// Level and strongest partial of the last of two seconds.
    fn sound(workload: Workload, n: usize, layout: Layout, set: Set) -> (f32, f64) {
        let mut limit = Limit::new(workload, n, layout, set, 64);
        let mut signal = vec![0.0; 96_000];
        signal.chunks_exact_mut(64).for_each(|block| limit.render(block));
        let last = &signal[48_000..];
        (rms(last), strongest_partial(last, RATE).0)
    }

    #[test]
    fn all_layouts_and_sets_sound_the_same() {
        let voices = [1, 16, 20].map(|n| (Workload::W1, n));
        let chains = [1, 100].map(|n| (Workload::W2, n));
        let soft = [1, 100].map(|n| (Workload::W2b, n));
        for (workload, n) in voices.into_iter().chain(chains).chain(soft) {
            let (level, tone) = sound(workload, n, Layout::Modules, Set::Baseline);
            assert!(level > 1e-3, "{workload:?} {n}: {level}");
            for layout in [Layout::Lanes, Layout::Modules] {
                for set in Set::all() {
                    let (l, t) = sound(workload, n, layout, set);
                    let text =
                        format!("{workload:?} {n} {layout:?} {set:?}: {l} {t}, {level} {tone}");
                    assert!((l / level - 1.0).abs() < 0.01, "{text}");
                    // Of a hundred chains no partial sticks out.
                    assert!(n == 100 || (t - tone).abs() < 0.5, "{text}");
                }
            }
        }
    }

    #[test]
    fn a_sine_is_a_sine() {
        for quarter in -100..=100 {
            let turns = quarter as f32 * 0.0025;
            let error = kernel::sine::<false>(turns) - (turns * std::f32::consts::TAU).sin();
            assert!(error.abs() < 4e-6, "{turns}: {error}");
        }
    }
}
