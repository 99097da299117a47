//! A patch of twelve modules, built from an empty canvas by keys alone and by mouse alone: taken back
//! to nothing, done again, and heard bit for bit as the same patch from a file.

mod rig;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chronus_engine::{
    Block, Engine, Event as Sound, NoteMatch, Options, Registry, Request, Terms, TimedEvent,
    Transport,
};
use chronus_patch::{Cable, CableId, Patch, Point};
use egui::{Event, Key, Modifiers, PointerButton, pos2, vec2};
use rig::Rig;

const NONE: Modifiers = Modifiers::NONE;
const COMMAND: Modifiers = Modifiers::COMMAND;
const RATE: f64 = 48_000.0;
const FRAMES: usize = 256;
const BLOCKS: usize = 120;

/// The same patch, written by hand.
const FILE: &str = include_str!("fixtures/twelve.chronus.json");

/// The modules in the order in which they are added: kind, and what the search finds it by.
const MODULES: [(&str, &str); 12] = [
    ("note_in", "Note In"),
    ("vco", "VCO"),
    ("vco", "VCO"),
    ("mixer", "Mixer"),
    ("adsr", "ADSR"),
    ("lfo", "LFO"),
    ("attenuverter", "Attenuverter"),
    ("vcf", "VCF"),
    ("adsr", "ADSR"),
    ("vca", "VCA"),
    ("delay", "Delay"),
    ("audio_out", "Audio Out"),
];

/// The cables: module, output, module, input.
const CABLES: [[&str; 4]; 15] = [
    ["note_in1", "pitch", "vco1", "pitch"],
    ["note_in1", "pitch", "vco2", "pitch"],
    ["note_in1", "gate", "adsr1", "gate"],
    ["note_in1", "gate", "adsr2", "gate"],
    ["vco1", "out", "mixer1", "in1"],
    ["vco2", "out", "mixer1", "in2"],
    ["mixer1", "out", "vcf1", "in"],
    ["adsr1", "env", "vcf1", "cutoff"],
    ["lfo1", "out", "attenuverter1", "in"],
    ["attenuverter1", "out", "vcf1", "cutoff"],
    ["vcf1", "out", "vca1", "in"],
    ["adsr2", "env", "vca1", "cv"],
    ["vca1", "out", "delay1", "left"],
    ["delay1", "left", "audio_out1", "left"],
    ["delay1", "right", "audio_out1", "right"],
];

/// What is chosen at knobs: module, label, steps up from the default, and the choice's name.
const CHOICES: [(&str, &str, u8, &str); 3] = [
    ("vco2", "Shape", 1, "pulse"),
    ("lfo1", "Shape", 1, "triangle"),
    ("delay1", "Mode", 1, "ping-pong"),
];

/// Two notes through `patch` in an engine of its own.
fn listen(patch: &Patch) -> Vec<[u32; 2]> {
    let registry = Arc::new(Registry::new(chronus_modules::KINDS));
    let (engine, mut renderer) = Engine::new(registry, Options::default());
    engine.set_offline(true);
    for (index, knob) in &patch.macros {
        engine.set_macro(usize::from(*index), knob.value);
    }
    let load = Request::Replace(Box::new(patch.clone()));
    engine.commit(&[load], Terms::default(), |_| ());
    engine.set_sample_rate(RATE);
    let started = Instant::now();
    // It begins with its graph, and not while one is being built.
    while renderer.graph().is_none() {
        renderer.activate(RATE);
        assert!(engine.refusal().is_none(), "{:?}", engine.refusal());
        assert!(started.elapsed() < Duration::from_secs(10), "no graph came");
    }
    let on = |key| Sound::NoteOn { id: -1, channel: 0, key, velocity: 0.8 };
    let mut heard = Vec::new();
    for block in 0..BLOCKS {
        let event = match block {
            0 => Some(on(45)),
            30 => Some(on(57)),
            60 => Some(Sound::NoteOff(NoteMatch::key(0, 45))),
            _ => None,
        };
        let events: Vec<_> =
            event.into_iter().map(|event| TimedEvent { frame: 7, event }).collect();
        let (mut left, mut right) = ([0f32; FRAMES], [0f32; FRAMES]);
        renderer.process(Block {
            channels: [&mut left, &mut right],
            events: &events,
            transport: Transport::default(),
            offline: true,
        });
        heard.extend(left.iter().zip(&right).map(|(l, r)| [l.to_bits(), r.to_bits()]));
    }
    heard
}

