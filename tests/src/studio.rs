//! Pictures of the editor, without a window or a graphics card: what `cargo xtask screenshots` writes,
//! and what the golden tests compare.

use std::sync::Arc;
use std::time::Duration;

use chronus_engine::{Block, Engine, Event, Renderer, Request, Terms, TimedEvent, Transport};
use chronus_patch::Patch;
use egui::{Event as Input, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton};
use egui::{Pos2, TouchPhase, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use image::RgbaImage;

use crate::desk;

/// Frames of a block.
const BLOCK: usize = 64;
/// Blocks between two frames of the window: a thirtieth of a second at 48 kHz.
const BLOCKS: usize = 25;

/// Longest that a commit may take.
const ANSWER: Duration = Duration::from_secs(20);
/// Margin that the harness leaves around a window, in points.
const MARGIN: f32 = 8.0;
/// Room above what stands in the status line.
const ABOVE: f32 = 8.0;

/// A view worth looking at: its name, the factory patch it shows, and how to get there.
pub struct Shot {
    /// Name of the picture's file, without its end.
    pub name: &'static str,
    /// The factory patch.
    pub patch: &'static str,
    /// Opens the view.
    pub open: fn(&mut Studio),
    /// It shows times and loads, which no two runs share.
    pub measured: bool,
}

const fn shot(name: &'static str, patch: &'static str, open: fn(&mut Studio)) -> Shot {
    Shot { name, patch, open, measured: false }
}

/// The main views.
pub const SHOTS: &[Shot] = &[
    shot("canvas", "warm_poly", |_| {}),
    shot("canvas-selected", "rubber_bass", |studio| {
        studio.take_canvas();
        studio.press(Modifiers::COMMAND, Key::A);
    }),
    shot("canvas-near", "glass_pluck", |studio| {
        for _ in 0..4 {
            studio.click("Zoom in");
        }
    }),
    shot("search", "warm_poly", |studio| {
        studio.take_canvas();
        studio.press(Modifiers::NONE, Key::Tab);
        studio.send(Input::Text("fil".into()));
    }),
    shot("menu", "rubber_bass", |studio| {
        let place = studio.place("Module Filter");
        studio.secondary_click(place);
    }),
    shot("palette", "warm_poly", |studio| {
        studio.take_canvas();
        studio.press(Modifiers::COMMAND, Key::K);
    }),
    shot("presets", "warm_poly", |studio| {
        studio.click("Presets");
        studio.frames(10);
    }),
    shot("refused", "warm_poly", |studio| {
        let loud = Request::Connect { from: "vcf".into(), to: "out.left".into(), gain: 16.0 };
        studio.commit(&[Request::Set { id: "mix".into(), param: "gain".into(), value: 2.0 }, loud]);
    }),
    shot("notes", "glass_pluck", |studio| {
        studio.take_canvas();
        studio.press(Modifiers::COMMAND, Key::A);
        studio.press(Modifiers::SHIFT, Key::F);
        studio.press(Modifiers::NONE, Key::Escape);
        studio.click("Store a scene");
        studio.press(Modifiers::COMMAND, Key::K);
        studio.send(Input::Text("add comment".into()));
        studio.press(Modifiers::NONE, Key::Enter);
        studio.send(Input::Text("The carrier bends for a moment".into()));
        studio.press(Modifiers::NONE, Key::Enter);
    }),
    Shot {
        measured: true,
        ..shot("loads", "slow_pad", |studio| {
            studio.take_canvas();
            studio.press(Modifiers::NONE, Key::F3);
            for key in [45, 57, 60, 64] {
                studio.strike(key);
            }
            studio.frames(40);
        })
    },
    shot("list", "tape_echo", |studio| studio.click("List")),
    shot("macros", "warm_poly", |studio| studio.click("Macros")),
    shot("settings", "warm_poly", |studio| studio.click("Settings")),
    shot("document", "warm_poly", |studio| studio.click("Document")),
    Shot { measured: true, ..shot("statistics", "warm_poly", |studio| studio.click("Statistics")) },
    Shot {
        measured: true,
        ..shot("playing", "slow_pad", |studio| {
            for key in [45, 57, 60, 64] {
                studio.strike(key);
            }
            studio.frames(40);
        })
    },
];

/// An editor that is photographed.
pub struct Studio {
    /// The engine below.
    pub engine: Arc<Engine>,
    renderer: Renderer,
    events: Vec<TimedEvent>,
    harness: Harness<'static>,
}

impl Studio {
    /// An editor of a factory patch in a window of `size` points, `scale` pixels to a point.
    ///
    /// # Errors
    /// When the patch cannot be read or does not play.
    pub fn new(patch: &str, size: Vec2, scale: f32, light: bool) -> Result<Self, String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/factory");
        let path = format!("{folder}/{patch}.chronus.json");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let patch = Patch::from_json(&text).map_err(|error| format!("{path}: {error}"))?;
        let (mut app, engine, renderer) = desk::editor(&patch).map_err(|e| e.to_string())?;
        let harness = Harness::builder()
            .with_size(size)
            .with_pixels_per_point(scale)
            .wgpu()
            .build_ui(move |ui| app.ui(ui));
        let mut studio = Self { engine, renderer, events: Vec::new(), harness };
        studio.frames(4);
        if light {
            studio.click("Light theme");
        }
        Ok(studio)
    }

    /// Strikes a key, which is held.
    pub fn strike(&mut self, key: u8) {
        let event = Event::NoteOn { id: -1, channel: 0, key, velocity: 0.8 };
        self.events.push(TimedEvent { frame: 0, event });
    }

    /// Plays on and shows `count` frames of the window.
    pub fn frames(&mut self, count: usize) {
        for _ in 0..count {
            for _ in 0..BLOCKS {
                let [mut left, mut right] = [[0.0; BLOCK]; 2];
                let (events, transport) = (std::mem::take(&mut self.events), Transport::default());
                let channels = [&mut left[..], &mut right[..]];
                self.renderer.process(Block {
                    channels,
                    events: &events,
                    transport,
                    offline: false,
                });
            }
            self.harness.step();
        }
    }

    /// Commits `requests`, which are refused, and waits for that: to be swapped in, they would need sound.
    pub fn commit(&mut self, requests: &[Request]) {
        let (sender, answer) = std::sync::mpsc::channel();
        self.engine.commit(requests, Terms::default(), move |a| drop(sender.send(a)));
        // As many frames whenever the answer comes: what moves is to be found in one place.
        let answer = answer.recv_timeout(ANSWER);
        assert!(answer.is_ok(), "the commit is answered");
        self.frames(6);
    }

    /// Clicks what is called `label`.
    pub fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.frames(6);
    }

    /// Gives the canvas the keyboard.
    fn take_canvas(&mut self) {
        self.press(Modifiers::NONE, Key::F6);
        if !self.harness.get_by_label("Patch canvas").is_focused() {
            self.press(Modifiers::NONE, Key::F6);
        }
    }

    /// The middle of what is called `label`.
    #[must_use]
    pub fn place(&self, label: &str) -> Pos2 {
        self.harness.get_by_label(label).rect().center()
    }

    /// Moves the pointer there.
    pub fn hover(&mut self, place: Pos2) {
        self.harness.event(Input::PointerMoved(place));
        self.frames(30);
    }

    /// Clicks a place with the other button.
    pub fn secondary_click(&mut self, pos: Pos2) {
        self.harness.event(Input::PointerMoved(pos));
        self.harness.step();
        for pressed in [true, false] {
            let (button, modifiers) = (PointerButton::Secondary, Modifiers::NONE);
            self.harness.event(Input::PointerButton { pos, button, pressed, modifiers });
        }
        self.frames(6);
    }

    /// Presses a key.
    pub fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.frames(6);
    }

    /// Hands an event to the window.
    pub fn send(&mut self, event: Input) {
        self.harness.event(event);
        self.frames(6);
    }

    /// Turns the wheel, in points.
    pub fn wheel(&mut self, delta: Vec2) {
        let (unit, phase) = (MouseWheelUnit::Point, TouchPhase::Move);
        let (source, modifiers) = (MouseWheelSource::Unknown, Modifiers::NONE);
        self.send(Input::MouseWheel { unit, delta, phase, source, modifiers });
    }

    /// The window as it is.
    ///
    /// # Errors
    /// When it cannot be drawn.
    pub fn picture(&mut self) -> Result<RgbaImage, String> {
        let picture = self.harness.render()?;
        // The harness leaves a margin around what it shows, which is no part of the window.
        let margin = (MARGIN * self.harness.ctx.pixels_per_point()) as u32;
        let (width, height) = (picture.width() - 2 * margin, picture.height() - 2 * margin);
        Ok(image::imageops::crop_imm(&picture, margin, margin, width, height).to_image())
    }

    /// The window without its status line, which shows measured times.
    ///
    /// # Errors
    /// When it cannot be drawn.
    pub fn steady_picture(&mut self) -> Result<RgbaImage, String> {
        // Where the pointer was left must not decide what is lit.
        self.harness.event(Input::PointerGone);
        self.frames(10);
        let picture = self.picture()?;
        let status = self.harness.get_by_label("OSC remote").rect();
        let scale = self.harness.ctx.pixels_per_point();
        let height = ((status.top() - MARGIN - ABOVE) * scale) as u32;
        let (width, height) = (picture.width(), height.min(picture.height()));
        Ok(image::imageops::crop_imm(&picture, 0, 0, width, height).to_image())
    }
}
