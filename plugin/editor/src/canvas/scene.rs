//! Where everything of the patch stands in the window in this frame, and what is at a place.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use chronus_engine::{Registry, Signal, Spec};
use chronus_patch::{Cable, CableId, Module, ModuleId, Patch, PortRef};
use egui::{Pos2, Rect, Vec2, pos2};

use super::curve::Curve;
use super::gesture::Gesture;
use super::layout::{Face, face};
use super::notes::{self, Sheet};
use super::selection::Selection;
use super::view::View;

/// How far outside the window modules are still drawn: they glow, and their tips reach in.
const AROUND: f32 = 80.0;
/// How near a pointer must be to a cable to mean it, in the window's points.
const NEAR_CABLE: f32 = 7.0;
/// How near a cable's end must be dropped to a pin.
const NEAR_PIN: f32 = 16.0;

/// A module in its place.
pub(crate) struct Seat<'a> {
    pub id: &'a ModuleId,
    pub module: &'a Module,
    pub spec: Option<&'static Spec>,
    pub face: Rc<Face>,
    /// In the window.
    pub rect: Rect,
    /// Its knobs are seen.
    pub open: bool,
}

impl Seat<'_> {
    /// Its pins, inputs first, in the window.
    pub(crate) fn pins(&self, view: View) -> impl Iterator<Item = Pin> {
        let corner = self.rect.min;
        let at = move |place: &Pos2| corner + place.to_vec2() * view.zoom;
        let pin = move |name, signal, output, place| Pin { name, signal, output, at: at(place) };
        let spec = self.spec;
        let inputs = spec.into_iter().flat_map(|spec| spec.inputs).zip(&self.face.inputs);
        let outputs = spec.into_iter().flat_map(|spec| spec.outputs).zip(&self.face.outputs);
        inputs
            .map(move |(port, place)| pin(port.name, port.signal, false, place))
            .chain(outputs.map(move |(port, place)| pin(port.name, port.signal, true, place)))
    }

    /// The end of a cable here, and what it carries; the edge, where the port is not known.
    fn end(&self, port: &str, output: bool, view: View) -> (Pos2, Option<Signal>) {
        let named = |spec: &Spec| if output { spec.output(port) } else { spec.input(port) };
        let index = self.spec.and_then(named);
        let inputs = self.spec.map_or(0, |spec| spec.inputs.len());
        let pin = index.map(|index| if output { inputs + index } else { index });
        match pin.and_then(|pin| self.pins(view).nth(pin)) {
            Some(pin) => (pin.at, Some(pin.signal)),
            None if output => (self.rect.right_top() + Vec2::DOWN * 12.0 * view.zoom, None),
            None => (self.rect.left_top() + Vec2::DOWN * 12.0 * view.zoom, None),
        }
    }
}

/// A pin in the window.
#[derive(Clone, Copy)]
pub(crate) struct Pin {
    pub name: &'static str,
    pub signal: Signal,
    pub output: bool,
    pub at: Pos2,
}

/// One end of a cable, and which it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct End {
    pub port: PortRef,
    pub output: bool,
}

/// A cable in its place.
pub(crate) struct Wire<'a> {
    pub id: CableId,
    pub cable: &'a Cable,
    pub curve: Curve,
    pub signal: Signal,
}

/// The patch as it lies in the window.
pub(crate) struct Scene<'a> {
    pub patch: &'a Patch,
    pub view: View,
    /// The canvas in the window.
    pub window: Rect,
    /// From the bottom to the top.
    pub seats: Vec<Seat<'a>>,
    /// Frames, and above them comments.
    pub sheets: Vec<Sheet<'a>>,
    /// Those that can be seen.
    pub wires: Vec<Wire<'a>>,
    index: HashMap<&'a ModuleId, usize>,
    /// Ports with a cable in them: module, port, whether it is an output.
    plugged: HashSet<(&'a str, &'a str, bool)>,
}

impl<'a> Scene<'a> {
    /// The scene of `patch`; modules that are selected lie above the others, and what the pointer
    /// drags lies where it is dragged to.
    pub(crate) fn new(
        patch: &'a Patch,
        registry: &Registry,
        (window, view): (Rect, View),
        (selection, gesture): (&Selection, &Gesture),
    ) -> Self {
        // Of a kind there are many, and all have one face.
        let mut faces: HashMap<Option<&str>, Rc<Face>> = HashMap::new();
        let seat = |(id, module): (&'a ModuleId, &'a Module)| {
            let spec = registry.spec(&module.kind).ok();
            let known = faces.entry(spec.map(|spec| spec.kind));
            let face = known.or_insert_with(|| Rc::new(face(spec))).clone();
            let offset = gesture.offset(id);
            let lifted = offset.is_some() || selection.modules.contains(id);
            let place = corner(module) + offset.unwrap_or_default();
            let rect = view.rect(Rect::from_min_size(place, face.size));
            (lifted, Seat { id, module, spec, face, rect, open: false })
        };
        let mut seats: Vec<_> = patch.modules.iter().map(seat).collect();
        seats.sort_by_key(|(lifted, _)| *lifted);
        let seats: Vec<_> = seats.into_iter().map(|(_, seat)| seat).collect();
        let index = seats.iter().enumerate().map(|(at, seat)| (seat.id, at)).collect();
        let ends = patch.cables.values().flat_map(|Cable { from, to, .. }| {
            let end =
                |port: &'a PortRef, output| (port.module.as_str(), port.port.as_str(), output);
            [end(from, true), end(to, false)]
        });
        let plugged = ends.collect();
        let (sheets, wires) = (notes::sheets(patch, view, gesture), Vec::new());
        let mut scene = Self { patch, view, window, seats, sheets, wires, index, plugged };
        let wires = patch.cables.iter().filter_map(|(&id, cable)| scene.wire(id, cable));
        scene.wires = wires.collect();
        scene
    }

