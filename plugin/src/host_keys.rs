//! Keys that the editor does not want, sent on to the host.
//!
//! On X11 a key goes to one window: the one with the keyboard's focus or, below that, the one under
//! the pointer. The framework's window takes every key it gets and drops what its handler ignores, so
//! that after a click into the editor the host's own keys (Space = play) would be lost. Here a second
//! connection to the display reads the same keys and sends those on that came while nothing in the
//! editor had the keyboard. What a host gets by itself does not come by the editor's window.

use std::num::NonZeroU32;

use raw_window_handle::{HasWindowHandle, RawWindowHandle};
use x11rb::connection::Connection;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt, EventMask, KEY_PRESS_EVENT, KeyPressEvent, Window,
};
use x11rb::rust_connection::RustConnection;

/// Marks events that another program made up. They are not sent on: a host that sends its keys to
/// the editor would have them back.
const MADE_UP: u8 = 0x80;

/// The keys of one window.
pub struct HostKeys {
    display: RustConnection,
    window: Window,
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
        let (waiting, down) = (Vec::new(), [false; 256]);
        Some(Self { display, window, waiting, had: 0, down, wanted: false })
    }

    /// Before a frame of the editor, in which a key came or not (`typed`): reads what has come.
    ///
    /// # Errors
    /// When the display is lost.
    pub fn read(&mut self, typed: bool) -> Result<(), ConnectionError> {
        self.had = self.waiting.len();
        if typed {
            // The display answers after all that it has sent to the editor's own connection.
            let asked = self.display.get_input_focus()?;
            if let Err(ReplyError::ConnectionError(lost)) = asked.reply() {
                return Err(lost);
            }
        }
        while let Some(event) = self.display.poll_for_event()? {
            if let Event::KeyPress(key) | Event::KeyRelease(key) = event
                && key.response_type & MADE_UP == 0
            {
                self.waiting.push(key);
            }
        }
        if typed {
            self.had = self.waiting.len();
        }
        Ok(())
    }

    /// After the frame: sends on what came while nothing had the keyboard, as is so now or not
    /// (`wanted`). A key that took the keyboard, or gave it back, is the editor's.
    ///
    /// # Errors
    /// When the display is lost.
    pub fn send_on(&mut self, wanted: bool) -> Result<(), ConnectionError> {
        let free = !wanted && !std::mem::replace(&mut self.wanted, wanted);
        let judged: Vec<_> = self.waiting.drain(..self.had).collect();
        self.had = 0;
        for key in judged {
            let down = &mut self.down[usize::from(key.detail)];
            // Who has had the press has the release, whoever has the keyboard by then.
            let send = if key.response_type == KEY_PRESS_EVENT { free } else { *down };
            *down = send && key.response_type == KEY_PRESS_EVENT;
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
        let press = key.response_type == KEY_PRESS_EVENT;
        let mask = if press { EventMask::KEY_PRESS } else { EventMask::KEY_RELEASE };
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
