//! One instance without a host: an offline engine and renderer, timed commits, and what came out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use chronus_engine::{
    Answer, Block, Engine, Event, Options, Registry, Renderer, Request, Terms, TimedEvent,
    Transport,
};
use chronus_patch::Patch;

/// Rendered frames, left and right.
pub type Sound = Vec<[f32; 2]>;

pub struct Rig {
    pub engine: Engine,
    pub renderer: Renderer,
    pub answers: Receiver<Answer>,
    sender: Sender<Answer>,
}

impl Rig {
    /// An instance that plays `patch`, at frame 0.
    pub fn new(registry: &Arc<Registry>, sample_rate: f64, patch: &Patch) -> Self {
        Self::try_new(registry, sample_rate, patch).unwrap_or_else(|why| panic!("refused: {why}"))
    }

    /// The same; `Err` with why the patch was refused.
    pub fn try_new(
        registry: &Arc<Registry>,
        sample_rate: f64,
        patch: &Patch,
    ) -> Result<Self, String> {
        let (engine, mut renderer) = Engine::new(registry.clone(), Options::default());
        engine.set_offline(true);
        let (sender, answers) = channel();
        let rig_answer = sender.clone();
        // An empty graph first, so that the patch itself is judged as a commit is.
        engine.set_sample_rate(sample_rate);
        renderer.activate(sample_rate);
        engine.commit(
            &[Request::Replace(Box::new(patch.clone()))],
            Terms { due: Some(0), ..Terms::default() },
            move |a| drop(rig_answer.send(a)),
        );
        let mut rig = Self { engine, renderer, answers, sender };
        rig.render(4096, |_| 4096, &[], |_| 0.0);
        match rig.answers.recv_timeout(Duration::from_secs(20)) {
            Ok(Answer::Swapped { .. }) => Ok(rig),
            Ok(Answer::Rejected { rejection, .. }) => Err(rejection.to_string()),
            other => panic!("{other:?}"),
        }
    }

    /// Commits at frame `due` of what is rendered next.
    pub fn commit_at(&self, due: u64, requests: &[Request]) {
        let sender = self.sender.clone();
        let due = Some(self.renderer.frame() + due);
        let terms = Terms { due, ..Terms::default() };
        self.engine.commit(requests, terms, move |a| drop(sender.send(a)));
    }

    /// Commits at frame `due` as a program: when refused, the document stays as it was.
    pub fn refuse_at(&self, due: u64, requests: &[Request]) {
        let sender = self.sender.clone();
        let due = Some(self.renderer.frame() + due);
        let terms = Terms { due, client: chronus_engine::Client::Remote, ..Terms::default() };
        self.engine.commit(requests, terms, move |a| drop(sender.send(a)));
    }

    /// Renders `frames` frames in host blocks of `cut(n)` frames, with `events` and `input` by frame from
    /// now on.
    pub fn render(
        &mut self,
        frames: usize,
        mut cut: impl FnMut(usize) -> usize,
        events: &[(u64, Event)],
        input: impl Fn(u64) -> f32,
    ) -> Sound {
        let mut by_frame: BTreeMap<u64, Vec<Event>> = BTreeMap::new();
        for &(frame, event) in events {
            by_frame.entry(frame).or_default().push(event);
        }
        let mut sound = Vec::with_capacity(frames);
        let mut number = 0;
        while sound.len() < frames {
            let n = cut(number).clamp(1, frames - sound.len());
            number += 1;
            let at = sound.len() as u64;
            let mut left: Vec<f32> = (0..n as u64).map(|k| input(at + k)).collect();
            let mut right = left.clone();
            let timed: Vec<TimedEvent> = by_frame
                .range(at..at + n as u64)
                .flat_map(|(f, events)| {
                    events.iter().map(move |&event| TimedEvent { frame: (f - at) as u32, event })
                })
                .collect();
            self.renderer.process(Block {
                channels: [&mut left, &mut right],
                events: &timed,
                transport: Transport::default(),
                offline: true,
            });
            sound.extend(left.into_iter().zip(right).map(|(l, r)| [l, r]));
        }
        sound
    }
}

/// The first frame at which two sounds differ, bit for bit.
pub fn first_difference(a: &Sound, b: &Sound) -> Option<usize> {
    let bits = |f: &[f32; 2]| f.map(f32::to_bits);
    a.iter()
        .zip(b)
        .position(|(x, y)| bits(x) != bits(y))
        .or((a.len() != b.len()).then_some(a.len().min(b.len())))
}

pub fn peak(sound: &[[f32; 2]]) -> f32 {
    sound.iter().flatten().fold(0.0, |m, x| m.max(x.abs()))
}
