//! The list of everything that can be connected to a module or a pin, for patching by keys.

use chronus_engine::{Request, Signal};
use chronus_patch::{CableId, Edit, PortRef};
use egui::{Pos2, Response, Ui};

use super::chooser::{Chooser, Line, Picked};
use super::command::Subject;
use super::scene::{End, Scene, Seat, ends};
use crate::app::EditorApp;
use crate::ports::port_name;

/// The open list.
pub(crate) struct Connect {
    chooser: Chooser,
    /// By line: an output, an input, and the cable between them.
    pairs: Vec<(PortRef, PortRef, Option<CableId>)>,
    corner: Pos2,
}

impl EditorApp {
    /// Opens it for the pin that a command is about, or for the module that is selected.
    pub(crate) fn open_connect(&mut self, ui: &Ui, scene: &Scene<'_>, subject: &Subject) {
        let pin = if let Subject::Pin(end) = subject { Some(end) } else { None };
        let id = pin.map(|end| &end.port.module).or(self.canvas.selection.modules.first());
        let Some(seat) = scene.seats.iter().find(|seat| Some(seat.id) == id) else { return };
        let pairs = pairs(scene, seat, pin);
        let line = |(from, to, cable): &(PortRef, PortRef, Option<CableId>)| {
            let patch = scene.patch;
            let pair = format!("{} → {}", port_name(patch, from), port_name(patch, to));
            match cable {
                None => Line { name: format!("Connect {pair}"), text: pair, hint: String::new() },
                Some(_) => {
                    let text = format!("Disconnect {pair}");
                    Line { name: text.clone(), text, hint: "connected".into() }
                }
            }
        };
        let chooser = Chooser::new("Connect", pairs.iter().map(line).collect());
        let at = pin.and_then(|end| scene.end(&end.port, end.output)).map(|(at, _)| at);
        let corner = at.unwrap_or(seat.rect.right_top());
        self.canvas.connect = Some(Connect { chooser, pairs, corner });
        ui.ctx().request_repaint();
    }

    pub(crate) fn connect_popup(&mut self, ui: &Ui, scene: &Scene<'_>, ground: &Response) {
        let Some(mut connect) = self.canvas.connect.take() else { return };
        match connect.chooser.show(ui, connect.corner, scene.window) {
            Picked::Nothing => self.canvas.connect = Some(connect),
            Picked::Close => ground.request_focus(),
            Picked::Line(at) => {
                ground.request_focus();
                let (from, to, _) = connect.pairs.swap_remove(at);
                let patch = scene.patch;
                // Asked again: the patch may have changed while the list was open.
                if let Some(id) = patch.cable_between(&from, &to) {
                    self.edit(patch, Edit::Disconnect { id });
                    return;
                }
                let names = (port_name(patch, &from), port_name(patch, &to));
                let edit = patch.connect_edit(from, to, 1.0);
                self.commit(format!("connect {} → {}", names.0, names.1), &[Request::Edit(edit)]);
            }
        }
    }
}

/// Every output of `seat` with every input of the others, and the other way; of one pin alone, where
/// that is asked for. First what carries the same, the nearest first; last what is connected.
fn pairs(
    scene: &Scene<'_>,
    seat: &Seat<'_>,
    only: Option<&End>,
) -> Vec<(PortRef, PortRef, Option<CableId>)> {
    let ports = |seat: &Seat<'_>| -> Vec<(End, Signal)> {
        let end = |name: &str, output| End { port: PortRef::new(seat.id.clone(), name), output };
        let pins = seat.pins(scene.view);
        pins.map(|pin| (end(pin.name, pin.output), pin.signal)).collect()
    };
    let ours: Vec<_> =
        ports(seat).into_iter().filter(|(end, _)| only.is_none_or(|only| only == end)).collect();
    let mut all = Vec::new();
    for other in scene.seats.iter().filter(|other| other.id != seat.id) {
        let far = other.rect.center().distance(seat.rect.center()).round() as i32;
        for (end, signal) in ports(other) {
            for (ours, carries) in ours.iter().filter(|(ours, _)| ours.output != end.output) {
                let (from, to) = ends(ours, &end);
                let cable = scene.patch.cable_between(from, to);
                // What comes in counts as further away than what goes out: a chain is built forward.
                let rank = (cable.is_some(), *carries != signal, far, !ours.output);
                all.push((rank, (from.clone(), to.clone(), cable)));
            }
        }
    }
    all.sort_by_key(|(rank, _)| *rank);
    all.into_iter().map(|(_, pair)| pair).collect()
}
