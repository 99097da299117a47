//! The knobs of a module, and how it sees them: at every frame of a chunk a row, one value a lane.

use aligned_vec::avec;

use crate::lanes::LANES;
use crate::pool::{CACHE_LINE, CacheLines};
use crate::ramp::Ramp;

/// The knobs of one module, or of those that share a bank.
pub struct Knobs {
    /// Frame from which on none of them moves.
    settles: u64,
    /// Grows whenever one is turned.
    turns: u64,
    /// Param p of lane l at p * lanes + l.
    ramps: Box<[Ramp]>,
    /// In a bank.
    each: Option<Box<Each>>,
}

/// Of knobs that each lane has for itself, where they go: so that 16 ramps need not be asked as long
/// as none moves.
struct Each {
    /// By param and lane.
    targets: CacheLines,
    /// By param, the frame from which on all lanes have their targets' values.
    ends: Box<[u64]>,
}

impl Knobs {
    /// Knobs on `ramps`, one a param; or in a bank `LANES` a param.
    #[must_use]
    pub(crate) fn new(ramps: impl Iterator<Item = Ramp>, bank: bool) -> Self {
        let ramps: Box<[Ramp]> = ramps.collect();
        let last = |ramps: &[Ramp]| ramps.iter().fold(0, |last, ramp| last.max(ramp.end()));
        let each = bank.then(|| {
            let mut targets = avec![[CACHE_LINE]| 0.0; ramps.len()].into_boxed_slice();
            targets.iter_mut().zip(&ramps).for_each(|(target, ramp)| *target = ramp.target());
            Box::new(Each { targets, ends: ramps.chunks(LANES).map(last).collect() })
        });
        Self { settles: last(&ramps), turns: 0, ramps, each }
    }

    fn lanes(&self) -> usize {
        if self.each.is_some() { LANES } else { 1 }
    }

    /// How many params they are of.
    pub(crate) fn params(&self) -> usize {
        self.ramps.len() / self.lanes()
    }

    /// Param `p` of lane `lane`.
    #[must_use]
    pub(crate) fn get(&self, p: usize, lane: usize) -> Ramp {
        self.ramps[p * self.lanes() + lane]
    }

    /// Sets param `p` of lane `lane`. It is turned only where that makes a difference.
    pub(crate) fn set(&mut self, p: usize, lane: usize, ramp: Ramp) {
        let at = p * self.lanes() + lane;
        if self.ramps[at].is(&ramp) {
            return;
        }
        self.ramps[at] = ramp;
        if let Some(each) = &mut self.each {
            each.targets[at] = ramp.target();
            // Not less than another lane's, which may be under way; too late does no harm.
            each.ends[p] = each.ends[p].max(ramp.end());
        }
        self.settles = self.settles.max(ramp.end());
        self.turns += 1;
    }

    /// Sets all params of lane `lane` as those of lane `from`.
    pub(crate) fn copy_lane(&mut self, lane: usize, from: usize) {
        for p in 0..self.params() {
            self.set(p, lane, self.get(p, from));
        }
    }

    /// Sets all as those of `other`, of a module of the same kind by itself.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        for p in 0..self.params() {
            self.set(p, 0, other.get(p, 0));
        }
    }

    /// The targets of param `p`, by lane, in a bank.
    pub(crate) fn targets(&self, p: usize) -> &[f32] {
        self.each.as_ref().map_or(&[], |each| &each.targets[p * LANES..][..LANES])
    }

    /// True when none moves from frame `start` on.
    #[inline(always)]
    pub(crate) fn still(&self, start: u64) -> bool {
        start >= self.settles
    }

    /// Grows whenever one is turned.
    #[inline(always)]
    pub(crate) fn turns(&self) -> u64 {
        self.turns
    }

    /// Counts a turn, though none is turned.
    pub(crate) fn touch(&mut self) {
        self.turns += 1;
    }

    /// True when each lane has its own.
    #[inline(always)]
    pub(crate) fn is_bank(&self) -> bool {
        self.each.is_some()
    }
}

/// The knobs in this chunk.
#[derive(Clone, Copy)]
pub struct Params<'a, const L: usize> {
    ramps: &'a [Ramp],
    settled: Option<Settled<'a>>,
    /// None of those that all lanes share moves.
    still: bool,
    start: u64,
}

