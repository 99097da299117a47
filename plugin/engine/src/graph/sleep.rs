//! Sleep: while nobody plays a patch and nothing in it moves, only its free-running modules go on.
//! What is heard, before and after, has the same bits as if all had been rendered.

use crate::plan::{Origin, Plan, Step};
use crate::pool::Slot;
use crate::spec::Source;

/// Whether a patch sleeps.
pub(super) struct Sleep {
    /// Steps of the steady schedule that go on by themselves, though nobody reads them meanwhile;
    /// none where the patch cannot sleep.
    free: Option<Box<[u32]>>,
    /// It plays what the host gives, so it sleeps in silence only.
    hears: bool,
    asleep: bool,
}

impl Sleep {
    pub fn new(plan: &Plan) -> Self {
        let hears = plan.nodes.iter().any(|n| n.spec.source == Source::Audio);
        Self { free: free_steps(plan), hears, asleep: false }
    }

    /// Steps to run while it sleeps, if it does.
    pub fn steps(&self) -> Option<usize> {
        self.free.as_ref().filter(|_| self.asleep).map(|free| free.len())
    }

    /// Position of one of these steps.
    pub fn step(&self, n: usize) -> usize {
        // PANIC-free: `n` is under what `steps` says.
        self.free.as_ref().map_or(0, |free| free[n] as usize)
    }

    /// True when it would sleep through `input`.
    pub fn through(&self, input: [&[f32]; 2]) -> bool {
        !self.hears || input.iter().all(|channel| is_silent(channel))
    }

    /// Something is to change, so all of it is rendered again.
    #[inline(always)]
    pub fn wake(&mut self) {
        self.asleep = false;
    }

    /// Nothing has moved in a chunk in which nobody played.
    #[inline(always)]
    pub fn fall(&mut self) {
        self.asleep = self.free.is_some();
    }
}

/// The free-running steps of a patch that can sleep. It cannot when something reads them that runs
/// while nobody plays; when they read something themselves; or when signals wait in delays.
fn free_steps(plan: &Plan) -> Option<Box<[u32]>> {
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
        let Step::Run { node, inputs, .. } = step else { continue };
        match plan.nodes[*node as usize].spec.source {
            _ if !mono(*node) => {}
            Source::None | Source::Audio => {}
            Source::Notes => return None,
            Source::Free => {
                let inputs = &plan.steady.slots[inputs.start as usize..inputs.end as usize];
                let alone = inputs.iter().all(|slot| matches!(slot, Slot::Constant(_)));
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
