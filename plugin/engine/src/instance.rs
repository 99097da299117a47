//! A built module: `Module` code with its state and storage at one width, behind one virtual call
//! a chunk. What that call does is compiled for each instruction set: a chunk in which nothing but signals
//! has changed (`Module::again`), and any (`Module::process`); and of both in each set, what is usual by
//! itself.

use pulp::{Arch, Simd, WithSimd};

use crate::knob::{Knobs, Params};
use crate::lanes::{LANE_WORDS, LANES, LaneWords};
use crate::module::{Again, BLOCK, Inputs, Io, Module, Outputs, Setup, Storage};
use crate::pool::{Buffer, Line, Pool, bits};
use crate::simd::dispatch;
use crate::spec::{Source, Spec, Width};
use crate::world::Section;

/// A kind: its spec and how to build it.
#[derive(Clone, Copy)]
pub struct Kind {
    /// What it declares.
    pub spec: &'static Spec,
    mono: fn(&Setup) -> Box<dyn Instance>,
    poly: fn(&Setup, usize) -> Box<dyn Instance>,
    /// All it remembers is lane state.
    lanes_only: bool,
}

impl Kind {
    /// The kind of module `A` (its one-lane form) and `B` (its lane-group form).
    #[must_use]
    pub const fn of<A: Module<1>, B: Module<LANES>>(spec: &'static Spec) -> Self {
        Self {
            spec,
            mono: |setup| Box::new(Built::<A, 1>::new(setup, 1)),
            poly: |setup, groups| Box::new(Built::<B, LANES>::new(setup, groups)),
            lanes_only: B::Storage::NONE,
        }
    }

    /// Builds a mono instance (`groups` = 0) or one of `groups` lane groups.
    #[must_use]
    pub fn build(&self, setup: &Setup, groups: usize) -> Box<dyn Instance> {
        if groups == 0 { (self.mono)(setup) } else { (self.poly)(setup, groups) }
    }

    /// True when separate mono modules of the kind may be the lanes of one group, a bank: what
    /// they remember is lane state alone, and what they are to the world does not depend on which
    /// lane they have. Sinks, and those who read notes, host audio or macros, stay by themselves.
    #[must_use]
    pub fn shares_lanes(&self) -> bool {
        let Spec { sink, source, width, .. } = *self.spec;
        let inward = matches!(source, Source::None | Source::Free);
        self.lanes_only && inward && !sink && matches!(width, Width::Widest | Width::Bus)
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kind({})", self.spec.kind)
    }
}

/// Declares the module's kind: `kind!(SPEC, Vcf)` gives `pub const KIND`.
#[macro_export]
macro_rules! kind {
    ($spec:ident, $module:ident) => {
        /// This kind, for the registry.
        pub const KIND: $crate::Kind =
            $crate::Kind::of::<$module<1>, $module<{ $crate::LANES }>>(&$spec);
    };
}

/// What a step hands to an instance.
pub struct Chunk<'a, 'w> {
    /// The frames to render, and the host in them.
    pub section: &'a mut Section<'w>,
    /// Bit g: lane group g sounds.
    pub groups: u8,
    /// Signals.
    pub pool: &'a Pool,
    /// Where the inputs read.
    pub inputs: &'a [Line],
    /// Bit i: a cable ends at input i.
    pub connected: u64,
    /// Bit o: somebody reads output o.
    pub read: u64,
    /// The output buffers, taken out of the pool.
    pub outputs: &'a mut [Buffer],
    /// The knobs: one for all lanes, or in a bank `LANES` of them.
    pub knobs: &'a Knobs,
    /// `/gate/ID`: as many.
    pub gates: &'a [f32],
    /// Set by a module that rests (`Io::rest`).
    pub rests: &'a mut bool,
}

/// A built module.
pub trait Instance: Send {
    /// Renders one chunk.
    fn process(&mut self, chunk: &mut Chunk<'_, '_>);

    /// Back to the state of a new module.
    fn reset(&mut self);

    /// Copies the state of `lane` out.
    fn save_lane(&self, lane: usize, words: &mut LaneWords);

    /// The state of `lane`.
    fn lane(&self, lane: usize) -> LaneWords {
        let mut words = [0; LANE_WORDS];
        self.save_lane(lane, &mut words);
        words
    }

    /// Copies the state of `lane` in.
    fn load_lane(&mut self, lane: usize, words: &LaneWords);

    /// Where cables ended (`Chunk::connected`) when `lane` kept what holds for `knobs` as they are; none
    /// where it keeps nothing that does.
    fn kept(&self, lane: usize, knobs: &Knobs) -> Option<u64>;

    /// Says that `lane`, which has just come, and those that were there before keep what holds for `knobs`
    /// and `connected`. Does nothing where they have not kept the same (`Module::kept`).
    fn keep(&mut self, lane: usize, knobs: &Knobs, connected: u64);
}

struct Built<M: Module<L>, const L: usize> {
    arch: Arch,
    groups: Vec<Group<M, L>>,
}

struct Group<M: Module<L>, const L: usize> {
    setup: Setup,
    state: M,
    storage: M::Storage,
    seen: Seen,
}

/// What a state has seen last: `Knobs::turns`, where no knob moved, and `Chunk::connected`.
#[derive(Clone, Copy, PartialEq)]
struct Seen(u64, u64);

impl Seen {
    /// No chunk in which no knob moved.
    const NOTHING: Self = Self(u64::MAX, 0);
}

