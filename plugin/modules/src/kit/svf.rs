//! The state-variable filter (`dsp::svf`) over a chunk, for the modules that make responses of it.
//!
//! Frames go in pairs, the first of which has an even absolute number. Where a chunk ends between
//! them, the memory keeps what the second needs of the first: bits do not depend on where chunks
//! are cut.

use chronus_dsp::math::{clamp, exp2, gain_to_db, is_zero};
use chronus_dsp::svf::{self, Coefficients, Pair, State, Taps};
use chronus_engine::{Again, Axis, Curve, Settings, lanes};

use super::{differing, ends_block, settle};

lanes! {
    /// What a filter remembers.
    pub struct Svf {
        /// The first integrator, ahead of the pair under way.
        ic1eq: f32 = 0.0,
        /// The second.
        ic2eq: f32 = 0.0,
        /// What came in at the first frame of the pair under way; 0 where none is.
        x: f32 = 0.0,
        /// `Coefficients::keep` of the last frame.
        keep: f32 = 0.0,
        /// `Coefficients::cross` of the last frame.
        cross: f32 = 0.0,
        /// `Coefficients::follow` of the last frame.
        follow: f32 = 0.0,
        /// `Pair::keep` of two frames as the last one, and so on: not kept up while the corner moves.
        pair_keep: f32 = 0.0,
        /// `Pair::cross`.
        pair_cross: f32 = 0.0,
        /// `Pair::to_first` of the first input.
        to_first: f32 = 0.0,
        /// `Pair::to_second` of the first input.
        to_second: f32 = 0.0,
        /// `Corner::turns` of the last frame; no number in a new filter.
        turns: f32 = f32::NAN,
        /// `Corner::octaves` of the last frame.
        octaves: f32 = 0.0,
        /// `Corner::damping` of the last frame.
        damping: f32 = 0.0,
        /// `Corner::scale` of the last frame.
        scale: f32 = 0.0,
        /// What the module makes of the signals while the corner is held, in its own count, from 1 on; 0
        /// where what it makes is not kept.
        kept: u32 = 0,
    }
}

/// Where each lane's filter is set to at one frame.
#[derive(Clone, Copy)]
pub struct Corner<const L: usize> {
    /// Cycles a frame.
    pub turns: [f32; L],
    /// By how much higher.
    pub octaves: [f32; L],
    /// 1 / Q.
    pub damping: [f32; L],
    /// What the corner's tangent is scaled by.
    pub scale: [f32; L],
}

/// Lowest and highest decibels that a response is drawn with.
const DRAWN: (f32, f32) = (-48.0, 36.0);

