//! A delay line whose memory is not touched before it is written.

use crate::math::is_zero;

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
