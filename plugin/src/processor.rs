//! One call of the host: its events and parameters become the engine's, its status the host's.
//!
//! # Realtime
//! Nothing here allocates, locks, logs or waits; `activate` is not called on the audio thread.

use std::sync::atomic::Ordering::Relaxed;

use chronus_engine::{
    Block, EndedNote, Event, Expression, MACROS, NoteMatch, Ramp, Renderer, Status, TimedEvent,
    Transport,
};
use nice_plug::context::process::Transport as HostTransport;
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;

use crate::Chronus;
use crate::link::{HostLink, Move};
use crate::shared::Shared;

/// Events of one piece; with more in a block, the block is rendered in pieces.
const EVENTS: usize = 4096;
/// Seconds in which bypass fades in and out.
const BYPASS_SECONDS: f64 = 0.005;
/// Seconds of silence after which a patch without a known tail may sleep.
const QUIET_SECONDS: f64 = 5.0;
/// Pitch wheel's centre and ends in MIDI's 14 bits.
const BEND_CENTRE: f32 = 8192.0;
const BEND_END: f32 = 16_383.0;

/// The DSP thread's side of the plugin.
pub struct Processor {
    renderer: Renderer,
    events: Vec<TimedEvent>,
    /// The input, for bypass.
    dry: [Vec<f32>; 2],
    /// Share of the input in the output.
    bypass: Ramp,
    /// Frames since activation, what `bypass` counts in.
    frame: u64,
    /// Where controllers have moved macros in this block, and which (bit i: macro i).
    learned: Box<[f32; MACROS]>,
    learned_moved: u128,
    /// Song position where the host tells none.
    beat: f64,
    sample_rate: f64,
}

impl Processor {
    /// The processor around `renderer`; it allocates all it needs in `activate`.
    pub fn new(renderer: Renderer) -> Self {
        Self {
            renderer,
            events: Vec::with_capacity(EVENTS),
            dry: Default::default(),
            bypass: Ramp::constant(0.0),
            frame: 0,
            learned: Box::new([0.0; MACROS]),
            learned_moved: 0,
            beat: 0.0,
            sample_rate: 48_000.0,
        }
    }

    /// Takes up a setup; waits at most 2 s for a graph, so that the first block sounds.
    pub fn activate(&mut self, shared: &Shared, config: &BufferConfig) {
        let Shared { engine, params, .. } = shared;
        self.sample_rate = f64::from(config.sample_rate);
        engine.set_offline(config.process_mode == ProcessMode::Offline);
        for (index, param) in params.macros.all().iter().enumerate() {
            engine.set_macro(index, param.value());
        }
        engine.set_sample_rate(self.sample_rate);
        self.renderer.activate(self.sample_rate);
        if self.renderer.graph().is_none() {
            shared.fall_back(|| self.renderer.activate(self.sample_rate));
        }
        let frames = (config.max_buffer_size as usize).max(1);
        for channel in &mut self.dry {
            channel.clear();
            channel.resize(frames, 0.0);
        }
        self.bypass = Ramp::constant(f32::from(u8::from(params.bypass.value())));
        self.frame = 0;
    }

    /// Forgets what sounds.
    pub fn reset(&mut self) {
        self.renderer.reset();
    }

    /// Renders one block of the host.
    pub fn process(
        &mut self,
        buffer: &mut Buffer<'_>,
        offline: bool,
        shared: &Shared,
        context: &mut impl ProcessContext<Chronus>,
    ) -> Option<Status> {
        let Shared { params, moved, .. } = shared;
        let transport = self.transport(context.transport(), buffer.samples());
        let [left, right] = buffer.as_slice() else { return None };
        let frames = left.len().min(right.len());
        let mut piece = Piece { channels: [left, right], start: 0, transport, offline };
        self.aim_bypass(params.bypass.value());

        self.events.clear();
        if shared.flooded.load(Relaxed) {
            shared.flooded.store(false, Relaxed);
            self.events.push(TimedEvent { frame: 0, event: Event::AllOff });
        }
        if !moved.is_empty() {
            let macros = params.macros.all();
            let events = &mut self.events;
            moved.take(|index| {
                let value = macros[index].value();
                let event = Event::Macro { index: index as u8, value };
                events.push(TimedEvent { frame: 0, event });
            });
        }
        let mut status = None;
        while let Some(event) = context.next_event() {
            let at = (event.timing() as usize).clamp(piece.start, frames);
            if let NoteEvent::MidiCC { channel, cc, value, .. } = event
                && let Some(index) = shared.meanings.controllers.macro_of(channel, cc)
            {
                self.learned[usize::from(index)] = value;
                self.learned_moved |= 1 << index;
            }
            let Some(event) = engine_event(event) else { continue };
            if self.events.len() == EVENTS {
                status = self.render(&mut piece, at);
            }
            self.events.push(TimedEvent { frame: (at - piece.start) as u32, event });
        }
        if piece.start < frames || !self.events.is_empty() || status.is_none() {
            status = self.render(&mut piece, frames);
        }
        while let Some(ended) = self.renderer.take_ended() {
            // A host whose queue is full learns it late, which is no worse than never.
            let _ = context.try_send_event(note_end(ended, frames));
        }
        self.tell_learned(&shared.link);
        let tail = status.and_then(|status| status.tail_frames);
        let tail = tail.and_then(|frames| u32::try_from(frames).ok()).unwrap_or(u32::MAX);
        shared.tail.store(tail, Relaxed);
        status
    }

