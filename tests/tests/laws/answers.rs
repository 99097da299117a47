//! Every commit gets exactly one answer, whatever it asks for, and what plays is not touched by
//! what is refused.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use chronus_engine::{
    Answer, Block, Client, Engine, Options, Registry, Rejection, Renderer, Request, Terms,
    Transport,
};
use chronus_patch::{Comment, Edit, Gesture, Patch, Point};

use crate::faulty;
use crate::rig::{Rig, Sound, first_difference, peak};
use crate::{build, voice_patch};

fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(&faulty::kinds()))
}

fn create(id: &str, kind: &str) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Default::default() }
}

fn connect(from: &str, to: &str) -> Request {
    Request::Connect { from: from.into(), to: to.into(), gain: 1.0 }
}

fn set(id: &str, param: &str, value: f32) -> Request {
    Request::Set { id: id.into(), param: param.into(), value }
}

/// A real-time host: renders without pause on a thread of its own, and keeps what it rendered.
struct Host {
    engine: Arc<Engine>,
    stop: Arc<std::sync::atomic::AtomicBool>,
    thread: std::thread::JoinHandle<(Sound, Renderer)>,
}

impl Host {
    fn start(patch: &Patch, options: Options) -> Self {
        let (engine, mut renderer) = Engine::new(registry(), options);
        let engine = Arc::new(engine);
        engine.set_sample_rate(48_000.0);
        renderer.activate(48_000.0);
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut sound = Sound::new();
            while !stopped.load(Relaxed) {
                let (mut left, mut right) = ([0f32; 64], [0f32; 64]);
                renderer.process(Block {
                    channels: [&mut left, &mut right],
                    events: &[],
                    transport: Transport::default(),
                    offline: false,
                });
                sound.extend(left.into_iter().zip(right).map(|(l, r)| [l, r]));
                std::thread::sleep(Duration::from_micros(300));
            }
            (sound, renderer)
        });
        let host = Self { engine, stop, thread };
        let anyway = Terms { over_budget: true, ..remote() };
        let answer = host.commit(&[Request::Replace(Box::new(patch.clone()))], anyway);
        assert!(matches!(answer, Answer::Swapped { .. }), "{answer:?}");
        host
    }

    fn send(&self, requests: &[Request], terms: Terms) -> Receiver<Answer> {
        let (sender, receiver) = channel();
        self.engine.commit(requests, terms, move |a| drop(sender.send(a)));
        receiver
    }

    fn commit(&self, requests: &[Request], terms: Terms) -> Answer {
        self.send(requests, terms).recv_timeout(Duration::from_secs(20)).expect("an answer")
    }

    fn finish(self) -> Sound {
        self.stop.store(true, Relaxed);
        let (sound, renderer) = self.thread.join().expect("the host lives");
        assert_eq!(self.engine.counters().missed_blocks.load(Relaxed), 0);
        drop(renderer);
        sound
    }
}

/// Enough time for the answer on a machine that does much else: how long a build takes is no law.
fn remote() -> Terms {
    let deadline = Some(Duration::from_secs(15));
    Terms { client: Client::Remote, deadline, ..Terms::default() }
}

fn sine() -> Patch {
    build(
        &registry(),
        &[
            "create a simple_sine",
            "create f faulty",
            "create out audio_out",
            "connect a f",
            "connect f out",
        ],
    )
}

