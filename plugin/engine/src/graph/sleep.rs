//! Sleep: while nobody plays a patch and nothing in it moves, only its free-running modules go on.
//! What is heard, before and after, has the same bits as if all had been rendered.

use std::sync::Arc;

use super::program::Step;
use super::{Blind, Graph};
use crate::module::BLOCK;
use crate::plan::{self, Origin, Plan};
use crate::pool::Slot;
use crate::spec::Source;
use crate::voices::Voices;
use crate::world::{Section, World};

/// Whether a patch sleeps.
pub(super) struct Sleep {
    /// Steps of the steady schedule that go on by themselves, though nobody reads them meanwhile;
    /// none where the patch cannot sleep.
    pub free: Option<Arc<[u32]>>,
    /// It plays what the host gives, so it sleeps in silence only.
    hears: bool,
    /// It sleeps, until something is to change.
    pub asleep: bool,
}

impl Sleep {
    pub fn new(plan: &Plan) -> Self {
        let hears = plan.nodes.iter().any(|n| n.spec.source == Source::Audio);
        Self { free: free_steps(plan), hears, asleep: false }
    }

    /// True when it would sleep through `input`.
    pub fn through(&self, input: [&[f32]; 2]) -> bool {
        !self.hears || input.iter().all(|channel| is_silent(channel))
    }
}

impl Graph {
    /// True when nothing but what the modules do by themselves happens.
    pub(super) fn is_quiet(&self, audio_in: [&[f32]; 2]) -> bool {
        !self.in_transition && !self.taps.scoping() && self.sleep.through(audio_in)
    }

    /// True when it sleeps on: `sleep_through` then does what `render` would.
    pub(crate) fn sleeps(&self, voices: &Voices, audio_in: [&[f32]; 2]) -> bool {
        self.asleep() && voices.sounding() == 0 && self.is_quiet(audio_in)
    }

    /// Lets `frames` frames pass from absolute frame `start` on, as many as the caller likes. The
    /// output stays silent.
    pub(crate) fn sleep_through(&mut self, frames: usize, start: u64, mut world: World<'_>) {
        let free = self.sleep.free.clone().unwrap_or_default();
        let program = std::mem::take(&mut self.programs[0]);
        let mut at = 0;
        while !free.is_empty() && at < frames {
            let start = start + at as u64;
            let n = (frames - at).min(BLOCK - (start % BLOCK as u64) as usize);
            self.taps.begin(start);
            self.measure_nothing(&program, n);
            let mut section = Section::new(n, start, self.sample_rate, world.reborrow());
            for &step in &*free {
                if let Step::Run(run) = &program.steps[step as usize] {
                    self.run(&mut section, run, program.ports(run), &mut Blind);
                }
            }
            at += n;
        }
        self.programs[0] = program;
    }
}

/// The free-running steps of a patch that can sleep. It cannot when something reads them that runs
/// while nobody plays; when they read something themselves; or when signals wait in delays.
fn free_steps(plan: &Plan) -> Option<Arc<[u32]>> {
    if !plan.rings.is_empty() || !plan.delays.is_empty() {
        return None;
    }
    let mono = |node: u32| plan.nodes[node as usize].key.groups == 0;
    let mut read = vec![false; plan.nodes.len()];
    for wire in plan.wires.iter().filter(|w| w.stays && mono(w.to)) {
        if let Origin::Port { node, .. } = wire.from {
            read[node as usize] = true;
        }
    }
    let mut free = Vec::new();
    for (at, step) in (0..).zip(&plan.steady.steps) {
        let (node, inputs) = match step {
            plan::Step::Run { node, inputs, .. } => (node, inputs),
            plan::Step::Bank { bank, .. } => {
                let first = plan.banks[*bank as usize].lanes.iter().flatten().next();
                let source = first.map(|&n| plan.nodes[n as usize].spec.source);
                if source == Some(Source::Free) {
                    return None;
                }
                continue;
            }
            plan::Step::Mix { .. } | plan::Step::Gather { .. } => continue,
            plan::Step::Delay { .. } | plan::Step::Store { .. } => return None,
        };
        match plan.nodes[*node as usize].spec.source {
            _ if !mono(*node) => {}
            Source::None | Source::Audio => {}
            Source::Notes => return None,
            Source::Free => {
                let mut inputs = plan.steady.slots(inputs).iter();
                let alone = inputs.all(|slot| matches!(slot, Slot::Constant(_)));
                if read[*node as usize] || !alone {
                    return None;
                }
                free.push(at);
            }
        }
    }
    Some(free.into())
}

fn is_silent(samples: &[f32]) -> bool {
    samples.iter().fold(0, |any, x| any | x.to_bits()) == 0
}
