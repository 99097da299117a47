//! What the editor shows of the patch, as the project keeps it: the window moves it, the host saves
//! and loads it.

use chronus_patch::{Point, Size, View};
use nice_plug::editor::dpi::LogicalSize;
use parking_lot::Mutex;

/// Smallest size of a window in points.
pub const LEAST: LogicalSize<f32> = LogicalSize { width: 640.0, height: 400.0 };
/// Size of a new window in points.
const USUAL: LogicalSize<f32> = LogicalSize { width: 1040.0, height: 700.0 };
/// Largest size that a saved window is opened with, in points.
const MOST: LogicalSize<f32> = LogicalSize { width: 5120.0, height: 2880.0 };

/// The view of one instance. It outlives its windows, and is no part of the document: moving it is no
/// edit, so the host does not ask to save.
#[derive(Default)]
pub struct SharedView(Mutex<State>);

#[derive(Default)]
struct State {
    view: View,
    /// The editor has not taken it up yet.
    loaded: bool,
}

impl SharedView {
    /// What a project keeps.
    pub fn save(&self) -> View {
        self.0.lock().view.clone()
    }

    /// What a project kept; the editor takes it up with its next frame.
    pub fn load(&self, view: View) {
        *self.0.lock() = State { view, loaded: true };
    }

    /// Zoom and pan of the project that was loaded since the last call, if any.
    pub fn take_loaded(&self) -> Option<(f32, Point)> {
        let mut state = self.0.lock();
        let loaded = std::mem::take(&mut state.loaded);
        loaded.then_some((state.view.zoom, state.view.pan))
    }

    /// The editor shows this, unless a project has been loaded since it looked.
    pub fn shows(&self, (zoom, pan): (f32, Point)) {
        let mut state = self.0.lock();
        if !state.loaded {
            state.view.zoom = zoom;
            state.view.pan = pan;
        }
    }

    /// The window has this size, in points.
    pub fn resized(&self, size: LogicalSize<f32>) {
        self.0.lock().view.window = Size { w: size.width, h: size.height };
    }

    /// Size to open a window with, in points, whatever the project says.
    pub fn window(&self) -> LogicalSize<f32> {
        let Size { w, h } = self.0.lock().view.window;
        LogicalSize {
            width: within(w, USUAL.width, (LEAST.width, MOST.width)),
            height: within(h, USUAL.height, (LEAST.height, MOST.height)),
        }
    }
}

fn within(saved: f32, usual: f32, (least, most): (f32, f32)) -> f32 {
    if saved.is_finite() && saved > 0.0 { saved.clamp(least, most) } else { usual }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opens(w: f32, h: f32) -> (f32, f32) {
        let view = SharedView::default();
        view.load(View { window: Size { w, h }, ..View::default() });
        let size = view.window();
        (size.width, size.height)
    }

    #[test]
    fn a_window_opens_with_its_size_and_never_with_garbage() {
        assert_eq!(opens(900.0, 600.0), (900.0, 600.0));
        let usual = (USUAL.width, USUAL.height);
        for none in [0.0, -900.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(opens(none, none), usual, "{none}");
        }
        assert_eq!(opens(1e30, 1e-30), (MOST.width, LEAST.height));
    }

    #[test]
    fn what_is_loaded_waits_for_the_editor_and_is_not_written_over_by_its_last_frame() {
        let view = SharedView::default();
        assert_eq!(view.take_loaded(), None);
        let pan = Point { x: 3.0, y: -4.0 };
        view.load(View { zoom: 0.5, pan, ..View::default() });
        view.shows((1.0, Point::default()));
        assert_eq!((view.save().zoom, view.save().pan), (0.5, pan));
        assert_eq!(view.take_loaded(), Some((0.5, pan)));
        assert_eq!(view.take_loaded(), None);
        view.shows((2.0, Point::default()));
        assert_eq!((view.save().zoom, view.save().pan), (2.0, Point::default()));
    }

    #[test]
    fn fields_of_a_newer_version_stay() {
        let view = SharedView::default();
        let mut saved = View::default();
        saved.unknown.insert("tab".into(), "mixer".into());
        view.load(saved.clone());
        view.take_loaded();
        view.shows((1.0, Point::default()));
        view.resized(USUAL);
        assert_eq!(view.save().unknown, saved.unknown);
    }
}
