//! The live view: which outputs the editor looks at, what they have given lately, and that in words.
//!
//! In each frame the canvas says what it would like to see, the nearest first. The engine is asked anew
//! only when that choice changes, and for nothing when nothing is to be seen, so that an editor that is
//! closed or shows another page costs the audio thread nothing.

use std::collections::{HashMap, HashSet, VecDeque};

use chronus_engine::{
    Engine, Extremes, MAX_LEVELS, MAX_SCOPES, Signal, TAP_FRAMES, Tapped, Telemetry,
};
use chronus_patch::ModuleId;

use crate::words;

/// Seconds of a scope that are kept, unless a module wants more.
const KEPT: f32 = 0.2;
/// Seconds in which a level falls by 20 dB.
const FALL: f64 = 0.3;
/// Level under which a sound counts as silence: -80 dBFS.
pub(crate) const SILENT: f32 = 1e-4;
/// Seconds between two changes of what is glanced at, while the view moves.
const CALM: f64 = 0.1;
/// Seconds without news after which the sound has stopped.
const STOPPED: f64 = 0.25;
/// Seconds for which frames are asked for after something has moved.
const MOVING: f64 = 0.5;

/// An output that the canvas would like to see.
struct Wish {
    id: ModuleId,
    output: u8,
    signal: Signal,
    /// How far it is from where people look; the nearest are chosen.
    far: f32,
    /// Seconds that it is to be seen whole; none where a glance will do.
    seconds: Option<f32>,
}

/// What one output has given lately.
pub(crate) struct Trace {
    pub signal: Signal,
    /// The newest pairs of a scope, oldest first; empty where the output is only glanced at.
    pub pairs: VecDeque<Extremes>,
    /// Pairs to keep.
    room: usize,
    /// Pairs and glances of the engine's that are known.
    known: (u64, u64),
    /// The highest level of late, which falls.
    pub peak: f32,
    /// The lowest and highest value seen last.
    pub last: Option<Extremes>,
}

impl Trace {
    fn new(signal: Signal) -> Self {
        Self { signal, pairs: VecDeque::new(), room: 0, known: (0, 0), peak: 0.0, last: None }
    }

    fn see(&mut self, pair: Extremes) {
        if pair.iter().all(|x| x.is_finite()) {
            self.peak = self.peak.max(pair[0].abs()).max(pair[1].abs());
            self.last = Some(pair);
        }
    }

    /// How brightly it is to be seen: 0 is silence or nothing, 1 full level.
    pub(crate) fn glow(&self) -> f32 {
        let Some(last) = self.last else { return 0.0 };
        match self.signal {
            Signal::Audio if self.peak < SILENT => 0.0,
            Signal::Audio => (1.0 + words::decibels(self.peak) / 60.0).clamp(0.1, 1.0),
            Signal::Control => last[0].abs().max(last[1].abs()).min(1.0),
            Signal::Pitch => 0.8,
            Signal::Gate => f32::from(u8::from(last[1] >= 0.5)),
        }
    }

    /// What it gives, in a word or two.
    pub(crate) fn short(&self) -> String {
        let Some(last) = self.last else { return "no signal yet".into() };
        match self.signal {
            Signal::Audio if self.peak < SILENT => "silent".into(),
            // The sum takes the sign from a zero.
            Signal::Audio => format!("{:.0} dB", words::decibels(self.peak).round() + 0.0),
            _ => words::value(self.signal, last),
        }
    }

    /// What it gives, with its unit.
    pub(crate) fn told(&self) -> String {
        let Some(last) = self.last else { return "no signal yet".into() };
        match self.signal {
            Signal::Audio if self.peak < SILENT => "silent".into(),
            Signal::Audio => format!("{:.1} dBFS peak", words::decibels(self.peak)),
            Signal::Control => words::value(Signal::Control, self.spread().unwrap_or(last)),
            signal => words::value(signal, last),
        }
    }

    /// Lowest and highest of all that is kept.
    fn spread(&self) -> Option<Extremes> {
        self.pairs.iter().copied().reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
    }
}

/// See the module's documentation.
#[derive(Default)]
pub(crate) struct Live {
    wishes: Vec<Wish>,
    /// The host's level is to be seen.
    metering: bool,
    /// What has been asked for.
    asked: (Vec<Tapped>, Vec<Tapped>),
    /// `TapRequests::changes` after that.
    changes: u64,
    traces: HashMap<Tapped, Trace>,
    /// Keys of the modules of which something has been asked.
    keys: HashMap<ModuleId, u32>,
    /// Level of what goes to the host.
    pub peak: [f32; 2],
    pub sample_rate: f32,
    /// The last telemetry, when it came, when something last moved, and when was asked, in egui's time.
    serial: u64,
    news: f64,
    moved: f64,
    asked_at: f64,
    read_at: f64,
}

