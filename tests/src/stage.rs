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

    /// Renders a block in real-time mode over what `channels` hold.
    pub fn render(&mut self, channels: [&mut [f32]; 2], events: &[TimedEvent]) {
        let [left, right] = channels;
        let transport = Transport::default();
        self.renderer.process(Block { channels: [left, right], events, transport, offline: false });
    }
}

/// Engines whose outputs add up.
pub struct Stage {
    players: Vec<Player>,
    /// What each is to play in the next block.
    events: Vec<Vec<TimedEvent>>,
    /// What all of them hear, in both channels.
    input: Vec<f32>,
    mix: [Vec<f32>; 2],
    part: [Vec<f32>; 2],
}

impl Stage {
    /// An engine for each of `parts`: its patch, and what it plays in the first block.
    ///
    /// # Errors
    /// When a patch is refused.
    pub fn new(parts: &[(Patch, Vec<TimedEvent>)]) -> Result<Self, StageError> {
        let registry = Arc::new(Registry::new(chronus_modules::KINDS));
        let players = parts.iter().map(|(patch, _)| Player::new(&registry, patch));
        let silence = || vec![0.0; MOST_FRAMES];
        Ok(Self {
            players: players.collect::<Result<_, _>>()?,
            events: parts.iter().map(|(_, events)| events.clone()).collect(),
            input: silence(),
            mix: [silence(), silence()],
            part: [silence(), silence()],
        })
    }

    /// Lets the engines hear what `next` gives, sample by sample, again in every block.
    pub fn set_input(&mut self, mut next: impl FnMut() -> f32) {
        self.input.fill_with(&mut next);
    }

    /// Sends `event` to all engines at frame `frame` of the next block.
    pub fn send(&mut self, frame: u32, event: Event) {
        for events in &mut self.events {
            events.push(TimedEvent { frame, event });
        }
    }

    /// Renders the next `frames` frames, at most `MOST_FRAMES`.
    pub fn render(&mut self, frames: usize) {
        let players = self.players.iter_mut().zip(&mut self.events);
        for (n, (player, events)) in players.enumerate() {
            // The first renders where the mix is, so that a single engine costs no more than itself.
            let to = if n == 0 { &mut self.mix } else { &mut self.part };
            let [left, right] = to.each_mut().map(|channel| &mut channel[..frames]);
            left.copy_from_slice(&self.input[..frames]);
            right.copy_from_slice(&self.input[..frames]);
            player.render([left, right], events);
            events.clear();
            if n > 0 {
                add(&mut self.mix[0][..frames], &self.part[0]);
                add(&mut self.mix[1][..frames], &self.part[1]);
            }
        }
    }

    /// The first engine.
    #[must_use]
    pub fn engine(&self) -> Option<&Engine> {
        self.players.first().map(|player| &player.engine)
    }

    /// What the last block's left channel was.
    #[must_use]
    pub fn left(&self) -> &[f32] {
        &self.mix[0]
    }
}

fn add(mix: &mut [f32], part: &[f32]) {
    for (mix, part) in mix.iter_mut().zip(part) {
        *mix += *part;
    }
}
