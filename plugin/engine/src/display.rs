//! What a kind's face shows below its knobs: plain data and functions of the knobs' values, which the
//! editor draws. A drawing is what the module does, not an ornament: laws hold it to the sound.

/// How a module stands: what its drawing is made from.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// Values of the params, in the spec's order.
    pub values: &'a [f32],
    /// Frames a second.
    pub sample_rate: f32,
}

impl Settings<'_> {
    /// The choice that param `p` has made.
    #[must_use]
    pub fn choice(&self, p: usize) -> usize {
        self.values[p] as usize
    }
}

/// What a kind's face shows.
#[derive(Clone, Copy, Debug)]
pub enum Display {
    /// Nothing: the knobs say it all.
    None,
    /// A function.
    Curve(Curve),
    /// Bars over time or steps.
    Bars(Bars),
    /// An output as it sounds.
    Scope(Scope),
    /// The level of what goes to the host.
    Meter,
}

/// A function of one variable.
#[derive(Clone, Copy, Debug)]
pub struct Curve {
    /// What it is drawn over.
    pub axis: Axis,
    /// Lowest and highest value that is drawn.
    pub range: fn(&Settings<'_>) -> (f32, f32),
    /// Its value at a place of the axis: finite and within the range wherever the axis goes.
    pub at: fn(&Settings<'_>, f32) -> f32,
}

/// What a curve is drawn over.
#[derive(Clone, Copy, Debug)]
pub enum Axis {
    /// Seconds, from 0 to what this gives.
    Time(fn(&Settings<'_>) -> f32),
    /// Hertz, evenly in octaves from `LOWEST_HZ` to `HIGHEST_HZ`; the values are in dB.
    Frequency,
    /// Turns: one period, 0..1.
    Phase,
    /// What comes in, from and to; the values are what goes out.
    Transfer(f32, f32),
}

/// Where an axis of frequencies begins.
pub const LOWEST_HZ: f32 = 20.0;
/// Where it ends.
pub const HIGHEST_HZ: f32 = 20_000.0;

impl Axis {
    /// The place `part` (0..=1) of the way along.
    #[must_use]
    pub fn at(&self, settings: &Settings<'_>, part: f32) -> f32 {
        match self {
            Self::Time(span) => span(settings) * part,
            Self::Frequency => LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ).powf(part),
            // A period's end is the next one's begin.
            Self::Phase => part.min(0.999_999),
            Self::Transfer(from, to) => from + (to - from) * part,
        }
    }
}

/// Bars that stand somewhere along a way.
#[derive(Clone, Copy, Debug)]
pub struct Bars {
    /// Bar `n` from 0 on; none after the last. At most `MOST_BARS` are asked for.
    pub at: fn(&Settings<'_>, usize) -> Option<Bar>,
    /// Seconds that the whole way stands for; 0 where it is no time.
    pub span: fn(&Settings<'_>) -> f32,
}

/// Most bars that are drawn.
pub const MOST_BARS: usize = 64;

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Where along the way, 0..=1.
    pub place: f32,
    /// How far it reaches from the line of zero, -1..=1.
    pub height: f32,
}

/// An output as it sounds.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Position of the output.
    pub output: usize,
    /// How it is to be seen.
    pub picture: fn(&Settings<'_>) -> Picture,
}

/// How a scope shows a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picture {
    /// Width, in seconds.
    pub seconds: f32,
    /// Factor on the signal; at 1 it is seen from -1 to 1.
    pub gain: f32,
    /// Level at whose rise the picture begins; without one it rolls.
    pub trigger: Option<f32>,
}

impl Picture {
    /// Sound: 20 ms from a rise through 0.
    pub const SOUND: Self = Self { seconds: 0.02, gain: 1.0, trigger: Some(0.0) };
    /// Modulation: the last two seconds.
    pub const ROLL: Self = Self { seconds: 2.0, gain: 1.0, trigger: None };
}
