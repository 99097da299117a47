//! The voice table: which note sounds on which lane. It lives in the renderer, outside all graphs,
//! so notes and gates survive every swap.

mod plan;
mod rows;
mod voice;

use chronus_patch::VoiceMode;

use self::rows::Rows;
use self::voice::{Channel, Control, Stage};
use crate::event::Event;
use crate::module::BLOCK;
use crate::pool::bits;
use crate::ramp::Ramp;

pub use plan::VoicePlan;
pub use rows::Row;
pub use voice::{Expression, Moved, NoteMatch, Voice};

/// Most voices a patch may have.
pub const MAX_VOICES: usize = 64;
/// A released voice under this level (-100 dBFS) is silent.
const SILENT: f32 = 1e-5;
/// Seconds of silence after which a released voice is free.
const QUIET_SECONDS: f64 = 0.05;
/// Seconds a controller takes to a new value.
const CONTROLLER_SECONDS: f64 = 0.005;
/// Most keys a mono patch remembers as held.
const HELD_KEYS: usize = 32;

/// A note that ended, for hosts that track voices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedNote {
    /// The host's id, or -1.
    pub id: i32,
    /// MIDI channel.
    pub channel: u8,
    /// Key.
    pub key: u8,
}

/// All voices, the keys held, and the controllers.
#[derive(Clone, Debug)]
pub struct Voices {
    plan: VoicePlan,
    sample_rate: f64,
    voices: [Voice; MAX_VOICES],
    channels: [Channel; 16],
    /// Keys held in a mono mode, in the order they were struck.
    held: [(u8, u8); HELD_KEYS],
    held_len: usize,
    serial: u64,
    newest: usize,
    ended: [EndedNote; MAX_VOICES],
    /// Bit v: `ended[v]` has not been reported.
    reports: u64,
    changed: u64,
    moved: u64,
    /// Bit v: voice v sounds.
    sounding: u64,
    /// Bit v: voice v is held.
    held_voices: u64,
    /// By `Moved`: nothing of the kind moves from this frame on.
    rests_from: [u64; Moved::COUNT],
    rows: Rows,
}

impl Voices {
    /// A table with nothing held.
    #[must_use]
    pub fn new(plan: VoicePlan, sample_rate: f64) -> Self {
        Self {
            plan,
            sample_rate,
            voices: [Voice::IDLE; MAX_VOICES],
            channels: [Channel::INITIAL; 16],
            held: [(0, 0); HELD_KEYS],
            held_len: 0,
            serial: 0,
            newest: 0,
            ended: [EndedNote { id: -1, channel: 0, key: 0 }; MAX_VOICES],
            reports: 0,
            changed: 0,
            moved: 0,
            sounding: 0,
            held_voices: 0,
            rests_from: [0; Moved::COUNT],
            rows: Rows::new(),
        }
    }

    /// The voice on lane `lane`.
    #[inline(always)]
    #[must_use]
    pub fn voice(&self, lane: usize) -> &Voice {
        &self.voices[lane]
    }

    /// Voices of the patch.
    #[must_use]
    pub fn count(&self) -> usize {
        self.plan.count
    }

    /// Pitch bend of the note on `lane`, -1..=1.
    #[inline(always)]
    #[must_use]
    pub fn bend(&self, lane: usize, frame: u64) -> f32 {
        self.channels[usize::from(self.voices[lane].channel)].motions.at(Moved::Pitch, frame)
    }

    /// Pressure on the note on `lane`, 0..=1: the key's own or its channel's, whichever is more.
    #[inline(always)]
    #[must_use]
    pub fn pressure(&self, lane: usize, frame: u64) -> f32 {
        let voice = &self.voices[lane];
        voice.pressure_at(&self.channels[usize::from(voice.channel)], frame)
    }

    /// Timbre (MPE slide, CC 74) of the note on `lane`, 0..=1.
    #[inline(always)]
    #[must_use]
    pub fn timbre(&self, lane: usize, frame: u64) -> f32 {
        let voice = &self.voices[lane];
        voice.timbre_at(&self.channels[usize::from(voice.channel)], frame)
    }

