//! The demo's edits: what a player at a remote does to the patch while the phrase plays.
//!
//! The patch is a chain of pairwise independent places; a gesture does something at one of them and
//! takes it back later, so that gestures can overlap in any order.

use crate::music::{BAR, BARS, SIXTEENTH, is_ornamented};
use crate::random::Random;

/// What one step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Edits in one commit that is to be swapped in.
    Commit(Vec<String>),
    /// Edits in one commit that is to be refused; `strict` or not.
    Refused(Vec<String>, bool),
    /// Two commits without a pause, the first of which is to be superseded.
    Twice(Vec<String>, Vec<String>),
    /// Edits staged and dropped again.
    Dropped(Vec<String>),
    /// A whole other patch: edits after `new`.
    Load(Vec<String>),
    /// Live values, notes and gates: no commit.
    Live(Vec<String>),
}

/// Something the player does at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Seconds from the start of the phrase.
    pub at: f64,
    /// What is done.
    pub act: Act,
    /// The patch is made of sines alone before and after, so that even corners show.
    pub pure: bool,
}

/// Something that can be done and taken back.
struct Gesture {
    on: &'static [&'static str],
    off: &'static [&'static str],
    /// Sines stay sines.
    pure: bool,
}

const fn pure(on: &'static [&'static str], off: &'static [&'static str]) -> Gesture {
    Gesture { on, off, pure: true }
}

const fn rough(on: &'static [&'static str], off: &'static [&'static str]) -> Gesture {
    Gesture { on, off, pure: false }
}

/// The patch that the phrase starts with: a sine per voice, an envelope, a filter and an echo.
pub const START: &[&str] = &[
    "create notes note_in",
    "create osc1 vco",
    "set osc1 shape 0",
    "set osc1 gain 0.16",
    "connect notes.pitch osc1.pitch",
    "create env1 adsr",
    "set env1 attack 8",
    "set env1 decay 420",
    "set env1 sustain 0.55",
    "set env1 release 180",
    "connect osc1 env1.in",
    "connect notes.gate env1.gate",
    "create amp vca",
    "connect env1.out amp.in",
    "connect notes.velocity amp.cv",
    "create mix1 mixer",
    "connect amp mix1.in1",
    "create filt vcf",
    "set filt cutoff 1800",
    "set filt resonance 0.12",
    "connect notes.pitch filt.pitch",
    "connect mix1 filt.in",
    "create mix2 mixer",
    "connect filt mix2.in1",
    "create echo delay",
    "set echo time 468.75",
    "set echo feedback 0.36",
    "set echo mode 1",
    "set echo mix 0.24",
    "connect mix2 echo.left",
    "create out audio_out",
    "connect echo.left out.left",
    "connect echo.right out.right",
];

/// The patch that ends the phrase: two sines an octave and a fifth apart in a long echo.
const END: &[&str] = &[
    "create notes note_in",
    "create low vco",
    "set low shape 0",
    "set low gain 0.14",
    "connect notes.pitch low.pitch",
    "create high vco",
    "set high shape 0",
    "set high gain 0.05",
    "set high tune 19",
    "connect notes.pitch high.pitch",
    "create env adsr",
    "set env attack 15",
    "set env decay 900",
    "set env sustain 0.3",
    "set env release 1400",
    "connect low env.in",
    "connect high env.in",
    "connect notes.gate env.gate",
    "create amp vca",
    "connect env.out amp.in",
    "connect notes.velocity amp.cv",
    "create echo delay",
    "set echo time 312.5",
    "set echo feedback 0.55",
    "set echo mode 1",
    "set echo mix 0.45",
    "connect amp echo.left",
    "create out audio_out",
    "connect echo.left out.left",
    "connect echo.right out.right",
];