impl Live {
    /// A frame begins: takes in what the engine shows.
    pub(crate) fn read(&mut self, engine: &Engine, now: f64) {
        self.wishes.clear();
        self.metering = false;
        let passed = (now - self.read_at).clamp(0.0, 1.0);
        self.read_at = now;
        let fall = 0.1f64.powf(passed / FALL) as f32;
        let before: Vec<f32> = self.traces.values().map(Trace::glow).collect();
        let level = self.peak;
        for trace in self.traces.values_mut() {
            trace.peak *= fall;
        }
        engine.telemetry(|telemetry| self.take(telemetry, now));
        if now - self.news > STOPPED {
            self.peak = self.peak.map(|peak| peak * fall);
        }
        let glows = self.traces.values().map(Trace::glow);
        let brighter = glows.zip(before).any(|(now, before)| (now - before).abs() > 0.005);
        let louder = self.metering_moves(level);
        let waves = |trace: &Trace| trace.spread().is_some_and(|[low, high]| high - low > SILENT);
        if brighter || louder || self.plays(now) && self.traces.values().any(waves) {
            self.moved = now;
        }
    }

    fn metering_moves(&self, before: [f32; 2]) -> bool {
        let moved = |(now, before): (&f32, f32)| (now - before).abs() > 0.002;
        self.peak.iter().zip(before).any(moved)
    }

    fn take(&mut self, telemetry: &Telemetry, now: f64) {
        if telemetry.serial == self.serial {
            return;
        }
        (self.serial, self.news) = (telemetry.serial, now);
        self.peak = telemetry.peak;
        self.sample_rate = telemetry.sample_rate as f32;
        if !telemetry.watched {
            return;
        }
        for view in telemetry.scopes.iter() {
            let Some(trace) = view.of().and_then(|of| self.traces.get_mut(&of)) else { continue };
            if view.total() < trace.known.0 {
                trace.known.0 = 0;
            }
            for pair in view.since(trace.known.0) {
                trace.pairs.push_back(pair);
                trace.see(pair);
            }
            trace.known.0 = view.total();
            let over = trace.pairs.len().saturating_sub(trace.room);
            trace.pairs.drain(..over);
        }
        for view in telemetry.levels.iter() {
            let Some(trace) = view.of().and_then(|of| self.traces.get_mut(&of)) else { continue };
            if let Some(seen) = view.seen().filter(|_| view.total() != trace.known.1) {
                trace.see(seen);
            }
            trace.known.1 = view.total();
        }
    }

    /// True while sound is rendered.
    pub(crate) fn plays(&self, now: f64) -> bool {
        now - self.news < STOPPED
    }

    /// Output `output` of module `id` is to be seen, with `seconds` whole, or at a glance. The smaller
    /// `far` is, the sooner it is chosen.
    pub(crate) fn wish(
        &mut self,
        (id, output, signal): (&ModuleId, usize, Signal),
        far: f32,
        seconds: Option<f32>,
    ) {
        let Ok(output) = u8::try_from(output) else { return };
        self.wishes.push(Wish { id: id.clone(), output, signal, far, seconds });
    }

    /// The level of what goes to the host is to be seen.
    pub(crate) fn wish_meter(&mut self) {
        self.metering = true;
    }

    /// What is known of an output.
    pub(crate) fn trace(&self, id: &ModuleId, output: usize) -> Option<&Trace> {
        self.traces.get(&(*self.keys.get(id)?, u8::try_from(output).ok()?))
    }

