//! The compiled schedule as plain data. It has a stable text form, and `verify` checks it
//! independently of how it was made.

use std::fmt;
use std::ops::Range;

use chronus_patch::{CableId, ModuleId};

use crate::pool::Slot;
use crate::spec::Spec;
use crate::voices::VoicePlan;
use crate::world::MACROS;

/// What renders a patch: nodes, the wires between them, and one or two schedules over buffers.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How notes become voices.
    pub voices: VoicePlan,
    /// Every module that runs, ordered by key: those of the patch, and those that are leaving.
    pub nodes: Vec<PlanNode>,
    /// Every connection: those of the patch, and those that are leaving.
    pub wires: Vec<Wire>,
    /// Delay lines of feedback wires, ordered by key.
    pub rings: Vec<RingKey>,
    /// Delay lines of wires that wait for slower paths beside them, ordered by key.
    pub delays: Vec<DelayKey>,
    /// The schedule that plays the patch.
    pub steady: Schedule,
    /// The schedule that plays while wires fade; none when nothing audible changes.
    pub transition: Option<Schedule>,
    /// Mono buffers that the schedules use.
    pub mono_buffers: usize,
    /// Poly buffers that the schedules use.
    pub poly_buffers: usize,
    /// Constants that inputs read.
    pub constants: Vec<f32>,
    /// What the macros drive, ordered by macro.
    pub bindings: Vec<PlanBinding>,
    /// Modules that share lanes.
    pub banks: Vec<PlanBank>,
    /// What the swap from the plan before does.
    pub carry: Carry,
    /// Frames from any input of the host to its output.
    pub latency: u32,
    /// Seconds the longest path sounds on after its input; infinite with feedback.
    pub tail: f32,
}

/// Position in `Plan::nodes`.
pub type NodeIndex = u32;

/// What makes a module the same one before and after an edit: its life and its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeKey {
    /// `Cells::key`.
    pub module: u32,
    /// Lane groups; 0 = mono.
    pub groups: u8,
}

/// A module in the plan.
#[derive(Clone, Debug)]
pub struct PlanNode {
    /// Its identity for the carry.
    pub key: NodeKey,
    /// Its id in the patch.
    pub id: ModuleId,
    /// What its kind declares.
    pub spec: &'static Spec,
    /// What the swap does with it.
    pub role: Role,
    /// Values of its params in the patch.
    pub params: Vec<f32>,
    /// Its place in the graph's table of modules, which it keeps from plan to plan.
    pub seat: u32,
    /// Where it runs when it shares lanes with others.
    pub place: Option<Place>,
}

/// A lane of a bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Position in `Plan::banks`.
    pub bank: u32,
    /// Under `LANES`.
    pub lane: u8,
}

/// Separate mono modules that run side by side: of one kind and rank, with cables in the same
/// inputs and the same stepped values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanBank {
    /// Its place in the graph's table of banks, which it keeps from plan to plan.
    pub seat: u32,
    /// Who runs in each of the `LANES` lanes.
    pub lanes: Vec<Option<NodeIndex>>,
}

/// A module that leaves a lane or takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BankMove {
    /// Seat of the bank.
    pub bank: u32,
    /// The lane.
    pub lane: u8,
    /// Seat of the module.
    pub seat: u32,
    /// It is new: it brings the state it was warmed to.
    pub added: bool,
}

/// What a swap does beside exchanging the tables of modules as a whole, in O(changes).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carry {
    /// Length of the table of modules, not less than in the plan before.
    pub seats: u32,
    /// Seats that do not hold what they held before, in order: of modules that are added or change
    /// their width, and of those that had left.
    pub changed: Vec<u32>,
    /// Length of the table of banks, not less than in the plan before.
    pub bank_seats: u32,
    /// Seats of banks that are new or gone, in order.
    pub banks_changed: Vec<u32>,
    /// Seats of banks that have other modules than before, in order.
    pub banks_unsettled: Vec<u32>,
    /// Modules of the plan before that leave their lane.
    pub leaves: Vec<BankMove>,
    /// Modules that take a lane.
    pub joins: Vec<BankMove>,
    /// Feedback delays that stay: position here, position in the plan before.
    pub rings: Vec<[u32; 2]>,
    /// Compensation delays that stay: position here, position in the plan before.
    pub delays: Vec<[u32; 2]>,
}

/// What the swap does with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// In the old graph and in the new: its state is carried.
    Kept,
    /// New: it keeps the state it was warmed to.
    Added,
    /// New as a node, but the same module at another width was there: takes over its lanes.
    Rewidened,
    /// In the old graph only: carried, and run until the wires behind it have faded.
    Leaving,
}

impl Role {
    /// True for the nodes of the patch itself.
    #[must_use]
    pub fn stays(self) -> bool {
        self != Self::Leaving
    }
}

/// Where a wire starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// Output `port` of `node`.
    Port {
        /// The node.
        node: NodeIndex,
        /// Position of the output.
        port: u8,
    },
    /// A constant that an input reads while nothing is connected.
    Constant(f32),
}

