//! What a kind declares about itself: ports, params, units and texts. Faces, browser entries,
//! reference pages, laws and fuzzing are all made from this.

use crate::display::Display;

/// Everything about a kind but its code.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Name in files and OSC: lower case, `_` between words.
    pub kind: &'static str,
    /// Raised when stored params change meaning.
    pub version: u32,
    /// Name shown to people ("VCF").
    pub name: &'static str,
    /// Where the browser shows it.
    pub category: Category,
    /// One sentence of help.
    pub summary: &'static str,
    /// Other names of the kind, with the param values that such a name implies.
    pub aliases: &'static [KindAlias],
    /// Inputs; a cable to the bare module goes to the first.
    pub inputs: &'static [Input],
    /// Outputs; a cable from the bare module comes from the first.
    pub outputs: &'static [Output],
    /// Knobs.
    pub params: &'static [Param],
    /// (input, output) pairs that bypass, insert and delete follow.
    pub through: &'static [(usize, usize)],
    /// How many lanes it takes.
    pub width: Width,
    /// It writes to the host: its inputs, not its outputs, fade when it comes and goes.
    pub sink: bool,
    /// It follows `/gate/ID`.
    pub gate: bool,
    /// Frames by which its output lags its input.
    pub latency: u32,
    /// How long it sounds on when its inputs have gone silent.
    pub tail: Tail,
    /// What the host provides to it.
    pub source: Source,
    /// What its face shows below the knobs.
    pub display: Display,
}

impl Spec {
    /// A kind with nothing in it, to be completed with `..Spec::EMPTY`.
    pub const EMPTY: Self = Self {
        kind: "",
        version: 1,
        name: "",
        category: Category::Utility,
        summary: "",
        aliases: &[],
        inputs: &[],
        outputs: &[],
        params: &[],
        through: &[],
        width: Width::Widest,
        sink: false,
        gate: false,
        latency: 0,
        tail: Tail::None,
        source: Source::None,
        display: Display::None,
    };

    /// Position of the input called `name`.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|p| p.name == name || p.aliases.contains(&name))
    }

    /// Position of the output called `name`.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|p| p.name == name || p.aliases.contains(&name))
    }

    /// Position of the param called `name`, aliases included.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|p| p.name == name || p.aliases.contains(&name))
    }
}

/// Another name of a kind.
#[derive(Clone, Copy, Debug)]
pub struct KindAlias {
    /// The other name ("simple_sine").
    pub kind: &'static str,
    /// Values a module created under that name starts with, where they differ from the defaults.
    pub params: &'static [(&'static str, f32)],
}

/// Families, in the browser's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Notes, audio and macros to and from the host.
    Io,
    /// Oscillators and noise.
    Source,
    /// Filters.
    Filter,
    /// Envelopes and LFOs.
    Modulator,
    /// Amplifiers and mixers.
    Mix,
    /// Delays and other effects.
    Effect,
    /// Everything that shapes control signals, and displays.
    Utility,
}

impl Category {
    /// All, in the browser's order.
    pub const ALL: [Self; 7] = [
        Self::Io,
        Self::Source,
        Self::Filter,
        Self::Modulator,
        Self::Mix,
        Self::Effect,
        Self::Utility,
    ];

    /// Name shown to people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Io => "In/Out",
            Self::Source => "Sources",
            Self::Filter => "Filters",
            Self::Modulator => "Modulators",
            Self::Mix => "Mix",
            Self::Effect => "Effects",
            Self::Utility => "Utilities",
        }
    }
}

/// What a port usually carries: a hint for colours and for the implicit output. Every output may
/// feed every input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Sound, -1..1 nominal.
    Audio,
    /// Modulation, -1..1 or 0..1 nominal.
    Control,
    /// Octaves, 0 = A4.
    Pitch,
    /// 0 or 1.
    Gate,
}

/// An input.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// Name in files and OSC.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// Hint of what it takes.
    pub signal: Signal,
    /// What it reads with no cable in it.
    pub normal: Normal,
    /// One sentence of help.
    pub doc: &'static str,
}

impl Input {
    /// An input that reads 0 when nothing is connected.
    #[must_use]
    pub const fn new(name: &'static str, signal: Signal, doc: &'static str) -> Self {
        Self { name, aliases: &[], signal, normal: Normal::Value(0.0), doc }
    }

    /// The same, reading `normal` when nothing is connected.
    #[must_use]
    pub const fn normal(mut self, normal: Normal) -> Self {
        self.normal = normal;
        self
    }

    /// The same under further names.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }
}

/// What an input reads with no cable in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Normal {
    /// A constant.
    Value(f32),
    /// What the module's input of that position reads (an earlier one).
    Input(usize),
}

/// An output.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Name in files and OSC.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// Hint of what it gives.
    pub signal: Signal,
    /// One sentence of help.
    pub doc: &'static str,
}

impl Output {
    /// An output.
    #[must_use]
    pub const fn new(name: &'static str, signal: Signal, doc: &'static str) -> Self {
        Self { name, aliases: &[], signal, doc }
    }

    /// The same under further names.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }
}

