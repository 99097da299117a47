//! What the plugin may ask of the host, noted down.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl};
use clack_extensions::latency::{HostLatency, HostLatencyImpl};
use clack_extensions::log::{HostLog, HostLogImpl, LogSeverity};
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamRescanFlags,
};
use clack_extensions::state::{HostState, HostStateImpl};
use clack_extensions::tail::{HostTail, HostTailImpl};
use clack_host::prelude::{
    AudioProcessorHandler, ClapId, HostError, HostExtensions, HostHandlers, MainThreadHandler,
    SharedHandler,
};

/// How often the plugin asked for what, since its creation.
#[derive(Debug, Default)]
pub struct Requests {
    pub(super) callback: AtomicBool,
    /// Calls of `request_process`.
    pub process: AtomicU32,
    /// Calls of `request_restart`.
    pub restart: AtomicU32,
    /// Calls of `state.mark_dirty`.
    pub dirty: AtomicU32,
    /// Calls of `params.rescan`.
    pub rescans: AtomicU32,
    /// Calls of `latency.changed`.
    pub latency: AtomicU32,
    /// Calls of `gui.request_resize`.
    pub resizes: AtomicU32,
    log: Mutex<Vec<String>>,
}

impl Requests {
    /// What the plugin logged, oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lock().map(|lines| lines.clone()).unwrap_or_default()
    }
}

/// The host as clack wants it.
pub(super) struct Workstation;

/// Handler of every thread.
pub(super) struct Anywhere(pub(super) std::sync::Arc<Requests>);

/// Handler of the main thread.
pub(super) struct Main<'a>(pub(super) &'a Anywhere);

/// Handler of the audio thread.
pub(super) struct Audio;

impl HostHandlers for Workstation {
    type Shared<'a> = Anywhere;
    type MainThread<'a> = Main<'a>;
    type AudioProcessor<'a> = Audio;

    fn declare_extensions(builder: &mut HostExtensions<Self>, _shared: &Anywhere) {
        builder
            .register::<HostGui>()
            .register::<HostLatency>()
            .register::<HostLog>()
            .register::<HostParams>()
            .register::<HostState>()
            .register::<HostTail>();
    }
}

impl SharedHandler<'_> for Anywhere {
    fn request_restart(&self) {
        self.0.restart.fetch_add(1, Relaxed);
    }

    fn request_process(&self) {
        self.0.process.fetch_add(1, Relaxed);
    }

    fn request_callback(&self) {
        self.0.callback.store(true, Relaxed);
    }
}

impl HostLogImpl for Anywhere {
    fn log(&self, severity: LogSeverity, message: &str) {
        if let Ok(mut lines) = self.0.log.lock() {
            lines.push(format!("{severity:?}: {message}"));
        }
    }
}

impl HostParamsImplShared for Anywhere {
    fn request_flush(&self) {
        self.0.process.fetch_add(1, Relaxed);
    }
}

impl HostGuiImpl for Anywhere {
    fn resize_hints_changed(&self) {}

    fn request_resize(&self, _size: GuiSize) -> Result<(), HostError> {
        self.0.resizes.fetch_add(1, Relaxed);
        Ok(())
    }

    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn closed(&self, _was_destroyed: bool) {}
}

impl<'a> MainThreadHandler<'a> for Main<'a> {}

impl HostParamsImplMainThread for Main<'_> {
    fn rescan(&self, _flags: ParamRescanFlags) {
        self.0.0.rescans.fetch_add(1, Relaxed);
    }

    fn clear(&self, _id: ClapId, _flags: ParamClearFlags) {}
}

impl HostStateImpl for Main<'_> {
    fn mark_dirty(&self) {
        self.0.0.dirty.fetch_add(1, Relaxed);
    }
}

impl HostLatencyImpl for Main<'_> {
    fn changed(&self) {
        self.0.0.latency.fetch_add(1, Relaxed);
    }
}

impl AudioProcessorHandler<'_> for Audio {}

impl HostTailImpl for Audio {
    fn changed(&mut self) {}
}
