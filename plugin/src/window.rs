//! The editor's window in the host, and the host as the editor sees it.

use std::error::Error;
use std::sync::Arc;

use chronus_editor::{EditorApp, Host, Preset};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{HostMethods, ResizeHint, SizeConstraints, SpawnedEditor};
use nice_plug::prelude::{Editor, ParentWindowHandle};
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{
    EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, create_egui_editor,
};
use parking_lot::Mutex;

use crate::factory::FACTORY;
#[cfg(target_os = "linux")]
use crate::host_keys::HostKeys;
use crate::link::Move;
use crate::shared::Shared;
use crate::view::LEAST;
use crate::window_thread::{Handle, WindowThread};

/// The editor of an instance. The framework's own would open every window with the size of the last
/// one, whatever has been loaded since, and tells nobody when a window has closed.
pub struct PluginEditor {
    app: Arc<Mutex<EditorApp>>,
    shared: Arc<Shared>,
    place: Arc<Mutex<Place>>,
}

/// How the window stands on the screen.
struct Place {
    /// The open window's size, as the host counts.
    size: Option<NativeSize<u32>>,
    /// The editor's own scale, on top of the system's.
    scale: f32,
}

impl PluginEditor {
    /// The editor of the instance of `shared`; its window is opened by the host.
    pub fn new(shared: &Arc<Shared>) -> Self {
        let app = EditorApp::new(shared.engine.clone(), Box::new(PluginHost(shared.clone())));
        let app = Arc::new(Mutex::new(app));
        let place = Arc::new(Mutex::new(Place { size: None, scale: 1.0 }));
        Self { app, shared: shared.clone(), place }
    }

    /// Size for a window to open with.
    fn opening(&self) -> (LogicalSize<f32>, f32) {
        (self.shared.view.window(), self.place.lock().scale)
    }
}

impl Editor for PluginEditor {
    type Handle = Handle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Handle>, Box<dyn Error>> {
        let (app, shared) = (self.app.clone(), self.shared.clone());
        let place = self.place.clone();
        let thread = WindowThread::default();
        let window = Window {
            app,
            shared,
            place,
            thread: thread.clone(),
            size: None,
            #[cfg(target_os = "linux")]
            keys: None,
        };
        let (size, scale) = self.opening();
        let editor = create_egui_editor(
            EguiEditorState::from_size(size, scale),
            RepaintNotifier::new(),
            EguiNiceSettings::new().with_tile("Chronus").with_resize_hint(self.resize_hint()),
            window,
        );
        let editor = editor.ok_or("the framework has no editor")?;
        let editor =
            editor.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, host)?;
        Ok(Handle::of(editor, thread))
    }

    fn size(&self) -> NativeSize<u32> {
        let open = self.place.lock().size;
        open.unwrap_or_else(|| {
            let (size, scale) = self.opening();
            NativeSize::from_size(size.into(), f64::from(scale))
        })
    }

    fn resize_hint(&self) -> ResizeHint {
        ResizeHint {
            can_resize: true,
            can_resize_horizontally: true,
            can_resize_vertically: true,
            size_constraints: SizeConstraints::min_logical_size(LEAST),
            ..ResizeHint::NON_RESIZABLE
        }
    }
}

/// An open window, as the framework runs it on the window's thread; gone with it.
struct Window {
    app: Arc<Mutex<EditorApp>>,
    shared: Arc<Shared>,
    place: Arc<Mutex<Place>>,
    thread: WindowThread,
    /// In points, since it was resized.
    size: Option<LogicalSize<f32>>,
    /// None where the host gets its keys by itself, or the display is lost.
    #[cfg(target_os = "linux")]
    keys: Option<HostKeys>,
}

impl Window {
    /// Reads the keys of this frame, and adds what the framework has left out.
    #[cfg(target_os = "linux")]
    fn read_keys(&mut self, ui: &egui::Ui) {
        let is_key =
            |event: &egui::Event| matches!(event, egui::Event::Key { .. } | egui::Event::Text(_));
        let typed = ui.input(|input| input.events.iter().any(is_key));
        if let Some(keys) = &mut self.keys {
            match keys.read(typed) {
                Ok(more) => ui.input_mut(|input| input.events.extend(more)),
                Err(_) => self.keys = None,
            }
        }
    }

    /// What the editor left of them is the host's.
    #[cfg(target_os = "linux")]
    fn send_keys_on(&mut self, ui: &egui::Ui) {
        let wanted = ui.ctx().egui_wants_keyboard_input();
        if self.keys.as_mut().is_some_and(|keys| keys.send_on(wanted).is_err()) {
            self.keys = None;
        }
        if self.keys.as_ref().is_some_and(HostKeys::is_waiting) {
            ui.ctx().request_repaint();
        }
    }
}

impl NiceEguiApp for Window {
    fn build(
        &mut self,
        _context: egui::Context,
        _host: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.thread.is_this();
        let size = frame.baseview_window().size();
        let native = NativeSize::from_logical_or_physical(size.logical, size.physical);
        self.place.lock().size = Some(native);
        // A window that opens with the size it is to have is never told that it was resized.
        self.size = Some(size.logical.cast());
        #[cfg(target_os = "linux")]
        {
            self.keys = HostKeys::new(frame.baseview_window());
        }
        self.app.lock().window_opened();
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut Frame) {
        #[cfg(target_os = "linux")]
        self.read_keys(ui);
        {
            let mut app = self.app.lock();
            if let Some((zoom, pan)) = self.shared.view.take_loaded() {
                app.set_view(zoom, pan);
                // An open window keeps its size, and so does the project from now on.
                if let Some(size) = self.size {
                    self.shared.view.resized(size);
                }
            }
            app.ui(ui);
            self.shared.view.shows(app.view());
        }
        #[cfg(target_os = "linux")]
        self.send_keys_on(ui);
    }

    fn resized(&mut self, size: WindowSize) {
        let points = size.logical.cast();
        self.size = Some(points);
        self.shared.view.resized(points);
        let mut place = self.place.lock();
        let scale = f64::from(place.scale);
        let logical = LogicalSize::new(size.logical.width * scale, size.logical.height * scale);
        place.size = Some(NativeSize::from_logical_or_physical(logical, size.physical));
    }

    fn zoom_factor_changed(&mut self, scale: f32) {
        self.place.lock().scale = scale;
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.place.lock().size = None;
        self.app.lock().window_closed();
    }
}

/// The plugin's host for the editor.
struct PluginHost(Arc<Shared>);

impl Host for PluginHost {
    fn macro_value(&self, index: u8) -> f32 {
        let all = self.0.params.macros.all();
        all.get(usize::from(index)).map_or(0.0, |param| param.value())
    }

    fn begin_macro(&self, index: u8) {
        self.0.link.send(Move::Begin(index));
    }

    fn turn_macro(&self, index: u8, value: f32) {
        self.0.link.send(Move::To(index, value));
    }

    fn end_macro(&self, index: u8) {
        self.0.link.send(Move::End(index));
    }

    fn presets(&self) -> &'static [Preset] {
        FACTORY
    }

    fn remote_port(&self) -> Option<u16> {
        self.0.remote_port()
    }

    fn start_remote(&self, port: u16) -> Result<u16, String> {
        self.0.start_remote(port).map_err(|error| error.to_string())
    }

    fn stop_remote(&self) {
        self.0.stop_remote();
    }

    fn notice(&self) -> Option<String> {
        self.0.notice.lock().clone()
    }

    fn dismiss_notice(&self) {
        *self.0.notice.lock() = None;
    }
}
