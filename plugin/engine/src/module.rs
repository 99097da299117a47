//! What a module author implements: `Module`, over what the engine hands it each chunk: `Io`, or
//! `Again` where nothing but signals has changed.
//!
//! # Realtime
//! `Module::process` runs on the DSP thread: no allocation, lock, log, syscall or wait. Everything
//! a module needs is allocated in `Storage::new`, on the builder.

use crate::knob::Params;
use crate::lanes::LaneState;
use crate::pool::{Buffer, Line, Pool};
use crate::voices::Voices;
use crate::world::World;

/// Longest chunk in frames; chunks never cross an absolute multiple of it.
pub const BLOCK: usize = 64;
/// Frames that a feedback cable delays. Chunks of a patch that has one never cross an absolute multiple
/// of it: its consumer reads a chunk before its producer has written one.
pub const FEEDBACK_FRAMES: usize = 32;

/// A module over `L` lanes: 1, or `LANES` where each lane is a voice, or a module of its own. Write
/// the code once, generic over `L`; all give the same bits.
pub trait Module<const L: usize>: LaneState<L> {
    /// Large memory (delay lines, reverbs), allocated when the module is built; `()` for none.
    type Storage: Storage;

    /// Completes the initial state with what depends on sample rate and identity (seeds).
    #[inline(always)]
    fn start(&mut self, setup: &Setup) {
        let _ = setup;
    }

    /// Renders one chunk: writes every frame of every output.
    ///
    /// The result may depend on the absolute frame (`Io::start`), never on how frames are cut into
    /// chunks. Mark it `#[inline(always)]`, so that it is compiled for each instruction set.
    fn process(&mut self, storage: &mut Self::Storage, io: Io<'_, L>);

    /// True where `again` is worth being asked.
    const KEEPS: bool = false;

    /// What lane `lane` has kept, in the module's own count; 0 for nothing. Lanes that have kept the same may
    /// go on with `again` side by side, wherever each comes from: whatever else that uses is lane state.
    #[inline(always)]
    fn kept(&self, lane: usize) -> u32 {
        let _ = lane;
        0
    }

    /// Renders one chunk from what the last `process` kept, bit for bit as that would: asked first
    /// where no knob moves, none was turned since the last chunk that this state has rendered, and
    /// cables end at the same inputs as then. False says that it has not, and has changed nothing;
    /// `process` is called then.
    ///
    /// It sees no knobs, notes or song. Inputs may move that did not before, those without a cable too: a
    /// normal that is not 0 fades as a cable does, or may be another input's signal. Mark it
    /// `#[inline(always)]` too.
    #[inline(always)]
    fn again(&mut self, io: Again<'_, L>) -> bool {
        let _ = io;
        false
    }
}

/// A module's large memory.
pub trait Storage: Send + 'static {
    /// True when there is none.
    const NONE: bool = false;

    /// Allocates it. Runs on the builder.
    fn new(setup: &Setup) -> Self;

    /// Forgets everything, in time that does not grow with the memory. Runs on any thread.
    fn reset(&mut self);
}

impl Storage for () {
    const NONE: bool = true;

    fn new(_: &Setup) -> Self {}

    fn reset(&mut self) {}
}

/// What a module is built for.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Frames a second, 8,000..=768,000 in normal use.
    pub sample_rate: f64,
    /// Hash of the ModuleId: the source of all its randomness.
    pub seed: u64,
    /// Voice of lane 0.
    pub first_lane: usize,
}

impl Setup {
    /// The seed of lane `lane`, never 0.
    #[must_use]
    pub fn lane_seed(&self, lane: usize) -> u64 {
        splitmix(self.seed ^ splitmix((self.first_lane + lane) as u64 + 1)).max(1)
    }
}

/// One step of the SplitMix64 generator (Steele, Lea, Flood 2014): spreads neighbouring seeds.
#[must_use]
pub fn splitmix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// One chunk of work for `L` lanes.
pub struct Io<'a, const L: usize> {
    /// Frames to render, 1..=BLOCK.
    pub frames: usize,
    /// Absolute number of the first frame, counted from activation.
    pub start: u64,
    /// Frames a second.
    pub sample_rate: f32,
    /// What the inputs read.
    pub inputs: Inputs<'a, L>,
    /// The knobs.
    pub params: Params<'a, L>,
    /// Where to write.
    pub outputs: Outputs<'a, L>,
    pub(crate) gates: &'a [f32],
    /// Voice of lane 0; of no meaning where lanes are modules (a bank).
    pub first_lane: usize,
    /// The host: notes, audio, macros, transport.
    pub world: World<'a>,
    pub(crate) rests: &'a mut bool,
}

