//! One instance of the plugin, as the host's main thread sees it.

use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use clack_extensions::audio_ports::{AudioPortInfoBuffer, PluginAudioPorts};
use clack_extensions::latency::PluginLatency;
use clack_extensions::note_ports::PluginNotePorts;
use clack_extensions::params::{ParamInfoBuffer, PluginParams};
use clack_extensions::remote_controls::PluginRemoteControls;
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::prelude::{
    ClapId, HostInfo, PluginAudioConfiguration, PluginEntry, PluginInstance,
};

use super::event::automatable;
use super::player::Setup;
use super::shared::{Anywhere, Audio, Main, Workstation};
use super::{HostError, Player, Requests};

/// A parameter as the plugin shows it to hosts.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamFacts {
    /// CLAP id.
    pub id: u32,
    /// Name shown to people.
    pub name: String,
    /// Folder shown to people.
    pub module: String,
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
    /// Default value.
    pub default: f64,
    /// Hosts may automate it.
    pub automatable: bool,
}

/// An instance of the plugin. Stays on the thread that made it; its [`Player`] may go to another.
pub struct Instance {
    pub(super) plugin: PluginInstance<Workstation>,
    requests: Arc<Requests>,
}

impl Instance {
    pub(super) fn new(entry: &PluginEntry, id: &CStr, info: &HostInfo) -> Result<Self, HostError> {
        let requests = Arc::new(Requests::default());
        let shared = requests.clone();
        let plugin = PluginInstance::<Workstation>::new(
            move |()| Anywhere(shared),
            |shared| Main(shared),
            entry,
            id,
            info,
        );
        let plugin =
            plugin.map_err(|e| HostError::Refused { step: "be created", text: e.to_string() })?;
        Ok(Self { plugin, requests })
    }

    /// What the plugin has asked the host for.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Gives the plugin its main-thread callback if it asked for one, as a host's idle loop does.
    pub fn idle(&mut self) {
        if self.requests.callback.swap(false, Relaxed) {
            self.plugin.call_on_main_thread_callback();
        }
    }

    /// Starts processing.
    ///
    /// # Errors
    /// When the plugin refuses.
    pub fn activate(&mut self, setup: Setup) -> Result<Player, HostError> {
        let refused = |text: String| HostError::Refused { step: "activate", text };
        let configuration = PluginAudioConfiguration {
            sample_rate: setup.sample_rate,
            min_frames_count: 1,
            max_frames_count: setup.max_frames,
        };
        let stopped = self.plugin.activate(|_, _| Audio, configuration);
        let stopped = stopped.map_err(|e| refused(e.to_string()))?;
        let started = stopped.start_processing().map_err(|e| refused(e.to_string()))?;
        Ok(Player::new(started, setup))
    }

    /// Stops processing.
    pub fn deactivate(&mut self, player: Player) {
        self.plugin.deactivate(player.stop());
    }

    /// Tells the plugin whether it renders offline.
    ///
    /// # Errors
    /// When it has no such switch, or refuses.
    pub fn set_offline(&mut self, offline: bool) -> Result<(), HostError> {
        let plugin = self.plugin.plugin_handle();
        let render: PluginRender = plugin.get_extension().ok_or(HostError::Lacks("render"))?;
        let mode = if offline { RenderMode::Offline } else { RenderMode::Realtime };
        render
            .set(&plugin, mode)
            .map_err(|e| HostError::Refused { step: "switch to offline", text: e.to_string() })
    }

    /// The whole state.
    ///
    /// # Errors
    /// When the plugin has no state or refuses.
    pub fn save(&mut self) -> Result<Vec<u8>, HostError> {
        let plugin = self.plugin.plugin_handle();
        let state: PluginState = plugin.get_extension().ok_or(HostError::Lacks("state"))?;
        let mut bytes = Vec::new();
        state
            .save(&plugin, &mut bytes)
            .map_err(|e| HostError::Refused { step: "save its state", text: e.to_string() })?;
        Ok(bytes)
    }