/// How many lanes a kind takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// As many as its widest input; mono without a poly input.
    Widest,
    /// One a voice, always (`note_in`).
    Voices,
    /// One: poly inputs are mixed down, unless the module is set per voice.
    Bus,
    /// One, always (host audio in and out).
    Mono,
}

/// How long a kind sounds on when its inputs have gone silent.
#[derive(Clone, Copy, Debug)]
pub enum Tail {
    /// Not at all, or a few periods.
    None,
    /// That many seconds, from its param values.
    Seconds(fn(&[f32]) -> f32),
}

/// What a kind is to the world outside the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nothing.
    None,
    /// It reads host notes.
    Notes,
    /// It reads host audio.
    Audio,
    /// It sounds by itself (oscillators, noise, LFOs).
    Free,
}

/// A knob.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Name in files and OSC.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// Name shown to people.
    pub label: &'static str,
    /// Lowest value, in `unit`.
    pub min: f32,
    /// Highest value, in `unit`.
    pub max: f32,
    /// Value of a new module, in `unit`.
    pub default: f32,
    /// What the value counts.
    pub unit: Unit,
    /// How the knob's way maps to values.
    pub taper: Taper,
    /// How a change of value reaches the module.
    pub smoothing: Smoothing,
    /// Names of the values 0, 1, … of a choice; empty for the others.
    pub choices: &'static [&'static str],
    /// One sentence of help.
    pub doc: &'static str,
}

impl Param {
    /// A smoothed, linear knob.
    #[must_use]
    pub const fn new(
        name: &'static str,
        label: &'static str,
        (min, max): (f32, f32),
        default: f32,
        unit: Unit,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            aliases: &[],
            label,
            min,
            max,
            default,
            unit,
            taper: Taper::Linear,
            smoothing: Smoothing::Ramp,
            choices: &[],
            doc,
        }
    }

    /// A stepped knob that chooses one of `choices`.
    #[must_use]
    pub const fn choice(
        name: &'static str,
        label: &'static str,
        choices: &'static [&'static str],
        default: usize,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            aliases: &[],
            label,
            min: 0.0,
            max: (choices.len() - 1) as f32,
            default: default as f32,
            unit: Unit::Choice,
            taper: Taper::Stepped,
            smoothing: Smoothing::None,
            choices,
            doc,
        }
    }

    /// The same with another taper.
    #[must_use]
    pub const fn taper(mut self, taper: Taper) -> Self {
        self.taper = taper;
        self
    }

    /// The same with another smoothing.
    #[must_use]
    pub const fn smoothing(mut self, smoothing: Smoothing) -> Self {
        self.smoothing = smoothing;
        self
    }

    /// The same under further names.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// `value` brought into the range; stepped values onto a step. NaN becomes the default.
    #[must_use]
    pub fn clamp(&self, value: f32) -> f32 {
        if value.is_nan() {
            return self.default;
        }
        let value = value.clamp(self.min, self.max);
        if self.taper == Taper::Stepped { value.round() } else { value }
    }

    /// Position 0..=1 of the knob at `value`.
    #[must_use]
    pub fn to_knob(&self, value: f32) -> f32 {
        let value = self.clamp(value);
        match self.taper {
            Taper::Linear | Taper::Stepped => (value - self.min) / (self.max - self.min),
            Taper::Exponential => (value / self.min).ln() / (self.max / self.min).ln(),
            Taper::Power(power) => ((value - self.min) / (self.max - self.min)).powf(1.0 / power),
        }
    }

    /// Value of the knob at `position` 0..=1.
    #[must_use]
    pub fn from_knob(&self, position: f32) -> f32 {
        let p = position.clamp(0.0, 1.0);
        let value = match self.taper {
            Taper::Linear | Taper::Stepped => self.min + (self.max - self.min) * p,
            Taper::Exponential => self.min * (self.max / self.min).powf(p),
            Taper::Power(power) => self.min + (self.max - self.min) * p.powf(power),
        };
        self.clamp(value)
    }

    /// `value` as people read it, with its unit.
    #[must_use]
    pub fn text(&self, value: f32) -> String {
        crate::text::value_text(self, value)
    }

    /// The value that `text` names, unit optional ("1.2k", "440 Hz", "-6 dB", "saw").
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<f32> {
        crate::text::parse_value(self, text)
    }
}

/// What a param's value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    None,
    /// Hz.
    Hertz,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// dB.
    Decibel,
    /// Semitones.
    Semitones,
    /// Cents.
    Cents,
    /// Octaves.
    Octaves,
    /// 0..1 shown as 0..100 %.
    Percent,
    /// Linear gain.
    Gain,
    /// Position in `choices`.
    Choice,
}

/// How a knob's way maps to values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Taper {
    /// Evenly.
    Linear,
    /// Evenly in ratios; `min` must be above 0.
    Exponential,
    /// value = min + (max - min) * position^power.
    Power(f32),
    /// Whole numbers only.
    Stepped,
}

/// How a change of value reaches the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Smoothing {
    /// At once.
    None,
    /// Linearly over `SMOOTHING_SECONDS`.
    Ramp,
}
