//! Events between host and framework: macros moved by the plugin are told to both, and no block
//! carries more events than the framework has room for.
//!
//! # Realtime
//! Everything lives on the stack of process().

use std::ffi::c_void;
use std::mem::size_of;
use std::ptr;

use chronus_engine::MACROS;
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_IS_LIVE, CLAP_EVENT_PARAM_GESTURE_BEGIN,
    CLAP_EVENT_PARAM_GESTURE_END, CLAP_EVENT_PARAM_VALUE, clap_event_header,
    clap_event_param_gesture, clap_event_param_value, clap_input_events, clap_output_events,
};
use nice_plug::prelude::Plugin;

use crate::Chronus;
use crate::link::{HostLink, Move};

/// Moves told in one block; more wait for the next.
const MOST_MOVES: usize = 64;
/// Events that the framework takes in one block without allocating.
const MOST_EVENTS: u32 = Chronus::INPUT_EVENT_CAPACITY as u32;

/// Macros that the plugin has moved since the last block.
pub struct Moves {
    steps: [Option<(Move, u32)>; MOST_MOVES],
    values: [clap_event_param_value; MOST_MOVES],
    count: u32,
}

impl Moves {
    /// Takes what waits in `link`, if anything does; `ids` are the macros' CLAP ids.
    pub fn take(link: &HostLink, ids: &[u32; MACROS]) -> Option<Self> {
        if !link.has_moves() {
            return None;
        }
        let mut moves =
            Self { steps: [None; MOST_MOVES], values: [value(0, 0.0); MOST_MOVES], count: 0 };
        for step in &mut moves.steps {
            let Some(next) = link.next_move() else { break };
            let (Move::Begin(index) | Move::To(index, _) | Move::End(index)) = next;
            let Some(&id) = ids.get(usize::from(index)) else { continue };
            *step = Some((next, id));
            if let Move::To(_, to) = next {
                moves.values[moves.count as usize] = value(id, to);
                moves.count += 1;
            }
        }
        Some(moves)
    }

    /// Tells the host, as gestures.
    ///
    /// # Safety
    /// `output` must be null or the host's list, valid for the call.
    pub unsafe fn tell(&self, output: *const clap_output_events) {
        // SAFETY: the caller's promise.
        let Some(list) = (unsafe { output.as_ref() }) else { return };
        let Some(push) = list.try_push else { return };
        for (step, id) in self.steps.iter().flatten().copied() {
            // SAFETY: each event is of the size and type that its header says. A host that takes
            // no more learns the value at its next look.
            let _ = unsafe {
                match step {
                    Move::Begin(_) => {
                        let event = gesture(id, CLAP_EVENT_PARAM_GESTURE_BEGIN);
                        push(output, ptr::from_ref(&event).cast())
                    }
                    Move::To(_, to) => {
                        let event = value(id, to);
                        push(output, ptr::from_ref(&event).cast())
                    }
                    Move::End(_) => {
                        let event = gesture(id, CLAP_EVENT_PARAM_GESTURE_END);
                        push(output, ptr::from_ref(&event).cast())
                    }
                }
            };
        }
    }
}

/// The moves ahead of the host's events; none where the host's list is good as it is.
///
/// # Safety
/// `input` must be null or the host's list, valid as long as the result.
pub unsafe fn join(moves: Option<&Moves>, input: *const clap_input_events) -> Option<Joined<'_>> {
    // SAFETY: the caller's promise.
    let host = unsafe { input.as_ref() };
    let size = host.and_then(|list| list.size);
    // SAFETY: the caller's promise.
    let theirs = size.map_or(0, |size| unsafe { size(input) });
    let ours = moves.map_or(&[][..], |moves| &moves.values[..moves.count as usize]);
    let joined = Joined { ours, host, theirs };
    (!ours.is_empty() || joined.overflows()).then_some(joined)
}

/// Moves, then the host's events, as far as there is room.
pub struct Joined<'a> {
    ours: &'a [clap_event_param_value],
    host: Option<&'a clap_input_events>,
    theirs: u32,
}

impl Joined<'_> {
    /// The list for the framework; it must not outlive `self`.
    pub fn list(&self) -> clap_input_events {
        clap_input_events {
            ctx: ptr::from_ref(self).cast_mut().cast(),
            size: Some(size),
            get: Some(get),
        }
    }

    /// True when events had to be left out.
    pub fn overflows(&self) -> bool {
        self.theirs > self.room()
    }

    /// Events of the host that have room behind ours.
    fn room(&self) -> u32 {
        MOST_EVENTS - self.ours.len() as u32
    }
}

unsafe extern "C" fn size(list: *const clap_input_events) -> u32 {
    // SAFETY: `ctx` is the `Joined` that the list was made of, which outlives it.
    let joined = unsafe { &*(*list).ctx.cast::<Joined<'_>>() };
    joined.ours.len() as u32 + joined.theirs.min(joined.room())
}

unsafe extern "C" fn get(list: *const clap_input_events, index: u32) -> *const clap_event_header {
    // SAFETY: as in `size`.
    let joined = unsafe { &*(*list).ctx.cast::<Joined<'_>>() };
    if let Some(event) = joined.ours.get(index as usize) {
        return &event.header;
    }
    let theirs = index - joined.ours.len() as u32;
    let get = joined.host.and_then(|host| Some((host, host.get?)));
    // SAFETY: the host's own function with its own list.
    get.map_or(ptr::null(), |(host, get)| unsafe { get(host, theirs) })
}

fn header<E>(kind: u16) -> clap_event_header {
    clap_event_header {
        size: size_of::<E>() as u32,
        time: 0,
        space_id: CLAP_CORE_EVENT_SPACE_ID,
        type_: kind,
        flags: CLAP_EVENT_IS_LIVE,
    }
}

fn value(param_id: u32, to: f32) -> clap_event_param_value {
    clap_event_param_value {
        header: header::<clap_event_param_value>(CLAP_EVENT_PARAM_VALUE),
        param_id,
        cookie: ptr::null_mut::<c_void>(),
        note_id: -1,
        port_index: -1,
        channel: -1,
        key: -1,
        value: f64::from(to),
    }
}

fn gesture(param_id: u32, kind: u16) -> clap_event_param_gesture {
    clap_event_param_gesture { header: header::<clap_event_param_gesture>(kind), param_id }
}