    /// Restores a state.
    ///
    /// # Errors
    /// When the plugin has no state or refuses these bytes.
    pub fn load(&mut self, mut bytes: &[u8]) -> Result<(), HostError> {
        let plugin = self.plugin.plugin_handle();
        let state: PluginState = plugin.get_extension().ok_or(HostError::Lacks("state"))?;
        state
            .load(&plugin, &mut bytes)
            .map_err(|e| HostError::Refused { step: "load a state", text: e.to_string() })
    }

    /// Reported latency in frames.
    ///
    /// # Errors
    /// When the plugin reports none.
    pub fn latency(&mut self) -> Result<u32, HostError> {
        let plugin = self.plugin.plugin_handle();
        let latency: PluginLatency = plugin.get_extension().ok_or(HostError::Lacks("latency"))?;
        Ok(latency.get(&plugin))
    }

    /// Every parameter.
    ///
    /// # Errors
    /// When the plugin has none.
    pub fn params(&mut self) -> Result<Vec<ParamFacts>, HostError> {
        let plugin = self.plugin.plugin_handle();
        let params: PluginParams = plugin.get_extension().ok_or(HostError::Lacks("params"))?;
        let mut buffer = ParamInfoBuffer::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut all = Vec::new();
        for index in 0..params.count(&plugin) {
            let Some(info) = params.get_info(&plugin, index, &mut buffer) else { continue };
            all.push(ParamFacts {
                id: info.id.get(),
                name: text(info.name),
                module: text(info.module),
                min: info.min_value,
                max: info.max_value,
                default: info.default_value,
                automatable: automatable(info.flags),
            });
        }
        Ok(all)
    }

    /// Value of parameter `id`; none when there is no such parameter.
    pub fn param(&mut self, id: u32) -> Option<f64> {
        let plugin = self.plugin.plugin_handle();
        let params: PluginParams = plugin.get_extension()?;
        params.get_value(&plugin, ClapId::from_raw(id)?)
    }

    /// What the plugin writes for `value` of parameter `id`.
    pub fn param_text(&mut self, id: u32, value: f64) -> Option<String> {
        let plugin = self.plugin.plugin_handle();
        let params: PluginParams = plugin.get_extension()?;
        let mut buffer = [0; 256];
        let id = ClapId::from_raw(id)?;
        let text = params.value_to_text(&plugin, id, value, &mut buffer).ok()?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// What the plugin reads from `text` for parameter `id`.
    pub fn param_value(&mut self, id: u32, text: &CStr) -> Option<f64> {
        let plugin = self.plugin.plugin_handle();
        let params: PluginParams = plugin.get_extension()?;
        params.text_to_value(&plugin, ClapId::from_raw(id)?, text)
    }

    /// Channels of every audio input port, then of every output port.
    ///
    /// # Errors
    /// When the plugin has no audio ports.
    pub fn audio_ports(&mut self) -> Result<(Vec<u32>, Vec<u32>), HostError> {
        let plugin = self.plugin.plugin_handle();
        let ports: PluginAudioPorts =
            plugin.get_extension().ok_or(HostError::Lacks("audio-ports"))?;
        let channels = |input| {
            let mut buffer = AudioPortInfoBuffer::new();
            let all = 0..ports.count(&plugin, input);
            all.filter_map(|i| Some(ports.get(&plugin, i, input, &mut buffer)?.channel_count))
                .collect()
        };
        Ok((channels(true), channels(false)))
    }

    /// Number of note input ports.
    ///
    /// # Errors
    /// When the plugin has no note ports.
    pub fn note_inputs(&mut self) -> Result<u32, HostError> {
        let plugin = self.plugin.plugin_handle();
        let ports: PluginNotePorts =
            plugin.get_extension().ok_or(HostError::Lacks("note-ports"))?;
        Ok(ports.count(&plugin, true))
    }

    /// Number of remote-control pages.
    ///
    /// # Errors
    /// When the plugin has none.
    pub fn remote_pages(&mut self) -> Result<u32, HostError> {
        let plugin = self.plugin.plugin_handle();
        let pages: PluginRemoteControls =
            plugin.get_extension().ok_or(HostError::Lacks("remote-controls"))?;
        Ok(pages.count(&plugin))
    }
}