/// The drawing of a response, of which `at` gives the decibels at a frequency.
pub const fn response(at: fn(&Settings<'_>, f32) -> f32) -> Curve {
    Curve { axis: Axis::Frequency, range: |_| DRAWN, at }
}

/// Decibels at `hertz` of a filter with its corner at `cutoff` Hz, from the coefficients that play,
/// for a mix of (input, band, low); within what is drawn.
pub fn decibels(
    (cutoff, damping, scale): (f32, f32, f32),
    mix: [f32; 3],
    (hertz, sample_rate): (f32, f32),
) -> f32 {
    let c = svf::coefficients(cutoff / sample_rate, damping, scale);
    clamp(gain_to_db(svf::gain(c, hertz / sample_rate, mix)), DRAWN.0, DRAWN.1)
}

/// Each lane's coefficients at one frame.
#[derive(Clone, Copy)]
struct Tuning<const L: usize> {
    keep: [f32; L],
    cross: [f32; L],
    follow: [f32; L],
}

impl<const L: usize> Tuning<L> {
    #[inline(always)]
    fn new(corner: &Corner<L>) -> Self {
        let [mut keep, mut cross, mut follow] = [[0.0; L]; 3];
        for l in 0..L {
            let turns = corner.turns[l] * exp2(corner.octaves[l]);
            let c = svf::coefficients(turns, corner.damping[l], corner.scale[l]);
            (keep[l], cross[l], follow[l]) = (c.keep, c.cross, c.follow);
        }
        Self { keep, cross, follow }
    }

    #[inline(always)]
    fn lane(&self, l: usize) -> Coefficients {
        Coefficients { keep: self.keep[l], cross: self.cross[l], follow: self.follow[l] }
    }
}

/// Each lane's signals at one frame.
#[derive(Clone, Copy)]
pub struct Signals<const L: usize> {
    /// What went in.
    pub x: [f32; L],
    /// The band, its peak as high as Q.
    pub band: [f32; L],
    /// The low.
    pub low: [f32; L],
}

impl<const L: usize> Signals<L> {
    const SILENT: Self = Self { x: [0.0; L], band: [0.0; L], low: [0.0; L] };

    #[inline(always)]
    fn set(&mut self, l: usize, x: f32, taps: Taps) {
        (self.x[l], self.band[l], self.low[l]) = (x, taps.band, taps.low);
    }
}

/// What goes through the filter, and what becomes of it, frame by frame.
pub trait Pass<const L: usize> {
    /// What makes a frame's output of its signals.
    type Mix: Copy;

    /// What goes in at frame `k`.
    fn input(&mut self, k: usize) -> [f32; L];

    /// Takes the signals of frame `k`.
    fn output(&mut self, k: usize, signals: Signals<L>, mix: &Self::Mix);
}

/// How frames are filtered and mixed.
pub trait Tune<M, const L: usize> {
    /// Those of frame `k`. Asked for frames in their order; where the corner is held, only for the first.
    fn tune(&mut self, k: usize) -> (Corner<L>, M);
}

/// The coefficients and the mix of frame `k`, where nothing is held.
#[inline(always)]
fn tuned<M, const L: usize>(tune: &mut impl Tune<M, L>, k: usize) -> (Tuning<L>, M) {
    let (corner, mix) = tune.tune(k);
    (Tuning::new(&corner), mix)
}

impl<const L: usize> Svf<L> {
    /// True when it stays silent as long as its input is silent.
    #[inline(always)]
    pub fn is_silent(&self) -> bool {
        is_zero(&self.ic1eq) & is_zero(&self.ic2eq) & is_zero(&self.x)
    }

    /// Filters the `frames` frames from absolute frame `start` on. The corner is `held` where it does
    /// not move from frame to frame.
    #[inline(always)]
    pub fn run<P: Pass<L>>(
        &mut self,
        pass: &mut P,
        tune: &mut impl Tune<P::Mix, L>,
        (start, frames): (u64, usize),
        held: bool,
    ) {
        let before = (start % 2 == 1).then(|| self.tuning());
        let (corner, mut mix) = tune.tune(0);
        if self.has_moved(&corner) {
            self.retune(&corner, held);
        }
        let mut a = self.tuning();
        // Apart from the rest, so that it stays in registers.
        let mut states = States { ic1eq: self.ic1eq, ic2eq: self.ic2eq };
        let mut k = 0;
        if let Some(before) = before {
            let x = [self.x, pass.input(0)];
            let (_, signals) = states.pair(x, &before, &Pairs::new(&before, &a));
            pass.output(0, signals, &mix);
            self.x = [0.0; L];
            k = 1;
        }
        if held {
            k += states.run_held(pass, (k, frames - k), (&a, &self.pairs()), &mix);
        } else {
            while k + 1 < frames {
                if k > 0 {
                    (a, mix) = tuned(tune, k);
                }
                let (b, second_mix) = tuned(tune, k + 1);
                let x = [pass.input(k), pass.input(k + 1)];
                let (first, second) = states.pair(x, &a, &Pairs::new(&a, &b));
                pass.output(k, first, &mix);
                pass.output(k + 1, second, &second_mix);
                k += 2;
            }
            if 0 < k && k < frames {
                (a, mix) = tuned(tune, k);
            }
            (self.keep, self.cross, self.follow) = (a.keep, a.cross, a.follow);
            // What is remembered of the corner is not that of these frames.
            self.turns = [f32::NAN; L];
        }
        if k < frames {
            self.x = pass.input(k);
            pass.output(k, states.first(self.x, &a), &mix);
        }
        if ends_block(start, frames) {
            states.settle();
        }
        (self.ic1eq, self.ic2eq) = (states.ic1eq, states.ic2eq);
    }

    /// Filters as many frames, whole pairs of them, at the corner where it was held in the last chunk.
    #[inline(always)]
    pub fn again<P: Pass<L>>(&mut self, pass: &mut P, (start, frames): (u64, usize), mix: P::Mix) {
        let mut states = States { ic1eq: self.ic1eq, ic2eq: self.ic2eq };
        states.run_held(pass, (0, frames), (&self.tuning(), &self.pairs()), &mix);
        if ends_block(start, frames) {
            states.settle();
        }
        (self.ic1eq, self.ic2eq) = (states.ic1eq, states.ic2eq);
    }

    /// What is kept (`Svf::kept`), where these frames are whole pairs and the input does not rest.
    #[inline(always)]
    pub fn kept(&self, io: &Again<'_, L>) -> Option<u32> {
        let pairs = (io.start | io.frames as u64).is_multiple_of(2);
        // Lanes keep the same.
        let kept = self.kept[0];
        if kept > 0 && pairs && !io.inputs.steady(0) { Some(kept) } else { None }
    }

    /// 1 / Q of a corner that is held.
    #[inline(always)]
    pub fn damping(&self) -> &[f32; L] {
        &self.damping
    }

    /// Keeps `kept`, or nothing.
    #[inline(always)]
    pub fn keep(&mut self, kept: Option<u32>) {
        self.kept = [kept.unwrap_or(0); L];
    }

    /// True when a lane's corner is not that of the last frame.
    #[inline(always)]
    fn has_moved(&self, corner: &Corner<L>) -> bool {
        let moved = differing(&self.turns, &corner.turns)
            | differing(&self.octaves, &corner.octaves)
            | differing(&self.damping, &corner.damping)
            | differing(&self.scale, &corner.scale);
        moved != 0
    }

    /// Sets the coefficients to `corner`, those of pairs too where it is `held`. A call, so that the
    /// corner lies in memory, as vectors, and not lane by lane in registers.
    #[inline(never)]
    fn retune(&mut self, corner: &Corner<L>, held: bool) {
        (self.turns, self.octaves) = (corner.turns, corner.octaves);
        (self.damping, self.scale) = (corner.damping, corner.scale);
        let Tuning { keep, cross, follow } = Tuning::new(corner);
        (self.keep, self.cross, self.follow) = (keep, cross, follow);
        if held {
            let a = self.tuning();
            let pairs = Pairs::new(&a, &a);
            (self.pair_keep, self.pair_cross) = (pairs.keep, pairs.cross);
            (self.to_first, self.to_second) = (pairs.to_first, pairs.to_second);
        }
    }

    /// The coefficients of the last frame.
    #[inline(always)]
    fn tuning(&self) -> Tuning<L> {
        Tuning { keep: self.keep, cross: self.cross, follow: self.follow }
    }

    /// Those of two frames as the last one.
    #[inline(always)]
    fn pairs(&self) -> Pairs<L> {
        Pairs {
            keep: self.pair_keep,
            cross: self.pair_cross,
            to_first: self.to_first,
            to_second: self.to_second,
            b: self.tuning(),
        }
    }
}

/// Each lane's integrators.
struct States<const L: usize> {
    ic1eq: [f32; L],
    ic2eq: [f32; L],
}

impl<const L: usize> States<L> {
    /// Clears what nobody hears, at the end of a block.
    #[inline(always)]
    fn settle(&mut self) {
        settle(&mut self.ic1eq);
        settle(&mut self.ic2eq);
    }

    /// The first frame of a pair, which leaves the state to the second.
    #[inline(always)]
    fn first(&self, x: [f32; L], a: &Tuning<L>) -> Signals<L> {
        let mut signals = Signals::SILENT;
        for l in 0..L {
            let state = State { ic1eq: self.ic1eq[l], ic2eq: self.ic2eq[l] };
            signals.set(l, x[l], Taps::of(x[l], a.lane(l), state));
        }
        signals
    }

    /// The pairs among the `frames` frames from offset `from` on, at one corner. Says how many frames
    /// it ran.
    #[inline(always)]
    fn run_held<P: Pass<L>>(
        &mut self,
        pass: &mut P,
        (from, frames): (usize, usize),
        (a, pairs): (&Tuning<L>, &Pairs<L>),
        mix: &P::Mix,
    ) -> usize {
        if L == 1 {
            return self.run_along(pass, (from, frames), (a.lane(0), pairs.lane(0)), mix);
        }
        let end = from + (frames & !1);
        let mut k = from;
        // Two pairs a turn, because the compiler does not unroll the loop by itself.
        while k + 2 < end {
            self.run_pair(pass, k, a, pairs, mix);
            self.run_pair(pass, k + 2, a, pairs, mix);
            k += 4;
        }
        if k < end {
            self.run_pair(pass, k, a, pairs, mix);
        }
        end - from
    }

    /// The pair at frame `k`.
    #[inline(always)]
    fn run_pair<P: Pass<L>>(
        &mut self,
        pass: &mut P,
        k: usize,
        a: &Tuning<L>,
        pairs: &Pairs<L>,
        mix: &P::Mix,
    ) {
        let x = [pass.input(k), pass.input(k + 1)];
        let (first, second) = self.pair(x, a, pairs);
        pass.output(k, first, mix);
        pass.output(k + 1, second, mix);
    }

    /// The same in one lane, as many pairs at a time as make a vector, so that what goes in and comes out
    /// of some is computed while the states of others wait for each other.
    #[inline(always)]
    fn run_along<P: Pass<L>>(
        &mut self,
        pass: &mut P,
        (from, frames): (usize, usize),
        coefficients: (Coefficients, Pair),
        mix: &P::Mix,
    ) -> usize {
        const PAIRS: usize = 8;
        let end = from + (frames & !1);
        let mut k = from;
        while k + 2 * PAIRS <= end {
            self.run_pairs::<P, PAIRS>(pass, k, coefficients, mix);
            k += 2 * PAIRS;
        }
        while k < end {
            self.run_pairs::<P, 1>(pass, k, coefficients, mix);
            k += 2;
        }
        end - from
    }

    /// `N` pairs of one lane: of each only the states wait for those before it.
    #[inline(always)]
    fn run_pairs<P: Pass<L>, const N: usize>(
        &mut self,
        pass: &mut P,
        from: usize,
        (a, pair): (Coefficients, Pair),
        mix: &P::Mix,
    ) {
        let (mut x, mut drives, mut states) = ([[0.0; N]; 2], [[0.0; N]; 2], [[0.0; N]; 4]);
        for j in 0..N {
            let k = from + 2 * j;
            (x[0][j], x[1][j]) = (pass.input(k)[0], pass.input(k + 1)[0]);
        }
        for j in 0..N {
            [drives[0][j], drives[1][j]] = pair.drive([x[0][j], x[1][j]]);
        }
        let mut state = State { ic1eq: self.ic1eq[0], ic2eq: self.ic2eq[0] };
        for j in 0..N {
            (states[0][j], states[1][j]) = (state.ic1eq, state.ic2eq);
            state = pair.after([drives[0][j], drives[1][j]], state);
            (states[2][j], states[3][j]) = (state.ic1eq, state.ic2eq);
        }
        (self.ic1eq[0], self.ic2eq[0]) = (state.ic1eq, state.ic2eq);
        for j in 0..N {
            let before = State { ic1eq: states[0][j], ic2eq: states[1][j] };
            let after = State { ic1eq: states[2][j], ic2eq: states[3][j] };
            let taps = Taps::of(x[0][j], a, before);
            let (mut first, mut second) = (Signals::SILENT, Signals::SILENT);
            first.set(0, x[0][j], taps);
            second.set(0, x[1][j], taps.next(before, after));
            pass.output(from + 2 * j, first, mix);
            pass.output(from + 2 * j + 1, second, mix);
        }
    }

    /// Both frames of a pair.
    #[inline(always)]
    fn pair(
        &mut self,
        x: [[f32; L]; 2],
        a: &Tuning<L>,
        pairs: &Pairs<L>,
    ) -> (Signals<L>, Signals<L>) {
        let (mut first, mut second) = (Signals::SILENT, Signals::SILENT);
        for l in 0..L {
            let state = State { ic1eq: self.ic1eq[l], ic2eq: self.ic2eq[l] };
            let x = [x[0][l], x[1][l]];
            let taps = Taps::of(x[0], a.lane(l), state);
            first.set(l, x[0], taps);
            let pair = pairs.lane(l);
            let after = pair.after(pair.drive(x), state);
            second.set(l, x[1], taps.next(state, after));
            (self.ic1eq[l], self.ic2eq[l]) = (after.ic1eq, after.ic2eq);
        }
        (first, second)
    }
}

/// Each lane's coefficients of a pair of frames. Those of the second input are the second frame's own.
struct Pairs<const L: usize> {
    keep: [f32; L],
    cross: [f32; L],
    to_first: [f32; L],
    to_second: [f32; L],
    b: Tuning<L>,
}

impl<const L: usize> Pairs<L> {
    #[inline(always)]
    fn new(a: &Tuning<L>, b: &Tuning<L>) -> Self {
        let [mut keep, mut cross, mut to_first, mut to_second] = [[0.0; L]; 4];
        for l in 0..L {
            let pair = Pair::new(a.lane(l), b.lane(l));
            (keep[l], cross[l]) = (pair.keep, pair.cross);
            (to_first[l], to_second[l]) = (pair.to_first[0], pair.to_second[0]);
        }
        Self { keep, cross, to_first, to_second, b: *b }
    }

    #[inline(always)]
    fn lane(&self, l: usize) -> Pair {
        Pair {
            keep: self.keep[l],
            cross: self.cross[l],
            to_first: [self.to_first[l], self.b.cross[l]],
            to_second: [self.to_second[l], self.b.follow[l]],
        }
    }
}