/// `Each` as a chunk sees it.
#[derive(Clone, Copy, Debug)]
struct Settled<'a> {
    /// By param and lane.
    targets: &'a [f32],
    /// By param: the frame from which on all lanes have their targets' values.
    ends: &'a [u64],
}

impl<'a, const L: usize> Params<'a, L> {
    /// `knobs` in the chunk that starts at frame `start`; `alike` where all lanes have the same.
    #[inline(always)]
    pub(crate) fn new(knobs: &'a Knobs, alike: bool, start: u64) -> Self {
        let each = knobs.each.as_ref().filter(|_| !alike);
        let settled = each.map(|each| Settled { targets: &each.targets, ends: &each.ends });
        Self { ramps: &knobs.ramps, settled, still: knobs.still(start), start }
    }

    /// The first `N` params.
    #[inline(always)]
    #[must_use]
    pub fn first<const N: usize>(&self) -> [Knob<'a, L>; N] {
        // Cut to length first, so that each is found without a look at the end.
        let settled = self.settled.map(|settled| Settled {
            targets: &settled.targets[..N * L],
            ends: &settled.ends[..N],
        });
        let ramps = if settled.is_some() { N * L } else { N };
        let params = Self { ramps: &self.ramps[..ramps], settled, ..*self };
        // A loop, not `from_fn`: that is not always inlined.
        let mut knobs = [params.get(0); N];
        for (i, knob) in knobs.iter_mut().enumerate() {
            *knob = params.get(i);
        }
        knobs
    }

    /// Param `index`, smoothed by the engine, within its range.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, index: usize) -> Knob<'a, L> {
        let ramps = match self.settled {
            Some(settled) => Ramps::Each(
                &self.ramps.as_chunks::<L>().0[index],
                &settled.targets.as_chunks::<L>().0[index],
                settled.ends[index],
            ),
            _ => Ramps::Alike(&self.ramps[index], self.still),
        };
        Knob { ramps, start: self.start }
    }
}

/// A knob of `L` lanes as one chunk sees it: by frame offset.
#[derive(Clone, Copy, Debug)]
pub struct Knob<'a, const L: usize> {
    ramps: Ramps<'a, L>,
    start: u64,
}

/// Voices of one module share its knobs, so most groups have one ramp for all lanes.
#[derive(Clone, Copy, Debug)]
enum Ramps<'a, const L: usize> {
    /// It does not move where the flag says so.
    Alike(&'a Ramp, bool),
    /// With their targets, and the frame from which on all are there.
    Each(&'a [Ramp; L], &'a [f32; L], u64),
}

/// The value of a ramp at `frame`, where it is known whether it is still.
#[inline(always)]
fn value(ramp: &Ramp, still: bool, frame: u64) -> f32 {
    if still { ramp.target() } else { ramp.at(frame) }
}

impl<const L: usize> Knob<'_, L> {
    /// Values at offset `k` in the chunk.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, k: usize) -> [f32; L] {
        let frame = self.start + k as u64;
        match self.ramps {
            Ramps::Alike(ramp, still) => [value(ramp, still, frame); L],
            Ramps::Each(_, targets, end) if frame >= end => *targets,
            Ramps::Each(ramps, ..) => row(ramps, frame),
        }
    }

    /// A function of the values at offset `k`: computed once where all lanes have the same.
    #[inline(always)]
    #[must_use]
    pub fn map<T: Copy>(&self, k: usize, f: impl Fn(f32) -> T) -> [T; L] {
        let frame = self.start + k as u64;
        match self.ramps {
            Ramps::Alike(ramp, still) => [f(value(ramp, still, frame)); L],
            Ramps::Each(ramps, targets, end) => {
                let values = if frame >= end { *targets } else { row(ramps, frame) };
                // All of them, though the first is known: so they become vectors.
                let mut results = [f(values[0]); L];
                for l in 0..L {
                    results[l] = f(values[l]);
                }
                results
            }
        }
    }

    /// True when a lane's value may change in this chunk.
    #[inline(always)]
    #[must_use]
    pub fn moves(&self) -> bool {
        match self.ramps {
            Ramps::Alike(ramp, still) => !still && !ramp.settled(self.start),
            Ramps::Each(.., end) => self.start < end,
        }
    }

    /// The values of the whole chunk, where no lane's changes in it.
    #[inline(always)]
    #[must_use]
    pub fn settled(&self) -> Option<[f32; L]> {
        (!self.moves()).then(|| self.at(0))
    }

    /// Values at the first frame: for those that do not ramp.
    #[inline(always)]
    #[must_use]
    pub fn value(&self) -> [f32; L] {
        self.at(0)
    }

    /// Value at the first frame as a position in a param's choices: of lane 0, because lanes of one
    /// group have the same choices.
    #[inline(always)]
    #[must_use]
    pub fn choice(&self) -> usize {
        let value = match self.ramps {
            Ramps::Alike(ramp, still) => value(ramp, still, self.start),
            Ramps::Each(_, targets, end) if self.start >= end => targets[0],
            Ramps::Each(ramps, ..) => ramps[0].at(self.start),
        };
        usize::from(value as u8)
    }
}

