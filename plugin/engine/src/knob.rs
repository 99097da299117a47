//! Knobs as modules see them: at every frame of a chunk a row, one value a lane.

use crate::ramp::Ramp;

/// The knobs in this chunk.
#[derive(Clone, Copy)]
pub struct Params<'a, const L: usize> {
    ramps: &'a [Ramp],
    settled: Option<Settled<'a>>,
    /// None of those that all lanes share moves.
    still: bool,
    start: u64,
}

/// Of knobs that each lane has for itself, where they go: so that 16 ramps need not be asked as long
/// as none moves.
#[derive(Clone, Copy, Debug)]
pub struct Settled<'a> {
    /// By param and lane.
    pub targets: &'a [f32],
    /// By param: the frame from which on all lanes have their targets' values.
    pub ends: &'a [u64],
}

impl<'a, const L: usize> Params<'a, L> {
    /// Knobs in the chunk that starts at frame `start`. `ramps` holds one ramp a param, or where
    /// each lane has its own, which `settled` tells of, `L` a param: those of a param side by side.
    /// One ramp a param need not be asked where all of them are `still` from there on.
    #[inline(always)]
    pub(crate) fn new(
        ramps: &'a [Ramp],
        settled: Option<Settled<'a>>,
        still: bool,
        start: u64,
    ) -> Self {
        Self { ramps, settled: settled.filter(|_| L > 1), still, start }
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

/// The targets of ramps of a bank, and for each param the frame from which on all of them are there.
pub(crate) fn settled(ramps: &[Ramp], lanes: usize) -> (Box<[f32]>, Box<[u64]>) {
    let last = |ramps: &[Ramp]| ramps.iter().fold(0, |last, ramp| last.max(ramp.end()));
    (ramps.iter().map(Ramp::target).collect(), ramps.chunks(lanes).map(last).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_move_by_themselves() {
        let still = Ramp::constant(2.0);
        let moving = Ramp::new(0.0, 1.0, 8, 4);
        let ramps = [still, still, moving, still];
        let (targets, ends) = settled(&ramps, 2);
        let settled = Some(Settled { targets: &targets, ends: &ends });
        let knob = |at| Params::<2>::new(&ramps, settled, false, at).get(1).at(1);
        assert_eq!([knob(0), knob(9), knob(20)], [[0.0, 2.0], [0.5, 2.0], [1.0, 2.0]]);
        let knob = |index, start| Params::<2>::new(&ramps, settled, false, start).get(index);
        assert_eq!(knob(0, 0).settled(), Some([2.0; 2]));
        assert_eq!((knob(1, 11).settled(), knob(1, 12).settled()), (None, Some([1.0, 2.0])));
        assert_eq!(knob(1, 9).map(1, |x| x * 2.0), [1.0, 4.0]);
    }

    #[test]
    fn one_ramp_is_all_lanes() {
        let ramps = [Ramp::constant(3.0), Ramp::new(0.0, 1.0, 0, 2)];
        let params = Params::<4>::new(&ramps, None, false, 1);
        assert_eq!((params.get(0).settled(), params.get(0).choice()), (Some([3.0; 4]), 3));
        assert!(params.get(1).moves() && params.get(1).value() == [0.5; 4]);
        let params = Params::<4>::new(&ramps, None, true, 2);
        assert_eq!((params.get(1).settled(), params.get(1).at(7)), (Some([1.0; 4]), [1.0; 4]));
    }
}
