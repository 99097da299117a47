//! The plugin's editor inside a real X11 window.

use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, PluginGui, Window};
use thiserror::Error;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt, CreateWindowAux, EventMask, ImageFormat, PropMode,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::{HostError, Instance};

/// Colour of the parent window, where the editor leaves it open.
const MARGIN: u32 = 0x00ff_00ff;

/// Why there is no editor.
#[derive(Debug, Error)]
pub enum EditorError {
    /// The plugin's side.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The display's side.
    #[error("X11: {0}")]
    Display(String),
}

impl EditorError {
    pub(super) fn display(error: impl std::fmt::Display) -> Self {
        Self::Display(error.to_string())
    }

    fn refused(step: &'static str) -> impl Fn(clack_extensions::gui::GuiError) -> Self {
        move |error| HostError::Refused { step, text: error.to_string() }.into()
    }
}

/// Whether a pixel of [`EditorWindow::picture`] is the parent window's, or was never drawn.
#[must_use]
pub fn is_margin(pixel: [u8; 3]) -> bool {
    [[0xff, 0, 0xff], [0; 3]].contains(&pixel)
}

/// A window with the plugin's editor in it, whose host listens to the keyboard. Close it with [`EditorWindow::close`].
pub struct EditorWindow {
    pub(super) display: RustConnection,
    pub(super) window: u32,
    /// Width and height in pixels.
    pub size: (u16, u16),
}

impl EditorWindow {
    /// Opens the editor of `instance`, with the parent window on the screen before the plugin
    /// shows its editor (`mapped_first`) or after.
    ///
    /// # Errors
    /// When there is no display, or the plugin has no editor or refuses.
    pub fn open(instance: &mut Instance, mapped_first: bool) -> Result<Self, EditorError> {
        let plugin = instance.plugin.plugin_handle();
        let gui: PluginGui = plugin.get_extension().ok_or(HostError::Lacks("gui"))?;
        let configuration = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };
        if !gui.is_api_supported(&plugin, configuration) {
            return Err(HostError::Lacks("X11 gui").into());
        }
        gui.create(&plugin, configuration).map_err(EditorError::refused("create its editor"))?;
        let size = gui.get_size(&plugin).ok_or(HostError::Lacks("gui size"))?;
        let size = (size.width.min(8192) as u16, size.height.min(8192) as u16);
        let (display, window) = parent(size)?;
        if mapped_first {
            display.map_window(window).map_err(EditorError::display)?;
            display.sync().map_err(EditorError::display)?;
        }
        let place = Window::from_x11_handle(u64::from(window));
        // SAFETY: the window lives until `close`, which destroys the editor first.
        unsafe { gui.set_parent(&plugin, place) }
            .map_err(EditorError::refused("take a parent window"))?;
        gui.show(&plugin).map_err(EditorError::refused("show its editor"))?;
        if !mapped_first {
            display.map_window(window).map_err(EditorError::display)?;
            display.sync().map_err(EditorError::display)?;
        }
        Ok(Self { display, window, size })
    }

    /// What the window shows: rows of RGB.
    ///
    /// # Errors
    /// When the display does not say.
    pub fn picture(&self) -> Result<Vec<[u8; 3]>, EditorError> {
        let (w, h) = self.size;
        let image = self
            .display
            .get_image(ImageFormat::Z_PIXMAP, self.window, 0, 0, w, h, u32::MAX)
            .map_err(EditorError::display)?
            .reply()
            .map_err(EditorError::display)?;
        Ok(image.data.chunks_exact(4).map(|p| [p[2], p[1], p[0]]).collect())
    }

    /// Puts the window there on the screen.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn place(&self, x: i32, y: i32) -> Result<(), EditorError> {
        self.configure(&ConfigureWindowAux::new().x(x).y(y))
    }

    /// Resizes the window as a host does when its frame is dragged to `wanted`: the plugin says what
    /// suits it, and is told before its parent window has the size (`told_first`) or after.
    ///
    /// # Errors
    /// When the plugin refuses, or the display is gone.
    pub fn resize(
        &mut self,
        instance: &mut Instance,
        wanted: (u16, u16),
        told_first: bool,
    ) -> Result<(), EditorError> {
        let plugin = instance.plugin.plugin_handle();
        let gui: PluginGui = plugin.get_extension().ok_or(HostError::Lacks("gui"))?;
        let wanted = GuiSize { width: u32::from(wanted.0), height: u32::from(wanted.1) };
        let size = gui.adjust_size(&plugin, wanted).ok_or(HostError::Lacks("an adjusted size"))?;
        let tell = || gui.set_size(&plugin, size).map_err(EditorError::refused("be resized"));
        let values = ConfigureWindowAux::new().width(size.width).height(size.height);
        if told_first {
            tell()?;
            self.configure(&values)?;
        } else {
            self.configure(&values)?;
            tell()?;
        }
        self.size = (size.width.min(8192) as u16, size.height.min(8192) as u16);
        Ok(())
    }

    /// Size of the plugin's own window, by the display.
    ///
    /// # Errors
    /// When the display does not say.
    pub fn inner_size(&self) -> Result<(u16, u16), EditorError> {
        let child = self.inner()?;
        let geometry = self.display.get_geometry(child).map_err(EditorError::display)?;
        let geometry = geometry.reply().map_err(EditorError::display)?;
        Ok((geometry.width, geometry.height))
    }

    /// The plugin's own window.
    pub(super) fn inner(&self) -> Result<u32, EditorError> {
        let tree = self.display.query_tree(self.window).map_err(EditorError::display)?;
        let children = tree.reply().map_err(EditorError::display)?.children;
        Ok(*children.first().ok_or(HostError::Lacks("a window in its parent's"))?)
    }

    fn configure(&self, values: &ConfigureWindowAux) -> Result<(), EditorError> {
        self.display.configure_window(self.window, values).map_err(EditorError::display)?;
        self.display.sync().map_err(EditorError::display)
    }

    /// Closes the editor, then the window.
    pub fn close(self, instance: &mut Instance) {
        let plugin = instance.plugin.plugin_handle();
        if let Some(gui) = plugin.get_extension::<PluginGui>() {
            gui.destroy(&plugin);
        }
        let _ = self.display.destroy_window(self.window);
        let _ = self.display.sync();
    }
}

fn parent((w, h): (u16, u16)) -> Result<(RustConnection, u32), EditorError> {
    let (display, screen) = x11rb::connect(None).map_err(EditorError::display)?;
    let root = &display.setup().roots[screen];
    let window = display.generate_id().map_err(EditorError::display)?;
    let values = CreateWindowAux::new()
        .background_pixel(MARGIN)
        .event_mask(EventMask::STRUCTURE_NOTIFY | EventMask::KEY_PRESS | EventMask::KEY_RELEASE);
    let (depth, visual) = (root.root_depth, root.root_visual);
    display
        .create_window(
            depth,
            window,
            root.root,
            0,
            0,
            w,
            h,
            0,
            WindowClass::INPUT_OUTPUT,
            visual,
            &values,
        )
        .map_err(EditorError::display)?;
    let name = b"Chronus";
    display
        .change_property8(PropMode::REPLACE, window, AtomEnum::WM_NAME, AtomEnum::STRING, name)
        .map_err(EditorError::display)?;
    display.sync().map_err(EditorError::display)?;
    Ok((display, window))
}
