//! A person at the editor's window: pointer and keyboard by the display's XTEST, so that what arrives
//! is what a mouse and a keyboard would send; and the keys that reach the host's window.

use std::time::Duration;

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt, InputFocus, KEY_PRESS_EVENT,
    KEY_RELEASE_EVENT, KeyButMask, KeyPressEvent, MOTION_NOTIFY_EVENT, PropMode,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::wrapper::ConnectionExt as _;

use super::{EditorError, EditorWindow, HostError};

/// How long a person rests between two moves of the hand: longer than a frame of the editor.
const REST: Duration = Duration::from_millis(60);

/// Names of keys, as X11 numbers them; letters are their own.
pub mod keysym {
    /// The space bar.
    pub const SPACE: u32 = 0x20;
    /// Escape.
    pub const ESCAPE: u32 = 0xff1b;
    /// Enter.
    pub const ENTER: u32 = 0xff0d;
    /// Tab.
    pub const TAB: u32 = 0xff09;
    /// Delete.
    pub const DELETE: u32 = 0xffff;
    /// Ctrl on the left.
    pub const CONTROL: u32 = 0xffe3;
    /// F5.
    pub const F5: u32 = 0xffc2;
    /// F6.
    pub const F6: u32 = 0xffc3;
}

/// A mouse button; the wheel counts as two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// Left.
    Left = 1,
    /// A notch of the wheel, away from the hand.
    WheelUp = 4,
    /// A notch of the wheel, towards the hand.
    WheelDown = 5,
}

/// A key event that reached the host's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// What the key means without modifiers: see [`keysym`].
    pub keysym: u32,
    /// Down or up.
    pub pressed: bool,
    /// Ctrl was down.
    pub control: bool,
    /// Where the pointer was in the host's window.
    pub pointer: (i16, i16),
}

impl EditorWindow {
    /// Moves the pointer to a place in the window.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn point(&self, x: i16, y: i16) -> Result<(), EditorError> {
        let root = self.root();
        let place = self.display.translate_coordinates(self.window, root, x, y);
        let place = place.map_err(EditorError::display)?.reply().map_err(EditorError::display)?;
        self.fake(MOTION_NOTIFY_EVENT, 0, (place.dst_x, place.dst_y))?;
        std::thread::sleep(REST);
        Ok(())
    }

    /// Clicks a place in the window, or turns the wheel there by a notch.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn click(&self, x: i16, y: i16, button: Button) -> Result<(), EditorError> {
        self.point(x, y)?;
        self.fake(BUTTON_PRESS_EVENT, button as u8, (0, 0))?;
        std::thread::sleep(REST);
        self.fake(BUTTON_RELEASE_EVENT, button as u8, (0, 0))?;
        std::thread::sleep(REST);
        Ok(())
    }

    /// Presses a key and lets go of it.
    ///
    /// # Errors
    /// When the display is gone, or its keyboard has no such key.
    pub fn key(&self, keysym: u32) -> Result<(), EditorError> {
        self.hold(keysym, true)?;
        self.hold(keysym, false)
    }

    /// The same with Ctrl.
    ///
    /// # Errors
    /// When the display is gone, or its keyboard has no such key.
    pub fn control_key(&self, keysym: u32) -> Result<(), EditorError> {
        self.hold(keysym::CONTROL, true)?;
        self.key(keysym)?;
        self.hold(keysym::CONTROL, false)
    }

    /// Presses a key, or lets go of it.
    ///
    /// # Errors
    /// When the display is gone, or its keyboard has no such key.
    pub fn hold(&self, keysym: u32, down: bool) -> Result<(), EditorError> {
        let kind = if down { KEY_PRESS_EVENT } else { KEY_RELEASE_EVENT };
        self.fake(kind, self.keycode(keysym)?, (0, 0))?;
        std::thread::sleep(REST);
        Ok(())
    }

    /// Gives the keyboard to the host's window.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn focus_host(&self) -> Result<(), EditorError> {
        self.focus(self.window)
    }

    /// Gives the keyboard to the plugin's own window, as a click in it does.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn focus_editor(&self) -> Result<(), EditorError> {
        self.focus(self.inner()?)
    }

    fn focus(&self, window: u32) -> Result<(), EditorError> {
        let set = self.display.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME);
        set.map_err(EditorError::display)?.check().map_err(EditorError::display)
    }

    /// The keys that have reached the host's window since the last call, in order.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn host_keys(&self) -> Result<Vec<HostKey>, EditorError> {
        self.display.sync().map_err(EditorError::display)?;
        let mut keys = Vec::new();
        while let Some(event) = self.display.poll_for_event().map_err(EditorError::display)? {
            let (pressed, key): (bool, KeyPressEvent) = match event {
                Event::KeyPress(key) => (true, key),
                Event::KeyRelease(key) => (false, key),
                _ => continue,
            };
            assert_eq!(key.event, self.window, "a key for a window that is not the host's");
            keys.push(HostKey {
                keysym: self.keysym(key.detail)?,
                pressed,
                control: key.state.contains(KeyButMask::CONTROL),
                pointer: (key.event_x, key.event_y),
            });
        }
        Ok(keys)
    }

    fn root(&self) -> u32 {
        self.display.setup().roots[0].root
    }

    fn fake(&self, kind: u8, detail: u8, (x, y): (i16, i16)) -> Result<(), EditorError> {
        let root = self.root();
        let sent = self.display.xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, root, x, y, 0);
        sent.map_err(EditorError::display)?.check().map_err(EditorError::display)
    }

    /// First keycode and what every key means without modifiers.
    fn keyboard(&self) -> Result<(u8, Vec<u32>), EditorError> {
        let setup = self.display.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let asked = self.display.get_keyboard_mapping(first, last - first + 1);
        let map = asked.map_err(EditorError::display)?.reply().map_err(EditorError::display)?;
        let width = usize::from(map.keysyms_per_keycode).max(1);
        Ok((first, map.keysyms.iter().step_by(width).copied().collect()))
    }

    fn keycode(&self, keysym: u32) -> Result<u8, EditorError> {
        let (first, all) = self.keyboard()?;
        let index = all.iter().position(|&known| known == keysym);
        Ok(first + index.ok_or(HostError::Lacks("that key"))? as u8)
    }

    fn keysym(&self, keycode: u8) -> Result<u32, EditorError> {
        let (first, all) = self.keyboard()?;
        Ok(all.get(usize::from(keycode - first)).copied().unwrap_or_default())
    }
}

/// Tells programs that start from now on how fine the display is, as a desktop's settings do; none =
/// it does not say.
///
/// # Errors
/// When there is no display.
pub fn set_resolution(dots_per_inch: Option<u32>) -> Result<(), EditorError> {
    let (display, screen) = x11rb::connect(None).map_err(EditorError::display)?;
    let (root, name) = (display.setup().roots[screen].root, AtomEnum::RESOURCE_MANAGER);
    let text = dots_per_inch.map_or(String::new(), |dpi| format!("Xft.dpi:\t{dpi}\n"));
    let set =
        display.change_property8(PropMode::REPLACE, root, name, AtomEnum::STRING, text.as_bytes());
    set.map_err(EditorError::display)?.check().map_err(EditorError::display)
}
