//! What must never be heard: everything a client can do wrong.

use std::time::Duration;

use chronus_cli::remote::Remote;
use chronus_engine::{Engine, Event, Options};
use chronus_patch::Patch;
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType};

use crate::common::{VOICE, patch};
use crate::host::{Host, Player, same, untouched};
use crate::kinds::registry;

fn chord(_: &Engine) -> Vec<(u64, Event)> {
    let note = |frame, key| (frame, Event::NoteOn { id: -1, channel: 0, key, velocity: 0.8 });
    vec![note(100, 48), note(5_000, 55), note(9_001, 64)]
}

/// Plays a voice, lets `abuse` loose on it, and asserts that nobody heard.
fn unheard(options: Options, abuse: impl FnOnce(&Host, &Player)) {
    let registry = registry();
    let patch: Patch = patch(&registry, VOICE);
    let host = Host::new(&registry, options, &patch, chord);
    let remote = Remote::start(host.engine.clone(), 0).unwrap();
    let player = Player::new(&remote);
    host.play_to(10_000);
    abuse(&host, &player);
    assert_eq!(player.hear_within(Duration::from_millis(100)), None, "an answer too many");
    host.play_to(host.frame() + 4_800);
    assert_eq!(host.missed_blocks(), 0);
    assert_eq!(player.status()["nonfinite"], 0);
    let heard = host.all();
    same(&heard, &untouched(&registry, &patch, chord, heard.len()));
}

/// Commits, and expects a refusal that says `text`.
#[track_caller]
fn refused(player: &Player, text: &str) {
    player.say("/patch/commit");
    let answer = player.hear();
    assert_eq!(answer[0], "/patch/rejected", "{answer:?}");
    assert!(answer[2].contains(text), "{answer:?}");
}

#[test]
fn commit_on_commit_without_waiting() {
    unheard(Options::default(), |_, player| {
        for n in 0..50 {
            player.say(if n % 2 == 0 { "/patch/create spare lfo" } else { "/patch/delete spare" });
            player.say("/patch/commit");
        }
        let mut revisions = std::collections::BTreeSet::new();
        let mut swapped = 0;
        while revisions.len() < 50 {
            let answer = player.hear();
            match answer[0].as_str() {
                "/ok" => {}
                "/patch/swapped" | "/patch/superseded" => {
                    swapped += u32::from(answer[0] == "/patch/swapped");
                    assert!(revisions.insert(answer[1].clone()), "two answers: {answer:?}");
                }
                _ => panic!("{answer:?}"),
            }
        }
        println!("{swapped} of 50 swapped");
        assert!(swapped >= 1);
        assert_eq!(player.status()["standby_modules"], 0);
    });
}

#[test]
fn abort_in_the_middle() {
    unheard(Options::default(), |_, player| {
        player.stage(&["/patch/delete osc", "/patch/new", "/patch/create x vco", "/patch/abort"]);
        let answer = player.swap();
        assert_eq!(answer.len(), 4, "{answer:?}");
    });
}

#[test]
fn what_means_nothing() {
    unheard(Options::default(), |_, player| {
        assert!(player.error("/patch/create x warbler").contains("unknown kind `warbler`"));
        assert!(player.error("/patch/create x.y vco").contains("no module id"));
        assert!(player.error("/patch/connect osc out 99").contains("out of range"));
        player.stage(&["/patch/create x vco", "/patch/create x vco"]);
        refused(player, "edit 1 (create x vco): there already is a module `x`");
        player.stage(&["/patch/create osc vco"]);
        refused(player, "there already is a module `osc`");
        player.stage(&["/patch/create x vco", "/patch/connect osc nowhere"]);
        refused(player, "edit 1 (connect osc nowhere): there is no module `nowhere`");
        player.stage(&["/patch/connect osc.warble out"]);
        refused(player, "no output `warble`");
        player.stage(&["/patch/disconnect osc out"]);
        refused(player, "there is no cable");
        player.stage(&["/patch/delete ghost"]);
        refused(player, "there is no module `ghost`");
        player.stage(&["/patch/set osc freq 1e9"]);
        refused(player, "takes 0.01 to 20000");
        player.stage(&["/patch/set osc warble 1"]);
        refused(player, "no param `warble`");
        assert!(player.error("/mod/ghost/freq 1").contains("no module `ghost`"));
        assert!(player.error("/mod/osc/warble 1").contains("no param `warble`"));
        assert!(player.error("/gate/ghost 1").contains("no module `ghost`"));
        // Nothing of all that is left over.
        player.swap();
    });
}