/// The values of ramps at one frame. A call, so that what all lanes have alike stays in registers
/// and the code of modules small.
#[inline(never)]
fn row<const L: usize>(ramps: &[Ramp; L], frame: u64) -> [f32; L] {
    let mut row = [0.0; L];
    for (value, ramp) in row.iter_mut().zip(ramps) {
        *value = ramp.at(frame);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_move_by_themselves() {
        let mut knobs = Knobs::new([Ramp::constant(2.0); 2 * LANES].into_iter(), true);
        knobs.set(1, 0, Ramp::new(0.0, 1.0, 8, 4));
        let knob = |index, start| Params::<LANES>::new(&knobs, false, start).get(index);
        let lanes = |at| knob(1, at).at(1)[..2].to_vec();
        assert_eq!([lanes(0), lanes(9), lanes(20)], [[0.0, 2.0], [0.5, 2.0], [1.0, 2.0]]);
        assert_eq!(knob(0, 0).settled(), Some([2.0; LANES]));
        assert!(knob(1, 11).settled().is_none());
        assert_eq!(knob(1, 12).settled().map(|row| [row[0], row[1]]), Some([1.0, 2.0]));
        assert_eq!(knob(1, 9).map(1, |x| x * 2.0)[..2], [1.0, 4.0]);
    }

    #[test]
    fn one_ramp_is_all_lanes() {
        let knobs = Knobs::new([Ramp::constant(3.0), Ramp::new(0.0, 1.0, 0, 2)].into_iter(), false);
        let params = Params::<4>::new(&knobs, true, 1);
        assert_eq!((params.get(0).settled(), params.get(0).choice()), (Some([3.0; 4]), 3));
        assert!(params.get(1).moves() && params.get(1).value() == [0.5; 4]);
        let params = Params::<4>::new(&knobs, true, 2);
        assert_eq!((params.get(1).settled(), params.get(1).at(7)), (Some([1.0; 4]), [1.0; 4]));
    }

    #[test]
    fn what_is_set_is_seen_and_counted() {
        let mut knobs = Knobs::new((0..2 * LANES).map(|x| Ramp::constant(x as f32)), true);
        knobs.set(1, 2, Ramp::new(5.0, 9.0, 4, 4));
        assert_eq!((&knobs.targets(1)[..4], knobs.turns()), (&[16.0, 17.0, 9.0, 19.0][..], 1));
        assert!(!knobs.still(7) && knobs.still(8));
        knobs.set(1, 2, Ramp::new(5.0, 9.0, 4, 4));
        assert_eq!(knobs.turns(), 1, "as it was");
        knobs.copy_lane(0, 2);
        assert_eq!([knobs.targets(0)[0], knobs.targets(1)[0]], [2.0, 9.0]);
        let mut own = Knobs::new([Ramp::constant(0.0)].into_iter(), false);
        let (turns, moving) = (own.turns(), Knobs::new([knobs.get(1, 2)].into_iter(), false));
        own.copy_from(&moving);
        assert_eq!(own.get(0, 0).at(6), 7.0);
        assert!(!own.still(7) && own.turns() > turns && !own.is_bank());
    }
}