    /// Modulation wheel (CC 1) of the channel of the note on `lane`, 0..=1.
    #[inline(always)]
    #[must_use]
    pub fn modulation(&self, lane: usize, frame: u64) -> f32 {
        self.channels[usize::from(self.voices[lane].channel)].motions.at(Moved::Modulation, frame)
    }

    /// Loudness of the note on `lane`, its channel's expression pedal (CC 11) in it, 0..=1.
    #[inline(always)]
    #[must_use]
    pub fn volume(&self, lane: usize, frame: u64) -> f32 {
        let voice = &self.voices[lane];
        voice.volume_at(&self.channels[usize::from(voice.channel)], frame)
    }

    /// Bit v: voice v sounds.
    #[must_use]
    pub fn sounding(&self) -> u64 {
        self.sounding
    }

    /// True when `moved` has arrived by `frame` on every lane, and stays.
    #[inline(always)]
    #[must_use]
    pub fn rest(&self, moved: Moved, frame: u64) -> bool {
        frame >= self.rests_from[moved as usize]
    }

    /// `moved` moves until frame `end` on some lane.
    fn moves(&mut self, moved: Moved, end: u64) {
        let rests_from = &mut self.rests_from[moved as usize];
        *rests_from = end.max(*rests_from);
    }

    /// Voice `lane` has changed.
    fn note(&mut self, lane: usize) {
        let voice = &self.voices[lane];
        self.rows.set(lane, voice, &self.channels[usize::from(voice.channel)]);
    }

    /// Number of voices that sound.
    #[must_use]
    pub fn sounding_count(&self) -> usize {
        self.sounding.count_ones() as usize
    }

    /// True while a key or the pedal holds a note.
    #[must_use]
    pub fn any_held(&self) -> bool {
        self.held_voices != 0
    }

    /// Lane of the newest note.
    #[must_use]
    pub fn newest(&self) -> usize {
        self.newest
    }

    /// How the patch wants its notes played.
    #[must_use]
    pub fn plan(&self) -> &VoicePlan {
        &self.plan
    }

    /// Changes the sample rate that times are counted in.
    pub(crate) fn set_sample_rate(&mut self, sample_rate: f64) {
        self.sample_rate = sample_rate;
    }

    /// Makes `copy` the same table. Copies the lanes that the patch has, which are few as a rule:
    /// nobody asks for those beyond.
    pub(crate) fn copy_to(&self, copy: &mut Self) {
        let Self {
            plan,
            sample_rate,
            voices,
            channels,
            held,
            held_len,
            serial,
            newest,
            ended,
            reports,
            changed,
            moved,
            sounding,
            held_voices,
            rests_from,
            rows,
        } = self;
        let count = plan.lanes().max(copy.plan.lanes());
        copy.voices[..count].copy_from_slice(&voices[..count]);
        copy.ended[..count].copy_from_slice(&ended[..count]);
        copy.rows.copy_from(rows, count);
        (copy.plan, copy.sample_rate) = (*plan, *sample_rate);
        (copy.channels, copy.held, copy.held_len) = (*channels, *held, *held_len);
        (copy.serial, copy.newest) = (*serial, *newest);
        (copy.changed, copy.moved) = (*changed, *moved);
        (copy.reports, copy.rests_from) = (*reports, *rests_from);
        (copy.sounding, copy.held_voices) = (*sounding, *held_voices);
    }

    /// The same keys held, at another sample rate and with frames counted from 0 again.
    #[must_use]
    pub fn restarted(&self, sample_rate: f64) -> Self {
        let mut fresh = Self::new(self.plan, sample_rate);
        fresh.strike_again(self, 0);
        fresh.changed = self.changed + 1;
        fresh
    }

