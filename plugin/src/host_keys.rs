//! Keys that the editor does not want, sent on to the host.
//!
//! On X11 a key goes to one window: the one with the keyboard's focus or, below that, the one under
//! the pointer. The framework's window takes every key it gets and drops what its handler ignores, so
//! that after a click into the editor the host's own keys (Space = play) would be lost. Here a second
//! connection to the display reads the same keys and sends those on that came while nothing in the
//! editor had the keyboard. What a host gets by itself does not come by the editor's window.

use std::num::NonZeroU32;

use egui::{Key, Modifiers};
use raw_window_handle::{HasWindowHandle, RawWindowHandle};
use x11rb::connection::Connection;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt, EventMask, GetKeyboardMappingReply, KEY_PRESS_EVENT,
    KeyButMask, KeyPressEvent, Window,
};
use x11rb::rust_connection::RustConnection;

/// Marks events that another program made up. They are not sent on: a host that sends its keys to
/// the editor would have them back.
const MADE_UP: u8 = 0x80;

/// The keys of one window.
pub struct HostKeys {
    display: RustConnection,
    window: Window,
    layout: Layout,
    /// Keys that have come and are not judged yet, oldest first.
    waiting: Vec<KeyPressEvent>,
    /// How many of them the editor has had.
    had: usize,
    /// Keys whose press went to the host.
    down: [bool; 256],
    /// Something in the editor had the keyboard after the last frame.
    wanted: bool,
}

impl HostKeys {
    /// Listens to the keys of `window`; none where that is no X11 window.
    pub fn new(window: &impl HasWindowHandle) -> Option<Self> {
        let window = match window.window_handle().ok()?.as_raw() {
            RawWindowHandle::Xlib(handle) => u32::try_from(handle.window).ok()?,
            RawWindowHandle::Xcb(handle) => NonZeroU32::get(handle.window),
            _ => return None,
        };
        let (display, _) = x11rb::connect(None).ok()?;
        let keys = EventMask::KEY_PRESS | EventMask::KEY_RELEASE;
        let listen = ChangeWindowAttributesAux::new().event_mask(keys);
        display.change_window_attributes(window, &listen).ok()?.check().ok()?;
        let layout = Layout::ask(&display).ok()?;
        let (waiting, down) = (Vec::new(), [false; 256]);
        Some(Self { display, window, layout, waiting, had: 0, down, wanted: false })
    }

    /// Before a frame of the editor, in which a key came or not (`typed`): reads what has come. The
    /// keys of this frame that the framework has no name for.
    ///
    /// # Errors
    /// When the display is lost.
    pub fn read(&mut self, typed: bool) -> Result<Vec<egui::Event>, ConnectionError> {
        self.had = self.waiting.len();
        if typed {
            // The display answers after all that it has sent to the editor's own connection.
            let asked = self.display.get_input_focus()?;
            if let Err(ReplyError::ConnectionError(lost)) = asked.reply() {
                return Err(lost);
            }
        }
        while let Some(event) = self.display.poll_for_event()? {
            match event {
                Event::KeyPress(key) | Event::KeyRelease(key) => self.waiting.push(key),
                // The keyboard has got another layout.
                Event::MappingNotify(_) => match Layout::ask(&self.display) {
                    Ok(layout) => self.layout = layout,
                    Err(ReplyError::ConnectionError(lost)) => return Err(lost),
                    Err(ReplyError::X11Error(_)) => {}
                },
                _ => {}
            }
        }
        if typed {
            self.had = self.waiting.len();
        }
        Ok(self.waiting[..self.had].iter().filter_map(|key| self.layout.nameless(key)).collect())
    }

    /// After the frame: sends on what came while nothing had the keyboard, as is so now or not
    /// (`wanted`). A key that took the keyboard, or gave it back, is the editor's.
    ///
    /// # Errors
    /// When the display is lost.
    pub fn send_on(&mut self, wanted: bool) -> Result<(), ConnectionError> {
        let before = std::mem::replace(&mut self.wanted, wanted);
        let free = !before && !wanted;
        let judged: Vec<_> = self.waiting.drain(..self.had).collect();
        self.had = 0;
        for key in judged {
            let down = &mut self.down[usize::from(key.detail)];
            // Who has had the press has the release, whoever has the keyboard by then.
            let press = is_press(&key);
            let send = key.response_type & MADE_UP == 0 && if press { free } else { *down };
            *down = send && press;
            if send {
                match self.send(key) {
                    // A window went away meanwhile: nobody is there to have the key.
                    Ok(()) | Err(ReplyError::X11Error(_)) => {}
                    Err(ReplyError::ConnectionError(lost)) => return Err(lost),
                }
            }
        }
        self.display.flush()
    }

    /// True when keys have come that the editor has not had.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn send(&self, key: KeyPressEvent) -> Result<(), ReplyError> {
        let mask = if is_press(&key) { EventMask::KEY_PRESS } else { EventMask::KEY_RELEASE };
        let Some((window, mask)) = self.listener(mask)? else { return Ok(()) };
        let place = self.display.translate_coordinates(key.root, window, key.root_x, key.root_y)?;
        let place = place.reply()?;
        let key = KeyPressEvent {
            event: window,
            child: x11rb::NONE,
            event_x: place.dst_x,
            event_y: place.dst_y,
            ..key
        };
        self.display.send_event(false, window, mask, key)?;
        Ok(())
    }

    /// The next window upwards that somebody listens on for `mask`, as the display would find it.
    /// Where nobody does, the parent: who made it is sent the key unasked.
    fn listener(&self, mask: EventMask) -> Result<Option<(Window, EventMask)>, ReplyError> {
        let mut parent = None;
        let mut window = self.window;
        loop {
            let tree = self.display.query_tree(window)?.reply()?;
            if [x11rb::NONE, tree.root].contains(&tree.parent) {
                return Ok(parent.map(|parent| (parent, EventMask::NO_EVENT)));
            }
            window = tree.parent;
            parent.get_or_insert(window);
            let attributes = self.display.get_window_attributes(window)?.reply()?;
            if attributes.all_event_masks.contains(mask) {
                return Ok(Some((window, mask)));
            }
        }
    }
}