    /// A frame ends: asks the engine for what was wished, if that is not what it shows already.
    pub(crate) fn ask(&mut self, engine: &Engine, now: f64) {
        let mut wishes = std::mem::take(&mut self.wishes);
        wishes.sort_by(|a, b| a.far.total_cmp(&b.far));
        let mut chosen: (Vec<Tapped>, Vec<Tapped>) = Default::default();
        let mut taken = HashSet::new();
        let mut keys = HashMap::new();
        // Scopes first: what is seen whole need not be glanced at.
        for whole in [true, false] {
            let (list, most) =
                if whole { (&mut chosen.0, MAX_SCOPES) } else { (&mut chosen.1, MAX_LEVELS) };
            for wish in wishes.iter().filter(|wish| !whole || wish.seconds.is_some()) {
                if list.len() == most {
                    break;
                }
                let known = keys.get(&wish.id).copied();
                let Some(key) = known.or_else(|| engine.module_key(&wish.id)) else { continue };
                keys.insert(wish.id.clone(), key);
                if taken.insert((key, wish.output)) {
                    list.push((key, wish.output));
                }
            }
        }
        let lost = engine.taps().changes() != self.changes;
        let same = |a: &[Tapped], b: &[Tapped]| {
            let b: HashSet<_> = b.iter().collect();
            a.len() == b.len() && a.iter().all(|tapped| b.contains(tapped))
        };
        let nothing = chosen.0.is_empty() && chosen.1.is_empty();
        let scopes = same(&chosen.0, &self.asked.0);
        let levels = same(&chosen.1, &self.asked.1);
        // What only the view's motion changes can wait a little; a new scope cannot.
        let calm = now - self.asked_at >= CALM;
        if !scopes || (!levels || lost && !nothing) && (calm || nothing) {
            engine.taps().set(&chosen.0, &chosen.1);
            self.changes = engine.taps().changes();
            (self.asked, self.asked_at) = (chosen, now);
            self.keys = keys;
            let asked: HashSet<_> = self.asked.0.iter().chain(&self.asked.1).copied().collect();
            self.traces.retain(|tapped, _| asked.contains(tapped));
        }
        for wish in &wishes {
            let Some(&key) = self.keys.get(&wish.id) else { continue };
            let tapped = (key, wish.output);
            if self.asked.0.contains(&tapped) || self.asked.1.contains(&tapped) {
                let trace = self.traces.entry(tapped).or_insert_with(|| Trace::new(wish.signal));
                let pairs = |seconds: f32| seconds * self.sample_rate / TAP_FRAMES as f32;
                let room = wish.seconds.map_or(0, |s| pairs((3.0 * s).clamp(KEPT, 6.0)) as usize);
                trace.room = trace.room.max(room);
            }
        }
        if !nothing {
            engine.taps().keep(engine.frame());
        }
    }

    /// Nothing is to be seen any more.
    pub(crate) fn release(&mut self, engine: &Engine) {
        if !self.asked.0.is_empty() || !self.asked.1.is_empty() {
            engine.taps().set(&[], &[]);
        }
        *self = Self { sample_rate: self.sample_rate, ..Self::default() };
    }

    /// True while what is seen moves, so that frames are wanted.
    pub(crate) fn moves(&self, now: f64) -> bool {
        let seen = self.metering || !self.asked.0.is_empty() || !self.asked.1.is_empty();
        seen && now - self.moved < MOVING && self.moved > 0.0
    }
}

/// The part of `pairs` that a picture of `width` pairs shows: from the last rise through `trigger` that
/// leaves room for it, or else the newest.
pub(crate) fn window(
    pairs: &VecDeque<Extremes>,
    width: usize,
    trigger: Option<f32>,
) -> std::ops::Range<usize> {
    let latest = pairs.len().saturating_sub(width);
    let newest = latest..pairs.len();
    let Some(trigger) = trigger else { return newest };
    let middle = |n: usize| 0.5 * (pairs[n][0] + pairs[n][1]);
    let rises = |n: &usize| middle(n - 1) < trigger && middle(*n) >= trigger;
    match (1..=latest).rev().find(rises) {
        Some(start) => start..(start + width).min(pairs.len()),
        None => newest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wave of `period` pairs.
    fn wave(len: usize, period: f32) -> VecDeque<Extremes> {
        (0..len)
            .map(|n| (n as f32 / period * std::f32::consts::TAU).sin())
            .map(|x| [x, x])
            .collect()
    }

    #[test]
    fn a_picture_begins_with_a_rise_wherever_the_wave_stands() {
        for len in 200..240 {
            let pairs = wave(len, 23.0);
            let window = window(&pairs, 60, Some(0.0));
            assert_eq!(window.len(), 60);
            let first = pairs[window.start];
            assert!((0.0..0.3).contains(&first[0]), "{first:?}");
            assert!(pairs[window.start - 1][0] < 0.0);
            assert!(len - window.end <= 23, "of late: {window:?} of {len}");
        }
    }

    #[test]
    fn without_a_rise_the_newest_is_shown() {
        let still: VecDeque<_> = (0..100).map(|_| [0.5, 0.5]).collect();
        assert_eq!(window(&still, 60, Some(0.0)), 40..100);
        assert_eq!(window(&wave(100, 9.0), 60, None), 40..100);
        assert_eq!(window(&wave(10, 9.0), 60, Some(0.0)), 0..10);
    }
}
