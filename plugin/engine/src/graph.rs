//! A built plan: it renders chunks. Nothing in here allocates once it is built.

mod bank;
mod carry;
mod columns;
mod mix;
mod sleep;
mod values;

use std::sync::Arc;

use pulp::Arch;

use self::bank::{Apart, Bank};
use self::carry::{Member, Roster};
use self::sleep::Sleep;
pub(crate) use self::values::Turn;
pub use self::values::Write;
use crate::instance::{Chunk, Instance};
use crate::lanes::LANES;
use crate::module::{BLOCK, FEEDBACK_FRAMES, Setup, splitmix};
use crate::plan::{DelayKey, NodeIndex, Plan, PlanNode, Role, Schedule, Step, span};
use crate::pool::{Buffer, Line, MAX_GROUPS, Pool, bits};
use crate::ramp::{CABLE_RAMP_SECONDS, Fade, Ramp, SMOOTHING_SECONDS};
use crate::registry::Registry;
use crate::spec::Tail;
use crate::store::Cells;
use crate::tap::Taps;
use crate::voices::{MAX_VOICES, Voices};
use crate::world::World;

/// Most outputs a kind may have.
pub const MAX_OUTPUTS: usize = 16;

/// One module in a graph, with everything that is carried at a swap.
pub(crate) struct Node {
    pub instance: Box<dyn Instance>,
    pub params: Box<[Ramp]>,
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
    /// Modules of a bank may not agree any more, or agree again.
    unsettled: bool,
    /// By `Plan::rings`.
    rings: Vec<Buffer>,
    /// By `Plan::delays`; frame f stands at f % length.
    delays: Vec<Buffer>,
    pool: Pool,
    /// By `Schedule::slots`, of the steady schedule and of the transition.
    lines: [Vec<Line>; 2],
    hands: Hands,
    sample_rate: f64,
    /// Frames that a transition takes.
    ramp_frames: u64,
    /// First frame of the transition under way.
    ramp_start: u64,
    in_transition: bool,
    /// Frames that a param takes to a new value.
    smoothing_frames: u64,
    /// Highest level of each voice in the mix since `free_voices`.
    peaks: Box<[f32; MAX_VOICES]>,
    /// The node that runs now: names the culprit of a panic.
    running: NodeIndex,
    arch: Arch,
    roster: Roster,
    sleep: Sleep,
    pub(crate) taps: Taps,
}

