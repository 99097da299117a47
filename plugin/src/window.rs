//! The editor's window in the host, and the host as the editor sees it.

use std::sync::Arc;

use chronus_editor::{EditorApp, Host, Preset};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::editor::{ResizeHint, SizeConstraints};
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier,
    create_egui_editor,
};

use crate::factory::FACTORY;
use crate::link::Move;
use crate::shared::Shared;

/// Size of a new window in points.
const SIZE: LogicalSize<f32> = LogicalSize { width: 1040.0, height: 700.0 };
/// Smallest size in points.
const LEAST: LogicalSize<f32> = LogicalSize { width: 640.0, height: 400.0 };

/// The editor as the framework's window runs it.
pub struct Window {
    app: EditorApp,
    shared: Arc<Shared>,
}

/// The editor of an instance; its window is opened by the host.
pub fn editor(shared: &Arc<Shared>) -> Option<EguiEditor<Window>> {
    let app = EditorApp::new(shared.engine.clone(), Box::new(PluginHost(shared.clone())));
    let resize_hint = ResizeHint {
        can_resize: true,
        can_resize_horizontally: true,
        can_resize_vertically: true,
        size_constraints: SizeConstraints::min_logical_size(LEAST),
        ..ResizeHint::NON_RESIZABLE
    };
    create_egui_editor(
        EguiEditorState::from_size(SIZE, 1.0),
        RepaintNotifier::new(),
        EguiNiceSettings::new().with_tile("Chronus").with_resize_hint(resize_hint),
        Window { app, shared: shared.clone() },
    )
}

impl NiceEguiApp for Window {
    fn build(
        &mut self,
        _context: egui::Context,
        _host: GuiContext,
        _frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.app.window_opened();
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut Frame) {
        self.app.ui(ui);
    }

    fn editor_closed(&mut self) {
        self.app.window_closed();
    }

    fn resized(&mut self, size: WindowSize) {
        let window = &mut self.shared.view.lock().window;
        window.w = size.logical.width as f32;
        window.h = size.logical.height as f32;
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
