//! A schedule as a graph runs it: resolved when the graph is built, step after step in one piece of
//! memory. Rendering reads this and not the plan, because a new graph comes from the caches of the
//! builder's core: the less a chunk touches, the shorter the first one after a swap.

use std::ops::Range;

use super::parts::Abreast;
use crate::plan::{self, MixSource, NodeIndex, Plan, Schedule};
use crate::pool::{Line, Pool, Slot};
use crate::spec::Source;

/// Steps in order, with the lists they point into.
#[derive(Default)]
pub(super) struct Program {
    pub steps: Box<[Step]>,
    lines: Box<[Line]>,
    sources: Box<[MixSource]>,
    abreast: Box<[Abreast]>,
    /// The steps whose load can be measured.
    pub measured: Box<[u32]>,
}

/// One thing to do in each chunk.
pub(super) enum Step {
    /// Adds sources up.
    Mix(Mix),
    /// Runs a module.
    Run(Run),
    /// Runs the modules of a bank.
    Bank(Run),
    /// Lays mono signals side by side.
    Gather(Gather),
    /// Delays a signal.
    Delay(Delay),
    /// Puts a signal into a feedback delay.
    Store(Store),
}

/// A module or a bank, and the buffers it works on.
pub(super) struct Run {
    /// In the table of modules or of banks.
    pub seat: u32,
    /// The node; of a bank the first that runs in it.
    pub node: NodeIndex,
    /// Position of the bank in the plan.
    pub bank: u32,
    /// Bit i: a cable ends at input i.
    pub connected: u64,
    /// Bit o: somebody reads output o.
    pub read: u16,
    /// Lane groups; 0 = mono.
    pub groups: u8,
    /// It sounds or moves by itself.
    pub free: bool,
    inputs: u8,
    outputs: u8,
    /// In `Program::lines`: its inputs, then its outputs.
    first: u32,
}

/// A sum of cables.
pub(super) struct Mix {
    pub to: Line,
    pub poly: bool,
    first: u32,
    count: u32,
    /// In `Program::abreast`: those of its sources that stand side by side.
    abreast: Range<u32>,
}

/// Mono signals that become the lanes of one.
pub(super) struct Gather {
    pub to: Line,
    first: u32,
    count: u8,
}

/// A signal that waits.
pub(super) struct Delay {
    /// In `Graph::delays`.
    pub line: u32,
    pub frames: u32,
    pub from: Line,
    pub to: Line,
}

/// A signal on its way back.
pub(super) struct Store {
    /// In `Graph::rings`.
    pub ring: u32,
    pub from: Line,
}

impl Program {
    /// Resolves `schedule` of `plan` for the buffers in `pool`.
    pub fn new(schedule: &Schedule, plan: &Plan, pool: &Pool) -> Self {
        let mut lines = Vec::with_capacity(schedule.slots.len());
        let mut list = |slots: &Range<u32>| {
            let first = lines.len() as u32;
            lines.extend(schedule.slots(slots).iter().map(|&slot| pool.line(slot)));
            first
        };
        let mut abreast = Vec::new();
        let node = |n: NodeIndex| &plan.nodes[n as usize];
        let step = |step: &plan::Step| match step {
            plan::Step::Mix { to, sources } => {
                let (poly, first) = (matches!(to, Slot::Poly(_)), abreast.len() as u32);
                if !poly {
                    abreast.extend(Abreast::all(schedule.sources(sources), pool));
                }
                Step::Mix(Mix {
                    to: pool.line(*to),
                    poly,
                    first: sources.start,
                    count: sources.len() as u32,
                    abreast: first..abreast.len() as u32,
                })
            }
            plan::Step::Run { node: n, inputs, outputs, connected, read } => {
                let first = list(inputs);
                list(outputs);
                Step::Run(Run {
                    seat: node(*n).seat,
                    node: *n,
                    bank: 0,
                    connected: *connected,
                    read: *read as u16,
                    groups: node(*n).key.groups,
                    free: node(*n).spec.source == Source::Free,
                    inputs: inputs.len() as u8,
                    outputs: outputs.len() as u8,
                    first,
                })
            }
            plan::Step::Bank { bank: at, inputs, outputs, connected, read } => {
                let bank = &plan.banks[*at as usize];
                let first = list(inputs);
                list(outputs);
                Step::Bank(Run {
                    seat: bank.seat,
                    node: bank.lanes.iter().flatten().next().copied().unwrap_or_default(),
                    bank: *at,
                    connected: *connected,
                    read: *read as u16,
                    groups: 1,
                    free: false,
                    inputs: inputs.len() as u8,
                    outputs: outputs.len() as u8,
                    first,
                })
            }
            plan::Step::Gather { to, lanes } => Step::Gather(Gather {
                to: pool.line(*to),
                first: list(lanes),
                count: lanes.len() as u8,
            }),
            plan::Step::Delay { line, from, to } => Step::Delay(Delay {
                line: *line,
                frames: plan.delays[*line as usize].frames,
                from: pool.line(*from),
                to: pool.line(*to),
            }),
            plan::Step::Store { ring, from } => {
                Step::Store(Store { ring: *ring, from: pool.line(*from) })
            }
        };
        let steps: Box<[Step]> = schedule.steps.iter().map(step).collect();
        let modules = (0..).zip(&steps);
        let modules = modules.filter(|(_, step)| matches!(step, Step::Run(_) | Step::Bank(_)));
        Self {
            measured: modules.map(|(at, _)| at).collect(),
            steps,
            lines: lines.into(),
            sources: schedule.sources.as_slice().into(),
            abreast: abreast.into(),
        }
    }

    /// Where the inputs of `run` read and where its outputs write.
    #[inline(always)]
    pub fn ports(&self, run: &Run) -> (&[Line], &[Line]) {
        let ports = usize::from(run.inputs) + usize::from(run.outputs);
        let first = run.first as usize;
        self.lines[first..first + ports].split_at(usize::from(run.inputs))
    }

    /// What `mix` adds up, and which of it stands side by side.
    #[inline(always)]
    pub fn sources(&self, mix: &Mix) -> (&[MixSource], &[Abreast]) {
        let sources = &self.sources[mix.first as usize..][..mix.count as usize];
        (sources, &self.abreast[mix.abreast.start as usize..mix.abreast.end as usize])
    }

    /// What the lanes of `gather` read; or one line that all read.
    #[inline(always)]
    pub fn lanes(&self, gather: &Gather) -> &[Line] {
        &self.lines[gather.first as usize..][..usize::from(gather.count)]
    }
}
