//! A window that is gone when it is closed. On X11 the framework runs each window on a thread of its
//! own and means to wait for its end, but does not when the thread has ended its loop by the time it is
//! asked to end (baseview 0.4.2, `WindowThreadHandle::drop`). What the thread then still does is to
//! unload the display's graphics driver: a host that ends meanwhile, or another thread of it that does,
//! calls into what is not there any more.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use nice_plug::editor::dpi::NativeSize;
use nice_plug::editor::{EditorHandle, Modifiers, SpawnedEditor, VirtualKeyCode};
use nice_plug::prelude::ParentWindowHandle;
use nice_plug_egui::{EguiEditorHandle, baseview};

/// Longest that a host waits for a window's thread: one that hangs must not hang the host.
const PATIENCE: Duration = Duration::from_secs(5);
/// From one look at it to the next.
const INTERVAL: Duration = Duration::from_millis(1);

/// A thread, known once it has said so itself: where the system lists it, and when it began.
#[derive(Clone, Default)]
pub struct WindowThread(Arc<OnceLock<(PathBuf, String)>>);

impl WindowThread {
    /// It is this one. Where the system does not list its threads (only Linux does), windows run on
    /// the host's own thread and nothing has to be waited for.
    pub fn is_this(&self) {
        let Ok(own) = std::fs::read_link("/proc/thread-self") else { return };
        let listed = Path::new("/proc").join(own);
        if let Some(began) = began(&listed) {
            let _ = self.0.set((listed, began));
        }
    }

    /// Waits until it is gone, and with it whatever it did at its end.
    fn wait(&self) {
        let Some((listed, own)) = self.0.get() else { return };
        let started = Instant::now();
        // Another that has its number by now began later.
        while began(listed).as_ref() == Some(own) && started.elapsed() < PATIENCE {
            std::thread::sleep(INTERVAL);
        }
    }
}

/// When the thread that is listed at `listed` began, in the system's ticks: the 22nd word of its status, the 20th
/// behind its name. None where it is gone.
fn began(listed: &Path) -> Option<String> {
    let status = std::fs::read_to_string(listed.join("stat")).ok()?;
    let (_, behind) = status.rsplit_once(')')?;
    behind.split_whitespace().nth(19).map(str::to_owned)
}

/// Waits for the thread when dropped.
struct End(WindowThread);

impl Drop for End {
    fn drop(&mut self) {
        self.0.wait();
    }
}

/// An open window of the framework, and its end.
pub struct OpenWindow {
    // In this order: the thread ends after the window was told to close.
    inner: baseview::Window,
    _end: End,
}

/// The framework's handle of an editor whose window is an `OpenWindow`.
pub struct Handle(EguiEditorHandle);

impl Handle {
    /// Takes over an editor whose window runs on `thread`.
    pub fn of(
        editor: SpawnedEditor<EguiEditorHandle>,
        thread: WindowThread,
    ) -> SpawnedEditor<Self> {
        let window = OpenWindow { inner: editor.window, _end: End(thread) };
        SpawnedEditor { handle: Self(editor.handle), window }
    }
}

impl EditorHandle for Handle {
    type Window = OpenWindow;
    type Error = baseview::Error;

    fn run_until_closed(window: OpenWindow) -> Result<(), Self::Error> {
        window.inner.run_until_closed()
    }

    fn set_parent(
        &self,
        parent: ParentWindowHandle,
        window: &OpenWindow,
    ) -> Result<(), Self::Error> {
        self.0.set_parent(parent, &window.inner)
    }

    fn show(&self, window: &OpenWindow) -> Result<(), Self::Error> {
        self.0.show(&window.inner)
    }

    fn hide(&self, window: &OpenWindow) -> Result<(), Self::Error> {
        self.0.hide(&window.inner)
    }

    fn set_size(&self, size: NativeSize<u32>, window: &OpenWindow) -> Result<(), Self::Error> {
        self.0.set_size(size, &window.inner)
    }

    fn host_main_thread_callback(&self, window: &OpenWindow) {
        self.0.host_main_thread_callback(&window.inner);
    }

    fn adjust_size(&self, size: NativeSize<u32>, window: &OpenWindow) -> Option<NativeSize<u32>> {
        self.0.adjust_size(size, &window.inner)
    }

    fn set_fallback_scale_factor(
        &self,
        scale: f64,
        window: &OpenWindow,
    ) -> Result<(), Self::Error> {
        self.0.set_fallback_scale_factor(scale, &window.inner)
    }

    fn on_virtual_key_from_host(
        &self,
        key: VirtualKeyCode,
        is_down: bool,
        modifiers: Modifiers,
    ) -> bool {
        self.0.on_virtual_key_from_host(key, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.0.state_changed();
    }

    fn param_value_changed(&self, id: &str, value: f32) {
        self.0.param_value_changed(id, value);
    }

    fn param_modulation_changed(&self, id: &str, offset: f32) {
        self.0.param_modulation_changed(id, offset);
    }
}