impl<const L: usize> Io<'_, L> {
    /// Says that the module rests: as long as inputs, knobs and gate keep the values that they have
    /// in this chunk, whatever the song does, its state and its outputs stay as they are after it. A
    /// patch in which all modules rest and nobody plays is not rendered.
    #[inline(always)]
    pub fn rest(&mut self) {
        *self.rests = true;
    }

    /// What `/gate/ID` says: 0 or 1 a lane.
    #[inline(always)]
    #[must_use]
    pub fn gate(&self) -> [f32; L] {
        let alike = [self.gates.first().copied().unwrap_or_default(); L];
        self.gates.first_chunk().copied().unwrap_or(alike)
    }

    /// The notes.
    #[must_use]
    pub fn voices(&self) -> &Voices {
        self.world.voices
    }
}

/// One chunk of work for `L` lanes in which nothing but signals has changed.
pub struct Again<'a, const L: usize> {
    /// Frames to render, 1..=BLOCK.
    pub frames: usize,
    /// Absolute number of the first frame.
    pub start: u64,
    /// What the inputs read.
    pub inputs: Inputs<'a, L>,
    /// Where to write.
    pub outputs: Outputs<'a, L>,
}

/// What the inputs read in this chunk. `Copy`, so that it does not bind the outputs.
#[derive(Clone, Copy)]
pub struct Inputs<'a, const L: usize> {
    pub(crate) pool: &'a Pool,
    pub(crate) lines: &'a [Line],
    pub(crate) connected: u64,
    pub(crate) group: usize,
    pub(crate) frames: usize,
}

impl<'a, const L: usize> Inputs<'a, L> {
    /// Frames of input `index`, `io.frames` of them.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, index: usize) -> &'a [[f32; L]] {
        self.pool.read(self.lines[index], self.group, self.frames)
    }

    /// True when a cable ends at input `index`.
    #[inline(always)]
    #[must_use]
    pub fn connected(&self, index: usize) -> bool {
        self.connected >> index & 1 == 1
    }

    /// True when every lane of input `index` keeps its value through the chunk, so that what depends
    /// on it may be computed once. False says nothing.
    #[inline(always)]
    #[must_use]
    pub fn steady(&self, index: usize) -> bool {
        self.pool.steady(self.lines[index], self.group)
    }

    /// True when input `index` is known to be silent through the chunk. False says nothing.
    #[inline(always)]
    #[must_use]
    pub fn silent(&self, index: usize) -> bool {
        let zero = |row: &[f32; L]| row.iter().all(|x| x.to_bits() == 0);
        self.steady(index) && self.get(index).first().is_some_and(zero)
    }
}

/// Where a chunk is written to.
pub struct Outputs<'a, const L: usize> {
    pub(crate) buffers: &'a mut [Buffer],
    pub(crate) connected: u64,
    pub(crate) group: usize,
    pub(crate) frames: usize,
}

impl<const L: usize> Outputs<'_, L> {
    /// True when somebody reads output `index`. The others may be left as they are.
    #[inline(always)]
    #[must_use]
    pub fn connected(&self, index: usize) -> bool {
        self.connected >> index & 1 == 1
    }

    /// Writes `row` to all frames of output `index`: those who read it then know that it keeps its
    /// values through the chunk.
    #[inline(always)]
    pub fn fill(&mut self, index: usize, row: [f32; L]) {
        self.buffers[index].fill(self.group, self.frames, row);
    }

    /// Frames of output `index`, `io.frames` of them. They hold old data: write all.
    #[inline(always)]
    pub fn get(&mut self, index: usize) -> &mut [[f32; L]] {
        self.buffers[index].write(self.group, self.frames)
    }

    /// The first `N` outputs at once: `let [out, env] = io.outputs.split();`
    #[inline(always)]
    pub fn split<const N: usize>(&mut self) -> [&mut [[f32; L]]; N] {
        let (group, frames) = (self.group, self.frames);
        let mut buffers = self.buffers.iter_mut();
        std::array::from_fn(|_| match buffers.next() {
            Some(buffer) => buffer.write(group, frames),
            None => &mut [],
        })
    }
}
