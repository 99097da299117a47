//! A built plan: it renders chunks. Nothing in here allocates once it is built.

mod bank;
mod carry;
mod meter;
mod mix;
mod parts;
mod program;
mod sleep;
mod values;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use pulp::Arch;

use self::bank::{Apart, Arrivals, Bank, Unsettled};
use self::carry::Roster;
use self::meter::Meter;
use self::parts::Parts;
use self::program::{Program, Run, Step};
use self::sleep::Sleep;
pub(crate) use self::values::Turn;
pub use self::values::Write;
use crate::counters::Alive;
use crate::instance::{Chunk, Instance};
use crate::knob::Knobs;
use crate::module::{BLOCK, FEEDBACK_FRAMES, Setup, splitmix};
use crate::plan::{DelayKey, NodeIndex, Plan, PlanNode, Role, Schedule};
use crate::pool::{Buffer, Line, Pool};
use crate::ramp::{CABLE_RAMP_SECONDS, Fade, Ramp, SMOOTHING_SECONDS};
use crate::registry::Registry;
use crate::spec::Tail;
use crate::store::Cells;
use crate::tap::Taps;
use crate::voices::{MAX_VOICES, Voices};
use crate::world::{Section, World};

/// A graph's buffers grow by as many: as long as the old graph has equally many, a swap exchanges them as a
/// whole.
const MONO_STEP: usize = 16;
const POLY_STEP: usize = 8;

/// Most outputs a kind may have.
pub const MAX_OUTPUTS: usize = 16;

/// One module in a graph, with everything that is carried at a swap.
pub(crate) struct Node {
    pub instance: Box<dyn Instance>,
    pub knobs: Knobs,
    pub cells: Arc<Cells>,
    /// What `/gate/ID` says.
    pub gate: f32,
}

/// A built plan.
pub struct Graph {
    plan: Arc<Plan>,
    /// By `PlanNode::seat`. Those of leaving nodes are empty until the swap brings them.
    nodes: Vec<Option<Box<Node>>>,
    /// By `PlanBank::seat`.
    banks: Vec<Option<Box<Bank>>>,
    apart: Option<Box<Apart>>,
    unsettled: Unsettled,
    arrivals: Arrivals,
    /// By `Plan::rings`.
    rings: Vec<Buffer>,
    /// By `Plan::delays`; frame f stands at f % length.
    delays: Vec<Buffer>,
    pool: Pool,
    /// The steady schedule and the transition.
    programs: [Program; 2],
    hands: Hands,
    sample_rate: f32,
    /// Lane groups of poly signals.
    groups: usize,
    /// Frames it may sound on after its input; `None` = no end is known.
    tail_frames: Option<u64>,
    /// Frames that a transition takes.
    ramp_frames: u64,
    /// First frame of the transition under way.
    ramp_start: u64,
    in_transition: bool,
    /// Frames that a param takes to a new value.
    smoothing_frames: u64,
    /// Where sums are added up.
    parts: Box<Parts>,
    /// Highest level of each voice in the mix since `free_voices`.
    peaks: Box<[f32; MAX_VOICES]>,
    /// The node that runs now: names the culprit of a panic.
    running: NodeIndex,
    arch: Arch,
    roster: Roster,
    sleep: Sleep,
    meter: Meter,
    pub(crate) taps: Taps,
    /// Counts it, where it is to be counted.
    _alive: Option<Alive>,
}

/// Where a step's output buffers stand while it runs, so that nothing aliases. What nobody reads
/// stays here.
struct Hands {
    mono: Box<[Buffer]>,
    poly: Box<[Buffer]>,
    /// Of a step between modules: holds nothing.
    one: Buffer,
}