    fn wire(&self, id: CableId, cable: &'a Cable) -> Option<Wire<'a>> {
        let (start, signal) = self.end(&cable.from, true)?;
        let (end, other) = self.end(&cable.to, false)?;
        let curve = Curve::new(start, end, self.view.zoom);
        let signal = signal.or(other).unwrap_or(Signal::Audio);
        let seen = curve.bounds().expand(4.0).intersects(self.window);
        seen.then_some(Wire { id, cable, curve, signal })
    }

    /// Where a cable ends at `port`, and what it carries there.
    pub(crate) fn end(&self, port: &PortRef, output: bool) -> Option<(Pos2, Option<Signal>)> {
        let seat = &self.seats[*self.index.get(&port.module)?];
        Some(seat.end(&port.port, output, self.view))
    }

    /// Position of the output `port`, and what it gives.
    pub(crate) fn output(&self, port: &PortRef) -> Option<(usize, Signal)> {
        let spec = self.seats[*self.index.get(&port.module)?].spec?;
        let output = spec.output(&port.port)?;
        Some((output, spec.outputs[output].signal))
    }

    /// True when some of `seat` can be seen.
    pub(crate) fn sees(&self, seat: &Seat<'_>) -> bool {
        seat.rect.expand(AROUND).intersects(self.window)
    }

    /// How far `place` is from the middle of the window.
    pub(crate) fn far(&self, place: Pos2) -> f32 {
        place.distance(self.window.center())
    }

    /// True when a cable ends at `end`.
    pub(crate) fn is_plugged(&self, end: &End) -> bool {
        self.plugged.contains(&(end.port.module.as_str(), end.port.port.as_str(), end.output))
    }

    /// The topmost module at `place`.
    pub(crate) fn module_at(&self, place: Pos2) -> Option<&Seat<'a>> {
        self.seats.iter().rev().find(|seat| seat.rect.contains(place))
    }

    /// The cable at `place`, and how far along it that is.
    pub(crate) fn cable_at(&self, place: Pos2) -> Option<(&Wire<'a>, f32)> {
        let near = self.wires.iter().filter_map(|wire| {
            if !wire.curve.bounds().expand(NEAR_CABLE).contains(place) {
                return None;
            }
            let (far, along) = wire.curve.nearest(place);
            (far <= NEAR_CABLE).then_some((far, wire, along))
        });
        let (_, wire, along) = near.min_by(|a, b| a.0.total_cmp(&b.0))?;
        Some((wire, along))
    }

    /// The pin nearest to `place` at which a cable from `held` may end; `taken` is the cable whose
    /// end is in hand.
    pub(crate) fn pin_for(&self, held: &End, taken: Option<CableId>, place: Pos2) -> Option<End> {
        let near = self.window.expand(NEAR_PIN);
        let seats = self.seats.iter().filter(|seat| seat.rect.expand(NEAR_PIN).intersects(near));
        let pins = seats.flat_map(|seat| {
            seat.pins(self.view).map(|pin| {
                let port = PortRef::new(seat.id.clone(), pin.name);
                (pin.at.distance(place), End { port, output: pin.output })
            })
        });
        let fit = |(far, end): &(f32, End)| *far <= NEAR_PIN && self.fits(held, end, taken);
        pins.filter(fit).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, end)| end)
    }

    /// True when a cable from `held` may end at `end`: an output meets an input, and they are not
    /// connected yet (but by the cable in hand).
    pub(crate) fn fits(&self, held: &End, end: &End, taken: Option<CableId>) -> bool {
        if held.output == end.output {
            return false;
        }
        let (from, to) = ends(held, end);
        let there = self.patch.cable_between(from, to);
        there.is_none() || there == taken
    }
}

/// (output, input) of two ends, of which one is an output.
pub(crate) fn ends<'e>(a: &'e End, b: &'e End) -> (&'e PortRef, &'e PortRef) {
    if a.output { (&a.port, &b.port) } else { (&b.port, &a.port) }
}

/// Where a module's top left corner is in the patch.
pub(crate) fn corner(module: &Module) -> Pos2 {
    pos2(module.position.x, module.position.y)
}

/// The rectangle of a module, in the patch's points.
pub(crate) fn module_rect(module: &Module, registry: &Registry) -> Rect {
    Rect::from_min_size(corner(module), face(registry.spec(&module.kind).ok()).size)
}

/// The rectangle around all of `patch`, in the patch's points; none where it is empty.
pub(crate) fn bounds(patch: &Patch, registry: &Registry) -> Option<Rect> {
    let modules = patch.modules.values().map(|module| module_rect(module, registry));
    modules.chain(notes::bounds(patch)).reduce(|a, b| a.union(b))
}