    /// Macros moved by controllers move at the host, with the next block.
    fn tell_learned(&mut self, link: &HostLink) {
        while self.learned_moved != 0 {
            let index = self.learned_moved.trailing_zeros() as u8;
            self.learned_moved &= self.learned_moved - 1;
            let value = self.learned[usize::from(index)];
            for step in [Move::Begin(index), Move::To(index, value), Move::End(index)] {
                link.push(step);
            }
        }
    }

    /// What the host should know about a block that gave `status`.
    pub fn process_status(&self, status: Status, pending: bool) -> ProcessStatus {
        if status.held || pending {
            return ProcessStatus::KeepAlive;
        }
        let quiet = (QUIET_SECONDS * self.sample_rate) as u64;
        let slept = status.quiet_frames > status.tail_frames.unwrap_or(quiet);
        match status.tail_frames {
            _ if slept && status.quiet_frames > 0 => ProcessStatus::Normal,
            Some(frames) => ProcessStatus::Tail(u32::try_from(frames).unwrap_or(u32::MAX)),
            None => ProcessStatus::KeepAlive,
        }
    }

    /// Renders the piece from where the last one ended to frame `end`, with the events collected.
    fn render(&mut self, piece: &mut Piece<'_, '_>, end: usize) -> Option<Status> {
        let mut status = None;
        // A host that sends more frames than it announced gets them in pieces, too.
        while status.is_none() || piece.start < end {
            let n = (end - piece.start).min(self.dry[0].len());
            let [left, right] = &mut piece.channels;
            let range = piece.start..piece.start + n;
            let channels = [&mut left[range.clone()], &mut right[range]];
            let bypassing = !(self.bypass.settled(self.frame) && self.bypass.target() == 0.0);
            if bypassing {
                for (dry, channel) in self.dry.iter_mut().zip(&channels) {
                    dry[..n].copy_from_slice(channel);
                }
            }
            let beats = piece.start as f64 / self.sample_rate * piece.transport.tempo / 60.0;
            let beats = if piece.transport.playing { beats } else { 0.0 };
            let transport = Transport { beat: piece.transport.beat + beats, ..piece.transport };
            let [left, right] = channels;
            status = Some(self.renderer.process(Block {
                channels: [&mut *left, &mut *right],
                events: &self.events,
                transport,
                offline: piece.offline,
            }));
            if bypassing {
                for (wet, dry) in [left, right].into_iter().zip(&self.dry) {
                    self.fade(wet, dry);
                }
            }
            self.events.clear();
            self.frame += n as u64;
            piece.start += n;
        }
        status
    }

    fn aim_bypass(&mut self, on: bool) {
        let target = if on { 1.0 } else { 0.0 };
        if self.bypass.target() != target {
            let frames = (BYPASS_SECONDS * self.sample_rate) as u64;
            self.bypass = self.bypass.toward(target, self.frame, frames);
        }
    }

    fn fade(&self, wet: &mut [f32], dry: &[f32]) {
        for (k, (wet, dry)) in wet.iter_mut().zip(dry).enumerate() {
            let gain = self.bypass.at(self.frame + k as u64);
            *wet = if gain == 1.0 { *dry } else { *wet + (*dry - *wet) * gain };
        }
    }