fn is_press(key: &KeyPressEvent) -> bool {
    key.response_type & !MADE_UP == KEY_PRESS_EVENT
}

/// What is written on the keys.
struct Layout {
    first: u8,
    map: GetKeyboardMappingReply,
}

impl Layout {
    fn ask(display: &RustConnection) -> Result<Self, ReplyError> {
        let setup = display.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let map = display.get_keyboard_mapping(first, (last - first).saturating_add(1))?.reply()?;
        Ok(Self { first, map })
    }

    /// The event of a key that the framework does not pass to the editor.
    fn nameless(&self, key: &KeyPressEvent) -> Option<egui::Event> {
        let state = u16::from(key.state);
        let has = |mask: KeyButMask| state & u16::from(mask) != 0;
        let shift = has(KeyButMask::SHIFT);
        // Each of a keyboard's layouts has two columns; which one is in use stands in these bits.
        let column = usize::from(state >> 13 & 3) * 2 + usize::from(shift);
        let columns = usize::from(self.map.keysyms_per_keycode);
        let row = usize::from(key.detail.checked_sub(self.first)?) * columns;
        let row = self.map.keysyms.get(row..row + columns)?;
        let keysym = [column, column & 1, 0].into_iter().find_map(|column| {
            row.get(column).copied().filter(|&keysym| keysym != x11rb::NO_SYMBOL)
        });
        let (ctrl, alt) = (has(KeyButMask::CONTROL), has(KeyButMask::MOD1));
        let modifiers = Modifiers { alt, ctrl, shift, mac_cmd: false, command: ctrl };
        let (key, pressed) = (nameless(keysym?)?, is_press(key));
        Some(egui::Event::Key { key, physical_key: None, pressed, repeat: false, modifiers })
    }
}

/// The editor's key for a key of X11, of those for which the framework has none: F1 to F35, the menu
/// key, and signs.
fn nameless(keysym: u32) -> Option<Key> {
    match keysym {
        0xffbe..=0xffe0 => Key::from_name(&format!("F{}", keysym - 0xffbd)),
        0xff67 => Some(Key::Menu),
        // Of the number pad.
        0xffab => Some(Key::Plus),
        0xffad => Some(Key::Minus),
        0x21..=0x7e => {
            let sign = char::from_u32(keysym).filter(char::is_ascii_punctuation)?;
            Key::from_name(sign.encode_utf8(&mut [0; 4]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        // "a A", ". :", "- _ in one layout, + * in the other", "F6".
        let rows: [[u32; 4]; 4] =
            [[0x61, 0x41, 0, 0], [0x2e, 0x3a, 0, 0], [0x2d, 0x5f, 0x2b, 0x2a], [0xffc3, 0, 0, 0]];
        let map =
            GetKeyboardMappingReply { keysyms_per_keycode: 4, sequence: 0, keysyms: rows.concat() };
        Layout { first: 8, map }
    }

    fn event(detail: u8, state: u16, kind: u8) -> Option<(Key, bool, Modifiers)> {
        let key = KeyPressEvent {
            response_type: kind,
            detail,
            sequence: 0,
            time: 0,
            root: 0,
            event: 0,
            child: 0,
            root_x: 0,
            root_y: 0,
            event_x: 0,
            event_y: 0,
            state: state.into(),
            same_screen: true,
        };
        match layout().nameless(&key)? {
            egui::Event::Key { key, pressed, modifiers, .. } => Some((key, pressed, modifiers)),
            _ => None,
        }
    }

    #[test]
    fn only_keys_without_a_name_are_given_one() {
        let (none, shift, control, second) = (0, 1, 4, 1 << 13);
        assert_eq!(event(8, none, KEY_PRESS_EVENT), None, "the framework knows letters");
        assert_eq!(event(8, shift, KEY_PRESS_EVENT), None);
        let pressed = |detail, state| event(detail, state, KEY_PRESS_EVENT).map(|event| event.0);
        assert_eq!(pressed(9, none), Some(Key::Period));
        assert_eq!(pressed(9, shift), Some(Key::Colon));
        assert_eq!(pressed(9, second | shift), Some(Key::Colon), "no such layout");
        assert_eq!(pressed(10, none), Some(Key::Minus));
        assert_eq!(pressed(10, second), Some(Key::Plus));
        assert_eq!(
            event(10, control, 3),
            Some((Key::Minus, false, Modifiers::COMMAND | Modifiers::CTRL))
        );
        assert_eq!(event(11, none, KEY_PRESS_EVENT), Some((Key::F6, true, Modifiers::NONE)));
        for beyond in [0, 7, 12, 255] {
            assert_eq!(event(beyond, none, KEY_PRESS_EVENT), None);
        }
    }

    #[test]
    fn function_keys_have_their_numbers() {
        assert_eq!(nameless(0xffbe), Some(Key::F1));
        assert_eq!(nameless(0xffc7), Some(Key::F10));
        assert_eq!(nameless(0xffe0), Some(Key::F35));
        assert_eq!([nameless(0xffe1), nameless(0xff1b), nameless(0x20), nameless(0x31)], [None; 4]);
    }
}
