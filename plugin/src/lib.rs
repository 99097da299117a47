//! The Chronus plugin: the engine and its editor for CLAP hosts, and through clap-wrapper for VST3.
//! The only crate that knows the plugin framework.

mod clap_edge;
mod controllers;
mod factory;
mod herald;
#[cfg(target_os = "linux")]
mod host_keys;
mod link;
mod meaning;
mod params;
mod processor;
mod shared;
mod state;
mod view;
mod window;
mod window_thread;

use std::num::NonZeroU32;
use std::sync::{Arc, mpsc};

use nice_plug::prelude::*;

use crate::processor::Processor;
use crate::shared::Shared;
use crate::window::PluginEditor;

/// The plugin as the framework sees it.
pub struct Chronus {
    shared: Arc<Shared>,
    processor: Processor,
    offline: bool,
}

/// What the framework can be asked to pass on to an instance.
pub enum Task {
    /// Show what the instance's threads share: the framework keeps the plugin to itself.
    Introduce(mpsc::Sender<Arc<Shared>>),
}

impl Default for Chronus {
    fn default() -> Self {
        let (shared, renderer) = Shared::new();
        Self { shared, processor: Processor::new(renderer), offline: false }
    }
}

impl Plugin for Chronus {
    const NAME: &'static str = "Chronus";
    const VENDOR: &'static str = "Chronus Audio";
    const URL: &'static str = env!("CARGO_PKG_REPOSITORY");
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[AudioIOLayout {
        main_input_channels: NonZeroU32::new(2),
        main_output_channels: NonZeroU32::new(2),
        ..AudioIOLayout::const_default()
    }];
    const MIDI_INPUT: MidiConfig = MidiConfig::MidiCCs;
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;
    const INPUT_EVENT_CAPACITY: usize = 16_384;

    type Editor = PluginEditor;
    type SysExMessage = ();
    type BackgroundTask = Task;

    fn task_executor(&mut self) -> TaskExecutor<Self> {
        let shared = self.shared.clone();
        Box::new(move |Task::Introduce(asker)| {
            // Who asked and did not wait does not want to know.
            let _ = asker.send(shared.clone());
        })
    }

    fn params(&self) -> Arc<dyn Params> {
        self.shared.params.clone()
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        Some(PluginEditor::new(&self.shared))
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.offline = config.process_mode == ProcessMode::Offline;
        self.processor.activate(&self.shared, config);
        self.shared.ask_environment();
        true
    }

    fn reset(&mut self) {
        self.processor.reset();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let Self { shared, processor, offline } = self;
        match processor.process(buffer, *offline, shared, context) {
            Some(status) => processor.process_status(status, shared.engine.pending()),
            None => ProcessStatus::Error("the host sent other channels than stereo"),
        }
    }
}

impl ClapPlugin for Chronus {
    const CLAP_ID: &'static str = "audio.chronus.chronus";
    const CLAP_DESCRIPTION: Option<&'static str> =
        Some("A modular synthesizer whose patches are rewired while they play");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::Instrument, ClapFeature::Synthesizer, ClapFeature::Stereo];

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        params::remote_pages(&self.shared.params, context);
    }
}

clap_wrapper::export_vst3!();
