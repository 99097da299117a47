//! One active instance, as the host's audio thread sees it.

use std::time::{Duration, Instant};

use clack_extensions::tail::{PluginTail, TailLength};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::prelude::{
    AudioPortBuffer, AudioPortBufferType, AudioPorts, EventBuffer, InputChannel, ProcessStatus,
    StartedPluginAudioProcessor, StoppedPluginAudioProcessor,
};

use super::shared::Workstation;
use super::{HostError, Sanitizer, Timed, thread_cpu};

/// Bytes reserved for the events of one block either way, so that no list grows while playing.
const EVENT_ROOM: usize = 1 << 16;

/// How an instance is activated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// Frames a second.
    pub sample_rate: f64,
    /// Longest block that will come.
    pub max_frames: u32,
}

impl Setup {
    /// 48 kHz, blocks of at most 8,192 frames.
    pub const USUAL: Self = Self { sample_rate: 48_000.0, max_frames: 8192 };

    /// The same at another sample rate.
    #[must_use]
    pub fn at(sample_rate: f64) -> Self {
        Self { sample_rate, ..Self::USUAL }
    }
}

/// What goes into one call of process() and what comes out.
pub struct Block<'a> {
    /// Left and right input; silence when none.
    pub input: Option<[&'a [f32]; 2]>,
    /// Left and right output, of the same length.
    pub output: [&'a mut [f32]; 2],
    /// In order of their frames.
    pub events: &'a [Timed],
}

/// What one call of process() said.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Whether the host may put the plugin to sleep.
    pub status: ProcessStatus,
    /// How long the call took.
    pub wall: Duration,
    /// Keys whose notes ended.
    pub ended: Vec<u16>,
    /// Parameters that the plugin moved: (id, value).
    pub moved: Vec<(u32, f64)>,
}

/// The audio thread's side of an active instance.
pub struct Player {
    processor: StartedPluginAudioProcessor<Workstation>,
    setup: Setup,
    inputs: AudioPorts,
    outputs: AudioPorts,
    silence: [Vec<f32>; 2],
    events: EventBuffer,
    answers: EventBuffer,
    sanitizer: Option<Sanitizer>,
    frame: u64,
    cpu: Option<Duration>,
}

impl Player {
    pub(super) fn new(processor: StartedPluginAudioProcessor<Workstation>, setup: Setup) -> Self {
        let frames = setup.max_frames as usize;
        Self {
            processor,
            setup,
            inputs: AudioPorts::with_capacity(2, 1),
            outputs: AudioPorts::with_capacity(2, 1),
            silence: [vec![0.0; frames], vec![0.0; frames]],
            events: EventBuffer::with_capacity(EVENT_ROOM),
            answers: EventBuffer::with_capacity(EVENT_ROOM),
            sanitizer: None,
            frame: 0,
            cpu: None,
        }
    }

    /// From now on every call of process() is a real-time section of the sanitizer.
    pub fn watch(&mut self, sanitizer: Sanitizer) {
        self.sanitizer = Some(sanitizer);
    }

    /// From now on the CPU time of every call is added up.
    pub fn count_cpu(&mut self) {
        self.cpu = Some(Duration::ZERO);
    }

    /// CPU time spent in process() since `count_cpu`.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.cpu.unwrap_or_default()
    }

    /// How it was activated.
    #[must_use]
    pub fn setup(&self) -> Setup {
        self.setup
    }

    /// Frames rendered so far.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// Frames that the plugin says it sounds on; none = no end is known.
    ///
    /// # Errors
    /// When the plugin says nothing of the kind.
    pub fn tail(&mut self) -> Result<Option<u32>, HostError> {
        let plugin = self.processor.plugin_handle();
        let tail: PluginTail = plugin.get_extension().ok_or(HostError::Lacks("tail"))?;
        Ok(match tail.get(&plugin) {
            TailLength::Finite(frames) => Some(frames),
            TailLength::Infinite => None,
        })
    }

    /// Forgets what sounds.
    pub fn reset(&mut self) {
        self.processor.reset();
    }

    /// Calls process() once.
    ///
    /// # Errors
    /// When the plugin reports an error.
    pub fn process(&mut self, block: Block<'_>) -> Result<Outcome, HostError> {
        let [left, right] = block.output;
        let frames = left.len().min(right.len());
        for (side, channel) in self.silence.iter_mut().enumerate() {
            match block.input {
                Some(input) => channel[..frames].copy_from_slice(&input[side][..frames]),
                None => channel[..frames].fill(0.0),
            }
        }
        self.events.clear();
        self.answers.clear();
        for event in block.events {
            event.push(&mut self.events);
        }
        let constant = block.input.is_none();
        let [quiet_left, quiet_right] = &mut self.silence;
        let inputs = self.inputs.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(
                [&mut quiet_left[..frames], &mut quiet_right[..frames]]
                    .map(|buffer| InputChannel { buffer, is_constant: constant }),
            ),
        }]);
        let mut outputs = self.outputs.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(
                [&mut left[..frames], &mut right[..frames]].into_iter(),
            ),
        }]);
        let events = self.events.as_input();
        let mut answers = self.answers.as_output();
        let cpu = self.cpu.map(|_| thread_cpu());
        let started = Instant::now();
        let status = {
            let _section = self.sanitizer.map(|sanitizer| sanitizer.realtime());
            let time = Some(self.frame);
            self.processor.process(&inputs, &mut outputs, &events, &mut answers, time, None)
        };
        let wall = started.elapsed();
        if let (Some(total), Some(before)) = (&mut self.cpu, cpu) {
            *total += thread_cpu() - before;
        }
        self.frame += frames as u64;
        let status = status
            .map_err(|e| HostError::Refused { step: "process a block", text: e.to_string() })?;
        let mut outcome = Outcome { status, wall, ended: Vec::new(), moved: Vec::new() };
        for event in self.answers.iter() {
            match event.as_core_event() {
                Some(CoreEventSpace::NoteEnd(end)) => {
                    outcome.ended.extend(end.key().into_specific());
                }
                Some(CoreEventSpace::ParamValue(moved)) => {
                    outcome.moved.extend(moved.param_id().map(|id| (id.get(), moved.value())));
                }
                _ => {}
            }
        }
        Ok(outcome)
    }

    /// Renders `output.len()` frames in blocks of `cut(frame)` frames. The frames of `events` count
    /// from the start of `output`.
    ///
    /// # Errors
    /// When the plugin reports an error.
    pub fn render(
        &mut self,
        output: &mut [Vec<f32>; 2],
        events: &[Timed],
        mut cut: impl FnMut(usize) -> usize,
    ) -> Result<Duration, HostError> {
        let frames = output[0].len().min(output[1].len());
        let mut at = 0;
        let mut next = 0;
        let mut longest = Duration::ZERO;
        while at < frames {
            let n = cut(at).clamp(1, self.setup.max_frames as usize).min(frames - at);
            let due = events[next..].iter().take_while(|e| (e.frame as usize) < at + n).count();
            let now: Vec<Timed> = events[next..next + due]
                .iter()
                .map(|e| Timed { frame: e.frame - at as u32, ..*e })
                .collect();
            next += due;
            let [left, right] = output;
            let block = Block {
                input: None,
                output: [&mut left[at..at + n], &mut right[at..at + n]],
                events: &now,
            };
            longest = longest.max(self.process(block)?.wall);
            at += n;
        }
        Ok(longest)
    }

    pub(super) fn stop(self) -> StoppedPluginAudioProcessor<Workstation> {
        self.processor.stop_processing()
    }
}
