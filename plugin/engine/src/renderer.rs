//! The DSP thread's side: renders the active graph, checks for a verified standby at block starts,
//! swaps it in, and leaves the old graph in the triple buffer's slot.
//!
//! # Realtime
//! Everything here but `activate` and `Drop` runs in process(): no allocation, lock, log, syscall
//! or wait. Offline rendering is the one exception: there process() waits for pending commits.

mod swap;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use pulp::{Arch, Simd, WithSimd};

use crate::event::{Event, TimedEvent};
use crate::graph::{Blind, Graph};
use crate::handover::{Readiness, Revision, Shared, Swapped};
use crate::module::BLOCK;
use crate::ramp::{Fade, Ramp, SMOOTHING_SECONDS};
use crate::simd::dispatch;
use crate::telemetry::Telemetry;
use crate::voices::{EndedNote, MAX_VOICES, Voices};
use crate::world::{AudioOut, MACROS, Transport, World};

/// What is still to happen in a block.
type Events<'a> = std::iter::Peekable<std::slice::Iter<'a, TimedEvent>>;

pub use swap::LOAD_FADE_SECONDS;

/// Loudest sample that leaves the plugin: +24 dBFS. The probe refuses patches that go there.
const CEILING: f32 = 15.848_932;
/// Below this (-120 dBFS) the output counts as silent.
const SILENT: f32 = 1e-6;
/// Host automation with events closer than this is a ramp by itself and is not smoothed again.
const DENSE_FRAMES: u64 = 64;
/// Frames between two copies of the notes for the builder that show how controllers move.
const MOTION_FRAMES: u64 = 512;
/// Longest that `activate` waits for a graph of the new setup.
const ACTIVATE_SECONDS: f64 = 2.0;

/// One call of the host.
pub struct Block<'a> {
    /// Left and right: input on entry, output on return; of the same length.
    pub channels: [&'a mut [f32]; 2],
    /// In order of their frames.
    pub events: &'a [TimedEvent],
    /// Song position at the block's start; its `frame` is filled in.
    pub transport: Transport,
    /// The host renders offline: wait for pending commits.
    pub offline: bool,
}

/// What the host wants to know after a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Status {
    /// A key or the pedal holds a note.
    pub held: bool,
    /// Frames since the output was last louder than -120 dBFS.
    pub quiet_frames: u64,
    /// Frames the patch may sound on after its input; `None` = no end is known.
    pub tail_frames: Option<u64>,
}

/// The DSP thread's half of an instance.
pub struct Renderer {
    shared: Arc<Shared>,
    ready: triple_buffer::Output<Readiness>,
    /// The output side holds a readiness that is not taken yet.
    considering: bool,
    notes: triple_buffer::Input<Voices>,
    telemetry: triple_buffer::Input<Telemetry>,
    active: Option<Box<Graph>>,
    revision: Revision,
    /// The graph after the bridge that is active now.
    next: Option<Box<Graph>>,
    next_swap: Swapped,
    /// The graph that fades out after a load, with the notes it goes on playing.
    outgoing: Option<Box<Graph>>,
    outgoing_voices: Box<Voices>,
    outgoing_gain: Fade,
    fade_end: u64,
    voices: Box<Voices>,
    macros: Box<[Ramp; MACROS]>,
    macro_moved: Box<[u64; MACROS]>,
    transport: Transport,
    frame: u64,
    epoch: u64,
    sample_rate: f64,
    quiet_frames: u64,
    /// The active graph panicked: it is not rendered again.
    failed: bool,
    arch: Arch,
    seen_turns: u64,
    /// Changes and motions of the notes when the builder was told last.
    seen_notes: (u64, u64),
    /// Frame from which on it is told of motions again.
    notes_due: u64,
    telemetry_due: u64,
    peak: [f32; 2],
    load: f32,
}