const GESTURES: &[Gesture] = &[
    pure(
        &[
            "create fifth vco",
            "set fifth shape 0",
            "set fifth tune 7",
            "set fifth gain 0.06",
            "connect notes.pitch fifth.pitch",
            "connect fifth env1.in",
        ],
        &["delete fifth"],
    ),
    pure(
        &[
            "create shine vco",
            "set shine shape 0",
            "set shine tune 12",
            "set shine fine 4",
            "set shine gain 0.03",
            "connect notes.pitch shine.pitch",
            "connect shine env1.in",
        ],
        &["delete shine"],
    ),
    pure(&["create vib lfo", "set vib rate 5.4", "connect vib osc1.fm 0.012"], &["delete vib"]),
    pure(
        &[
            "create echo2 delay",
            "set echo2 time 104",
            "set echo2 feedback 0.3",
            "set echo2 mix 0.4",
            "connect mix2 echo2.left",
            "connect echo2.left echo.left",
            "disconnect mix2 echo.left",
        ],
        &["connect mix2 echo.left", "delete echo2"],
    ),
    pure(
        &[
            "create sub vco",
            "set sub shape 0",
            "set sub tune -12",
            "set sub gain 0.1",
            "connect notes.pitch sub.pitch",
            "connect sub env1.in",
        ],
        &["delete sub"],
    ),
    pure(
        &[
            "create trem lfo",
            "set trem rate 1.7",
            "create gain2 vca",
            "connect trem.uni gain2.cv",
            "connect env1.out gain2.in",
            "connect gain2 amp.in 0.6",
            "disconnect env1.out amp.in",
        ],
        &["connect env1.out amp.in", "delete gain2", "delete trem"],
    ),
    pure(&["create eye scope", "connect amp eye"], &["delete eye"]),
    pure(
        &[
            "create bell vco",
            "set bell shape 0",
            "set bell tune 12",
            "connect notes.pitch bell.pitch",
            "create strike adsr",
            "set strike attack 2",
            "set strike decay 1600",
            "set strike sustain 0.4",
            "connect bell strike.in",
            "connect notes.gate strike.gate",
            "connect strike.out osc1.lin_fm 0.18",
        ],
        &["delete bell", "delete strike"],
    ),
    pure(
        &["create wide attenuverter", "connect mix2 wide.in", "connect wide echo.right 0.35"],
        &["delete wide"],
    ),
    rough(
        &[
            "create saw vco",
            "set saw shape 2",
            "set saw fine 7",
            "set saw gain 0.022",
            "connect notes.pitch saw.pitch",
            "connect saw env1.in",
        ],
        &["delete saw"],
    ),
    rough(
        &[
            "create filt2 biquad",
            "set filt2 cutoff 1300",
            "set filt2 q 2.2",
            "connect mix1 filt2.in",
            "connect filt2 mix2.in1",
            "disconnect mix1 filt.in",
            "disconnect filt mix2.in1",
        ],
        &["connect mix1 filt.in", "connect filt mix2.in1", "delete filt2"],
    ),
    rough(&["create wob lfo", "set wob rate 3.2", "connect wob filt.cutoff 0.18"], &["delete wob"]),
    rough(
        &[
            "create bite adsr",
            "set bite attack 3",
            "set bite decay 150",
            "set bite sustain 0",
            "connect notes.gate bite.gate",
            "connect bite.env filt.cutoff 0.35",
        ],
        &["delete bite"],
    ),
    rough(
        &["create breath noise", "set breath gain 0.02", "connect breath env1.in 0.4"],
        &["delete breath"],
    ),
    rough(
        &[
            "create pulse vco",
            "set pulse shape 3",
            "set pulse tune -12",
            "set pulse gain 0.02",
            "connect notes.pitch pulse.pitch",
            "create sweep lfo",
            "set sweep rate 0.8",
            "connect sweep pulse.pwm 0.6",
            "connect pulse env1.in",
        ],
        &["delete pulse", "delete sweep"],
    ),
    rough(&["connect mix2 mix1.in3 0.25"], &["disconnect mix2 mix1.in3"]),
    rough(&["create mic audio_in", "connect mic.left mix2.in2 0.5"], &["delete mic"]),
    rough(
        &["create hand macro_in", "set hand macro 9", "connect hand filt.resonance 0.3"],
        &["delete hand"],
    ),
];

/// Values that one commit sets, forth and back.
const VALUES: &[(&str, &str)] = &[
    ("set filt cutoff 1100", "set filt cutoff 1800"),
    ("set echo feedback 0.5", "set echo feedback 0.36"),
    ("set env1 sustain 0.4", "set env1 sustain 0.55"),
    ("set echo mix 0.27", "set echo mix 0.24"),
    ("set osc1 gain 0.12", "set osc1 gain 0.16"),
];

/// Commits that must be refused: (edits, strict). Names, ports, ranges, doubles, loudness, a
/// runaway loop, silence.
const REFUSED: &[(&[&str], bool)] = &[
    (&["connect nobody osc1.fm"], false),
    (&["create osc1 vco"], false),
    (&["set filt cutoff 900000"], false),
    (&["connect osc1 env1.in"], false),
    (&["connect env1 osc1.flux"], false),
    (
        &[
            "connect amp mix2.in3 16",
            "connect amp mix2.in4 16",
            "set osc1 gain 1",
            "set amp gain 4",
            "set out level 12",
        ],
        false,
    ),
    (&["connect mix2 mix1.in4 3"], false),
    (&["disconnect echo.left out.left", "disconnect echo.right out.right"], true),
    (&["disconnect osc1 out.left"], false),
    (&["create fine vco", "delete nobody"], false),
    (&["set osc1 colour 3"], false),
];

