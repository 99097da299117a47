//! A delay line whose memory is not touched before it is written.

use crate::math::is_zero;

/// Frames that are read ahead at a time.
const AHEAD: usize = 64;

/// The last frames of `L` lanes. A new line's memory comes zeroed from the operating system and
/// costs no page until it is written; a reset only forgets how much was written.
#[derive(Clone, Debug)]
pub struct DelayLine<const L: usize> {
    memory: Vec<[f32; L]>,
    /// Where the next frame goes.
    head: usize,
    /// Frames written since the reset, at most the memory's.
    written: usize,
    /// Frames written since the last that was not silent, at most the memory's.
    quiet: usize,
}

impl<const L: usize> DelayLine<L> {
    /// A line that remembers at least `frames` frames. Allocates.
    #[must_use]
    pub fn new(frames: usize) -> Self {
        let len = (frames + 1).next_power_of_two();
        Self { memory: vec![[0.0; L]; len], head: 0, written: 0, quiet: 0 }
    }

    /// Forgets everything, in constant time.
    pub fn reset(&mut self) {
        self.head = 0;
        self.written = 0;
        self.quiet = 0;
    }

    /// True when everything that can be read is 0: then silence need not be pushed, as long as
    /// `reset` is called first.
    #[inline(always)]
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.quiet >= self.written
    }

    /// Adds the newest frame.
    #[inline(always)]
    pub fn push(&mut self, frame: [f32; L]) {
        self.memory[self.head] = frame;
        self.quiet = if is_zero(&frame) { (self.quiet + 1).min(self.memory.len()) } else { 0 };
        self.head = (self.head + 1) & (self.memory.len() - 1);
        self.written = (self.written + 1).min(self.memory.len());
    }

    /// Lane `lane` of the frame pushed `age` frames ago, 1 = the newest; 0 where nothing was
    /// written.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, age: usize, lane: usize) -> f32 {
        let index = self.head.wrapping_sub(age) & (self.memory.len() - 1);
        if age <= self.written { self.memory[index][lane] } else { 0.0 }
    }

    /// Lane `lane` as it was `age` >= 2 frames ago, between frames by the cubic through four of
    /// them with Catmull-Rom slopes.
    #[inline(always)]
    #[must_use]
    pub fn read(&self, age: f64, lane: usize) -> f32 {
        let whole = age as usize;
        let t = (age - whole as f64) as f32;
        let p = |offset: usize| self.at(whole + offset - 1, lane);
        hermite([p(0), p(1), p(2), p(3)], t)
    }

    /// What `read` will give before each of the next frames is pushed: one frame of `out` each. None of those
    /// may be asked for, so `age` is at least one more than they are.
    #[inline(always)]
    pub fn read_ahead(&self, age: f64, lane: usize, out: &mut [f32]) {
        let whole = age as usize;
        debug_assert!(whole > out.len(), "frames that are still to come");
        let t = (age - whole as f64) as f32;
        let mut oldest = whole + 2;
        for out in out.chunks_mut(AHEAD) {
            // The frames from the oldest on, as they lie.
            let mut points = [0.0; AHEAD + 3];
            let points = &mut points[..out.len() + 3];
            if oldest <= self.written {
                let first = self.head.wrapping_sub(oldest) & (self.memory.len() - 1);
                let frames = self.memory[first..].iter().chain(&self.memory);
                points.iter_mut().zip(frames).for_each(|(x, frame)| *x = frame[lane]);
            } else {
                points.iter_mut().enumerate().for_each(|(n, x)| *x = self.at(oldest - n, lane));
            }
            for k in 0..out.len() {
                out[k] = hermite([points[k + 3], points[k + 2], points[k + 1], points[k]], t);
            }
            oldest -= out.len();
        }
    }
}

/// The cubic from `points[1]` at `t` = 0 to `points[2]` at 1 with Catmull-Rom slopes.
#[inline(always)]
#[must_use]
pub fn hermite(points: [f32; 4], t: f32) -> f32 {
    let [a, b, c, d] = points;
    let c1 = 0.5 * (c - a);
    let c2 = a - 2.5 * b + 2.0 * c - 0.5 * d;
    let c3 = 0.5 * (d - a) + 1.5 * (b - c);
    ((c3 * t + c2) * t + c1) * t + b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ahead_what_it_reads_later() {
        for age in [5.0, 9.25, 80.5, 126.0, 127.75] {
            for before in [0, 3, 70, 100, 1000] {
                let mut line = DelayLine::<1>::new(130);
                let sample = |n: usize| ((n * n) as f32 * 0.37).sin();
                (0..before).for_each(|n| line.push([sample(n)]));
                let mut ahead = vec![0.0; (age as usize - 1).min(100)];
                line.read_ahead(age, 0, &mut ahead);
                for (n, &x) in ahead.iter().enumerate() {
                    assert_eq!(x.to_bits(), line.read(age, 0).to_bits(), "{age} {before} {n}");
                    line.push([sample(before + n)]);
                }
            }
        }
    }

    #[test]
    fn is_silent_when_all_it_remembers_is() {
        let mut line = DelayLine::<1>::new(30);
        assert!(line.is_silent());
        line.push([0.5]);
        for _ in 0..31 {
            assert!(!line.is_silent());
            line.push([0.0]);
        }
        assert!(!line.is_silent());
        line.push([0.0]);
        assert!(line.is_silent());
    }

    #[test]
    fn reads_what_was_written_and_nothing_else() {
        let mut line = DelayLine::<2>::new(100);
        for n in 0..1000 {
            line.push([n as f32, -(n as f32)]);
        }
        assert_eq!(line.at(1, 0), 999.0);
        assert_eq!(line.at(100, 1), -900.0);
        assert_eq!(line.read(10.5, 0), 989.5);
        line.reset();
        assert_eq!(line.at(1, 0), 0.0);
        line.push([5.0, 5.0]);
        assert_eq!(line.at(1, 0), 5.0);
        assert_eq!(line.at(2, 0), 0.0);
    }

    #[test]
    fn the_cubic_is_exact_for_parabolas() {
        let f = |x: f32| 3.0 - 2.0 * x + 0.5 * x * x;
        for t in [0.0, 0.25, 0.5, 0.9] {
            let y = hermite([f(-1.0), f(0.0), f(1.0), f(2.0)], t);
            assert!((y - f(t)).abs() < 1e-6);
        }
    }
}