impl Renderer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        ready: triple_buffer::Output<Readiness>,
        notes: triple_buffer::Input<Voices>,
        telemetry: triple_buffer::Input<Telemetry>,
        voices: Voices,
    ) -> Self {
        Self {
            shared,
            ready,
            considering: false,
            notes,
            telemetry,
            active: None,
            revision: 0,
            next: None,
            next_swap: Swapped { revision: 0, began: 0, frame: 0, cost_ns: 0, at: Instant::now() },
            outgoing: None,
            outgoing_voices: Box::new(voices.clone()),
            outgoing_gain: Fade::constant(0.0),
            fade_end: 0,
            voices: Box::new(voices),
            macros: Box::new([Ramp::constant(0.0); MACROS]),
            macro_moved: Box::new([0; MACROS]),
            transport: Transport::default(),
            frame: 0,
            epoch: 0,
            sample_rate: 0.0,
            quiet_frames: 0,
            failed: false,
            arch: crate::simd::arch(),
            seen_turns: 0,
            seen_notes: (0, 0),
            notes_due: 0,
            telemetry_due: 0,
            peak: [0.0; 2],
            load: 0.0,
        }
    }

    /// Absolute frame of the next block's start.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// The revision that plays.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The graph that plays.
    #[must_use]
    pub fn graph(&self) -> Option<&Graph> {
        self.active.as_deref()
    }

    /// Takes up a new setup (`Engine::set_sample_rate` raised the epoch): drops the old graphs and
    /// waits, at most 2 s, for one of the new setup. Not for the DSP thread.
    pub fn activate(&mut self, sample_rate: f64) {
        let epoch = self.shared.epoch.load(Acquire);
        if epoch == self.epoch && self.active.is_some() {
            return;
        }
        self.epoch = epoch;
        self.sample_rate = sample_rate;
        if self.next.is_some() {
            // Its commit was taken, so it must be answered, whatever comes now.
            self.answer(self.next_swap);
        }
        for graph in [self.active.take(), self.next.take(), self.outgoing.take()] {
            drop(graph);
        }
        self.failed = false;
        *self.voices = self.voices.restarted(sample_rate);
        self.quiet_frames = 0;
        (self.frame, self.notes_due) = (0, 0);
        self.shared.frame.store(0, Relaxed);
        for (ramp, value) in self.macros.iter_mut().zip(&self.shared.macros) {
            *ramp = Ramp::constant(f32::from_bits(value.load(Relaxed)));
        }
        let deadline = Instant::now() + Duration::from_secs_f64(ACTIVATE_SECONDS);
        while self.active.is_none() && Instant::now() < deadline {
            // Asked before looking: what lands in between is seen by this look.
            let building = self.shared.in_flight.load(Acquire) > 0;
            self.take_ready(0);
            if self.active.is_none() && !building {
                // The document was refused: there is nothing to wait for.
                break;
            }
            if self.active.is_none() {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    }

    /// Forgets what sounds: voices, delays, filters. The graph stays. Realtime.
    pub fn reset(&mut self) {
        self.voices.choke(crate::NoteMatch { id: -1, channel: -1, key: -1 });
        self.voices.all_off();
        if let Some(graph) = &mut self.active {
            graph.reset();
        }
    }

    /// A note that ended since the last call, for hosts that track voices. Realtime.
    pub fn take_ended(&mut self) -> Option<EndedNote> {
        self.voices.take_ended()
    }

    /// Renders one block. Realtime, unless `block.offline`.
    pub fn process(&mut self, mut block: Block<'_>) -> Status {
        let started = Instant::now();
        let frames = block.channels[0].len().min(block.channels[1].len());
        let counters = &self.shared.counters;
        counters.blocks.fetch_add(1, Relaxed);
        self.transport = Transport { frame: self.frame, ..block.transport };
        // To look costs less than to try.
        while !self.shared.live.is_empty()
            && let Some(event) = self.shared.live.pop()
        {
            self.apply(event, self.frame);
        }
        self.pull();
        if block.offline != self.shared.offline.load(Relaxed) {
            self.shared.offline.store(block.offline, Relaxed);
        }
        if block.offline {
            self.wait_for_commits();
        }
        self.check_ready();
        let rendered = {
            let render = AssertUnwindSafe(|| self.render_block(&mut block, frames));
            catch_unwind(render).unwrap_or_else(|_| {
                self.failed = true;
                self.blame();
                false
            })
        };
        if !rendered {
            for channel in &mut block.channels {
                channel.fill(0.0);
            }
            self.shared.counters.missed_blocks.fetch_add(1, Relaxed);
        }
        self.finish(&block, frames, started)
    }

    /// Takes over values and taps that other threads have changed.
    fn pull(&mut self) {
        let turns = self.shared.marks.count();
        if turns != self.seen_turns {
            self.seen_turns = turns;
            if let Some(graph) = &mut self.active {
                graph.pull_values(&self.shared.marks, self.frame);
            }
        }
        self.follow_taps();
    }

    /// Finds what the editor looks at, where the active graph does not know it yet.
    fn follow_taps(&mut self) {
        let Some(graph) = &mut self.active else { return };
        if graph.taps.resolved != self.shared.taps.changes() {
            let plan = Arc::clone(graph.plan());
            graph.taps.resolve(&plan, &self.shared.taps);
        }
    }

    /// Renders all of `block`; false when there is no graph to render it with.
    fn render_block(&mut self, block: &mut Block<'_>, frames: usize) -> bool {
        if self.failed {
            // A commit that is due may bring one.
            self.arrive(block.offline);
        }
        if self.active.is_none() || self.failed {
            self.skip_block(block, frames);
            return false;
        }
        let mut at = 0;
        let mut events = block.events.iter().peekable();
        while at < frames {
            self.arrive(block.offline);
            while let Some(event) = events.next_if(|e| e.frame as usize <= at) {
                self.apply(event.event, self.frame);
            }
            let n = self.until_next_cut(frames - at, block.offline);
            let block_end = self.until_block_end();
            let n = self.until_next_event(&mut events, at, n, block_end);
            let n = self.chunk(&mut block.channels, at, n, block_end);
            at += n;
            self.frame += n as u64;
        }
        events.for_each(|event| self.apply(event.event, self.frame));
        true
    }

    /// Without a graph, events still count, so that no note hangs or is lost.
    fn skip_block(&mut self, block: &Block<'_>, frames: usize) {
        for event in block.events {
            self.apply(event.event, self.frame);
        }
        self.frame += frames as u64;
    }

    /// What has to happen exactly at this frame.
    fn arrive(&mut self, offline: bool) {
        let now = self.frame;
        let Some(active) = &mut self.active else { return };
        if now.is_multiple_of(BLOCK as u64) {
            active.free_voices(&mut self.voices);
            if self.outgoing.is_some() {
                self.outgoing_voices.tick(&[0.0; MAX_VOICES]);
            }
        }
        if active.transition_end().is_some_and(|end| now >= end) {
            active.end_transition();
            self.cross_bridge();
            if offline {
                self.wait_for_commits();
            }
        }
        if self.outgoing.is_some() && now >= self.fade_end {
            let outgoing = self.outgoing.take();
            self.retire(outgoing);
        }
        while offline && !self.busy() && !self.shared.closed.load(Acquire) {
            // In this order: what has landed so far is taken, for the builder goes on to the next
            // timed commit only when it is; what lands from here on ends the wait.
            let landings = self.shared.landings.load(Acquire);
            self.check_ready();
            if self.busy() || now < self.shared.next_due.load(Acquire) {
                break;
            }
            self.wait_for_due(landings);
        }
        self.check_ready();
    }

    /// Frames to the next thing that happens, at most `frames`; but for the ends of blocks.
    fn until_next_cut(&self, frames: usize, offline: bool) -> usize {
        let now = self.frame;
        let mut until = frames as u64;
        if let Some(end) = self.active.as_ref().and_then(|g| g.transition_end()) {
            until = until.min(end - now);
        }
        if self.outgoing.is_some() {
            until = until.min(self.fade_end - now);
        }
        if offline {
            let due = self.shared.next_due.load(Acquire);
            if due > now {
                until = until.min(due - now);
            }
        }
        if self.considering {
            let due = self.ready.output_buffer().due.filter(|&due| due > now);
            until = due.map_or(until, |due| until.min(due - now));
        }
        until.max(1) as usize
    }

    /// Frames to the next event that a chunk has to begin with, at most `n`; the longest chunk ends in
    /// `block_end` frames. Those that only begin a motion are applied ahead, for it knows its frame by
    /// itself: a stream of them, as from an MPE keyboard, does not cut chunks short.
    fn until_next_event(
        &mut self,
        events: &mut Events<'_>,
        at: usize,
        n: usize,
        block_end: usize,
    ) -> usize {
        let end = at + n.min(block_end);
        let now = self.frame;
        let comes = |e: &TimedEvent| (e.frame as usize) < end;
        while let Some(next) = events.next_if(|e| comes(e) && self.voices.foresees(now, &e.event)) {
            self.apply(next.event, now + u64::from(next.frame) - at as u64);
        }
        // A host that sends them out of order has them late, not lost.
        let ahead = |next: &&TimedEvent| (next.frame as usize).saturating_sub(at).max(1);
        events.peek().map_or(n, |next| n.min(ahead(next)))
    }

    /// Frames to the end of the longest chunk from here on.
    fn until_block_end(&self) -> usize {
        let longest =
            |graph: &Option<Box<Graph>>| graph.as_ref().map_or(BLOCK, |g| g.longest_chunk());
        let longest = longest(&self.active).min(longest(&self.outgoing));
        longest - (self.frame % longest as u64) as usize
    }

    /// Renders `n` frames at `at` of the host's block, at most `block_end` of them where it does not
    /// sleep; how many.
    fn chunk(
        &mut self,
        channels: &mut [&mut [f32]; 2],
        at: usize,
        n: usize,
        block_end: usize,
    ) -> usize {
        let Some(active) = &mut self.active else { return n };
        let mut out = AudioOut::default();
        let audio_in = [&channels[0][at..at + n], &channels[1][at..at + n]];
        if self.outgoing.is_none() && active.sleeps(&self.voices, audio_in) {
            let world = World {
                voices: &self.voices,
                audio_in,
                audio_out: &mut out,
                macros: &self.macros,
                transport: &self.transport,
            };
            active.sleep_through(n, self.frame, world);
            channels.iter_mut().for_each(|channel| channel[at..at + n].fill(0.0));
            self.quiet_frames += n as u64;
            return n;
        }
        let n = n.min(block_end);
        let audio_in = audio_in.map(|channel| &channel[..n]);
        active.taps.newest_lane = self.voices.newest();
        active.render(
            n,
            self.frame,
            World {
                voices: &self.voices,
                audio_in,
                audio_out: &mut out,
                macros: &self.macros,
                transport: &self.transport,
            },
            &mut Blind,
        );
        let mut bad = 0;
        if let Some(outgoing) = &mut self.outgoing {
            bad = silence_nonfinite(&mut out, n);
            let mut old = AudioOut::default();
            outgoing.render(
                n,
                self.frame,
                World {
                    voices: &self.outgoing_voices,
                    audio_in,
                    audio_out: &mut old,
                    macros: &self.macros,
                    transport: &self.transport,
                },
                &mut Blind,
            );
            silence_nonfinite(&mut old, n);
            for (new, old) in out.channels.iter_mut().zip(&old.channels) {
                for k in 0..n {
                    let g = self.outgoing_gain.at(self.frame + k as u64);
                    new[k] = new[k] * (1.0 - g) + old[k] * g;
                }
            }
        }
        let arch = self.arch;
        let mut send = |out: &AudioOut| {
            let [left, right] = &mut *channels;
            let to = [&mut left[at..at + n], &mut right[at..at + n]];
            dispatch(arch, Send { from: out, to })
        };
        let mut levels = send(&out);
        if !levels.iter().all(|level| level.is_finite()) {
            bad = silence_nonfinite(&mut out, n);
            levels = send(&out);
        }
        if bad > 0 {
            self.shared.counters.nonfinite.fetch_add(bad, Relaxed);
            active.reset();
            self.blame();
        }
        let higher = |a: f32, b: f32| if b > a { b } else { a };
        for (peak, level) in self.peak.iter_mut().zip(levels) {
            *peak = higher(*peak, level);
        }
        let loudest = higher(levels[0], levels[1]);
        self.quiet_frames = if loudest > SILENT { 0 } else { self.quiet_frames + n as u64 };
        n
    }

    /// Lets `event` happen at frame `now`, which only what begins a motion may have ahead of it.
    fn apply(&mut self, event: Event, now: u64) {
        match event {
            Event::NoteOn { id, channel, key, velocity } => {
                self.voices.note_on(now, id, channel, key, velocity);
            }
            Event::NoteOff(note) => self.voices.note_off(now, note),
            Event::Choke(note) => self.voices.choke(note),
            Event::Express { note, expression, value } => {
                self.voices.express(now, note, expression, value);
            }
            Event::Bend { channel, value } => self.voices.set_bend(now, channel, value),
            Event::Pressure { channel, value } => self.voices.set_pressure(now, channel, value),
            Event::Controller { channel, controller, value } => {
                self.shared.counters.hear(channel, controller);
                self.voices.controller(now, channel, controller, value);
            }
            Event::Macro { index, value } => self.turn_macro(usize::from(index), value),
            Event::Gate { module, on } => {
                if let Some(graph) = &mut self.active {
                    graph.set_gate(module, on);
                }
            }
            Event::AllOff => self.voices.all_off(),
        }
    }

    fn turn_macro(&mut self, index: usize, value: f32) {
        if index >= MACROS || !value.is_finite() {
            return;
        }
        let value = value.clamp(0.0, 1.0);
        let now = self.frame;
        let dense =
            now > 0 && now - self.macro_moved[index] <= DENSE_FRAMES && self.macro_moved[index] > 0;
        self.macro_moved[index] = now;
        let frames = if dense { 0 } else { (SMOOTHING_SECONDS * self.sample_rate) as u64 };
        self.macros[index] = self.macros[index].toward(value, now, frames);
        self.shared.macros[index].store(value.to_bits(), Relaxed);
        if let Some(graph) = &mut self.active {
            graph.turn_macro(index, value, now, dense);
        }
        if let Some(graph) = &mut self.next {
            graph.turn_macro(index, value, now, dense);
        }
    }

    /// Names the module that ran last, for the editor and the status.
    fn blame(&self) {
        let Some(graph) = &self.active else { return };
        let key = graph.plan().nodes.get(graph.running() as usize).map(|n| n.key.module);
        let failed = key.map_or(0, |key| u64::from(key) + 1);
        self.shared.counters.failed_module.store(failed, Relaxed);
    }

    /// Offline only: waits until no commit without a frame of its own is under way. Not on a bridge:
    /// the builder waits for its end before it goes on to the next commit.
    fn wait_for_commits(&mut self) {
        if self.next.is_some() || self.shared.in_flight.load(Acquire) == 0 {
            return;
        }
        self.publish_notes(true);
        let mut waiting = self.shared.waiting.lock();
        while self.shared.in_flight.load(Acquire) > 0 && !self.shared.closed.load(Acquire) {
            self.shared.waiting_changed.wait_for(&mut waiting, Duration::from_millis(5));
        }
    }

    /// Offline only: a timed commit is due now; lets the builder finish it and waits for that, which
    /// ends when there are no longer as few as `landings`.
    fn wait_for_due(&mut self, landings: u64) {
        self.publish_notes(true);
        self.shared.frame.store(self.frame, Release);
        let mut waiting = self.shared.waiting.lock();
        waiting.reached = self.frame;
        self.shared.waiting_changed.notify_all();
        let shared = &self.shared;
        let landed = || shared.landings.load(Acquire) != landings;
        while !landed() && !shared.closed.load(Acquire) {
            self.shared.waiting_changed.wait_for(&mut waiting, Duration::from_millis(5));
        }
    }

    /// Tells the builder which notes sound, at once when they change; of what moves about them it is
    /// told now and then, or where `all` is to be known.
    fn publish_notes(&mut self, all: bool) {
        let (changed, moved) = (self.voices.changed(), self.voices.moved());
        let all = all || self.frame >= self.notes_due;
        if changed == self.seen_notes.0 && (moved == self.seen_notes.1 || !all) {
            return;
        }
        self.seen_notes = (changed, moved);
        self.notes_due = self.frame + MOTION_FRAMES;
        self.voices.copy_to(self.notes.input_buffer_mut());
        self.notes.publish();
    }

    fn finish(&mut self, block: &Block<'_>, frames: usize, started: Instant) -> Status {
        self.shared.frame.store(self.frame, Release);
        self.publish_notes(false);
        let counters = &self.shared.counters;
        counters.voices.store(self.voices.sounding_count() as u64, Relaxed);
        if !block.offline && frames > 0 && self.sample_rate > 0.0 {
            let duration = frames as f64 / self.sample_rate;
            let load = (started.elapsed().as_secs_f64() / duration) as f32;
            self.load += (load - self.load) * (duration as f32 / 0.3).min(1.0);
            counters.load_ppm.store(ppm(self.load), Relaxed);
            counters.block_load.record(ppm(load));
            if load > 1.0 {
                counters.late_blocks.fetch_add(1, Relaxed);
            }
        }
        self.publish_telemetry();
        let tail_frames = self.active.as_ref().map_or(Some(0), |graph| graph.tail_frames());
        Status { held: self.voices.any_held(), quiet_frames: self.quiet_frames, tail_frames }
    }

    /// Shows the editor what happened, often enough that scopes overlap.
    fn publish_telemetry(&mut self) {
        if self.frame < self.telemetry_due {
            return;
        }
        let Some(graph) = &mut self.active else { return };
        let interval = if graph.taps.scoping() { 512 } else { 1024 };
        self.telemetry_due = self.frame + interval;
        let telemetry = self.telemetry.input_buffer_mut();
        telemetry.revision = self.revision;
        telemetry.frame = self.frame;
        telemetry.sample_rate = self.sample_rate;
        telemetry.load = self.load;
        telemetry.voices = self.voices.sounding_count() as u32;
        telemetry.peak = self.peak;
        telemetry.serial = self.frame;
        let frames_to_half = 0.1 * self.sample_rate.max(1.0);
        let fall = 0.5f32.powf((interval as f64 / frames_to_half) as f32);
        self.peak = self.peak.map(|peak| peak * fall);
        telemetry.watched = graph.taps.active();
        if telemetry.watched || graph.taps.loads() {
            self.shared.taps.expire(self.frame, self.sample_rate);
        }
        if telemetry.watched {
            graph.taps.show(&mut *telemetry.scopes, &mut *telemetry.levels);
        }
        self.telemetry.publish();
    }
}

/// Writes samples to the host, under the ceiling; the highest of each channel, infinite or NaN where one
/// is no number. No subnormal leaves the plugin: the product of several small gains may be one, and would slow down whatever comes after.
///
/// Bits and plain comparisons, which become vectors; the ceiling is rarely met.
struct Send<'a> {
    from: &'a AudioOut,
    to: [&'a mut [f32]; 2],
}

impl WithSimd for Send<'_> {
    type Output = [f32; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> [f32; 2] {
        let mut levels = [0.0; 2];
        for ((level, from), to) in levels.iter_mut().zip(&self.from.channels).zip(self.to) {
            let mut highest = 0;
            for (to, x) in to.iter_mut().zip(from) {
                let magnitude = x.to_bits() & !SIGN;
                highest = highest.max(magnitude);
                let normal = magnitude >= f32::MIN_POSITIVE.to_bits();
                *to = if normal { *x } else { 0.0 };
            }
            *level = f32::from_bits(highest);
            if *level > CEILING {
                to.iter_mut().for_each(|x| *x = x.clamp(-CEILING, CEILING));
            }
        }
        levels
    }
}

/// Millionths of `load`, up to 2^32.
fn ppm(load: f32) -> u64 {
    u64::from((load * 1e6) as u32)
}

/// The sign of an f32. Without it, the bits of finite numbers are ordered as the numbers are.
const SIGN: u32 = 1 << 31;

/// Silences NaN and infinities; how many there were.
fn silence_nonfinite(out: &mut AudioOut, frames: usize) -> u64 {
    let highest = |c: &[f32]| c.iter().fold(0, |most, x| most.max(x.to_bits() & !SIGN));
    if out.channels.iter().all(|c| highest(&c[..frames]) < f32::INFINITY.to_bits()) {
        return 0;
    }
    let bad = out.channels.iter().flat_map(|c| &c[..frames]).filter(|x| !x.is_finite()).count();
    *out = AudioOut::default();
    bad as u64
}