    /// Counts the changes of notes, so that a copy is made only when there is something new.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.changed
    }

    /// Counts how often controllers and expressions moved.
    #[must_use]
    pub fn moved(&self) -> u64 {
        self.moved
    }

    /// Starts a note at absolute frame `frame`.
    pub fn note_on(&mut self, frame: u64, id: i32, channel: u8, key: u8, velocity: f32) {
        let (channel, key) = (channel & 15, key & 127);
        self.changed += 1;
        let legato = self.plan.mode == VoiceMode::Legato && self.held_len > 0;
        if self.plan.mode != VoiceMode::Poly {
            self.forget(channel, key);
            if self.held_len == HELD_KEYS {
                self.held.copy_within(1.., 0);
                self.held_len -= 1;
            }
            self.held[self.held_len] = (channel, key);
            self.held_len += 1;
        }
        let lane = self.allocate(channel, key);
        self.start(lane, frame, id, channel, key, velocity, legato);
    }

    /// Ends the notes that `note` covers, at absolute frame `frame`.
    pub fn note_off(&mut self, frame: u64, note: NoteMatch) {
        self.changed += 1;
        if self.plan.mode != VoiceMode::Poly {
            self.mono_off(frame, note);
            return;
        }
        for lane in 0..self.plan.count {
            if self.voices[lane].held() && note.covers(&self.voices[lane]) {
                self.lift(lane);
            }
        }
    }

    /// Silences the notes that `note` covers: their lanes are muted from now on.
    pub fn choke(&mut self, note: NoteMatch) {
        self.changed += 1;
        for lane in 0..self.plan.count {
            if self.voices[lane].stage != Stage::Idle && note.covers(&self.voices[lane]) {
                self.end(lane);
            }
        }
        if note.channel < 0 && note.key < 0 {
            self.held_len = 0;
        }
    }

    /// Lifts every key and pedal.
    pub fn all_off(&mut self) {
        self.changed += 1;
        self.held_len = 0;
        for channel in &mut self.channels {
            channel.pedal = false;
        }
        for lane in 0..MAX_VOICES {
            if self.voices[lane].held() {
                self.release(lane);
            }
        }
    }

    /// True when `event` may be applied at `frame` though it is to happen later in the chunk that
    /// begins there: it begins a motion, and none that has yet to begin is lost by that.
    #[must_use]
    pub(crate) fn foresees(&self, frame: u64, event: &Event) -> bool {
        let begun =
            |c: u8, moved: Moved| self.channels[usize::from(c & 15)].motions.begun(moved, frame);
        match *event {
            Event::Bend { channel, .. } => begun(channel, Moved::Pitch),
            Event::Pressure { channel, .. } => begun(channel, Moved::Pressure),
            Event::Controller { channel, controller, .. } => match Control::of(controller) {
                Control::Moves(moved) => begun(channel, moved),
                Control::Pedal | Control::AllOff => false,
                Control::Nothing => true,
            },
            Event::Express { note, expression, .. } => {
                let moved = Moved::by_expression(expression);
                let voices = self.voices[..self.plan.count].iter();
                let mut covered = voices.filter(|v| v.stage != Stage::Idle && note.covers(v));
                covered.all(|voice| voice.motions.begun(moved, frame))
            }
            _ => false,
        }
    }

    /// Moves the pitch wheel of `channel` to -1..=1.
    pub fn set_bend(&mut self, frame: u64, channel: u8, value: f32) {
        self.turn_all(Moved::Pitch, frame, channel, value);
    }

    /// Sets the pressure of `channel`, 0..=1.
    pub fn set_pressure(&mut self, frame: u64, channel: u8, value: f32) {
        self.turn_all(Moved::Pressure, frame, channel, value);
    }

    /// Takes MIDI controller `controller` at 0..=1.
    pub fn controller(&mut self, frame: u64, channel: u8, controller: u8, value: f32) {
        match Control::of(controller) {
            Control::Moves(moved) => self.turn_all(moved, frame, channel, value),
            Control::Pedal => {
                self.changed += 1;
                self.channels[usize::from(channel & 15)].pedal = value >= 0.5;
                if value < 0.5 {
                    self.pedal_up(channel & 15);
                }
            }
            Control::AllOff => self.all_off(),
            Control::Nothing => {}
        }
    }

    /// Moves a controller of `channel`, from `frame` on.
    fn turn_all(&mut self, moved: Moved, frame: u64, channel: u8, value: f32) {
        self.moved += 1;
        let (channel, frames) = (channel & 15, self.controller_frames());
        let controls = &mut self.channels[usize::from(channel)];
        controls.motions.turn(moved, value, frame, frames);
        for (lane, voice) in self.voices[..self.plan.lanes()].iter().enumerate() {
            if voice.channel == channel {
                self.rows.set_one(moved, lane, voice, controls);
            }
        }
        self.moves(moved, frame + frames);
    }

    /// Moves an expression of the notes that `note` covers.
    pub fn express(&mut self, frame: u64, note: NoteMatch, expression: Expression, value: f32) {
        self.moved += 1;
        let frames = self.controller_frames();
        let moved = Moved::by_expression(expression);
        self.moves(moved, frame + frames);
        for (lane, voice) in self.voices[..self.plan.count].iter_mut().enumerate() {
            if voice.stage == Stage::Idle || !note.covers(voice) {
                continue;
            }
            voice.motions.turn(moved, value, frame, frames);
            let channel = &self.channels[usize::from(voice.channel)];
            self.rows.set_one(moved, lane, voice, channel);
        }
    }

    /// Frees voices that were released and have fallen silent. Called at absolute multiples of
    /// `BLOCK`, with the highest level that each lane had in the mix since the last call.
    pub fn tick(&mut self, peaks: &[f32; MAX_VOICES]) {
        let limit = (QUIET_SECONDS * self.sample_rate / BLOCK as f64).ceil() as u32;
        for lane in bits(self.sounding & !self.held_voices) {
            let voice = &mut self.voices[lane];
            if peaks[lane] > SILENT {
                voice.quiet = 0;
                continue;
            }
            voice.quiet += 1;
            if voice.quiet >= limit && self.plan.count > 1 {
                self.end(lane);
            }
        }
    }

    /// A note that ended since the last call, if any.
    pub fn take_ended(&mut self) -> Option<EndedNote> {
        let lane = bits(self.reports).next()?;
        self.reports &= !(1 << lane);
        Some(self.ended[lane])
    }

    /// The same keys held under another plan (another patch, or other voice settings).
    #[must_use]
    pub fn replanned(&self, plan: VoicePlan, frame: u64) -> Self {
        let mut next = Self { plan, ..self.clone() };
        if plan.count == self.plan.count && plan.mode == self.plan.mode {
            return next;
        }
        next.voices = [Voice::IDLE; MAX_VOICES];
        (0..MAX_VOICES).for_each(|lane| next.note(lane));
        (next.sounding, next.held_voices) = (0, 0);
        next.held_len = 0;
        next.strike_again(self, frame);
        next.changed = self.changed + 1;
        next
    }

    /// Strikes the keys that `other` holds, oldest first, so that stealing and last-note priority
    /// fall out as if played anew.
    fn strike_again(&mut self, other: &Self, frame: u64) {
        let mut last = 0;
        loop {
            let later = other.voices.iter().filter(|v| v.held() && v.serial > last);
            let Some(voice) = later.min_by_key(|v| v.serial) else { break };
            last = voice.serial;
            self.note_on(frame, voice.id, voice.channel, voice.key, voice.velocity);
        }
    }

    fn controller_frames(&self) -> u64 {
        (CONTROLLER_SECONDS * self.sample_rate) as u64
    }

    /// The lane for a new note: the same key's, the first idle, the longest released, the oldest.
    fn allocate(&self, channel: u8, key: u8) -> usize {
        let voices = &self.voices[..self.plan.count];
        let same = |v: &Voice| v.stage != Stage::Idle && v.key == key && v.channel == channel;
        if let Some(lane) = voices.iter().position(same) {
            return lane;
        }
        if let Some(lane) = voices.iter().position(|v| v.stage == Stage::Idle) {
            return lane;
        }
        let rank = |v: &Voice| (v.stage == Stage::Held, v.serial);
        let oldest = voices.iter().enumerate().min_by_key(|(_, v)| rank(v));
        oldest.map_or(0, |(lane, _)| lane)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one note")]
    fn start(
        &mut self,
        lane: usize,
        frame: u64,
        id: i32,
        channel: u8,
        key: u8,
        velocity: f32,
        legato: bool,
    ) {
        if self.voices[lane].stage != Stage::Idle && self.voices[lane].id != id {
            self.report_end(lane);
        }
        self.serial += 1;
        let pitch = self.plan.pitches[usize::from(key)];
        let glide = (self.plan.glide * self.sample_rate) as u64;
        let from = if self.serial == 1 { pitch } else { self.voices[self.newest].pitch.at(frame) };
        let old = self.voices[lane];
        let voice = &mut self.voices[lane];
        *voice = Voice {
            stage: Stage::Held,
            id,
            channel,
            key,
            velocity,
            serial: self.serial,
            pitch: Ramp::new(from, pitch, frame, glide),
            ..Voice::IDLE
        };
        self.sounding |= 1 << lane;
        self.held_voices |= 1 << lane;
        if legato {
            voice.velocity = old.velocity;
        } else if old.stage == Stage::Held {
            voice.retrigger = frame;
            self.rows.retriggered = frame;
        }
        self.moves(Moved::Pitch, frame + glide);
        self.note(lane);
        self.newest = lane;
    }

    fn lift(&mut self, lane: usize) {
        if self.channels[usize::from(self.voices[lane].channel)].pedal {
            self.voices[lane].pedal = true;
        } else {
            self.release(lane);
        }
    }

    fn release(&mut self, lane: usize) {
        self.voices[lane].stage = Stage::Released;
        self.held_voices &= !(1 << lane);
        self.voices[lane].quiet = 0;
        self.voices[lane].pedal = false;
        self.note(lane);
    }

    fn end(&mut self, lane: usize) {
        self.report_end(lane);
        self.changed += 1;
        self.voices[lane].stage = Stage::Idle;
        self.sounding &= !(1 << lane);
        self.held_voices &= !(1 << lane);
        self.note(lane);
    }

    fn report_end(&mut self, lane: usize) {
        let voice = &self.voices[lane];
        self.ended[lane] = EndedNote { id: voice.id, channel: voice.channel, key: voice.key };
        self.reports |= 1 << lane;
    }

    fn pedal_up(&mut self, channel: u8) {
        self.changed += 1;
        for lane in 0..self.plan.count {
            let voice = &self.voices[lane];
            if voice.held() && voice.pedal && voice.channel == channel {
                self.release(lane);
            }
        }
    }

    fn forget(&mut self, channel: u8, key: u8) {
        let held = &self.held[..self.held_len];
        if let Some(at) = held.iter().position(|&k| k == (channel, key)) {
            self.held.copy_within(at + 1..self.held_len, at);
            self.held_len -= 1;
        }
    }

    /// In a mono mode the last key still down takes over when the sounding one is lifted.
    fn mono_off(&mut self, frame: u64, note: NoteMatch) {
        let sounding = self.voices[0];
        let mut at = 0;
        while at < self.held_len {
            let (channel, key) = self.held[at];
            let covered = (note.channel < 0 || note.channel == i16::from(channel))
                && (note.key < 0 || note.key == i16::from(key));
            if covered {
                self.forget(channel, key);
            } else {
                at += 1;
            }
        }
        if !sounding.held() || !note.covers(&sounding) {
            return;
        }
        match self.held_len.checked_sub(1).map(|last| self.held[last]) {
            Some((channel, key)) => {
                let legato = self.plan.mode == VoiceMode::Legato;
                self.start(0, frame, -1, channel, key, sounding.velocity, legato);
            }
            None => self.lift(0),
        }
    }
}