    fn transport(&mut self, host: &HostTransport, frames: usize) -> Transport {
        let tempo = host.tempo.filter(|t| t.is_finite() && *t > 0.0).unwrap_or(120.0);
        let beat = host.pos_beats().unwrap_or(self.beat);
        let passed = frames as f64 / self.sample_rate * tempo / 60.0;
        self.beat = if host.playing { beat + passed } else { beat };
        Transport { playing: host.playing, tempo, beat, frame: 0 }
    }
}

/// A block of the host on its way through the engine, piece by piece.
struct Piece<'a, 'b> {
    channels: [&'a mut &'b mut [f32]; 2],
    /// First frame not rendered.
    start: usize,
    transport: Transport,
    offline: bool,
}

/// The engine's event for one of the host's; none where it means nothing to it.
fn engine_event<S>(event: NoteEvent<S>) -> Option<Event> {
    let express = |voice_id, channel, key, expression, value| Event::Express {
        note: note_match(voice_id, channel, key),
        expression,
        value,
    };
    Some(match event {
        NoteEvent::NoteOn { voice_id, channel, key, velocity, .. } => Event::NoteOn {
            id: voice_id.id().unwrap_or(-1),
            channel: channel.number().unwrap_or(0),
            key: key.number()?,
            velocity,
        },
        NoteEvent::NoteOff { voice_id, channel, key, .. } => {
            Event::NoteOff(note_match(voice_id, channel, key))
        }
        NoteEvent::Choke { voice_id, channel, key, .. } => {
            Event::Choke(note_match(voice_id, channel, key))
        }
        NoteEvent::PolyPressure { voice_id, channel, key, pressure, .. } => {
            express(voice_id, channel, key, Expression::Pressure, pressure)
        }
        NoteEvent::PolyVolume { voice_id, channel, key, gain, .. } => {
            express(voice_id, channel, key, Expression::Volume, gain.clamp(0.0, 4.0))
        }
        NoteEvent::PolyExpression { voice_id, channel, key, expression, .. } => {
            express(voice_id, channel, key, Expression::Volume, expression)
        }
        NoteEvent::PolyPan { voice_id, channel, key, pan, .. } => {
            express(voice_id, channel, key, Expression::Pan, pan)
        }
        NoteEvent::PolyTuning { voice_id, channel, key, tuning, .. } => {
            express(voice_id, channel, key, Expression::Tuning, tuning / 12.0)
        }
        NoteEvent::PolyBrightness { voice_id, channel, key, brightness, .. } => {
            express(voice_id, channel, key, Expression::Timbre, brightness)
        }
        NoteEvent::MidiChannelPressure { channel, pressure, .. } => {
            Event::Pressure { channel, value: pressure }
        }
        NoteEvent::MidiPitchBend { channel, value, .. } => {
            Event::Bend { channel, value: bend(value) }
        }
        NoteEvent::MidiCC { channel, cc, value, .. } => {
            Event::Controller { channel, controller: cc, value }
        }
        _ => return None,
    })
}

/// The wheel's -1..=1 of the host's 0..=1, whose centre is 8192 of 16383 and gives exactly 0.
fn bend(value: f32) -> f32 {
    let offset = (value * BEND_END).round() - BEND_CENTRE;
    let reach = if offset < 0.0 { BEND_CENTRE } else { BEND_END - BEND_CENTRE };
    (offset / reach).clamp(-1.0, 1.0)
}

fn note_match(voice: VoiceID, channel: Channel, key: Key) -> NoteMatch {
    NoteMatch {
        id: voice.id().unwrap_or(-1),
        channel: channel.number().map_or(-1, i16::from),
        key: key.number().map_or(-1, i16::from),
    }
}

fn note_end<S>(ended: EndedNote, frames: usize) -> NoteEvent<S> {
    NoteEvent::VoiceTerminated {
        timing: frames.saturating_sub(1) as u32,
        voice_id: if ended.id < 0 { VoiceID::Wildcard } else { VoiceID::ID(ended.id) },
        channel: Channel::Number(ended.channel),
        key: Key::Number(ended.key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wheel_s_centre_is_zero_and_its_ends_are_one() {
        assert_eq!(bend(8192.0 / 16_383.0), 0.0);
        assert_eq!(bend(0.0), -1.0);
        assert_eq!(bend(1.0), 1.0);
        // A host's own centre lies half a step beside MIDI's.
        assert!(bend(0.5).abs() < 2e-4);
    }
}