#[test]
fn a_cycle_beside_the_sound() {
    unheard(Options::default(), |_, player| {
        player.stage(&["/patch/create p vca", "/patch/create q vca"]);
        player.stage(&["/patch/connect p q 0.5", "/patch/connect q p 0.5", "/patch/connect q q"]);
        player.swap();
        player.stage(&["/patch/delete p", "/patch/delete q"]);
        player.swap();
    });
}

#[test]
fn modules_that_panic_or_make_no_numbers() {
    unheard(Options::default(), |_, player| {
        for _ in 0..3 {
            player.stage(&["/patch/create bad panicky", "/patch/connect bad out"]);
            refused(player, "module `bad` failed: this is what it does");
            player.stage(&["/patch/create worse no_number", "/patch/connect worse filter"]);
            refused(player, "module `worse` makes samples that are no numbers");
        }
        player.stage(&["/patch/create v vca", "/patch/set out limit 0"]);
        player.stage(&["/patch/connect osc v 16", "/patch/connect v out 16"]);
        refused(player, "over the ceiling");
        player.swap();
    });
}

#[test]
fn strict_refuses_what_stays_silent() {
    unheard(Options::default(), |_, player| {
        player.stage(&["/patch/new", "/patch/create l lfo"]);
        player.say("/patch/commit strict");
        let answer = player.hear();
        assert_eq!(answer[0], "/patch/rejected", "{answer:?}");
        assert!(answer[2].contains("stays silent"), "{answer:?}");
    });
}

#[test]
fn five_thousand_modules() {
    unheard(Options::default(), |_, player| {
        for start in (0..5_000).step_by(200) {
            let create = |n: usize| {
                let args =
                    vec![OscType::String(format!("m{n}")), OscType::String("simple_sine".into())];
                OscPacket::Message(OscMessage { addr: "/patch/create".into(), args })
            };
            let content = (start..start + 200).map(create).collect();
            let timetag = OscTime { seconds: 0, fractional: 1 };
            let bundle = OscPacket::Bundle(OscBundle { timetag, content });
            player.send_bytes(&rosc::encoder::encode(&bundle).unwrap());
            for _ in 0..200 {
                assert_eq!(player.hear(), ["/ok", "/patch/create"]);
            }
        }
        player.say("/patch/commit");
        let answer = player.hear();
        println!("{answer:?}");
        assert!(
            matches!(answer[0].as_str(), "/patch/swapped" | "/patch/rejected" | "/patch/timeout"),
            "{answer:?}"
        );
    });
}

#[test]
fn a_deadline_of_one_millisecond() {
    let options = Options { deadline: Duration::from_millis(1), ..Options::default() };
    unheard(options, |_, player| {
        let before = player.status()["timeouts"].as_u64().unwrap();
        let mut timeouts = 0;
        for round in 0..5 {
            for n in 0..100 {
                player.stage(&[&format!("/patch/create m{round}x{n} delay")]);
            }
            player.say("/patch/commit");
            let answer = player.hear();
            match answer[0].as_str() {
                "/patch/timeout" => timeouts += 1,
                "/patch/swapped" => {}
                _ => panic!("{answer:?}"),
            }
        }
        println!("{timeouts} of 5 timed out");
        assert!(timeouts >= 1);
        assert_eq!(player.status()["timeouts"].as_u64().unwrap() - before, timeouts);
    });
}