impl Hands {
    fn new(plan: &Plan) -> Self {
        let most = |wide: bool| {
            let width = |n: &&PlanNode| (n.key.groups > 0 || n.place.is_some()) == wide;
            let outputs = plan.nodes.iter().filter(width).map(|n| n.spec.outputs.len());
            outputs.max().unwrap_or(0)
        };
        let groups = plan.groups() as u8;
        Self {
            mono: Buffer::spare(most(false), 0),
            poly: Buffer::spare(most(true), groups),
            one: Buffer::silent(0, 0),
        }
    }

    /// Those of a step that gives `count` outputs.
    #[inline(always)]
    fn of(&mut self, poly: bool, count: usize) -> &mut [Buffer] {
        let hands = if poly { &mut self.poly } else { &mut self.mono };
        &mut hands[..count]
    }
}

/// Looks at what steps wrote, in the probe.
pub(crate) trait Observer {
    /// It looks at all.
    const LOOKS: bool = true;

    /// Called after node `node` ran; `outputs` are its buffers, and those of `read` were written.
    fn ran(&mut self, node: NodeIndex, groups: u8, frames: usize, read: u64, outputs: &[Buffer]);

    /// The same of a module that runs in lane `lane` of a bank.
    fn ran_lane(
        &mut self,
        node: NodeIndex,
        lane: usize,
        frames: usize,
        read: u64,
        outputs: &[Buffer],
    );
}

/// Looks at nothing.
pub(crate) struct Blind;

impl Observer for Blind {
    const LOOKS: bool = false;

    #[inline(always)]
    fn ran(&mut self, _: NodeIndex, _: u8, _: usize, _: u64, _: &[Buffer]) {}

    #[inline(always)]
    fn ran_lane(&mut self, _: NodeIndex, _: usize, _: usize, _: u64, _: &[Buffer]) {}
}

impl Graph {
    /// Builds `plan`: all allocation happens here. `cells` gives the values of each node. A `bare`
    /// graph has no modules of its own: the swap brings them all. `None` when canceled.
    #[must_use]
    pub fn build(
        plan: Arc<Plan>,
        registry: &Registry,
        cells: &dyn Fn(usize) -> Arc<Cells>,
        sample_rate: f64,
        bare: bool,
        canceled: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let mut nodes: Vec<_> = (0..plan.carry.seats).map(|_| None).collect();
        for (n, node) in plan.nodes.iter().enumerate() {
            if canceled() {
                return None;
            }
            let kind = registry.get(node.spec.kind).filter(|_| node.role != Role::Leaving && !bare);
            nodes[node.seat as usize] = kind.map(|kind| {
                let setup = Setup { sample_rate, seed: seed(node.id.as_str()), first_lane: 0 };
                let cells = cells(n);
                let value = |p: usize| Ramp::constant(node.spec.params[p].clamp(cells.get(p)));
                let knobs = Knobs::new((0..node.spec.params.len()).map(value), false);
                let instance = kind.build(&setup, usize::from(node.key.groups));
                Box::new(Node { instance, knobs, cells, gate: 0.0 })
            });
        }
        let ring = |groups: u8| Buffer::silent(groups, FEEDBACK_FRAMES);
        let rings = plan.rings.iter().map(|key| ring(key.groups)).collect();
        let line = |key: &DelayKey| Buffer::silent(key.from.groups, key.frames as usize);
        let delays = plan.delays.iter().map(line).collect();
        let groups = plan.groups();
        let mono = plan.mono_buffers.next_multiple_of(MONO_STEP);
        let poly = plan.poly_buffers.next_multiple_of(POLY_STEP);
        let pool = Pool::new(mono, poly, groups, &plan.constants);
        let program = |schedule: &Schedule| Program::new(schedule, &plan, &pool);
        let transition = plan.transition.as_ref().map(program);
        let programs = [program(&plan.steady), transition.unwrap_or_default()];
        let taps = Taps::new(&plan);
        let mut graph = Self {
            nodes,
            banks: bank::build(&plan, registry, sample_rate),
            apart: Apart::new(&plan),
            unsettled: Unsettled::all(plan.carry.bank_seats as usize),
            arrivals: Arrivals::default(),
            rings,
            delays,
            pool,
            programs,
            hands: Hands::new(&plan),
            sample_rate: sample_rate as f32,
            groups,
            tail_frames: plan.tail.is_finite().then(|| (f64::from(plan.tail) * sample_rate) as u64),
            ramp_frames: (CABLE_RAMP_SECONDS * sample_rate).ceil().max(1.0) as u64,
            ramp_start: 0,
            in_transition: false,
            smoothing_frames: (SMOOTHING_SECONDS * sample_rate) as u64,
            parts: Box::new(Parts::new()),
            peaks: Box::new([0.0; MAX_VOICES]),
            running: 0,
            arch: crate::simd::arch(),
            roster: Roster::new(&plan),
            sleep: Sleep::new(&plan),
            meter: Meter::default(),
            taps,
            _alive: None,
            plan,
        };
        graph.fill_banks();
        Some(graph)
    }