fn refused(answer: &Answer) -> &Rejection {
    match answer {
        Answer::Rejected { rejection, .. } => rejection,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn faults_are_refused_and_the_module_is_named() {
    let host = Host::start(&sine(), Options::default());
    let with = |fault: f32| {
        [
            create("bad", "faulty"),
            set("bad", "fault", fault),
            connect("a", "bad"),
            connect("bad", "out"),
        ]
    };
    let named = |answer: Answer| {
        let text = refused(&answer).to_string();
        assert!(text.contains("`bad`"), "{text}");
        answer
    };
    let answer = named(host.commit(&with(faulty::NAN), remote()));
    assert!(matches!(refused(&answer), Rejection::NonFinite { .. }), "{answer:?}");
    let answer = named(host.commit(&with(faulty::PANIC), remote()));
    assert!(matches!(refused(&answer), Rejection::Panicked { .. }), "{answer:?}");
    let answer = named(host.commit(&with(faulty::LOUD), remote()));
    assert!(matches!(refused(&answer), Rejection::Ceiling { .. }), "{answer:?}");
    let answer = named(host.commit(&with(faulty::GROWS), remote()));
    assert!(matches!(refused(&answer), Rejection::Runaway { .. }), "{answer:?}");
    let answer = host.commit(&with(faulty::SLOW), remote());
    assert!(matches!(refused(&answer), Rejection::OverBudget { .. }), "{answer:?}");
    // The document is as it was, so the next commit is judged by itself.
    assert_eq!(*host.engine.document(), *host.engine.playing().1);
    let answer = host.commit(&[create("b", "vco")], remote());
    assert!(matches!(answer, Answer::Swapped { .. }), "{answer:?}");
    host.finish();
}

#[test]
fn a_fault_among_equal_modules_is_found_in_its_lane() {
    let host = Host::start(&sine(), Options::default());
    let all = |fault: f32| -> Vec<Request> {
        let one = |n: usize| {
            let id = format!("m{n}");
            let fault = if n == 3 { fault } else { 0.0 };
            [
                create(&id, "faulty"),
                set(&id, "fault", fault),
                connect("a", &id),
                connect(&id, "out"),
            ]
        };
        (0..6).flat_map(one).collect()
    };
    for fault in [faulty::NAN, faulty::PANIC, faulty::LOUD, faulty::GROWS] {
        let text = refused(&host.commit(&all(fault), remote())).to_string();
        assert!(text.contains("`m3`"), "{text}");
    }
    let answer = host.commit(&all(0.0), remote());
    assert!(matches!(answer, Answer::Swapped { .. }), "{answer:?}");
    host.finish();
}

#[test]
fn graphs_are_counted_and_do_not_pile_up() {
    let host = Host::start(&sine(), Options::default());
    let counters = host.engine.counters();
    for n in 0..40 {
        let answer = host.commit(&[create(&format!("m{n}"), "vco")], remote());
        assert!(matches!(answer, Answer::Swapped { .. }), "{answer:?}");
        let alive = counters.graphs.load(Relaxed);
        // One plays; others wait to be swapped in, to be fetched home, or stand in the three slots.
        assert!((1..=8).contains(&alive), "{alive} after {n} commits");
    }
    host.finish();
}

/// What the builder does with a commit is told while it does it.
#[test]
fn the_stages_of_a_commit_are_told() {
    let host = Host::start(&sine(), Options::default());
    let mut seen = std::collections::BTreeSet::new();
    let wanted = ["building", "probing", "warming"];
    for n in 0..200 {
        let more = (0..20).map(|k| create(&format!("m{n}x{k}"), "vco"));
        let answer = host.send(&more.collect::<Vec<_>>(), Terms { over_budget: true, ..remote() });
        while answer.try_recv().is_err() {
            seen.insert(host.engine.counters().stage().name());
        }
        if wanted.iter().all(|stage| seen.contains(stage)) {
            break;
        }
    }
    assert!(wanted.iter().all(|stage| seen.contains(stage)), "{seen:?}");
    let started = Instant::now();
    while host.engine.counters().stage().name() != "idle" {
        assert!(started.elapsed() < Duration::from_secs(5));
    }
    host.finish();
}

#[test]
fn nonsense_is_refused_in_words() {
    let host = Host::start(&sine(), Options::default());
    let cases: Vec<(Vec<Request>, &str)> = vec![
        (vec![create("x", "no_such_kind")], "unknown kind `no_such_kind`"),
        (vec![create("a", "vco")], "already"),
        (vec![create("", "vco")], "no module id"),
        (vec![connect("a", "nowhere")], "`nowhere`"),
        (vec![connect("a.nothing", "out")], "no output `nothing`"),
        (vec![connect("a", "out.nothing")], "no input `nothing`"),
        (vec![connect("a", "f")], "already"),
        (vec![set("a", "nothing", 1.0)], "no param `nothing`"),
        (vec![set("a", "freq", f32::NAN)], "takes"),
        (vec![set("a", "freq", 1e9)], "takes"),
        (vec![create("x", "vco"), Request::Delete { id: "y".into() }], "edit 1"),
    ];
    for (requests, text) in cases {
        let answer = host.commit(&requests, remote());
        let said = refused(&answer).to_string();
        assert!(said.contains(text), "{requests:?}: {said}");
    }
    assert_eq!(*host.engine.document(), *host.engine.playing().1);
    host.finish();
}

#[test]
fn a_cycle_gets_a_delay_and_plays() {
    let host = Host::start(&sine(), Options::default());
    let answer = host.commit(
        &[create("v", "vca"), set("v", "gain", 0.5), connect("f", "v"), connect("v", "f")],
        remote(),
    );
    assert!(matches!(answer, Answer::Swapped { .. }), "{answer:?}");
    let feedback = host.engine.document().cables.values().filter(|c| c.feedback).count();
    assert_eq!(feedback, 1);
    host.finish();
}

#[test]
fn commits_on_commits_are_each_answered_once() {
    let host = Host::start(&sine(), Options::default());
    let receivers: Vec<Receiver<Answer>> =
        (0..500).map(|n| host.send(&[create(&format!("m{n}"), "vca")], remote())).collect();
    let mut counts = [0; 4];
    for receiver in &receivers {
        match receiver.recv_timeout(Duration::from_secs(20)).expect("an answer") {
            Answer::Swapped { .. } => counts[0] += 1,
            Answer::Superseded { .. } => counts[1] += 1,
            Answer::Rejected { .. } => counts[2] += 1,
            Answer::TimedOut { .. } => counts[3] += 1,
        }
        assert!(receiver.try_recv().is_err(), "a second answer");
    }
    // 500 modules may be over the budget of a slow machine, but most commits are overtaken anyway.
    assert!(counts[0] + counts[1] + counts[2] == 500 && counts[1] > 0, "{counts:?}");
    host.finish();
}

#[test]
fn a_patch_of_five_thousand_modules_is_answered() {
    let host = Host::start(&sine(), Options::default());
    let mut requests: Vec<Request> = (0..5000).map(|n| create(&format!("m{n}"), "vcf")).collect();
    requests.extend((1..5000).map(|n| connect(&format!("m{}", n - 1), &format!("m{n}"))));
    let started = Instant::now();
    let answer = host.commit(&requests, remote());
    assert!(!matches!(answer, Answer::Superseded { .. }), "{answer:?}");
    assert!(started.elapsed() < Duration::from_secs(20));
    host.finish();
}

#[test]
fn a_deadline_of_a_millisecond_is_kept() {
    let host = Host::start(&sine(), Options::default());
    let requests: Vec<Request> = (0..400).map(|n| create(&format!("m{n}"), "vcf")).collect();
    let terms = Terms { deadline: Some(Duration::from_millis(1)), ..remote() };
    let answer = host.commit(&requests, terms);
    assert!(matches!(answer, Answer::TimedOut { .. }), "{answer:?}");
    assert_eq!(*host.engine.document(), *host.engine.playing().1, "head is as it was");
    host.finish();
}

#[test]
fn strict_refuses_silence_and_accepts_what_comes_late() {
    let host = Host::start(&sine(), Options::default());
    let strict = Terms { strict: true, ..remote() };
    let answer = host.commit(
        &[
            Request::Clear,
            create("a", "vco"),
            create("v", "vca"),
            create("l", "attenuverter"),
            connect("a", "v"),
            connect("l", "v.cv"),
        ],
        strict,
    );
    assert!(matches!(refused(&answer), Rejection::Silent), "{answer:?}");
    let answer = host.commit(
        &[
            Request::Clear,
            create("a", "vco"),
            create("e", "adsr"),
            set("e", "attack", 20_000.0),
            set("e", "sustain", 1.0),
            connect("a", "e"),
        ],
        strict,
    );
    assert!(matches!(answer, Answer::Swapped { .. }), "{answer:?}");
    host.finish();
}

#[test]
fn what_is_refused_does_not_touch_what_plays() {
    let registry = registry();
    let patch = voice_patch(&registry);
    let events = crate::notes(24_000);
    let alone = Rig::new(&registry, 48_000.0, &patch).render(24_000, |_| 64, &events, |_| 0.0);
    let mut rig = Rig::new(&registry, 48_000.0, &patch);
    for n in 0..20u64 {
        let fault = [faulty::NAN, faulty::PANIC, faulty::LOUD, faulty::GROWS][n as usize % 4];
        let id = format!("bad{n}");
        let sender = [
            create(&id, "faulty"),
            set(&id, "fault", fault),
            connect("amp", &id),
            connect(&id, "out"),
        ];
        rig.refuse_at(100 + n * 1100, &sender);
    }
    let with = rig.render(24_000, |_| 64, &events, |_| 0.0);
    for _ in 0..20 {
        let answer = rig.answers.recv_timeout(Duration::from_secs(20)).expect("an answer");
        refused(&answer);
    }
    assert_eq!(first_difference(&alone, &with), None);
}

#[test]
fn a_fault_while_playing_is_contained() {
    let host = Host::start(&sine(), Options::default());
    host.engine.turn("f", "fault", faulty::NAN).expect("the module is there");
    std::thread::sleep(Duration::from_millis(50));
    let counters = host.engine.counters();
    assert!(counters.nonfinite.load(Relaxed) > 0);
    let key = counters.failed_module.load(Relaxed);
    assert!(key > 0, "a module is named");
    host.engine.turn("f", "fault", 0.0).expect("the module is there");
    std::thread::sleep(Duration::from_millis(50));
    let sound = host.finish();
    assert!(sound.iter().flatten().all(|x| x.is_finite()));
    let end = &sound[sound.len() - 480..];
    assert!(peak(end) > 0.1, "it sounds again");
}

#[test]
fn after_a_panic_while_playing_another_patch_plays() {
    let mut rig = Rig::new(&registry(), 48_000.0, &sine());
    rig.engine.turn("f", "fault", faulty::PANIC).expect("the module is there");
    let sound = rig.render(640, |_| 64, &[], |_| 0.0);
    assert_eq!(peak(&sound), 0.0);
    let missed = || rig.engine.counters().missed_blocks.load(Relaxed);
    assert_eq!(missed(), 10, "a graph that panicked is not rendered again");
    let other =
        build(&registry(), &["create o simple_sine", "create out audio_out", "connect o out"]);
    rig.commit_at(0, &[Request::Replace(Box::new(other))]);
    let missed = missed();
    let sound = rig.render(4_800, |_| 64, &[], |_| 0.0);
    assert!(peak(&sound[..64]) > 0.0 && peak(&sound[4_000..]) > 0.1, "{}", peak(&sound));
    assert_eq!(rig.engine.counters().missed_blocks.load(Relaxed), missed);
}

#[test]
fn a_knob_turned_while_a_commit_is_built_is_not_lost() {
    let host = Host::start(&sine(), Options::default());
    for n in 0..50 {
        let answer =
            host.send(&[create(&format!("x{n}"), "vcf"), set("a", "freq", 500.0)], remote());
        let value = 300.0 + n as f32;
        host.engine.turn("a", "freq", value).expect("the module is there");
        answer.recv_timeout(Duration::from_secs(20)).expect("an answer");
        let document = host.engine.document();
        assert_eq!(document.modules[&"a".parse().unwrap()].params["freq"], value);
        let read = host.engine.value("a", "freq").expect("the module is there");
        assert_eq!(read, value, "commit {n}");
    }
    host.finish();
}

#[test]
fn a_knob_turned_after_a_commit_wins_over_what_the_next_one_brings_along() {
    let mut rig = Rig::new(&registry(), 48_000.0, &sine());
    // Nothing is rendered in between, so the first is under way when the second is made.
    rig.commit_at(0, &[set("a", "freq", 500.0), set("a", "gain", 0.5)]);
    rig.engine.turn("a", "freq", 321.0).expect("the module is there");
    rig.commit_at(0, &[create("x", "vca")]);
    rig.render(4096, |_| 64, &[], |_| 0.0);
    for _ in 0..2 {
        let answer = rig.answers.recv_timeout(Duration::from_secs(20)).expect("an answer");
        assert!(matches!(answer, Answer::Swapped { .. }), "{answer:?}");
    }
    assert_eq!(rig.engine.value("a", "freq"), Ok(321.0));
    assert_eq!(rig.engine.value("a", "gain"), Ok(0.5));
}

#[test]
fn what_a_commit_sets_is_not_brought_along_to_another_module_of_the_same_id() {
    let mut rig = Rig::new(&registry(), 48_000.0, &sine());
    rig.commit_at(0, &[set("a", "freq", 500.0)]);
    rig.commit_at(0, &[Request::Replace(Box::new(sine()))]);
    rig.commit_at(0, &[set("a", "gain", 0.5)]);
    rig.commit_at(0, &[Request::Delete { id: "a".into() }, create("a", "simple_sine")]);
    rig.render(8192, |_| 64, &[], |_| 0.0);
    for _ in 0..4 {
        let answer = rig.answers.recv_timeout(Duration::from_secs(20)).expect("an answer");
        assert!(matches!(answer, Answer::Swapped { .. }), "{answer:?}");
    }
    let fresh = Rig::new(&registry(), 48_000.0, &sine());
    for param in ["freq", "gain"] {
        assert_eq!(rig.engine.value("a", param), fresh.engine.value("a", param), "{param}");
    }
}

/// What `work` gives; a panic when it takes longer than `seconds`.
fn ends<T: Send + 'static>(seconds: u64, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, ended) = channel();
    std::thread::spawn(move || done.send(work()));
    ended.recv_timeout(Duration::from_secs(seconds)).expect("rendering goes on")
}

/// An instance that renders offline.
fn offline() -> (Engine, Renderer) {
    let (engine, mut renderer) = Engine::new(registry(), Options::default());
    engine.set_offline(true);
    engine.set_sample_rate(48_000.0);
    renderer.activate(48_000.0);
    (engine, renderer)
}

fn render_offline(renderer: &mut Renderer, frames: usize) {
    renderer.process(Block {
        channels: [&mut vec![0.0; frames], &mut vec![0.0; frames]],
        events: &[],
        transport: Transport::default(),
        offline: true,
    });
}

#[test]
fn a_timed_commit_that_lands_while_it_is_looked_for_does_not_stop_offline_rendering() {
    ends(60, || {
        let mut dice = crate::random::Dice::new(1);
        for _ in 0..4000 {
            // A new instance has its notes to publish between the look and the wait.
            let (engine, mut renderer) = offline();
            engine.commit(&[], Terms { due: Some(0), ..remote() }, |_| ());
            // Until about the moment when the builder is done with it.
            let pause = Duration::from_micros(dice.below(300) as u64);
            let made = Instant::now();
            while made.elapsed() < pause {
                std::hint::spin_loop();
            }
            render_offline(&mut renderer, 1);
        }
    });
}

#[test]
fn offline_rendering_does_not_wait_for_an_engine_that_is_gone() {
    ends(20, || {
        for due in [None, Some(0), Some(100)] {
            let (engine, mut renderer) = offline();
            for _ in 0..3 {
                engine.commit(&[], Terms { due, ..remote() }, |_| ());
            }
            drop(engine);
            (0..4).for_each(|_| render_offline(&mut renderer, 64));
        }
    });
}

#[test]
fn commits_due_at_one_frame_go_on_after_the_fade_of_the_first() {
    let value = ends(20, || {
        let mut rig = Rig::new(&registry(), 48_000.0, &sine());
        rig.commit_at(0, &[Request::Replace(Box::new(sine()))]);
        rig.commit_at(0, &[set("a", "gain", 0.5)]);
        rig.commit_at(0, &[set("a", "gain", 0.4)]);
        rig.render(64, |_| 64, &[], |_| 0.0);
        // The second is published while the crossfade keeps it from being taken.
        std::thread::sleep(Duration::from_millis(200));
        rig.render(8192, |_| 64, &[], |_| 0.0);
        rig.engine.value("a", "gain")
    });
    assert_eq!(value, Ok(0.4));
}

#[test]
fn editor_refusals_stay_in_the_document_and_can_be_undone() {
    let host = Host::start(&sine(), Options::default());
    let editor = Terms::default();
    let before = host.engine.document();
    let bad = [create("bad", "faulty"), set("bad", "fault", faulty::LOUD), connect("bad", "out")];
    let answer = host.commit(&bad, editor);
    refused(&answer);
    assert_ne!(*host.engine.document(), *before);
    assert!(host.engine.refusal().is_some());
    let (sender, receiver) = channel();
    host.engine.undo(editor, move |a| drop(sender.send(a)));
    let answer = receiver.recv_timeout(Duration::from_secs(20)).expect("an answer");
    assert!(matches!(answer, Answer::Swapped { .. }), "{answer:?}");
    assert_eq!(*host.engine.document(), *before);
    assert!(host.engine.refusal().is_none());
    host.finish();
}

#[test]
fn commit_anyway_overrides_the_budget_only() {
    let host = Host::start(&sine(), Options { budget: 1e-9, ..Options::default() });
    let anyway = Terms { over_budget: true, ..remote() };
    let answer = host.commit(&[create("v", "vco")], remote());
    assert!(matches!(refused(&answer), Rejection::OverBudget { .. }), "{answer:?}");
    let answer = host.commit(&[create("v", "vco")], anyway);
    assert!(matches!(answer, Answer::Swapped { .. }), "{answer:?}");
    let loud = [create("bad", "faulty"), set("bad", "fault", faulty::LOUD), connect("bad", "out")];
    let answer = host.commit(&loud, anyway);
    assert!(matches!(refused(&answer), Rejection::Ceiling { .. }), "{answer:?}");
    host.finish();
}

#[test]
fn a_dropped_instance_leaves_others_alone() {
    let host = Host::start(&sine(), Options::default());
    let mut pending = 0;
    for n in 0..1000u64 {
        let (other, mut renderer) = Engine::new(registry(), Options::default());
        other.set_sample_rate(48_000.0);
        if n % 3 == 0 {
            renderer.activate(48_000.0);
        }
        let (sender, answers) = channel();
        for m in 0..5 {
            let sender = sender.clone();
            let respond = move |answer| drop(sender.send(answer));
            other.commit(&[create(&format!("m{m}"), "delay")], remote(), respond);
        }
        // At another stage of the build every time.
        if n % 2 == 0 {
            std::thread::sleep(Duration::from_micros(n % 41 * 50));
        }
        let answer = host.send(&[Request::Edit(Edit::Batch(vec![]))], remote());
        let mut heard: Vec<Answer> = answers.try_iter().collect();
        pending += u64::from(heard.len() < 5);
        drop(other);
        drop(renderer);
        heard.extend(answers.try_iter());
        let revisions: std::collections::BTreeSet<u64> =
            heard.iter().map(Answer::revision).collect();
        assert_eq!((heard.len(), revisions.len()), (5, 5), "round {n}: {heard:?}");
        let answer = answer.recv_timeout(Duration::from_secs(20)).expect("an answer");
        assert!(matches!(answer, Answer::Swapped { .. }), "round {n}: {answer:?}");
    }
    assert_eq!(pending, 1000, "rounds in which something was under way");
    host.finish();
}

#[test]
fn a_gesture_is_one_undo_step_and_no_commit() {
    let host = Host::start(&sine(), Options::default());
    let commits = host.engine.counters().commits.load(Relaxed);
    let before = host.engine.document();
    let gesture = Gesture::begin();
    for n in 0..20 {
        let value = 300.0 + n as f32;
        host.engine.turn_in(gesture, "a", "freq", value).expect("the module is there");
    }
    assert_eq!(host.engine.value("a", "freq"), Ok(319.0));
    assert_eq!(host.engine.undo(Terms::default(), |_| ()), None);
    assert_eq!(*host.engine.document(), *before);
    assert_eq!(host.engine.value("a", "freq"), Ok(440.0));
    assert_eq!(host.engine.redo(Terms::default(), |_| ()), None);
    assert_eq!(host.engine.value("a", "freq"), Ok(319.0));
    assert_eq!(host.engine.counters().commits.load(Relaxed), commits);
    host.finish();
}

#[test]
fn a_refused_chain_goes_back_to_what_was_verified_and_keeps_turned_knobs() {
    let host = Host::start(&sine(), Options::default());
    let before = host.engine.document();
    let bad = [create("bad", "faulty"), set("bad", "fault", faulty::LOUD), connect("bad", "out")];
    // The second replaces the first before it was judged; neither may stay in the document.
    let first = host.send(&bad, remote());
    let second = host.send(&[create("good", "vco")], remote());
    host.engine.turn("a", "freq", 321.0).expect("the module is there");
    first.recv_timeout(Duration::from_secs(20)).expect("an answer");
    let second = second.recv_timeout(Duration::from_secs(20)).expect("an answer");
    refused(&second);
    let after = host.engine.document();
    assert!(after.modules.keys().eq(before.modules.keys()));
    assert_eq!(after.modules[&"a".parse().unwrap()].params["freq"], 321.0);
    assert_eq!(host.engine.value("a", "freq"), Ok(321.0));
    host.finish();
}

/// A program's commit of `more` that is refused after a while, what is done `before` it, and what `work`
/// does meanwhile; again, where the answer came too early.
fn while_judged<T>(
    before: &[(Edit, Option<Gesture>)],
    more: &[Request],
    work: impl Fn(&Engine) -> Option<T>,
) -> (Host, T) {
    let mut bad = more.to_vec();
    bad.extend([create("bad", "faulty"), set("bad", "fault", faulty::LOUD), connect("bad", "out")]);
    bad.extend((0..500).map(|n| create(&format!("m{n}"), "vcf")));
    for _ in 0..20 {
        let host = Host::start(&sine(), Options::default());
        host.engine.arrange(note("c", "before")).expect("an edit");
        for (edit, gesture) in before.iter().cloned() {
            let done = match gesture {
                Some(gesture) => host.engine.arrange_in(gesture, edit),
                None => host.engine.arrange(edit),
            };
            done.expect("an edit");
        }
        let answer = host.send(&bad, remote());
        let done = work(&host.engine);
        let early = answer.try_recv();
        let answer = early.clone().or_else(|_| answer.recv_timeout(Duration::from_secs(20)));
        refused(&answer.expect("an answer"));
        if let (Some(done), Err(_)) = (done, early) {
            return (host, done);
        }
        host.finish();
    }
    panic!("commits are refused before anything can be done");
}

fn note(id: &str, text: &str) -> Edit {
    let comment = Comment { text: text.into(), ..Comment::default() };
    Edit::SetComment { id: id.into(), comment: Some(comment) }
}

/// The labels of the steps that undo takes, at most `most`.
fn steps(host: &Host, most: usize) -> Vec<String> {
    let step = || {
        let label = host.engine.undo_labels().0;
        host.engine.undo(Terms::default(), |_| ());
        label
    };
    std::iter::from_fn(step).take(most).collect()
}

/// What was laid out, written and turned while a program's commit was judged is not taken back with it,
/// and neither are the steps that undo takes.
#[test]
fn a_refused_commit_takes_nothing_else_back() {
    let gesture = Gesture::begin();
    let (host, ()) = while_judged(&[], &[], |engine| {
        engine.arrange(note("c", "first")).ok()?;
        engine.arrange(note("c", "second")).ok()?;
        let name = Edit::Rename { id: "bad".parse().unwrap(), name: "soon gone".into() };
        engine.arrange(name).ok()?;
        engine.undo(Terms::default(), |_| ());
        engine.undo(Terms::default(), |_| ());
        engine.turn_in(gesture, "a", "freq", 321.0).ok()
    });
    let after = host.engine.document();
    assert_eq!(after.comments["c"].text, "first");
    assert!(!after.modules.contains_key(&"bad".parse().unwrap()));
    assert_eq!(host.engine.value("a", "freq"), Ok(321.0));
    assert_eq!(steps(&host, 3), ["a freq", "change comment", "change comment"]);
    assert_eq!(host.engine.value("a", "freq"), Ok(440.0));
    assert!(host.engine.document().comments.is_empty());
    host.finish();
}

/// Of a batch, what is not about the refused modules is kept; the undo of what changes nothing any more
/// takes nothing else.
#[test]
fn of_a_batch_the_part_is_kept_that_is_not_about_refused_modules() {
    let there =
        |id: &str, x: f32| Edit::Move { id: id.parse().unwrap(), position: Point { x, y: 0.0 } };
    let moved = Request::Edit(there("a", 77.0));
    let (host, ()) = while_judged(&[], &[moved], |engine| {
        engine.arrange(Edit::Batch(vec![there("bad", 5.0), there("f", 50.0)])).ok()?;
        // Where it stood before the commit: nothing, after it is taken back.
        engine.arrange(there("a", 0.0)).ok()?;
        engine.undo(Terms::default(), |_| ());
        Some(())
    });
    let after = host.engine.document();
    let x = |id: &str| after.modules[&id.parse().unwrap()].position.x;
    assert_eq!((x("f"), x("a")), (50.0, 0.0));
    assert_eq!(after.comments["c"].text, "before");
    assert_eq!(steps(&host, 2).len(), 2);
    assert!(host.engine.document().comments.is_empty());
    host.finish();
}

/// What was done to a refused document is not done to the one that plays on.
#[test]
fn a_refused_load_takes_what_was_done_to_it_along() {
    let all = [Request::Clear, create("a", "vco"), create("out", "audio_out")];
    let (host, before) = while_judged(&[], &all, |engine| {
        let before = engine.playing().1;
        engine.arrange(note("c", "of the other document")).ok()?;
        engine.arrange(Edit::SetNotes("of the other document".into())).ok()?;
        Some(before)
    });
    let after = host.engine.document();
    assert_eq!((after.comments["c"].text.as_str(), after.notes.as_str()), ("before", ""));
    assert!(after.modules.keys().eq(before.modules.keys()));
    host.finish();
}

/// A gesture that a commit had split stays two steps when the commit is taken back.
#[test]
fn a_split_gesture_stays_split() {
    let gesture = Gesture::begin();
    let there = |x: f32| Edit::Move { id: "a".parse().unwrap(), position: Point { x, y: 0.0 } };
    let (host, ()) = while_judged(&[(there(10.0), Some(gesture))], &[], |engine| {
        engine.arrange_in(gesture, there(20.0)).ok()?;
        engine.arrange_in(gesture, there(30.0)).ok()?;
        engine.undo(Terms::default(), |_| ());
        Some(())
    });
    let x = |host: &Host| host.engine.document().modules[&"a".parse().unwrap()].position.x;
    assert_eq!(x(&host), 10.0);
    assert_eq!(steps(&host, 1).len(), 1);
    assert_eq!(x(&host), 0.0);
    assert_eq!(host.engine.document().comments["c"].text, "before");
    host.finish();
}

#[test]
fn a_commit_is_judged_by_the_values_it_will_set() {
    let registry = registry();
    let patch = build(
        &registry,
        &[
            "create a simple_sine",
            "create v vca",
            "connect a v",
            "create out audio_out",
            "connect v out 16",
        ],
    );
    let host = Host::start(&patch, Options::default());
    // 0.2 x 16 x 4 x 1.5 is over the ceiling of 15.8, at the values that play it is not.
    let louder = [set("v", "gain", 4.0), set("a", "gain", 0.3)];
    let answer = host.commit(&louder, remote());
    assert!(matches!(refused(&answer), Rejection::Ceiling { .. }), "{answer:?}");
    assert_eq!(host.engine.value("v", "gain"), Ok(1.0));
    host.finish();
}