impl<M: Module<L>, const L: usize> Built<M, L> {
    fn new(setup: &Setup, groups: usize) -> Self {
        const { assert!(M::WORDS <= LANE_WORDS, "lane state over 256 bytes") };
        let groups = (0..groups).map(|group| {
            let setup = Setup { first_lane: setup.first_lane + group * L, ..*setup };
            let mut state = M::initial();
            state.start(&setup);
            Group { setup, state, storage: M::Storage::new(&setup), seen: Seen::NOTHING }
        });
        Self { arch: crate::simd::arch(), groups: groups.collect() }
    }
}

impl<M: Module<L>, const L: usize> Instance for Built<M, L> {
    fn process(&mut self, chunk: &mut Chunk<'_, '_>) {
        // Mono signals have one group, whoever sounds.
        let groups = if L == 1 { 1 } else { u64::from(chunk.groups) };
        let still = chunk.knobs.still(chunk.section.start);
        let now = if still { Seen(chunk.knobs.turns(), chunk.connected) } else { Seen::NOTHING };
        let still = M::KEEPS && still;
        for at in bits(groups) {
            let Some(group) = self.groups.get_mut(at) else { return };
            let seen = std::mem::replace(&mut group.seen, now);
            if still && seen == now {
                let state = &mut group.state;
                if dispatch(self.arch, Repeat::<M, L> { state, at, chunk: &mut *chunk }) {
                    continue;
                }
            }
            dispatch(self.arch, Run { group, at, chunk: &mut *chunk });
        }
    }

    fn reset(&mut self) {
        for group in &mut self.groups {
            group.state = M::initial();
            group.state.start(&group.setup);
            group.storage.reset();
            group.seen = Seen::NOTHING;
        }
    }

    fn save_lane(&self, lane: usize, words: &mut LaneWords) {
        self.groups[lane / L].state.save_lane(lane % L, words);
    }

    fn load_lane(&mut self, lane: usize, words: &LaneWords) {
        let group = &mut self.groups[lane / L];
        group.state.load_lane(lane % L, words);
        group.seen = Seen::NOTHING;
    }

    fn kept(&self, lane: usize, knobs: &Knobs) -> Option<u64> {
        let Seen(turns, connected) = self.groups[lane / L].seen;
        (M::KEEPS && turns == knobs.turns()).then_some(connected)
    }

    fn keep(&mut self, lane: usize, knobs: &Knobs, connected: u64) {
        let Group { state, seen, .. } = &mut self.groups[lane / L];
        let kept = state.kept(lane % L);
        if kept > 0 && (0..L).all(|lane| state.kept(lane) == kept) {
            *seen = Seen(knobs.turns(), connected);
        }
    }
}

/// A chunk in which nothing but signals has changed.
struct Repeat<'a, 'b, 'w, M: Module<L>, const L: usize> {
    state: &'a mut M,
    /// Position of the group.
    at: usize,
    chunk: &'a mut Chunk<'b, 'w>,
}

impl<M: Module<L>, const L: usize> WithSimd for Repeat<'_, '_, '_, M, L> {
    type Output = bool;

    /// Compiled once for chunks of full length, and once for others.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        match self.chunk.section.frames {
            BLOCK => self.run(BLOCK),
            frames => self.run(frames),
        }
    }
}

impl<M: Module<L>, const L: usize> Repeat<'_, '_, '_, M, L> {
    #[inline(always)]
    fn run(self, frames: usize) -> bool {
        let Self { state, at, chunk } = self;
        let group = if L == 1 { 0 } else { at };
        let &mut Chunk { pool, inputs: lines, connected, read, .. } = chunk;
        state.again(Again {
            frames,
            start: chunk.section.start,
            inputs: Inputs { pool, lines, connected, group, frames },
            outputs: Outputs { buffers: chunk.outputs, connected: read, group, frames },
        })
    }
}

/// The body of the virtual call for one group; inlined into one function an instruction set.
struct Run<'a, 'b, 'w, M: Module<L>, const L: usize> {
    group: &'a mut Group<M, L>,
    /// Position of the group.
    at: usize,
    chunk: &'a mut Chunk<'b, 'w>,
}

impl<M: Module<L>, const L: usize> WithSimd for Run<'_, '_, '_, M, L> {
    type Output = ();

    /// Compiled once for the usual chunk, of full length and with the same knobs in all lanes, where
    /// loops have a known end and a knob is one register; and once for any other.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        match (self.chunk.section.frames, L == 1 || !self.chunk.knobs.is_bank()) {
            (BLOCK, true) => self.run(BLOCK, true),
            (frames, alike) => self.run(frames, alike),
        }
    }
}

impl<M: Module<L>, const L: usize> Run<'_, '_, '_, M, L> {
    /// Renders `frames` frames; where all lanes are `alike`, they have the same knobs.
    #[inline(always)]
    fn run(self, frames: usize, alike: bool) {
        let Self { group: Group { setup, state, storage, .. }, at, chunk } = self;
        debug_assert!(frames <= BLOCK);
        let at = if L == 1 { 0 } else { at };
        let section = &mut *chunk.section;
        let io = Io {
            frames,
            start: section.start,
            sample_rate: section.sample_rate,
            inputs: Inputs {
                pool: chunk.pool,
                lines: chunk.inputs,
                connected: chunk.connected,
                group: at,
                frames,
            },
            params: Params::new(chunk.knobs, alike, section.start),
            outputs: Outputs { buffers: chunk.outputs, connected: chunk.read, group: at, frames },
            gates: chunk.gates,
            first_lane: setup.first_lane,
            world: section.world.reborrow(),
            rests: &mut *chunk.rests,
        };
        state.process(storage, io);
    }
}
