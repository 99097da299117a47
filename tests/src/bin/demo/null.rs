//! The null test in the host: the same notes on the same patch, with neutral commits and without,
//! must give the same bits. Unpaced; what it renders without commits also tells the speed.

use std::time::Duration;

use chronus_tests::host::{Block, Bundle, Instance, Player, Setup};
use chronus_tests::measure::max_difference;
use chronus_tests::music::Sequencer;
use chronus_tests::osc::{Client, OscError, Reply, listening};

use crate::paced::set_up;
use crate::report::Spread;
use crate::{BLOCK, DemoError, RATE};

/// Neutral commits: the law asks for 1,000; with twice as many the swap times have 2,000 samples.
pub const COMMITS: usize = 2000;
/// Fewest seconds of audio that are compared.
const LEAST_SECONDS: f64 = 60.0;

/// A patch in which everything moves by itself: LFOs on pitch and cutoff, noise, ringing echoes.
const PATCH: &[&str] = &[
    "create notes note_in",
    "create osc1 vco",
    "set osc1 gain 0.1",
    "connect notes.pitch osc1.pitch",
    "create vib lfo",
    "set vib rate 5.1",
    "connect vib osc1.fm 0.02",
    "create breath noise",
    "set breath gain 0.03",
    "create env1 adsr",
    "set env1 release 600",
    "connect osc1 env1.in",
    "connect breath env1.in",
    "connect notes.gate env1.gate",
    "create sweep lfo",
    "set sweep rate 0.37",
    "create filt vcf",
    "set filt cutoff 1200",
    "set filt resonance 0.4",
    "connect sweep filt.cutoff 0.3",
    "connect env1 filt.in",
    "create echo delay",
    "set echo time 375",
    "set echo feedback 0.6",
    "set echo mode 1",
    "connect filt echo.left",
    "connect echo.right filt.in 0.02",
    "create out audio_out",
    "connect echo.left out.left",
    "connect echo.right out.right",
];

/// Commits that change nothing audible, one after the other.
const NEUTRAL: &[&[&str]] = &[
    &[],
    &["create spare vco"],
    &["create shelf biquad", "connect spare shelf.in"],
    &["set spare freq 220"],
    &["delete shelf"],
    &["delete spare"],
];

/// What it found.
pub struct Null {
    /// Largest difference of a sample; 0 when all bits agree.
    pub max_difference: f32,
    /// Neutral commits swapped in.
    pub swapped: usize,
    /// Seconds compared.
    pub seconds: f64,
    /// Audio seconds per CPU second in process(), without commits.
    pub realtime_factor: f64,
    /// Time of a swap, over everything that the first instance swapped, performance included.
    pub swap_us: Spread,
    /// Swaps that went into it.
    pub swaps: u64,
    /// Of the first instance, over everything.
    pub missed_blocks: u64,
    /// Of the first instance, over everything.
    pub nonfinite: u64,
}

/// Renders both runs: with commits in the instance that has performed, without in a new one.
pub fn compare(
    bundle: &Bundle,
    mut instance: Instance,
    client: &Client,
    port: u16,
) -> Result<Null, DemoError> {
    let mut player = from_frame_0(&mut instance, client)?;
    let (with, swapped) = with_commits(&mut player, client)?;
    instance.deactivate(player);
    let status = client.status()?;
    let number = |value: &serde_json::Value| {
        value.as_f64().ok_or_else(|| OscError::Packet(format!("a counter is missing in {status}")))
    };
    let swap_us = Spread {
        p50: number(&status["swap_us"]["p50"])?,
        p99: number(&status["swap_us"]["p99"])?,
        max: number(&status["swap_us"]["max"])?,
    };
    let counted = |key: &str| number(&status[key]).map(|n| n as u64);
    let (swaps, missed_blocks, nonfinite) =
        (counted("swaps")?, counted("missed_blocks")?, counted("nonfinite")?);

    let before = listening(port)?;
    let mut other = bundle.instance()?;
    let other_player = other.activate(setup())?;
    let new = listening(port)?.into_iter().find(|port| !before.contains(port));
    let other_client = Client::connect(new.ok_or(OscError::Nobody(port))?)?;
    let mut other_player = {
        let mut player = other_player;
        set_up(&mut player, &other_client, PATCH)?;
        other.deactivate(player);
        rebuilt(&mut other)?
    };
    other_player.count_cpu();
    let without = without_commits(&mut other_player, with[0].len())?;
    let seconds = with[0].len() as f64 / RATE;
    let realtime_factor = seconds / other_player.cpu().as_secs_f64().max(1e-9);
    other.deactivate(other_player);
    let difference = |c: usize| max_difference(&with[c], &without[c]);
    Ok(Null {
        max_difference: difference(0).max(difference(1)),
        swapped,
        seconds,
        realtime_factor,
        swap_us,
        swaps,
        missed_blocks,
        nonfinite,
    })
}

