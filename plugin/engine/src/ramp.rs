//! Ramps are functions of the absolute frame, never accumulated: however the host cuts its blocks,
//! frame `f` has the same value.

/// Seconds a param takes to a new value.
pub const SMOOTHING_SECONDS: f64 = 0.005;
/// Seconds an added or removed cable takes to fade.
pub const CABLE_RAMP_SECONDS: f64 = 0.005;

/// A straight way from one value to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    from: f32,
    to: f32,
    slope: f32,
    frames: u32,
    start: u64,
}

impl Ramp {
    /// `value`, for ever.
    #[must_use]
    pub const fn constant(value: f32) -> Self {
        Self { from: value, to: value, slope: 0.0, frames: 0, start: 0 }
    }

    /// From `from` at frame `start` to `to` at frame `start + frames`; 0 frames = at once.
    #[must_use]
    pub fn new(from: f32, to: f32, start: u64, frames: u64) -> Self {
        if frames == 0 || from == to {
            return Self::constant(to);
        }
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        Self { from, to, slope: (to - from) / frames as f32, frames, start }
    }

    /// Value at the absolute frame `frame`.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, frame: u64) -> f32 {
        if self.settled(frame) {
            self.to
        } else {
            // Under 2^24 frames away from its start, so the conversion is exact.
            self.from + self.slope * frame.saturating_sub(self.start) as f32
        }
    }

    /// First frame of its target's value.
    #[inline(always)]
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + u64::from(self.frames)
    }

    /// Where it goes.
    #[inline(always)]
    #[must_use]
    pub fn target(&self) -> f32 {
        self.to
    }

    /// True when every frame from `frame` on has the target's value.
    #[inline(always)]
    #[must_use]
    pub fn settled(&self, frame: u64) -> bool {
        frame >= self.end()
    }

    /// True when both have the same bits at every frame.
    #[must_use]
    pub(crate) fn is(&self, other: &Self) -> bool {
        let bits = |ramp: &Self| [ramp.from, ramp.to, ramp.slope].map(f32::to_bits);
        bits(self) == bits(other) && (self.frames, self.start) == (other.frames, other.start)
    }

    /// The same ramp turned towards `to` at frame `now`, arriving `frames` later.
    #[must_use]
    pub fn toward(&self, to: f32, now: u64, frames: u64) -> Self {
        Self::new(self.at(now), to, now, frames)
    }
}

/// A value that is moved by ramps, one after the other. The last may be begun ahead of its time: until
/// its first frame the one before goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    before: Ramp,
    last: Ramp,
}

impl Motion {
    /// `value`, for ever.
    #[must_use]
    pub const fn constant(value: f32) -> Self {
        Self { before: Ramp::constant(value), last: Ramp::constant(value) }
    }

    /// Value at the absolute frame `frame`.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, frame: u64) -> f32 {
        if frame < self.last.start { self.before.at(frame) } else { self.last.at(frame) }
    }

    /// True when the last ramp has begun by `frame`: the next one may then be begun ahead of its time
    /// there.
    #[must_use]
    pub fn begun(&self, frame: u64) -> bool {
        self.last.start <= frame
    }

    /// Turned towards `to` at frame `at`, arriving `frames` later. The last ramp must have begun by
    /// the first frame that is still asked for.
    #[must_use]
    pub fn toward(&self, to: f32, at: u64, frames: u64) -> Self {
        let next = self.last.toward(to, at, frames);
        Self { before: self.last, last: Ramp { start: at, ..next } }
    }
}

/// A fade between two gains, for cables and crossfades: straight, with both corners rounded to
/// parabolas, so that neither steps nor corners are heard. Never steeper than a straight ramp of the
/// frames it is given; the rounding makes it a tenth longer (`Fade::length`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fade {
    from: f32,
    to: f32,
    start: u64,
    end: u64,
    /// Frames of a straight ramp as steep as this one.
    straight: f32,
    /// Frames of each rounded corner.
    corner: f32,
}

impl Fade {
    /// `gain`, for ever.
    #[must_use]
    pub const fn constant(gain: f32) -> Self {
        Self { from: gain, to: gain, start: 0, end: 0, straight: 1.0, corner: 0.0 }
    }

    /// Frames that a fade of `frames` frames takes in all.
    #[must_use]
    pub const fn length(frames: u64) -> u64 {
        frames + frames / 10
    }

    /// From `from` at frame `start` to `to` at frame `start + Fade::length(frames)`, no steeper than
    /// a straight ramp of `frames` frames; 0 frames = at once.
    #[must_use]
    pub fn new(from: f32, to: f32, start: u64, frames: u64) -> Self {
        if frames == 0 || from == to {
            return Self::constant(to);
        }
        let (end, corner) = (start + Self::length(frames), (frames / 10) as f32);
        Self { from, to, start, end, straight: frames as f32, corner }
    }

    /// Gain at the absolute frame `frame`.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, frame: u64) -> f32 {
        if frame >= self.end {
            return self.to;
        }
        let done = frame.saturating_sub(self.start) as f32;
        let left = (self.end - frame) as f32;
        let way = if done < self.corner {
            done * done / (2.0 * self.corner * self.straight)
        } else if left < self.corner {
            1.0 - left * left / (2.0 * self.corner * self.straight)
        } else {
            (done - 0.5 * self.corner) / self.straight
        };
        self.from + (self.to - self.from) * way
    }

    /// First frame at which it has arrived.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }
}