/// A connection as it sounds: a cable, a cable through a bypassed module, or a normal.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// Where it starts.
    pub from: Origin,
    /// The node it ends at.
    pub to: NodeIndex,
    /// Position of the input it ends at.
    pub input: u8,
    /// Place in the sum: cables in order of their id, normals first.
    pub order: u64,
    /// It carries the delay of a cycle: position in `Plan::rings`.
    pub ring: Option<u32>,
    /// It waits for a slower path: position in `Plan::delays`.
    pub delay: Option<u32>,
    /// The cable; none for a normal.
    pub cable: Option<CableId>,
    /// True when it is part of the patch, false when it only fades out.
    pub stays: bool,
    /// Gain before the transition.
    pub old_gain: f32,
    /// Gain after it.
    pub gain: f32,
}

/// What makes a feedback delay the same one before and after an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RingKey {
    /// The producer.
    pub from: NodeKey,
    /// Its output.
    pub output: u8,
    /// The consumer.
    pub to: NodeKey,
    /// Its input.
    pub input: u8,
    /// Lane groups of the signal; 0 = mono.
    pub groups: u8,
    /// The cable.
    pub cable: CableId,
}

/// What makes a compensation delay the same one before and after an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DelayKey {
    /// The producer.
    pub from: NodeKey,
    /// Its output.
    pub output: u8,
    /// The consumer.
    pub to: NodeKey,
    /// Its input.
    pub input: u8,
    /// How many frames it delays, at least 1.
    pub frames: u32,
}

/// Steps in order, with the lists they point into.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What the mixes add up.
    pub sources: Vec<MixSource>,
    /// Where the modules read, then write.
    pub slots: Vec<Slot>,
}

impl Schedule {
    /// The slots that a step names.
    #[inline(always)]
    #[must_use]
    pub fn slots(&self, range: &Range<u32>) -> &[Slot] {
        &self.slots[span(range)]
    }

    /// The sources that a mix names.
    #[inline(always)]
    #[must_use]
    pub fn sources(&self, range: &Range<u32>) -> &[MixSource] {
        &self.sources[span(range)]
    }
}

/// A range in a list of a schedule.
#[inline(always)]
pub(crate) fn span(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// One thing to do in each chunk.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Adds `sources` up into `to`.
    Mix {
        /// The buffer written.
        to: Slot,
        /// In `Schedule::sources`.
        sources: Range<u32>,
    },
    /// Runs a module.
    Run {
        /// The module.
        node: NodeIndex,
        /// In `Schedule::slots`: where its inputs read.
        inputs: Range<u32>,
        /// In `Schedule::slots`: where its outputs write.
        outputs: Range<u32>,
        /// Bit i: a cable ends at input i.
        connected: u64,
        /// Bit o: an input or a feedback delay reads output o.
        read: u64,
    },
    /// Runs the modules of a bank.
    Bank {
        /// Position in `Plan::banks`.
        bank: u32,
        /// In `Schedule::slots`: where its inputs read.
        inputs: Range<u32>,
        /// In `Schedule::slots`: where its outputs write.
        outputs: Range<u32>,
        /// Bit i: cables end at input i of its modules.
        connected: u64,
        /// Bit o: somebody reads output o of one of them.
        read: u64,
    },
    /// Lays mono signals side by side, for a bank.
    Gather {
        /// The buffer written.
        to: Slot,
        /// In `Schedule::slots`: what each of the `LANES` lanes reads; or one that all read.
        lanes: Range<u32>,
    },
    /// Delays what `from` holds, into `to`.
    Delay {
        /// Position in `Plan::delays`.
        line: u32,
        /// The producer's buffer.
        from: Slot,
        /// The buffer written.
        to: Slot,
    },
    /// Puts what `from` holds into a feedback delay.
    Store {
        /// Position in `Plan::rings`.
        ring: u32,
        /// The producer's buffer.
        from: Slot,
    },
}

/// One summand of a mix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MixSource {
    /// Where it reads.
    pub from: MixFrom,
    /// Gain at the start of the transition; equals `gain` in a steady schedule.
    pub old_gain: f32,
    /// Gain at its end.
    pub gain: f32,
}

/// Where a summand reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MixFrom {
    /// A buffer or constant.
    Slot(Slot),
    /// A feedback delay.
    Ring(u32),
    /// One lane of a poly buffer: what a module of a bank gives.
    Lane(u32, u8),
}

/// A param driven by a macro.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanBinding {
    /// The macro, under `MACROS`.
    pub macro_index: u8,
    /// The node.
    pub node: NodeIndex,
    /// Position of the param.
    pub param: u8,
    /// Value at macro 0.
    pub min: f32,
    /// Value at macro 1.
    pub max: f32,
    /// Moves as the knob does (a frequency: exponentially), not linearly.
    pub taper: bool,
}

impl PlanBinding {
    /// The param's value at macro value `value`, within the param's range.
    #[must_use]
    pub fn value(&self, param: &crate::Param, value: f32) -> f32 {
        let linear = self.min + (self.max - self.min) * value;
        if !self.taper {
            return param.clamp(linear);
        }
        let (low, high) = (param.to_knob(self.min), param.to_knob(self.max));
        match value {
            v if v <= 0.0 => param.clamp(self.min),
            v if v >= 1.0 => param.clamp(self.max),
            v => param.from_knob(low + (high - low) * v),
        }
    }

