//! The Chronus plugin: the engine and its editor for CLAP hosts, and through clap-wrapper for VST3.
//! The only crate that knows the plugin framework.

mod factory;
mod meaning;
mod params;
mod processor;

use std::num::NonZeroU32;
use std::sync::Arc;

use chronus_engine::{Client, Engine, Options, Registry, Request, Terms};
use nice_plug::prelude::*;

use crate::meaning::Meanings;
use crate::params::{Moved, PluginParams};
use crate::processor::Processor;

/// The plugin as the framework sees it.
pub struct Chronus {
    params: Arc<PluginParams>,
    engine: Arc<Engine>,
    moved: Arc<Moved>,
    processor: Processor,
    offline: bool,
}

impl Default for Chronus {
    fn default() -> Self {
        let registry = Arc::new(Registry::new(chronus_modules::KINDS));
        let (engine, renderer) = Engine::new(registry.clone(), Options::default());
        let patch = factory::initial();
        let (meanings, moved) = (Arc::new(Meanings::default()), Arc::new(Moved::default()));
        meanings.follow(&patch, &registry);
        let defaults = factory::macro_values(&patch);
        let params = Arc::new(PluginParams::new(&defaults, &meanings, &moved));
        let terms = Terms { client: Client::Host, ..Terms::default() };
        engine.commit(&[Request::Replace(Box::new(patch))], terms, |_| ());
        Self {
            params,
            engine: Arc::new(engine),
            moved,
            processor: Processor::new(renderer),
            offline: false,
        }
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

    type Editor = ();
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.offline = config.process_mode == ProcessMode::Offline;
        self.processor.activate(&self.engine, &self.params, config);
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
        let Self { params, moved, processor, offline, .. } = self;
        match processor.process(buffer, *offline, params, moved, context) {
            Some(status) => processor.process_status(status, self.engine.pending()),
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
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::Instrument,
        ClapFeature::Synthesizer,
        ClapFeature::Stereo,
    ];

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        params::remote_pages(&self.params, context);
    }
}

nice_export_clap!(Chronus);
clap_wrapper::export_vst3!();
