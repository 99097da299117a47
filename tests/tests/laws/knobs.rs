//! What modules remember of their knobs never outlives a turn: neither a jump at once, nor one that
//! nobody heard because no voice sounded.

use chronus_engine::{Event, NoteMatch};
use chronus_patch::{Binding, BindingCurve, Edit, MacroKnob};

use crate::rig::{Rig, peak};
use crate::{build, registry};

const RATE: f64 = 48_000.0;

/// Highest sample of `lines` a tenth of a second before and after macro 0, which moves `param` of `m` from
/// `low` to `high`, jumps from one end to the other.
fn around_a_jump(lines: &[&str], param: &str, low: f32, high: f32) -> [f32; 2] {
    let mut patch = build(&registry(), lines);
    let binding = Binding {
        module: "m".parse().unwrap(),
        param: param.into(),
        min: low,
        max: high,
        curve: BindingCurve::Taper,
        unknown: Default::default(),
    };
    let knob = MacroKnob { bindings: vec![binding], ..Default::default() };
    patch.apply(&Edit::SetMacro { index: 0, knob: Some(knob) }).unwrap();
    let mut rig = Rig::new(&registry(), RATE, &patch);
    let turned = |frame, value| (frame, Event::Macro { index: 0, value });
    // The first is where the knob stands; the second follows so soon that it is not smoothed.
    let events = [turned(24_000, 0.0), turned(24_040, 1.0)];
    let sound = rig.render(48_000, |_| 64, &events, |_| 0.0);
    [peak(&sound[19_200..24_000]), peak(&sound[43_200..])]
}

#[test]
fn a_knob_that_jumps_is_heard_in_the_next_frame() {
    let behind = |kind: &'static str| {
        [
            "create o simple_sine",
            "set o freq 1000",
            kind,
            "create out audio_out",
            "connect o m",
            "connect m out",
        ]
    };
    for (kind, low, high) in [("create m biquad", 20_000.0, 16.0), ("create m vcf", 20_000.0, 20.0)]
    {
        let [before, after] = around_a_jump(&behind(kind), "cutoff", low, high);
        assert!(before > 0.1 && after < 0.05 * before, "{kind}: {before}, {after}");
    }
    // What slow waves leave behind a filter that lets only fast ones through, and the other way round.
    let through = |kind: &'static str, cutoff: &'static str| {
        [
            kind,
            "create f biquad",
            "set f mode 1",
            cutoff,
            "create out audio_out",
            "connect m f",
            "connect f out",
        ]
    };
    let [before, after] = around_a_jump(
        &through("create m simple_sine", "set f cutoff 4000"),
        "freq",
        100.0,
        8_000.0,
    );
    assert!(after > 0.1 && before < 0.05 * after, "vco: {before}, {after}");
    let lines = through("create m lfo", "set f cutoff 60");
    let [before, after] = around_a_jump(&lines, "rate", 1.0, 100.0);
    assert!(after > 0.1 && before < 0.05 * after, "lfo: {before}, {after}");
}

#[test]
fn a_knob_turned_while_voices_sleep_is_heard_when_they_wake() {
    let mut patch = build(
        &registry(),
        &[
            "create notes note_in",
            "create osc vco",
            "create filt biquad",
            "set filt cutoff 20000",
            "create env adsr",
            "create out audio_out",
            "connect notes.pitch osc.pitch",
            "connect osc filt",
            "connect filt env",
            "connect notes.gate env.gate",
            "connect env out 0.05",
        ],
    );
    // More than one lane group.
    patch.voice.count = 32;
    let mut rig = Rig::new(&registry(), RATE, &patch);
    let chord = |rig: &mut Rig| {
        let on = |n: u8| Event::NoteOn { id: -1, channel: 0, key: 60 + n, velocity: 0.8 };
        let off = |n: u8| Event::NoteOff(NoteMatch::key(0, 60 + n));
        let events: Vec<_> = (0..24).flat_map(|n| [(10, on(n)), (20_000, off(n))]).collect();
        let sound = rig.render(96_000, |_| 64, &events, |_| 0.0);
        [peak(&sound[10_000..20_000]), peak(&sound[95_000..])]
    };
    let [open, end] = chord(&mut rig);
    assert!(open > 0.1 && end == 0.0, "{open} {end}");
    rig.engine.turn("filt", "cutoff", 16.0).expect("the knob is there");
    rig.render(48_000, |_| 64, &[], |_| 0.0);
    let [shut, _] = chord(&mut rig);
    assert!(shut < 0.2 * open, "{open}, {shut}");
}