    /// The macro value 0..=1 at which the param is at `value`, or as near as the binding reaches:
    /// the inverse of [`PlanBinding::value`].
    #[must_use]
    pub fn position(&self, param: &crate::Param, value: f32) -> f32 {
        let way = |v: f32| if self.taper { param.to_knob(v) } else { v };
        let (from, to) = (way(self.min), way(self.max));
        if from == to {
            // The param stands still wherever the macro is.
            return 0.0;
        }
        ((way(param.clamp(value)) - from) / (to - from)).clamp(0.0, 1.0)
    }
}

impl Plan {
    /// Lane groups of its poly signals, at least 1.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.voices.groups().max(1)
    }

    /// The node of module `id` that stays.
    #[must_use]
    pub fn node(&self, id: &ModuleId) -> Option<NodeIndex> {
        let found = self.nodes.iter().position(|n| n.role.stays() && n.id == *id);
        found.map(|i| i as NodeIndex)
    }

    /// Bindings of macro `index`.
    #[must_use]
    pub fn bindings_of(&self, index: usize) -> &[PlanBinding] {
        debug_assert!(index < MACROS);
        let start = self.bindings.partition_point(|b| usize::from(b.macro_index) < index);
        let end = self.bindings.partition_point(|b| usize::from(b.macro_index) <= index);
        &self.bindings[start..end]
    }
}

impl fmt::Display for Plan {
    /// The stable text form: same plan, same text, on every machine.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "plan: {} nodes, {} wires, {} voices, {}+{} buffers, {} rings",
            self.nodes.len(),
            self.wires.len(),
            self.voices.count,
            self.mono_buffers,
            self.poly_buffers,
            self.rings.len()
        )?;
        for node in &self.nodes {
            let role = match node.role {
                Role::Kept => "kept",
                Role::Added => "added",
                Role::Rewidened => "rewidened",
                Role::Leaving => "leaving",
            };
            let lanes = usize::from(node.key.groups) * crate::LANES;
            writeln!(f, "node {} {} x{} {role}", node.id, node.spec.kind, lanes.max(1))?;
        }
        for bank in &self.banks {
            let id = |n: &Option<NodeIndex>| match n {
                Some(n) => self.nodes[*n as usize].id.as_str(),
                None => "-",
            };
            let lanes: Vec<&str> = bank.lanes.iter().map(id).collect();
            writeln!(f, "bank {}: {}", bank.seat, lanes.join(" "))?;
        }
        for (name, schedule) in
            [("steady", Some(&self.steady)), ("transition", self.transition.as_ref())]
        {
            let Some(schedule) = schedule else { continue };
            writeln!(f, "{name}:")?;
            for step in &schedule.steps {
                self.write_step(f, schedule, step)?;
            }
        }
        Ok(())
    }
}

impl Plan {
    fn write_step(
        &self,
        f: &mut fmt::Formatter<'_>,
        schedule: &Schedule,
        step: &Step,
    ) -> fmt::Result {
        let slot = |s: &Slot| match *s {
            Slot::Mono(i) => format!("m{i}"),
            Slot::Poly(i) => format!("p{i}"),
            Slot::Constant(i) => format!("={}", self.constants[i as usize]),
        };
        let list = |range: &Range<u32>| {
            schedule.slots(range).iter().map(slot).collect::<Vec<_>>().join(" ")
        };
        match step {
            Step::Mix { to, sources } => {
                write!(f, "  {} =", slot(to))?;
                for (n, source) in schedule.sources(sources).iter().enumerate() {
                    let from = match source.from {
                        MixFrom::Slot(s) => slot(&s),
                        MixFrom::Ring(r) => format!("ring{r}"),
                        MixFrom::Lane(p, lane) => format!("p{p}.{lane}"),
                    };
                    let plus = if n == 0 { "" } else { " +" };
                    if source.old_gain == source.gain {
                        write!(f, "{plus} {} {from}", source.gain)?;
                    } else {
                        write!(f, "{plus} ({}>{}) {from}", source.old_gain, source.gain)?;
                    }
                }
                writeln!(f)
            }
            Step::Run { node, inputs, outputs, .. } => {
                let id = &self.nodes[*node as usize].id;
                writeln!(f, "  {id} [{}] -> [{}]", list(inputs), list(outputs))
            }
            Step::Bank { bank, inputs, outputs, .. } => {
                let seat = self.banks[*bank as usize].seat;
                writeln!(f, "  bank {seat} [{}] -> [{}]", list(inputs), list(outputs))
            }
            Step::Gather { to, lanes } => writeln!(f, "  {} = | {}", slot(to), list(lanes)),
            Step::Delay { line, from, to } => {
                let frames = self.delays[*line as usize].frames;
                writeln!(f, "  {} = {} delayed {frames}", slot(to), slot(from))
            }
            Step::Store { ring, from } => writeln!(f, "  ring{ring} = {}", slot(from)),
        }
    }
}