/// Where a step's output buffers stand while it runs, so that nothing aliases. What nobody reads
/// stays here.
struct Hands {
    mono: Box<[Buffer]>,
    poly: Box<[Buffer]>,
    /// Of a step between modules.
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
            one: Buffer::default(),
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
                let params = (0..node.spec.params.len()).map(value).collect();
                let instance = kind.build(&setup, usize::from(node.key.groups));
                Box::new(Node { instance, params, cells, gate: 0.0 })
            });
        }
        let ring = |groups: u8| Buffer::silent(groups, FEEDBACK_FRAMES);
        let rings = plan.rings.iter().map(|key| ring(key.groups)).collect();
        let line = |key: &DelayKey| Buffer::silent(key.from.groups, key.frames as usize);
        let delays = plan.delays.iter().map(line).collect();
        let groups = plan.groups();
        let pool = Pool::new(plan.mono_buffers, plan.poly_buffers, groups, &plan.constants);
        let lines = |schedule: &Schedule| schedule.slots.iter().map(|&s| pool.line(s)).collect();
        let lines = [lines(&plan.steady), plan.transition.as_ref().map(lines).unwrap_or_default()];
        let taps = Taps::new(plan.nodes.len());
        let mut graph = Self {
            nodes,
            banks: bank::build(&plan, registry, sample_rate),
            apart: Apart::new(&plan),
            unsettled: true,
            rings,
            delays,
            pool,
            lines,
            hands: Hands::new(&plan),
            sample_rate,
            ramp_frames: (CABLE_RAMP_SECONDS * sample_rate).ceil().max(1.0) as u64,
            ramp_start: 0,
            in_transition: false,
            smoothing_frames: (SMOOTHING_SECONDS * sample_rate) as u64,
            peaks: Box::new([0.0; MAX_VOICES]),
            running: 0,
            arch: crate::simd::arch(),
            roster: Roster::new(&plan),
            sleep: Sleep::new(&plan),
            taps,
            plan,
        };
        graph.fill_banks();
        Some(graph)
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

    /// Renders one chunk of `frames` frames from absolute frame `start`; the chunk must not cross
    /// a multiple of `longest_chunk`.
    pub(crate) fn render(
        &mut self,
        frames: usize,
        start: u64,
        mut world: World<'_>,
        observer: &mut impl Observer,
    ) {
        if self.unsettled {
            self.settle_banks();
        }
        let plan = Arc::clone(&self.plan);
        let (schedule, which) = match (&plan.transition, self.in_transition) {
            (Some(transition), true) => (transition, 1),
            _ => (&plan.steady, 0),
        };
        // Taken out meanwhile: steps change all of the graph but this.
        let lines = std::mem::take(&mut self.lines[which]);
        let chunk = Section::new(frames, start, world.voices.sounding());
        let quiet = chunk.groups == 0 && self.is_quiet(world.audio_in);
        let mut still = quiet;
        for step in &schedule.steps {
            match step {
                Step::Mix { to, sources } => self.mix(&chunk, *to, schedule.sources(sources)),
                Step::Run { node, inputs, outputs, connected, read } => {
                    let lines = (&lines[span(inputs)], &lines[span(outputs)]);
                    let (ports, world) = ((*connected, *read), world.reborrow());
                    still &= self.run(&chunk, *node, lines, ports, world, observer);
                }
                Step::Bank { bank, inputs, outputs, connected, read } => {
                    let lines = (&lines[span(inputs)], &lines[span(outputs)]);
                    let (bank, ports) = (&plan.banks[*bank as usize], (*connected, *read));
                    let world = world.reborrow();
                    still &= self.run_bank(&chunk, bank, lines, ports, world, observer);
                }
                Step::Gather { to, lanes } => {
                    let to = self.pool.line(*to);
                    self.gather(&chunk, to, &lines[span(lanes)]);
                }
                Step::Delay { line, from, to } => self.delay(&chunk, *line as usize, *from, *to),
                Step::Store { ring, from } => self.store(&chunk, *ring as usize, *from),
            }
        }
        self.lines[which] = lines;
        self.sleep.asleep = still && self.sleep.free.is_some();
    }

    /// Runs a module. True when it rests: as long as what it reads stays as it is, so do its state
    /// and what it gives. Of those that run free, it is true while nobody plays.
    fn run(
        &mut self,
        chunk: &Section,
        index: NodeIndex,
        (inputs, outputs): (&[Line], &[Line]),
        (connected, read): (u64, u64),
        world: World<'_>,
        observer: &mut impl Observer,
    ) -> bool {
        let Member { key, seat, free, .. } = self.roster.members[index as usize];
        let Some(node) = self.nodes[seat as usize].as_mut() else { return true };
        if key.groups > 0 && chunk.groups == 0 {
            // Nobody plays it, so nobody reads it.
            self.taps.ran(index, key.groups, chunk.groups, chunk.frames, &[]);
            return true;
        }
        self.running = index;
        // What runs free goes on in a patch that sleeps.
        let mut rests = free;
        let buffers = self.hands.of(key.groups > 0, outputs.len());
        self.pool.exchange_all(read, outputs, buffers);
        let looked_at = read | self.taps.of(index);
        node.instance.process(Chunk {
            frames: chunk.frames,
            start: chunk.start,
            sample_rate: self.sample_rate as f32,
            groups: chunk.groups,
            pool: &self.pool,
            inputs,
            connected,
            read: looked_at,
            outputs: buffers,
            params: &node.params,
            gates: std::slice::from_ref(&node.gate),
            settled: None,
            world,
            rests: &mut rests,
        });
        observer.ran(index, key.groups, chunk.frames, looked_at, buffers);
        self.taps.ran(index, key.groups, chunk.groups, chunk.frames, buffers);
        self.pool.exchange_all(read, outputs, buffers);
        rests
    }
}

/// Frames to render and who sounds in them.
struct Section {
    frames: usize,
    start: u64,
    /// Bit v: voice v sounds.
    sounding: u64,
    /// Bit g: a voice of lane group g sounds.
    groups: u8,
}

impl Section {
    fn new(frames: usize, start: u64, sounding: u64) -> Self {
        let sounds = |g: usize| u8::from(sounding >> (g * LANES) & 0xFFFF != 0) << g;
        let groups = (0..MAX_GROUPS).fold(0, |groups, g| groups | sounds(g));
        Self { frames, start, sounding, groups }
    }

    /// Those of `groups` lane groups that sound.
    #[inline(always)]
    fn sounding_groups(&self, groups: usize) -> impl Iterator<Item = usize> + use<> {
        bits(u64::from(self.groups) & ((1 << groups) - 1))
    }

    /// All bits of the lanes of `group` whose voice sounds, none of the others.
    #[inline(always)]
    fn heard(&self, group: usize) -> [u32; LANES] {
        let sounding = (self.sounding >> (group * LANES)) as u32;
        let mut heard = [0; LANES];
        for (lane, heard) in heard.iter_mut().enumerate() {
            *heard = (sounding >> lane & 1).wrapping_neg();
        }
        heard
    }
}

/// The seed of a module: a hash of its id (FNV-1a, spread).
fn seed(id: &str) -> u64 {
    let hash = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3);
    splitmix(id.bytes().fold(0xCBF2_9CE4_8422_2325, hash))
}