fn setup() -> Setup {
    Setup { sample_rate: RATE, max_frames: BLOCK as u32 }
}

/// Loads the patch and starts it anew, so that both runs begin at frame 0 with nothing sounding.
fn from_frame_0(instance: &mut Instance, client: &Client) -> Result<Player, DemoError> {
    let mut player = instance.activate(setup())?;
    set_up(&mut player, client, PATCH)?;
    instance.deactivate(player);
    rebuilt(instance)
}

/// Another sample rate and back: everything is built anew and nothing is carried.
fn rebuilt(instance: &mut Instance) -> Result<Player, DemoError> {
    let other = Setup { sample_rate: RATE / 2.0, ..setup() };
    let player = instance.activate(other)?;
    instance.deactivate(player);
    Ok(instance.activate(setup())?)
}

type Stereo = [Vec<f32>; 2];

/// Plays while neutral commits follow each other as fast as they are answered.
fn with_commits(player: &mut Player, client: &Client) -> Result<(Stereo, usize), DemoError> {
    let sequencer = Sequencer::new(RATE);
    let mut output = [Vec::new(), Vec::new()];
    let (mut sent, mut swapped, mut pending) = (0, 0, false);
    while swapped < COMMITS || output[0].len() < (LEAST_SECONDS * RATE) as usize {
        if !pending && swapped < COMMITS {
            let edits = NEUTRAL[sent % NEUTRAL.len()];
            let mut lines: Vec<String> = edits.iter().map(|e| format!("/patch/{e}")).collect();
            lines.push("/patch/commit".into());
            client.say_all(&lines)?;
            sent += 1;
            pending = true;
        }
        next_block(player, &sequencer, &mut output)?;
        // The builder and the remote need the processor too.
        let patience = Duration::from_micros(if pending { 300 } else { 1 });
        match client.receive(patience)? {
            Some(Reply::Swapped { .. }) => {
                swapped += 1;
                pending = false;
            }
            Some(Reply::Error(verb, text)) => {
                return Err(OscError::Refused { verb, text }.into());
            }
            Some(other) if other.is_answer() => {
                return Err(DemoError::Start(format!("a neutral commit: {other:?}")));
            }
            _ => {}
        }
    }
    Ok((output, swapped))
}

fn without_commits(player: &mut Player, frames: usize) -> Result<Stereo, DemoError> {
    let sequencer = Sequencer::new(RATE);
    let mut output = [Vec::with_capacity(frames), Vec::with_capacity(frames)];
    while output[0].len() < frames {
        next_block(player, &sequencer, &mut output)?;
    }
    Ok(output)
}

fn next_block(
    player: &mut Player,
    sequencer: &Sequencer,
    output: &mut Stereo,
) -> Result<(), DemoError> {
    let at = output[0].len();
    let events = sequencer.events(at as u64, BLOCK);
    for channel in output.iter_mut() {
        channel.resize(at + BLOCK, 0.0);
    }
    let [left, right] = output;
    player.process(Block {
        input: None,
        output: [&mut left[at..], &mut right[at..]],
        events: &events,
    })?;
    Ok(())
}
