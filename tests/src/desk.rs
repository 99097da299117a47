//! An editor without a window: over an engine that plays when it is told to, in frames that are shown
//! when they are asked for. Nothing in it depends on the clock.

use std::sync::Arc;

use chronus_editor::{EditorApp, Host, Preset};
use chronus_engine::{Engine, Event, Registry, Renderer, Request, Terms};
use chronus_patch::{Patch, Point};
use egui::{Context, Event as Input, FullOutput, Modifiers, MouseWheelUnit, PointerButton};
use egui::{Pos2, RawInput, Rect, TouchPhase, Vec2};

use crate::stage::{Player, StageError};

macro_rules! factory {
    ($($name:literal $file:literal)*) => {
        /// The presets that come with the plugin.
        const FACTORY: &[Preset] = &[$(Preset {
            name: $name,
            json: include_str!(concat!("../../assets/factory/", $file, ".chronus.json")),
        }),*];
    };
}

factory! {
    "Warm Poly" "warm_poly"
    "Rubber Bass" "rubber_bass"
    "Slow Pad" "slow_pad"
    "Glass Pluck" "glass_pluck"
    "Night Drone" "night_drone"
    "Tape Echo" "tape_echo"
}

/// The world of an editor that nobody else looks at: macros stay where the patch has them.
struct Alone {
    engine: Arc<Engine>,
    macros: [f32; 128],
}

impl Host for Alone {
    fn macro_value(&self, index: u8) -> f32 {
        self.macros.get(usize::from(index)).copied().unwrap_or(0.0)
    }

    fn begin_macro(&self, _index: u8) {}

    fn turn_macro(&self, index: u8, value: f32) {
        self.engine.send(Event::Macro { index, value });
    }

    fn end_macro(&self, _index: u8) {}

    fn presets(&self) -> &'static [Preset] {
        FACTORY
    }

    fn remote_port(&self) -> Option<u16> {
        None
    }

    fn start_remote(&self, _port: u16) -> Result<u16, String> {
        Err("there is no remote here".into())
    }

    fn stop_remote(&self) {}

    fn notice(&self) -> Option<String> {
        None
    }

    fn dismiss_notice(&self) {}
}

/// An editor of an engine that plays `patch`, and the engine's DSP side.
///
/// # Errors
/// When the engine refuses the patch.
pub fn editor(patch: &Patch) -> Result<(EditorApp, Arc<Engine>, Renderer), StageError> {
    let registry = Arc::new(Registry::new(chronus_modules::KINDS));
    let Player { engine, renderer } = Player::new(&registry, patch)?;
    let engine = Arc::new(engine);
    let value = |index| patch.macros.get(&index).map_or(0.0, |knob| knob.value);
    let macros = std::array::from_fn(|index| u8::try_from(index).map_or(0.0, value));
    let world = Alone { engine: engine.clone(), macros };
    // Nobody's presets, and no settings that an editor before has left: pictures are the same for
    // everyone.
    let nowhere = std::env::temp_dir().join(format!("chronus-desk-{}", std::process::id()));
    // As a rule it is not there, and that is as well.
    let _ = std::fs::remove_dir_all(&nowhere);
    let editor = EditorApp::new(engine.clone(), Box::new(world));
    let editor = editor.with_presets(nowhere.join("presets"));
    Ok((editor, engine, renderer))
}

/// A patch of `count` modules, which stand in a field as a hand would set them: six kinds in
/// turns, each joined to the one before, and every third to one further away.
///
/// # Panics
/// Never: its kinds are known, and its cables fit.
#[must_use]
pub fn field(count: usize) -> Patch {
    const KINDS: [(&str, &str, &str); 6] = [
        ("vco", "pitch", "out"),
        ("vcf", "in", "out"),
        ("adsr", "gate", "out"),
        ("vca", "in", "out"),
        ("lfo", "reset", "out"),
        ("delay", "in", "out"),
    ];
    let columns = (count as f32 * 1.5).sqrt().ceil() as usize;
    let id = |n: usize| format!("m{n}");
    let mut requests = Vec::new();
    for n in 0..count {
        let (x, y) = ((n % columns) as f32 * 300.0, (n / columns) as f32 * 300.0);
        // Nobody sets modules in exact rows.
        let position = Point { x: x + (n % 7) as f32 * 6.0, y: y + (n % 5) as f32 * 8.0 };
        let kind = KINDS[n % KINDS.len()].0.to_owned();
        requests.push(Request::Create { id: id(n), kind, position });
    }
    for n in 1..count {
        let far = if n % 3 == 0 { n.saturating_sub(columns) } else { n - 1 };
        for before in if far == n - 1 { vec![n - 1] } else { vec![n - 1, far] } {
            let output = KINDS[before % KINDS.len()].2;
            let input = KINDS[n % KINDS.len()].1;
            let from = format!("{}.{output}", id(before));
            requests.push(Request::Connect { from, to: format!("{}.{input}", id(n)), gain: 1.0 });
        }
    }
    let registry = Arc::new(Registry::new(chronus_modules::KINDS));
    let (engine, _renderer) = Engine::new(registry, chronus_engine::Options::default());
    engine.commit(&requests, Terms::default(), |_| ());
    let patch = engine.document();
    // PANIC: documented.
    assert_eq!(patch.modules.len(), count);
    (*patch).clone()
}

/// A window that nobody sees: input goes in, frames come out.
pub struct Frames {
    /// The window's context.
    pub context: Context,
    size: Vec2,
    scale: f32,
    time: f64,
}

impl Frames {
    /// A window of `size` points, `scale` pixels to a point.
    #[must_use]
    pub fn new(size: Vec2, scale: f32) -> Self {
        Self { context: Context::default(), size, scale, time: 0.0 }
    }

    /// Shows the next frame, a sixtieth of a second after the one before.
    pub fn show(&mut self, editor: &mut EditorApp, events: Vec<Input>) -> FullOutput {
        self.show_any(events, |ui| editor.ui(ui))
    }

    /// The same with anything else in the window.
    pub fn show_any(&mut self, events: Vec<Input>, ui: impl FnMut(&mut egui::Ui)) -> FullOutput {
        self.time += 1.0 / 60.0;
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, self.size)),
            time: Some(self.time),
            events,
            ..RawInput::default()
        };
        let window = input.viewports.entry(input.viewport_id).or_default();
        window.native_pixels_per_point = Some(self.scale);
        self.context.run_ui(input, ui)
    }
}

/// What a hand does with the wheel, in points.
#[must_use]
pub fn wheel(delta: Vec2, modifiers: Modifiers) -> Input {
    let source = egui::MouseWheelSource::Unknown;
    Input::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta,
        phase: TouchPhase::Move,
        source,
        modifiers,
    }
}

/// A button of the mouse goes down or up.
#[must_use]
pub fn button(pos: Pos2, button: PointerButton, pressed: bool) -> Input {
    Input::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE }
}