    /// Counts it among `all`, until it is dropped.
    #[must_use]
    pub(crate) fn counted(self, all: &Arc<AtomicU64>) -> Self {
        Self { _alive: Some(Alive::among(all)), ..self }
    }

    /// The plan it was built from.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// True while it is not rendered, because nobody plays and nothing in it moves.
    #[must_use]
    pub fn asleep(&self) -> bool {
        self.sleep.asleep
    }

    /// The node that ran last.
    pub(crate) fn running(&self) -> NodeIndex {
        self.running
    }

    /// How many modules it runs.
    pub(crate) fn modules(&self) -> usize {
        self.roster.members.len()
    }

    fn node_mut(&mut self, n: usize) -> Option<&mut Node> {
        self.nodes[self.roster.seat(n)].as_deref_mut()
    }

    /// Frame at which the transition under way is over, if one is.
    #[must_use]
    pub(crate) fn transition_end(&self) -> Option<u64> {
        self.in_transition.then(|| self.ramp_start + Fade::length(self.ramp_frames))
    }

    pub(crate) fn begin_transition(&mut self, frame: u64) {
        self.sleep.asleep = false;
        self.in_transition = self.roster.fades;
        self.ramp_start = frame;
    }

    pub(crate) fn end_transition(&mut self) {
        self.in_transition = false;
    }

    /// Back to the state of a new graph, params at their cells' values.
    pub(crate) fn reset(&mut self) {
        self.sleep.asleep = false;
        for node in self.nodes.iter_mut().flatten() {
            node.instance.reset();
        }
        self.fill_banks();
        for line in self.rings.iter_mut().chain(&mut self.delays) {
            line.clear();
        }
        *self.peaks = [0.0; MAX_VOICES];
    }

    /// Empties what repeats its input: an added delay would repeat the warm-up, which nobody played.
    pub(crate) fn forget_warm_up(&mut self) {
        for planned in &self.plan.nodes {
            let node = self.nodes[planned.seat as usize].as_mut();
            if let (Some(node), Tail::Seconds(_)) = (node, planned.spec.tail) {
                node.instance.reset();
            }
        }
    }

    /// Frees the voices that have fallen silent in the mix since the last call.
    pub(crate) fn free_voices(&mut self, voices: &mut Voices) {
        voices.tick(&self.peaks);
        self.forget_peaks();
    }

    pub(crate) fn forget_peaks(&mut self) {
        self.peaks.fill(0.0);
    }

    /// Frames of its longest chunk.
    pub(crate) fn longest_chunk(&self) -> usize {
        if self.rings.is_empty() { BLOCK } else { FEEDBACK_FRAMES }
    }

    /// Frames it may sound on after its input; `None` = no end is known.
    pub(crate) fn tail_frames(&self) -> Option<u64> {
        self.tail_frames
    }