/// Seconds that an edit is sent before the note that it is to come in with. What it does is then
/// compared with how steep that note is by itself; in the middle of an onset, or where chords swell
/// by chance, steps would be counted that are the music's own.
const LEAD: f64 = 0.019;

/// How many commits of the whole script are made to be refused.
pub const REFUSALS: usize = 22;
/// How many are made to be superseded.
pub const SUPERSEDED: usize = 26;

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|&line| line.into()).collect()
}

/// What is done and not yet taken back.
struct Table {
    on: Vec<bool>,
    values: Vec<bool>,
    random: Random,
}

impl Table {
    /// Does one of the gestures of `from`, or takes one back: never more than `most` at once.
    fn toggle(&mut self, from: std::ops::Range<usize>, most: usize) -> Vec<String> {
        let sounding = self.on.iter().filter(|on| **on).count();
        let wanted = sounding < most && (sounding == 0 || self.random.chance(0.55));
        let open: Vec<usize> = if wanted {
            from.filter(|&i| !self.on[i]).collect()
        } else {
            (0..GESTURES.len()).filter(|&i| self.on[i]).collect()
        };
        let Some(&chosen) = self.random.pick(&open) else { return self.value() };
        self.on[chosen] = !self.on[chosen];
        let gesture = &GESTURES[chosen];
        lines(if self.on[chosen] { gesture.on } else { gesture.off })
    }

    /// Sets a value, or sets it back.
    fn value(&mut self) -> Vec<String> {
        let chosen = self.random.below(VALUES.len());
        self.values[chosen] = !self.values[chosen];
        let (there, back) = VALUES[chosen];
        lines(&[if self.values[chosen] { there } else { back }])
    }

    /// True while every gesture in force keeps sines.
    fn is_pure(&self) -> bool {
        GESTURES.iter().zip(&self.on).all(|(gesture, on)| gesture.pure || !on)
    }
}

/// The whole script, in order of time.
#[must_use]
pub fn script() -> Vec<Step> {
    let pure_gestures = GESTURES.iter().filter(|g| g.pure).count();
    let mut table = Table {
        on: vec![false; GESTURES.len()],
        values: vec![false; VALUES.len()],
        random: Random::new(1973),
    };
    let mut steps = Vec::new();
    let (mut refused, mut superseded) = (0, 0);
    // The last bar is the load's.
    for slot in 2..(BARS - 1) * BAR {
        let (bar, at) = (slot / BAR, slot as f64 * SIXTEENTH);
        let (half, next) = (at + 0.5 * SIXTEENTH, at + SIXTEENTH);
        // From clear to dense: sines alone, then everything, one place after the other.
        let (gestures, most) = match bar {
            0..=3 => (0..pure_gestures, 3 + bar / 2),
            4..=5 => (0..pure_gestures + 3, 6),
            _ => (0..GESTURES.len(), 7),
        };
        // With an ornament, or between the notes: double commits, and what must not be heard.
        match slot % 8 {
            1 | 5 if refused < REFUSALS && bar >= 1 => {
                let (edits, strict) = REFUSED[refused % REFUSED.len()];
                refused += 1;
                let act = Act::Refused(lines(edits), strict);
                steps.push(Step { at: half, act, pure: table.is_pure() });
            }
            3 | 6 if superseded < SUPERSEDED && is_ornamented(slot) => {
                superseded += 1;
                let before = table.is_pure();
                let first = table.toggle(gestures.clone(), most);
                let second = table.value();
                let pure = before && table.is_pure();
                steps.push(Step { at: half - LEAD, act: Act::Twice(first, second), pure });
            }
            0 if bar % 3 == 2 => {
                let act = Act::Dropped(lines(&["create ghost vco", "connect ghost env1.in"]));
                steps.push(Step { at: half, act, pure: table.is_pure() });
            }
            2 | 4 | 7 => {
                let act = Act::Live(live(slot, &mut table.random));
                steps.push(Step { at: half, act, pure: table.is_pure() });
            }
            _ if bar == BARS - 2 && is_ornamented(slot) => {
                let before = table.is_pure();
                let act = Act::Commit(table.toggle(gestures.clone(), most));
                let pure = before && table.is_pure();
                steps.push(Step { at: half - LEAD, act, pure });
            }
            _ => {}
        }
        // With the next note.
        let at = next - LEAD;
        if slot + 1 == (BARS - 1) * BAR {
            steps.push(Step { at, act: Act::Load(lines(END)), pure: false });
            break;
        }
        let before = table.is_pure();
        let act = if slot % 7 == 3 { table.value() } else { table.toggle(gestures, most) };
        let pure = before && table.is_pure();
        steps.push(Step { at, act: Act::Commit(act), pure });
    }
    steps
}