fn file() -> Patch {
    Patch::from_json(FILE).expect("the file is a patch")
}

/// `patch` without what depends on where and in what order it was built.
fn normal(patch: &Patch) -> Patch {
    let mut patch = patch.clone();
    for module in patch.modules.values_mut() {
        module.position = Point::default();
    }
    let mut cables: Vec<Cable> = patch.cables.into_values().collect();
    cables.sort_by_key(|cable| (cable.to.clone(), cable.from.clone()));
    let numbered = cables.into_iter().zip(1..).map(|(cable, id)| (CableId(id), cable));
    patch.cables = numbered.collect::<BTreeMap<_, _>>();
    patch
}

/// The patch is there: taken back to nothing step by step, done again, and heard.
fn take_back_and_do_again(rig: &mut Rig, undo: impl Fn(&mut Rig), redo: impl Fn(&mut Rig)) {
    let built = rig.engine.document();
    assert_eq!(normal(&built), normal(&file()));
    rig.until("it plays", |rig| *rig.playing() == *built);
    let mut steps = 0;
    while rig.engine.undo_labels().0.is_some() {
        undo(rig);
        steps += 1;
        assert!(steps < 200, "undo comes to an end");
    }
    let modules_cables_choices_and_macro = MODULES.len() + CABLES.len() + CHOICES.len() + 1;
    assert_eq!(steps, modules_cables_choices_and_macro, "one step for each thing done");
    assert_eq!(*rig.engine.document(), Patch::default());
    rig.until("nothing plays", |rig| rig.playing().modules.is_empty());
    for _ in 0..steps {
        redo(rig);
    }
    assert!(rig.engine.undo_labels().1.is_none());
    assert_eq!(*rig.engine.document(), *built, "done again to the last bit");
    rig.until("it plays again", |rig| *rig.playing() == *built);
    let text = rig.engine.document().to_json();
    let read = Patch::from_json(&text).expect("what was written reads");
    assert!(listen(&read) == listen(&file()), "it sounds as the file does, bit for bit");
}

#[test]
fn the_comparison_hears_every_cable_and_every_choice() {
    let whole = listen(&file());
    assert!(whole.iter().any(|frame| frame[0] != 0) && whole.iter().any(|f| f[0] != f[1]));
    assert!(whole == listen(&file()), "two engines say the same");
    for id in file().cables.keys() {
        let mut patch = file();
        let cable = patch.cables.get_mut(id).expect("a cable");
        cable.gain = 1.0 - f32::EPSILON;
        let name = format!("{} → {}", cable.from, cable.to);
        // A gate is open or shut: only without its cable does it sound otherwise.
        if name.contains("gate") {
            patch.cables.remove(id);
        }
        assert!(listen(&patch) != whole, "{name}");
    }
    for (module, ..) in CHOICES {
        let mut patch = file();
        let found = patch.modules.iter_mut().find(|(id, _)| id.as_str() == module);
        found.expect("a module").1.params.clear();
        assert!(listen(&patch) != whole, "{module}");
    }
    let mut patch = file();
    patch.macros.get_mut(&0).expect("a macro").value += 1e-3;
    assert!(listen(&patch) != whole, "the macro");
}

/// Keys, and nothing else.
struct Keyboard<'a>(&'a mut Rig);

impl Keyboard<'_> {
    fn press(&mut self, key: Key) {
        self.0.press(NONE, key);
    }

    fn write(&mut self, text: &str) {
        self.0.send(Event::Text(text.into()));
        self.press(Key::Enter);
    }

    /// Adds a module right of `beside`, or in the middle.
    fn add(&mut self, beside: Option<&str>, name: &str) {
        if let Some(beside) = beside {
            self.select(beside);
        }
        self.press(Key::Tab);
        self.write(name);
    }

    fn select(&mut self, id: &str) {
        self.0.press(COMMAND, Key::K);
        self.write(&format!("select {id}"));
        assert!(self.0.is_selected(&format!("Module {id}")), "{id}");
    }
}