    /// Renders one chunk of `frames` frames from absolute frame `start`; the chunk must not cross
    /// a multiple of `longest_chunk`.
    pub(crate) fn render(
        &mut self,
        frames: usize,
        start: u64,
        world: World<'_>,
        observer: &mut impl Observer,
    ) {
        if self.unsettled.any() {
            self.settle_banks();
        }
        self.taps.begin(start);
        let mut section = Section::new(frames, start, self.sample_rate, world);
        let section = &mut section;
        let quiet = section.groups == 0 && self.is_quiet(section.world.audio_in);
        let mut still = quiet;
        // Taken out meanwhile: steps change all of the graph but this.
        let which = usize::from(self.in_transition);
        let program = std::mem::take(&mut self.programs[which]);
        let measured = self.measured(&program, frames).unwrap_or(program.steps.len());
        let (before, rest) = program.steps.split_at(measured);
        still &= self.steps(section, &program, before, observer);
        if let Some((step, after)) = rest.split_first() {
            still &= self.measure(step, frames, |graph| {
                graph.steps(section, &program, std::slice::from_ref(step), observer)
            });
            still &= self.steps(section, &program, after, observer);
        }
        self.programs[which] = program;
        self.sleep.asleep = still && self.sleep.free.is_some();
    }

    /// Does `steps` of `program` in their order. True when all modules in it rest.
    fn steps(
        &mut self,
        section: &mut Section<'_>,
        program: &Program,
        steps: &[Step],
        observer: &mut impl Observer,
    ) -> bool {
        let mut still = true;
        for step in steps {
            match step {
                Step::Run(run) => still &= self.run(section, run, program.ports(run), observer),
                Step::Bank(run) => {
                    still &= self.run_bank(section, run, program.ports(run), observer);
                }
                Step::Mix(mix) => self.mix(section, mix, program.sources(mix)),
                Step::Gather(gather) => self.gather(section, gather.to, program.lanes(gather)),
                Step::Delay(delay) => self.delay(section, delay),
                Step::Store(store) => self.store(section, store),
            }
        }
        still
    }

    /// Runs a module. True when it rests: as long as what it reads stays as it is, so do its state
    /// and what it gives. Of those that run free, it is true while nobody plays.
    #[inline(always)]
    fn run(
        &mut self,
        section: &mut Section<'_>,
        run: &Run,
        (inputs, outputs): (&[Line], &[Line]),
        observer: &mut impl Observer,
    ) -> bool {
        let &Run { node: index, groups, .. } = run;
        let &mut Section { frames, groups: sounding, .. } = section;
        let Some(node) = self.nodes[run.seat as usize].as_mut() else { return true };
        if groups > 0 && sounding == 0 {
            // Nobody plays it, so nobody reads it.
            self.taps.ran(index, groups, sounding, frames, &[]);
            return true;
        }
        self.running = index;
        // What runs free goes on in a patch that sleeps.
        let mut rests = run.free;
        let read = u64::from(run.read);
        let tapped = self.taps.looks_at(index);
        let looked_at = if tapped { read | self.taps.of(index) } else { read };
        let buffers = self.hands.of(groups > 0, outputs.len());
        self.pool.exchange_all(read, outputs, buffers);
        node.instance.process(&mut Chunk {
            section,
            groups: sounding,
            pool: &self.pool,
            inputs,
            connected: run.connected,
            read: looked_at,
            outputs: buffers,
            knobs: &node.knobs,
            gates: std::slice::from_ref(&node.gate),
            rests: &mut rests,
        });
        observer.ran(index, groups, frames, looked_at, buffers);
        if tapped {
            self.taps.ran(index, groups, sounding, frames, buffers);
        }
        self.pool.exchange_all(read, outputs, buffers);
        rests
    }
}

/// The seed of a module: a hash of its id (FNV-1a, spread).
fn seed(id: &str) -> u64 {
    let hash = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3);
    splitmix(id.bytes().fold(0xCBF2_9CE4_8422_2325, hash))
}