/// Knobs turned, a key struck and lifted, a gate opened and closed, all without a commit.
fn live(slot: usize, random: &mut Random) -> Vec<String> {
    let wave = (slot as f64 * 0.21).sin();
    let cutoff = 1600.0 * 2f64.powf(0.8 * wave);
    match random.below(4) {
        0 => {
            vec!["/note 88 40".into(), format!("/mod/filt/cutoff {cutoff:.1}"), "/note 88 0".into()]
        }
        1 => vec!["/gate/env1 1".into(), "/gate/env1 0".into()],
        _ => vec![
            format!("/mod/filt/cutoff {cutoff:.1}"),
            format!("/mod/filt/resonance {:.3}", 0.2 + 0.15 * wave),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::{Registry, Request};
    use chronus_patch::Patch;

    fn apply(patch: &mut Patch, registry: &Registry, edits: &[String]) -> Result<(), String> {
        let mut next = patch.clone();
        for edit in edits {
            let words: Vec<&str> = edit.split(' ').collect();
            let request = match words[..] {
                ["create", id, kind] => Request::Create {
                    id: id.into(),
                    kind: kind.into(),
                    position: chronus_patch::Point::default(),
                },
                ["delete", id] => Request::Delete { id: id.into() },
                ["connect", from, to] => {
                    Request::Connect { from: from.into(), to: to.into(), gain: 1.0 }
                }
                ["connect", from, to, gain] => Request::Connect {
                    from: from.into(),
                    to: to.into(),
                    gain: gain.parse().unwrap(),
                },
                ["disconnect", from, to] => {
                    Request::Disconnect { from: from.into(), to: to.into() }
                }
                ["set", id, param, value] => Request::Set {
                    id: id.into(),
                    param: param.into(),
                    value: value.parse().unwrap(),
                },
                _ => panic!("{edit}"),
            };
            let edit = request.resolve(&next, registry).map_err(|e| e.to_string())?;
            next.apply(&edit).map_err(|e| e.to_string())?;
        }
        *patch = next;
        Ok(())
    }

    #[test]
    fn every_edit_applies_and_what_is_to_be_refused_is_harmless_or_wrong() {
        let registry = Registry::new(chronus_modules::KINDS);
        let mut patch = Patch::default();
        apply(&mut patch, &registry, &lines(START)).unwrap();
        let (mut commits, mut refused, mut twice, mut pure) = (0, 0, 0, 0);
        for step in script() {
            match step.act {
                Act::Commit(edits) => {
                    apply(&mut patch, &registry, &edits).unwrap();
                    commits += 1;
                    pure += usize::from(step.pure);
                }
                Act::Twice(first, second) => {
                    apply(&mut patch, &registry, &first).unwrap();
                    apply(&mut patch, &registry, &second).unwrap();
                    twice += 1;
                }
                Act::Refused(..) => refused += 1,
                Act::Load(edits) => {
                    patch = Patch::default();
                    apply(&mut patch, &registry, &edits).unwrap();
                }
                Act::Dropped(_) | Act::Live(_) => {}
            }
        }
        assert_eq!((refused, twice), (REFUSALS, SUPERSEDED));
        assert!(commits + twice >= 200, "{commits} {twice}");
        assert!(pure >= 50, "{pure}");
    }

    /// What a player cannot do without. Kinds that come later need no place in the phrase: laws and
    /// soak take every kind from the registry.
    const BASIC: &str = "note_in audio_in audio_out macro_in vco noise vcf biquad adsr vca lfo \
                         mixer attenuverter delay scope";

    #[test]
    fn every_basic_kind_of_module_is_used() {
        let words: String = script().iter().map(|step| format!("{:?}", step.act)).collect();
        let start = START.join(" ");
        for kind in BASIC.split(' ') {
            assert!(chronus_modules::KINDS.iter().any(|known| known.spec.kind == kind), "{kind}");
            let word = format!(" {kind}");
            assert!(words.contains(&word) || start.contains(&word), "{kind} is not used");
        }
    }
}
