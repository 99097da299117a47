//! Every law in every instruction set that the machine has, and the same bits in all of them. The
//! engine chooses its set once, so this program runs itself again for each.

use std::process::Command;

use chronus_engine::{instruction_set, instruction_sets};

use crate::random::{self, Dice};
use crate::rig::{Rig, Sound};
use crate::{banks, registry};

/// This program with `arguments`, under the set `name`: what it printed, if it succeeded.
fn run(name: &str, arguments: &[&str]) -> Result<String, String> {
    let mut child = Command::new(std::env::current_exe().expect("own path"));
    let output = child.args(arguments).env("CHRONUS_SIMD", name).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(text) } else { Err(text) }
}

fn hash(sound: &Sound) -> u64 {
    let bits = sound.iter().flatten().map(|x| x.to_bits());
    bits.fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// Prints hashes of what random patches sound like. Run by the test after it.
#[test]
#[ignore = "prints for another test"]
#[expect(clippy::print_stdout, reason = "its parent reads it")]
fn fingerprint() {
    println!("set {}", instruction_set());
    let (any, few) = (registry(), banks::registry(true));
    for seed in 0..2 * random::count() {
        let mut dice = Dice::new(seed);
        let size = 3 + dice.below(20);
        let patch = random::patch(&mut dice, &any, size);
        if let Ok(mut rig) = Rig::try_new(&any, 48_000.0, &patch) {
            let events = random::events(&mut dice, 6_000);
            println!("any {seed} {:016x}", hash(&rig.render(6_000, |_| 100, &events, |_| 0.1)));
        }
        let mut dice = Dice::new(seed);
        let size = 12 + dice.below(50);
        let patch = banks::patch(&mut dice, &few, size);
        if let Some(sound) = banks::perform(&few, &patch, seed, 512) {
            println!("banks {seed} {:016x}", hash(&sound));
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits_of_random_patches() {
    let print = ["--ignored", "--exact", "sets::fingerprint", "--nocapture"];
    let sets = instruction_sets();
    let found: Vec<String> = sets
        .iter()
        .map(|set| {
            let text = run(set, &print).unwrap_or_else(|text| panic!("{set}: {text}"));
            assert!(text.lines().any(|line| line == format!("set {set}")), "{set} is not in use");
            let of = |kind: &str| text.lines().filter(|line| line.starts_with(kind)).count();
            assert!(of("any") > 10 && of("banks") > 10, "too few patches: {text}");
            timeless(&text)
        })
        .collect();
    for (set, text) in sets.iter().zip(&found) {
        assert_eq!(*text, found[0], "{set} against {}", sets[0]);
    }
}

/// Without the lines of the test program itself, which tell how long it took.
fn timeless(text: &str) -> String {
    let ours = |line: &&str| line.starts_with("any") || line.starts_with("banks");
    text.lines().filter(ours).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_law_holds_in_every_instruction_set() {
    // The one in use is what all other tests of this program run on.
    for set in instruction_sets().into_iter().filter(|set| *set != instruction_set()) {
        let text = run(set, &["--skip", "every_law", "--skip", "every_instruction_set"]);
        let text = text.unwrap_or_else(|text| panic!("{set}: {text}"));
        assert!(text.lines().filter(|line| line.ends_with("... ok")).count() > 40, "{set}: {text}");
    }
}