#[test]
fn twelve_modules_are_patched_by_keys_alone() {
    let mut rig = Rig::new(&[]);
    rig.press(NONE, Key::F6);
    assert!(rig.has_focus("Patch canvas"), "F6 takes the keyboard");
    let mut keys = Keyboard(&mut rig);
    let mut beside: Option<String> = None;
    let mut count = BTreeMap::new();
    for (at, (kind, name)) in MODULES.into_iter().enumerate() {
        // Four in a row; the next one begins beside the first, where there is only room below.
        keys.add(beside.as_deref(), name);
        let number = count.entry(kind).or_insert(0);
        *number += 1;
        let id = format!("{kind}{number}");
        assert!(keys.0.is_selected(&format!("Module {id}")), "{id}");
        beside = if at % 4 == 3 { Some("note_in1".into()) } else { Some(id) };
    }
    for [from, output, to, input] in CABLES {
        keys.select(from);
        keys.press(Key::C);
        keys.write(&format!("{from} {output} {to} {input}"));
    }
    for (module, label, steps, _) in CHOICES {
        keys.select(module);
        keys.press(Key::Enter);
        while !keys.0.has_focus(&format!("{module} {label}")) {
            keys.press(Key::Tab);
        }
        for _ in 0..steps {
            keys.press(Key::ArrowUp);
        }
        keys.press(Key::Escape);
    }
    keys.select("vcf1");
    keys.press(Key::Enter);
    assert!(keys.0.has_focus("vcf1 Cutoff"));
    keys.press(Key::A);
    keys.press(Key::Escape);
    nothing_covers_another(&mut rig);
    let redo = |rig: &mut Rig| rig.press(COMMAND | Modifiers::SHIFT, Key::Z);
    take_back_and_do_again(&mut rig, |rig| rig.press(COMMAND, Key::Z), redo);
}

fn nothing_covers_another(rig: &mut Rig) {
    rig.press(NONE, Key::F);
    let patch = rig.engine.document();
    let rect = |id: &chronus_patch::ModuleId| {
        let name = format!("Module {id}");
        egui::Rect::from_center_size(rig.place(&name), rig.size(&name))
    };
    let all: Vec<_> = patch.modules.keys().map(|id| (id, rect(id))).collect();
    for (at, (id, rect)) in all.iter().enumerate() {
        let covered = all[at + 1..].iter().find(|(_, other)| other.intersects(*rect));
        assert!(covered.is_none(), "{id} {covered:?}");
    }
}

#[test]
fn twelve_modules_are_patched_by_mouse_alone() {
    let mut rig = Rig::new(&[]);
    let corner = rig.place("Patch canvas") - rig.size("Patch canvas") / 2.0;
    for (at, (_, name)) in MODULES.into_iter().enumerate() {
        let (column, row) = ((at % 3) as f32, (at / 3) as f32);
        let place = corner + vec2(20.0 + column * 330.0, 20.0 + row * 430.0);
        rig.click_at(place, PointerButton::Secondary, NONE);
        rig.click("Add module");
        pick(&mut rig, &format!("Place {name}"));
        rig.until("it plays", |rig| rig.playing().modules.len() == at + 1);
    }
    for [from, output, to, input] in CABLES {
        let (start, end) = (format!("{from} {output} out"), format!("{to} {input} in"));
        rig.drag_between(rig.place(&start), rig.place(&end));
        let name = format!("Cable {from} {output} → {to} {input}");
        assert!(rig.finds(&name), "{name}");
    }
    for (module, label, _, choice) in CHOICES {
        rig.click(&format!("{module} {label} value"));
        rig.click(choice);
    }
    let knob = rig.place("vcf1 Cutoff");
    rig.click_at(knob, PointerButton::Secondary, NONE);
    rig.click("Automate: vcf1 Cutoff");
    take_back_and_do_again(&mut rig, |rig| rig.click("Undo"), |rig| rig.click("Redo"));
}

/// Clicks an entry of the open search, which is scrolled to by the wheel.
fn pick(rig: &mut Rig, entry: &str) {
    let field = rig.place("Find a module");
    let list = pos2(field.x, field.y + 100.0);
    for _ in 0..40 {
        if rig.place(entry).y < field.y + 200.0 {
            break;
        }
        rig.hover(list);
        rig.wheel(vec2(0.0, -40.0), NONE);
    }
    rig.click(entry);
    assert!(!rig.finds("Find a module"), "{entry}");
}
