//! Engines without a host: patches loaded, notes struck, blocks rendered in real-time mode.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use chronus_engine::{
    Answer, Block, Engine, Event, Options, Registry, Renderer, Request, Terms, TimedEvent,
    Transport,
};
use chronus_patch::Patch;
use thiserror::Error;

use crate::workload::RATE;

/// Longest block.
pub const MOST_FRAMES: usize = 4096;
/// Longest that a patch may take to be built; a valgrind may run it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Why a patch does not play.
#[derive(Debug, Error)]
pub enum StageError {
    /// The engine refused it.
    #[error("the patch is refused: {0}")]
    Refused(chronus_engine::Rejection),
    /// No graph came.
    #[error("the patch was not built within {} s", PATIENCE.as_secs())]
    Late,
}

/// One engine that plays a patch.
pub struct Player {
    /// The handle.
    pub engine: Engine,
    /// The DSP side.
    pub renderer: Renderer,
}

impl Player {
    /// An engine that plays `patch`.
    ///
    /// # Errors
    /// When the engine refuses it.
    pub fn new(registry: &Arc<Registry>, patch: &Patch) -> Result<Self, StageError> {
        let (engine, mut renderer) = Engine::new(registry.clone(), Options::default());
        for (index, knob) in &patch.macros {
            engine.set_macro(usize::from(*index), knob.value);
        }
        let terms = Terms { over_budget: true, ..Terms::default() };
        let (sender, answers) = channel();
        let whole = [Request::Replace(Box::new(patch.clone()))];
        engine.commit(&whole, terms, move |answer| drop(sender.send(answer)));
        engine.set_sample_rate(RATE);
        let started = Instant::now();
        while renderer.graph().is_none() {
            // A document that does not apply is refused by the commit, one that sounds wrong later.
            if let Ok(Answer::Rejected { rejection, .. }) = answers.try_recv() {
                return Err(StageError::Refused(rejection));
            }
            if let Some((_, rejection)) = engine.refusal() {
                return Err(StageError::Refused(rejection));
            }
            if started.elapsed() > PATIENCE {
                return Err(StageError::Late);
            }
            renderer.activate(RATE);
        }
        Ok(Self { engine, renderer })
    }

    /// Renders a block in real-time mode, over silence.
    pub fn render(&mut self, channels: [&mut [f32]; 2], events: &[TimedEvent]) {
        let [left, right] = channels;
        left.fill(0.0);
        right.fill(0.0);
        let transport = Transport::default();
        self.renderer.process(Block { channels: [left, right], events, transport, offline: false });
    }
}

/// Engines whose outputs add up.
pub struct Stage {
    players: Vec<Player>,
    /// What each is to play at the next block's start.
    events: Vec<Vec<TimedEvent>>,
    mix: [Vec<f32>; 2],
    buffers: [Vec<f32>; 2],
}

impl Stage {
    /// An engine for each of `parts`: its patch, and what it plays in the first block.
    ///
    /// # Errors
    /// When a patch is refused.
    pub fn new(parts: &[(Patch, Vec<TimedEvent>)]) -> Result<Self, StageError> {
        let registry = Arc::new(Registry::new(chronus_modules::KINDS));
        let players = parts.iter().map(|(patch, _)| Player::new(&registry, patch));
        let silence = || [vec![0.0; MOST_FRAMES], vec![0.0; MOST_FRAMES]];
        Ok(Self {
            players: players.collect::<Result<_, _>>()?,
            events: parts.iter().map(|(_, events)| events.clone()).collect(),
            mix: silence(),
            buffers: silence(),
        })
    }

    /// The engines.
    #[must_use]
    pub fn players(&self) -> &[Player] {
        &self.players
    }

    /// Sends `event` to all engines at frame `frame` of the next block.
    pub fn send(&mut self, frame: u32, event: Event) {
        for events in &mut self.events {
            events.push(TimedEvent { frame, event });
        }
    }

    /// Renders the next `frames` frames, at most `MOST_FRAMES`.
    pub fn render(&mut self, frames: usize) {
        let [left, right] = self.mix.each_mut().map(|channel| &mut channel[..frames]);
        let mut parts = self.players.iter_mut().zip(&mut self.events);
        if let Some((player, events)) = parts.next() {
            player.render([left, right], events);
            events.clear();
        }
        for (player, events) in parts {
            let buffers = self.buffers.each_mut().map(|buffer| &mut buffer[..frames]);
            player.render(buffers, events);
            events.clear();
            for (mix, part) in self.mix.iter_mut().zip(&self.buffers) {
                for (mix, part) in mix[..frames].iter_mut().zip(part) {
                    *mix += part;
                }
            }
        }
    }

    /// What the last block's left channel was.
    #[must_use]
    pub fn left(&self) -> &[f32] {
        &self.mix[0]
    }
}
