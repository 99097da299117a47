//! The swap: looks at what the builder published, exchanges graphs, and leaves the old one in the
//! slot. O(changes) for an edit, O(modules) for a load; no allocation.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::Renderer;
use crate::graph::Graph;
use crate::handover::{Entry, Swapped};
use crate::ramp::Fade;

/// Seconds that a patch load crossfades.
pub const LOAD_FADE_SECONDS: f64 = 0.03;
/// Seconds that a crossfade takes when the next graph is waiting already.
const HURRIED_FADE_SECONDS: f64 = 0.005;

impl Renderer {
    /// True while a swap has to wait: something fades, or the slot is taken.
    pub(super) fn busy(&self) -> bool {
        let fading = self.active.as_ref().is_some_and(|g| g.transition_end().is_some());
        fading || self.next.is_some() || self.outgoing.is_some()
    }

    /// Takes a ready graph, unless a fade is under way; a long one is cut short then.
    pub(super) fn check_ready(&mut self) {
        if self.busy() {
            let hurried = (HURRIED_FADE_SECONDS * self.sample_rate) as u64;
            let length = Fade::length(hurried);
            let long = self.outgoing.is_some() && self.fade_end > self.frame + length;
            if long && self.ready.updated() {
                let gain = self.outgoing_gain.at(self.frame);
                self.outgoing_gain = Fade::new(gain, 0.0, self.frame, hurried);
                self.fade_end = self.outgoing_gain.end();
            }
            return;
        }
        if self.considering || self.ready.updated() {
            self.take_ready(self.frame);
        }
    }

    /// The swap: looks at what is in the slot, and exchanges graphs when it may.
    pub(super) fn take_ready(&mut self, now: u64) {
        self.considering |= self.ready.update();
        if !self.considering {
            return;
        }
        let started = Instant::now();
        let ready = self.ready.output_buffer_mut();
        let current = ready.epoch == self.epoch && ready.swap.is_some();
        let based =
            self.active.is_none() || ready.entry == Entry::Load || ready.base == self.revision;
        if current && based && ready.due.is_some_and(|due| due > now) {
            return;
        }
        self.considering = false;
        if !current || !based || !ready.claim.take() {
            return;
        }
        let Some(mut graph) = ready.swap.take() else { return };
        let load = ready.entry == Entry::Load && self.active.is_some();
        if load {
            self.outgoing_voices.clone_from(&self.voices);
        }
        if ready.revoiced && self.voices.plan() != &graph.plan().voices {
            let replanned = self.voices.replanned(graph.plan().voices, now);
            *self.voices = replanned;
        }
        let old = self.active.take();
        match (ready.entry, old) {
            (Entry::Edit, Some(mut old)) => {
                graph.carry_from(&mut old, self.voices.newest());
                ready.turns.iter().for_each(|turn| graph.commit(turn, now));
                if self.shared.marks.count() != ready.primed {
                    graph.snap_added();
                }
                graph.bind_added(&self.macros);
                if ready.rebound {
                    graph.follow_macros(&self.macros, now);
                }
                graph.begin_transition(now);
                ready.retired[0] = Some(old);
            }
            (_, old) => {
                ready.turns.iter().for_each(|turn| graph.commit(turn, now));
                graph.snap(&self.macros);
                if self.failed {
                    // It has nothing to fade out, and would panic again.
                    ready.retired[0] = old;
                } else if old.is_some() {
                    let fade = (LOAD_FADE_SECONDS * self.sample_rate).max(1.0) as u64;
                    self.outgoing = old;
                    self.outgoing_voices.all_off();
                    self.outgoing_gain = Fade::new(1.0, 0.0, now, fade);
                    self.fade_end = self.outgoing_gain.end();
                }
            }
        }
        self.next = ready.then.take();
        let (revision, modules) = (ready.revision, graph.modules());
        self.active = Some(graph);
        self.failed = false;
        self.revision = revision;
        self.follow_taps();
        let at = Instant::now();
        let cost_ns = at.duration_since(started).as_nanos() as u64;
        let swapped = Swapped { revision, began: now, frame: now, cost_ns, at };
        self.shared.counters.active_modules.store(modules as u64, Relaxed);
        if self.next.is_some() {
            // The edit is done when the bridge is crossed; a bridge without a fade is crossed now.
            self.next_swap = swapped;
            if self.active.as_ref().is_none_or(|g| g.transition_end().is_none()) {
                self.cross_bridge();
            }
        } else {
            self.answer(swapped);
        }
    }

    /// Swaps from the bridge, whose fade is over, to the graph behind it.
    pub(super) fn cross_bridge(&mut self) {
        let Some(mut graph) = self.next.take() else { return };
        let started = Instant::now();
        let now = self.frame;
        let Some(mut bridge) = self.active.take() else { return };
        let voice_plan = graph.plan().voices;
        if self.voices.plan() != &voice_plan {
            let replanned = self.voices.replanned(voice_plan, now);
            *self.voices = replanned;
        }
        graph.carry_from(&mut bridge, self.voices.newest());
        // Knobs may have been turned on the bridge, and arrivals were packed before it.
        graph.snap_added();
        graph.bind_added(&self.macros);
        graph.begin_transition(now);
        self.active = Some(graph);
        self.retire(Some(bridge));
        self.follow_taps();
        let at = Instant::now();
        let cost_ns = self.next_swap.cost_ns + at.duration_since(started).as_nanos() as u64;
        let swapped = Swapped { frame: now, cost_ns, at, ..self.next_swap };
        self.answer(swapped);
    }

    pub(super) fn answer(&self, swapped: Swapped) {
        self.shared.counters.swap_ns.record(swapped.cost_ns);
        // One publish is in flight at a time, so the queue has room.
        let _ = self.shared.swapped.push(swapped);
    }

    /// Leaves a graph in the slot for the builder; the slot has room for all that one swap frees.
    pub(super) fn retire(&mut self, graph: Option<Box<Graph>>) {
        let slots = &mut self.ready.output_buffer_mut().retired;
        if let Some(free) = slots.iter_mut().find(|s| s.is_none()) {
            *free = graph;
        }
    }
}
