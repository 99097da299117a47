//! Random edits of every kind, right ones and wrong ones, the same from the same seed.

use std::collections::BTreeMap;

use chronus_engine::{Registry, Request, Spec, new_module};
use chronus_patch::{
    Binding, BindingCurve, CableId, Colour, Comment, Edit, MacroKnob, Module, ModuleId,
    ModuleWidth, Patch, Point, PortRef, Tuning, VoiceMode, VoiceSettings,
};

use crate::random::Random;

/// Modules after which the storm deletes more than it creates.
const FULL: usize = 40;
/// Loudest gain of a cable that closes a cycle: what the loop holds must die away.
const LOOP_GAIN: f32 = 0.3;

/// One thing that a person might do.
#[derive(Clone, Debug, PartialEq)]
pub enum Whim {
    /// Edits in one commit.
    Commit(Vec<Request>),
    /// One step back, or forth again.
    Undo,
    /// See `Undo`.
    Redo,
    /// A knob turned, live: module, param, value.
    Turn(String, String, f32),
    /// A gate opened or closed, live.
    Gate(String, bool),
}

/// Makes whims.
pub struct Storm {
    random: Random,
    made: u64,
}

impl Storm {
    /// The storm of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), made: 0 }
    }

    /// What is done next to `patch`.
    pub fn next(&mut self, patch: &Patch, registry: &Registry) -> Whim {
        if patch.modules.is_empty() && self.random.chance(0.5) {
            return Whim::Commit(vec![Request::Replace(Box::new(self.patch(registry)))]);
        }
        match self.random.below(100) {
            0..10 => self.turn(patch, registry),
            10..13 => self.gate(patch),
            13..18 => Whim::Undo,
            18..20 => Whim::Redo,
            20..22 => Whim::Commit(vec![Request::Replace(Box::new(self.patch(registry)))]),
            22..24 => Whim::Commit(Vec::new()),
            24 if patch.modules.len() > FULL => Whim::Commit(vec![Request::Clear]),
            _ => {
                let mut next = patch.clone();
                let mut requests = Vec::new();
                for _ in 0..1 + self.random.below(4) {
                    let Some(request) = self.request(&next, registry) else { continue };
                    // What follows in the same commit is made for what the first has left.
                    if let Ok(edit) = request.resolve(&next, registry) {
                        let _ = next.apply(&edit);
                    }
                    requests.push(request);
                }
                Whim::Commit(requests)
            }
        }
    }

    /// Creates a module `id` that nothing is connected to and that is no output.
    pub fn unheard(&mut self, registry: &Registry, id: &str) -> Request {
        let kinds: Vec<_> = registry.kinds().iter().filter(|kind| !kind.spec.sink).collect();
        let kind = self.random.pick(&kinds).map_or("vca", |kind| kind.spec.kind);
        Request::Create { id: id.into(), kind: kind.into(), position: self.point() }
    }

    /// A patch of its own: a voice, an output, and some more.
    fn patch(&mut self, registry: &Registry) -> Patch {
        let mut patch = Patch::default();
        let start = ["note_in", "vco", "adsr", "audio_out"];
        for kind in start {
            let create = self.create(kind);
            self.apply(&mut patch, registry, &create);
        }
        let ids: Vec<String> = patch.modules.keys().map(ToString::to_string).collect();
        let of_kind = |patch: &Patch, kind: &str| {
            let found = ids
                .iter()
                .find(|id| ModuleId::new(id).is_ok_and(|id| patch.modules[&id].kind == kind));
            found.cloned().unwrap_or_default()
        };
        let [notes, osc, env, out] = start.map(|kind| of_kind(&patch, kind));
        let cables = [
            (format!("{notes}.pitch"), format!("{osc}.pitch"), 1.0),
            (format!("{osc}.out"), format!("{env}.in"), 0.3),
            (format!("{notes}.gate"), format!("{env}.gate"), 1.0),
            (format!("{env}.out"), format!("{out}.left"), 1.0),
        ];
        for (from, to, gain) in cables {
            self.apply(&mut patch, registry, &Request::Connect { from, to, gain });
        }
        for _ in 0..self.random.below(20) {
            if let Some(request) = self.request(&patch, registry) {
                self.apply(&mut patch, registry, &request);
            }
        }
        patch
    }

    fn apply(&mut self, patch: &mut Patch, registry: &Registry, request: &Request) {
        if let Ok(edit) = request.resolve(patch, registry) {
            let _ = patch.apply(&edit);
        }
    }

    fn request(&mut self, patch: &Patch, registry: &Registry) -> Option<Request> {
        let creates = if patch.modules.len() > FULL { 4 } else { 15 };
        Some(match self.random.below(100) {
            n if n < creates => {
                let kind = self.random.pick(registry.kinds())?.spec.kind;
                self.create(kind)
            }
            n if n < 22 => Request::Delete { id: self.module(patch)?.to_string() },
            22..62 => self.connect(patch, registry)?,
            62..70 => {
                let cable = &patch.cables[&self.cable(patch)?];
                let (from, to) = (cable.from.to_string(), cable.to.to_string());
                Request::Disconnect { from, to }
            }
            70..86 => {
                let (id, spec) = self.module_with_params(patch, registry)?;
                let param = self.random.pick(spec.params)?;
                let value = param.from_knob(self.random.unit());
                Request::Set { id: id.to_string(), param: param.name.into(), value }
            }
            86..90 => self.wrong(patch),
            _ => Request::Edit(self.edit(patch, registry)?),
        })
    }

    fn create(&mut self, kind: &str) -> Request {
        self.made += 1;
        let position = self.point();
        Request::Create { id: format!("{kind}{}", self.made), kind: kind.into(), position }
    }

    fn connect(&mut self, patch: &Patch, registry: &Registry) -> Option<Request> {
        let (from, to) = (self.module(patch)?, self.module(patch)?);
        let spec = |id: &ModuleId| registry.spec(&patch.modules[id].kind).ok();
        let output = self.random.pick(spec(&from)?.outputs)?.name;
        let input = self.random.pick(spec(&to)?.inputs)?.name;
        let gain = self.random.unit() * 2.0 - 1.0;
        let gain = if patch.would_cycle(&from, &to) { gain * LOOP_GAIN } else { gain };
        Some(Request::Connect {
            from: format!("{from}.{output}"),
            to: format!("{to}.{input}"),
            gain,
        })
    }

    /// Requests that cannot be granted.
    fn wrong(&mut self, patch: &Patch) -> Request {
        let known = patch.modules.keys().next().map_or("x", ModuleId::as_str).to_owned();
        match self.random.below(5) {
            0 => Request::Create { id: known, kind: "vco".into(), position: Point::default() },
            1 => Request::Create {
                id: "strange".into(),
                kind: "theremin".into(),
                position: Point::default(),
            },
            2 => Request::Delete { id: "nobody".into() },
            3 => Request::Connect { from: "nobody".into(), to: known, gain: 1.0 },
            _ => Request::Set { id: known, param: "level".into(), value: f32::NAN },
        }
    }

    /// Edits that only the editor makes.
    fn edit(&mut self, patch: &Patch, registry: &Registry) -> Option<Edit> {
        let id = self.module(patch)?;
        Some(match self.random.below(16) {
            0 | 1 => Edit::SetBypass { id, bypass: self.random.chance(0.5) },
            2 => Edit::Rename { id, name: format!("name {}", self.random.below(50)) },
            3 => Edit::Move { id, position: self.point() },
            4 => Edit::Recolour { id, colour: Some(Colour([self.random.below(256) as u8; 3])) },
            5 | 6 => {
                let cable = self.cable(patch)?;
                let limit = if patch.cables[&cable].feedback { LOOP_GAIN } else { 1.0 };
                Edit::SetGain { id: cable, gain: (self.random.unit() * 2.0 - 1.0) * limit }
            }
            7 => {
                let cable = self.cable(patch)?;
                let feedback = self.random.chance(0.5);
                Edit::SetFeedback { id: cable, feedback }
            }
            8 => {
                let widths = [ModuleWidth::Auto, ModuleWidth::Mono, ModuleWidth::PerVoice];
                Edit::SetWidth { id, width: *self.random.pick(&widths)? }
            }
            9 => {
                let modes = [VoiceMode::Poly, VoiceMode::Mono, VoiceMode::Legato];
                Edit::SetVoice(VoiceSettings {
                    count: 1 + self.random.below(16) as u8,
                    mode: *self.random.pick(&modes)?,
                    glide: self.random.unit() * 100.0,
                    ..VoiceSettings::default()
                })
            }
            10 => Edit::SetTuning(Tuning {
                a4: 415.0 + 50.0 * self.random.unit(),
                ..Tuning::default()
            }),
            11 => {
                let (id, spec) = self.module_with_params(patch, registry)?;
                let param = self.random.pick(spec.params)?;
                Edit::ResetParam { id, param: param.name.into() }
            }
            12 => self.bind(patch, registry)?,
            13 => Edit::SetComment {
                id: format!("c{}", self.random.below(4)),
                comment: self.random.chance(0.6).then(Comment::default),
            },
            14 => self.replace(patch, registry)?,
            _ => {
                let (id, spec) = self.module_with_params(patch, registry)?;
                let param = self.random.pick(spec.params)?;
                let reach = (param.max - param.min) * 0.02;
                let offsets = (0..self.random.below(9)).map(|_| self.random.unit() * reach);
                Edit::SetVoiceOffsets { id, param: param.name.into(), offsets: offsets.collect() }
            }
        })
    }

    fn bind(&mut self, patch: &Patch, registry: &Registry) -> Option<Edit> {
        let (module, spec) = self.module_with_params(patch, registry)?;
        let param = self.random.pick(spec.params)?;
        let binding = Binding {
            module,
            param: param.name.into(),
            min: param.from_knob(self.random.unit()),
            max: param.from_knob(self.random.unit()),
            curve: BindingCurve::Taper,
            unknown: Default::default(),
        };
        let knob = MacroKnob { bindings: vec![binding], ..MacroKnob::default() };
        let knob = self.random.chance(0.8).then_some(knob);
        Some(Edit::SetMacro { index: self.random.below(8) as u8, knob })
    }

    /// Another kind in a module's place: a new module with the old one's cables.
    fn replace(&mut self, patch: &Patch, registry: &Registry) -> Option<Edit> {
        let old = self.module(patch)?;
        let kind = self.random.pick(registry.kinds())?.spec.kind;
        self.made += 1;
        let id = ModuleId::new(&format!("{kind}{}", self.made)).ok()?;
        let module: Module = new_module(registry, kind).ok()?;
        let spec = registry.spec(kind).ok()?;
        let mut edits =
            vec![Edit::Create { id: id.clone(), module }, Edit::Delete { id: old.clone() }];
        let mut next = patch.clone();
        for edit in &edits {
            next.apply(edit).ok()?;
        }
        let moved = patch.cables.values().filter(|c| c.from.module == old || c.to.module == old);
        let mut taken: BTreeMap<(PortRef, PortRef), ()> = BTreeMap::new();
        for cable in moved {
            let mut cable = cable.clone();
            if cable.from.module == old {
                let Some(port) = spec.outputs.first() else { continue };
                cable.from = PortRef::new(id.clone(), port.name);
            }
            if cable.to.module == old {
                let Some(port) = spec.inputs.first() else { continue };
                cable.to = PortRef::new(id.clone(), port.name);
            }
            if taken.insert((cable.from.clone(), cable.to.clone()), ()).is_some() {
                continue;
            }
            let edit = next.connect_edit(cable.from, cable.to, cable.gain);
            if next.apply(&edit).is_ok() {
                edits.push(edit);
            }
        }
        Some(Edit::Batch(edits))
    }

    fn turn(&mut self, patch: &Patch, registry: &Registry) -> Whim {
        let Some((id, spec)) = self.module_with_params(patch, registry) else {
            return Whim::Commit(Vec::new());
        };
        let Some(param) = self.random.pick(spec.params) else { return Whim::Commit(Vec::new()) };
        let value = param.from_knob(self.random.unit());
        Whim::Turn(id.to_string(), param.name.into(), value)
    }

    fn gate(&mut self, patch: &Patch) -> Whim {
        let id = self.module(patch).map_or_else(|| "nobody".into(), |id| id.to_string());
        Whim::Gate(id, self.random.chance(0.5))
    }

    fn module(&mut self, patch: &Patch) -> Option<ModuleId> {
        let place = self.random.below(patch.modules.len());
        patch.modules.keys().nth(place).cloned()
    }

    fn module_with_params(
        &mut self,
        patch: &Patch,
        registry: &Registry,
    ) -> Option<(ModuleId, &'static Spec)> {
        let id = self.module(patch)?;
        let spec = registry.spec(&patch.modules[&id].kind).ok()?;
        (!spec.params.is_empty()).then_some((id, spec))
    }

    fn cable(&mut self, patch: &Patch) -> Option<CableId> {
        let place = self.random.below(patch.cables.len());
        patch.cables.keys().nth(place).copied()
    }

    fn point(&mut self) -> Point {
        Point { x: self.random.unit() * 2000.0, y: self.random.unit() * 1000.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_grows_a_patch_and_repeats_itself() {
        let registry = Registry::new(chronus_modules::KINDS);
        let run = |seed| {
            let mut storm = Storm::new(seed);
            let mut patch = storm.patch(&registry);
            let (mut refused, mut modules, mut cables) = (0, 0, 0);
            for _ in 0..500 {
                let Whim::Commit(requests) = storm.next(&patch, &registry) else { continue };
                let mut next = patch.clone();
                let applied = requests.iter().try_for_each(|request| {
                    let edit = request.resolve(&next, &registry).map_err(|_| ())?;
                    next.apply(&edit).map(|_| ()).map_err(|_| ())
                });
                match applied {
                    Ok(()) => patch = next,
                    Err(()) => refused += 1,
                }
                modules = modules.max(patch.modules.len());
                cables = cables.max(patch.cables.len());
            }
            (patch, [refused, modules, cables])
        };
        let (patch, counts) = run(3);
        assert!(patch.validate().is_ok());
        let [refused, modules, cables] = counts;
        // The most there were: a storm may end right after it has cleared everything.
        assert!(modules > 10 && cables > 10, "{modules} modules, {cables} cables");
        assert!((10..300).contains(&refused), "{refused}");
        assert_eq!(run(3), (patch, counts));
    }
}
