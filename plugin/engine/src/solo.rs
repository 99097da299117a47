//! One module by itself: for tests of modules and for benchmarks of one kind.

use crate::instance::{Chunk, Instance, Kind};
use crate::knob::Knobs;
use crate::lanes::LANES;
use crate::module::{BLOCK, Setup};
use crate::pool::{Buffer, Line, Pool, Slot};
use crate::ramp::Ramp;
use crate::spec::{Normal, Spec};
use crate::voices::{VoicePlan, Voices};
use crate::world::{AudioOut, MACROS, Section, Transport, World};

/// Seed of modules for which none is given.
const SEED: u64 = 1;

/// A module with its inputs fed from slices. All lanes get the same input and knobs, but in a bank,
/// where each may have its own.
pub struct Solo {
    spec: &'static Spec,
    instance: Box<dyn Instance>,
    /// In a bank, each lane's module by itself: the state that the lane starts with.
    alone: Vec<Box<dyn Instance>>,
    lanes: usize,
    sample_rate: f64,
    /// As many a param as there are `gates`.
    knobs: Knobs,
    /// By input, where one is connected: a signal for all lanes, or one a lane.
    inputs: Vec<Option<Vec<Vec<f32>>>>,
    /// Inputs that keep their value through a chunk are marked so (`Inputs::steady`), and what has not
    /// changed (`Module::again`), as they are in a graph. What comes out is the same either way.
    pub hints: bool,
    /// Bit o: somebody reads output o. What nobody reads is not defined.
    pub read: u64,
    /// Gate as `/gate/ID` sets it: one value, in a bank one a lane.
    pub gates: Vec<f32>,
    /// The notes.
    pub voices: Voices,
    /// Macro values.
    pub macros: [Ramp; MACROS],
    /// Song position.
    pub transport: Transport,
    /// Host audio in, as long as what is rendered; empty = silence.
    pub audio_in: [Vec<f32>; 2],
    /// What sinks wrote, both channels.
    pub audio_out: [Vec<f32>; 2],
    frame: u64,
}

/// Buffers of one chunk.
struct Wiring {
    pool: Pool,
    lines: Vec<Line>,
    connected: u64,
    outputs: Vec<Buffer>,
}

impl Solo {
    /// A mono instance of `kind` with default params.
    #[must_use]
    pub fn mono(kind: &Kind, sample_rate: f64) -> Self {
        Self::seeded(kind, sample_rate, SEED)
    }

    /// A mono instance of a module whose random numbers come from `seed`.
    #[must_use]
    pub fn seeded(kind: &Kind, sample_rate: f64, seed: u64) -> Self {
        let setup = Setup { sample_rate, seed, first_lane: 0 };
        Self::new(kind, sample_rate, kind.build(&setup, 0), [1, 1])
    }

    /// A mono instance that draws the random numbers of voice `lane`.
    #[must_use]
    pub fn voice(kind: &Kind, sample_rate: f64, lane: usize) -> Self {
        let setup = Setup { sample_rate, seed: SEED, first_lane: lane };
        Self::new(kind, sample_rate, kind.build(&setup, 0), [1, 1])
    }

    /// An instance of one lane group.
    #[must_use]
    pub fn poly(kind: &Kind, sample_rate: f64) -> Self {
        let setup = Setup { sample_rate, seed: SEED, first_lane: 0 };
        Self::new(kind, sample_rate, kind.build(&setup, 1), [LANES, 1])
    }

    /// A bank: a lane group of separate modules, one a seed. They have the same stepped values.
    ///
    /// # Panics
    /// When the kind does not share lanes, or there are none or more than `LANES` seeds.
    #[must_use]
    pub fn bank(kind: &Kind, sample_rate: f64, seeds: &[u64]) -> Self {
        assert!(kind.shares_lanes(), "modules of kind {} stay by themselves", kind.spec.kind);
        assert!((1..=LANES).contains(&seeds.len()), "{} modules in a bank", seeds.len());
        let setup = |&seed: &u64| Setup { sample_rate, seed, first_lane: 0 };
        let alone = seeds.iter().map(|seed| kind.build(&setup(seed), 0)).collect();
        let group = kind.build(&setup(&SEED), 1);
        let mut bank = Self { alone, ..Self::new(kind, sample_rate, group, [LANES; 2]) };
        bank.reset();
        bank
    }

    /// `instance` of so many lanes, with so many values a knob.
    fn new(
        kind: &Kind,
        sample_rate: f64,
        instance: Box<dyn Instance>,
        [lanes, values]: [usize; 2],
    ) -> Self {
        let settings = chronus_patch::VoiceSettings::default();
        let plan = VoicePlan::new(&settings, &chronus_patch::Tuning::default());
        let params = kind.spec.params.iter().map(|p| Ramp::constant(p.default));
        let params = params.flat_map(|ramp| std::iter::repeat_n(ramp, values));
        Self {
            spec: kind.spec,
            instance,
            alone: Vec::new(),
            lanes,
            sample_rate,
            knobs: Knobs::new(params, values > 1),
            inputs: vec![None; kind.spec.inputs.len()],
            hints: true,
            read: u64::MAX,
            gates: vec![0.0; values],
            voices: Voices::new(plan, sample_rate),
            macros: [Ramp::constant(0.0); MACROS],
            transport: Transport::default(),
            audio_in: [Vec::new(), Vec::new()],
            audio_out: [Vec::new(), Vec::new()],
            frame: 0,
        }
    }

    /// Sets a param at once.
    ///
    /// # Panics
    /// When the kind has no such param.
    #[must_use]
    pub fn set(mut self, param: &str, value: f32) -> Self {
        self.set_now(param, Ramp::constant(value));
        self
    }

    /// Sets a param to a ramp.
    ///
    /// # Panics
    /// When the kind has no such param.
    pub fn set_now(&mut self, param: &str, ramp: Ramp) {
        let index = self.param(param);
        (0..self.gates.len()).for_each(|lane| self.knobs.set(index, lane, ramp));
    }

    /// Sets a param of one module of a bank to a ramp.
    ///
    /// # Panics
    /// When the kind has no such param, or the bank no such lane.
    pub fn set_lane(&mut self, lane: usize, param: &str, ramp: Ramp) {
        let index = self.param(param);
        self.knobs.set(index, lane, ramp);
    }

    fn param(&self, param: &str) -> usize {
        let index = self.spec.param(param);
        index.unwrap_or_else(|| panic!("{} has no param {param}", self.spec.kind))
    }

    /// Feeds an input, from frame 0 on; silence after the slice's end.
    ///
    /// # Panics
    /// When the kind has no such input.
    #[must_use]
    pub fn input(self, input: &str, signal: &[f32]) -> Self {
        self.input_lanes(input, vec![signal.to_vec()])
    }

    /// Feeds an input with a signal a lane, from frame 0 on; silence after a signal's end and in the
    /// lanes beyond.
    ///
    /// # Panics
    /// When the kind has no such input.
    #[must_use]
    pub fn input_lanes(mut self, input: &str, signals: Vec<Vec<f32>>) -> Self {
        let index = self.spec.input(input);
        let index = index.unwrap_or_else(|| panic!("{} has no input {input}", self.spec.kind));
        self.inputs[index] = Some(signals);
        self
    }

    /// Back to a new module's state; frame and inputs go on.
    pub fn reset(&mut self) {
        self.instance.reset();
        for (lane, module) in self.alone.iter_mut().enumerate() {
            module.reset();
            self.instance.load_lane(lane, &module.lane(0));
        }
    }

    /// Renders `frames` frames in chunks of whole blocks: `result[output][frame]`, of lane 0.
    #[must_use]
    pub fn run(&mut self, frames: usize) -> Vec<Vec<f32>> {
        self.run_cut(frames, |_| BLOCK)
    }

    /// Renders with chunks of at most `cut(chunk number)` frames: for the split law. Lane 0 only.
    #[must_use]
    pub fn run_cut(&mut self, frames: usize, cut: impl FnMut(usize) -> usize) -> Vec<Vec<f32>> {
        let all = self.run_lanes(frames, cut);
        all.into_iter().map(|o| o.into_iter().map(|lanes| lanes[0]).collect()).collect()
    }

    /// Renders as `run_cut`, all lanes: `result[output][frame][lane]`.
    #[must_use]
    pub fn run_lanes(
        &mut self,
        frames: usize,
        mut cut: impl FnMut(usize) -> usize,
    ) -> Vec<Vec<Vec<f32>>> {
        let mut result = vec![Vec::with_capacity(frames); self.spec.outputs.len()];
        let mut done = 0;
        let mut number = 0;
        while done < frames {
            let to_block = BLOCK - (self.frame % BLOCK as u64) as usize;
            let n = cut(number).max(1).min(frames - done).min(to_block);
            number += 1;
            self.chunk(n, &mut result);
            done += n;
        }
        result
    }

    /// Takes over the lane state and the position of `other`, which has the same knobs, lane by lane, as a swap
    /// does with modules that change their bank; storage, which a swap moves whole, stays.
    pub fn carry(&mut self, other: &Self) {
        let lanes = self.lanes.min(other.lanes);
        for lane in 0..lanes {
            self.instance.load_lane(lane, &other.instance.lane(lane));
        }
        if let Some(connected) = other.instance.kept(lanes - 1, &other.knobs) {
            self.instance.keep(lanes - 1, &self.knobs, connected);
        }
        self.frame = other.frame;
    }

    /// Renders `chunks` whole blocks into nothing, without the copying that `run` does: for
    /// benchmarks. Inputs repeat their first block.
    pub fn spin(&mut self, chunks: usize) {
        self.frame = self.frame.next_multiple_of(BLOCK as u64);
        let mut wiring = self.wiring(0, BLOCK);
        let mut audio_out = AudioOut::default();
        for _ in 0..chunks {
            self.render(BLOCK, &mut wiring, [&[0.0; BLOCK]; 2], &mut audio_out);
            self.frame += BLOCK as u64;
        }
    }

    fn chunk(&mut self, n: usize, result: &mut [Vec<Vec<f32>>]) {
        let mut wiring = self.wiring(self.frame as usize, n);
        let mut audio_out = AudioOut::default();
        let host = |channel: usize| -> Vec<f32> {
            let signal = &self.audio_in[channel];
            let at = |k| signal.get(self.frame as usize + k).copied().unwrap_or(0.0);
            (0..n).map(at).collect()
        };
        let audio_in = [host(0), host(1)];
        self.render(n, &mut wiring, [&audio_in[0], &audio_in[1]], &mut audio_out);
        for (buffer, rendered) in wiring.outputs.iter().zip(result) {
            for k in 0..n {
                rendered.push(if self.lanes > 1 {
                    buffer.read::<LANES>(0, n)[k].to_vec()
                } else {
                    buffer.read::<1>(0, n)[k].to_vec()
                });
            }
        }
        for (channel, rendered) in audio_out.channels.iter().zip(&mut self.audio_out) {
            rendered.extend_from_slice(&channel[..n]);
        }
        self.frame += n as u64;
    }

    /// Buffers with `n` frames of input from frame `at` on.
    fn wiring(&self, at: usize, n: usize) -> Wiring {
        let normals: Vec<f32> = self.spec.inputs.iter().map(|i| self.normal(i.normal)).collect();
        let inputs = normals.len() as u32;
        let outputs = self.spec.outputs.len();
        let wide = self.lanes > 1;
        let (mono, poly) = if wide { (0, inputs as usize) } else { (inputs as usize, 0) };
        let mut pool = Pool::new(mono, poly, 1, &normals);
        let slot = |i: u32| if wide { Slot::Poly(i) } else { Slot::Mono(i) };
        let mut lines = Vec::new();
        let mut connected = 0u64;
        for i in 0..inputs as usize {
            let source = match (self.inputs[i].is_some(), self.spec.inputs[i].normal) {
                (false, Normal::Input(other)) if self.inputs[other].is_some() => other,
                _ => i,
            };
            let Some(signals) = &self.inputs[source] else {
                lines.push(pool.line(Slot::Constant(i as u32)));
                continue;
            };
            connected |= u64::from(self.inputs[i].is_some()) << i;
            let line = pool.line(slot(i as u32));
            let buffer = pool.buffer(line);
            let value = |k: usize, l: usize| {
                let signal = signals.get(if signals.len() == 1 { 0 } else { l });
                signal.and_then(|signal| signal.get(at + k)).copied().unwrap_or(0.0)
            };
            if wide {
                feed::<LANES>(buffer, n, self.hints, value);
            } else {
                feed::<1>(buffer, n, self.hints, value);
            }
            lines.push(line);
        }
        let outputs = Buffer::spare(outputs, u8::from(wide)).into();
        Wiring { pool, lines, connected, outputs }
    }

    fn render(
        &mut self,
        frames: usize,
        wiring: &mut Wiring,
        audio_in: [&[f32]; 2],
        audio_out: &mut AudioOut,
    ) {
        if !self.hints {
            self.knobs.touch();
        }
        let world = World {
            voices: &self.voices,
            audio_in,
            audio_out,
            macros: &self.macros,
            transport: &self.transport,
        };
        let sample_rate = self.sample_rate as f32;
        let mut section = Section::new(frames, self.frame, sample_rate, world);
        self.instance.process(&mut Chunk {
            section: &mut section,
            groups: 1,
            pool: &wiring.pool,
            inputs: &wiring.lines,
            connected: wiring.connected,
            read: self.read,
            outputs: &mut wiring.outputs,
            knobs: &self.knobs,
            gates: &self.gates,
            rests: &mut false,
        });
    }

    fn normal(&self, normal: Normal) -> f32 {
        match normal {
            Normal::Value(value) => value,
            Normal::Input(other) => self.normal(self.spec.inputs[other].normal),
        }
    }
}

/// Writes `n` frames of `value(frame, lane)`, marked steady where `hint` and they are.
fn feed<const L: usize>(
    buffer: &mut Buffer,
    n: usize,
    hint: bool,
    value: impl Fn(usize, usize) -> f32,
) {
    let row = |k: usize| -> [f32; L] { std::array::from_fn(|l| value(k, l)) };
    let first = row(0);
    if hint && (1..n).all(|k| row(k).map(f32::to_bits) == first.map(f32::to_bits)) {
        buffer.fill(0, n, first);
        return;
    }
    for (k, frame) in buffer.write::<L>(0, n).iter_mut().enumerate() {
        *frame = row(k);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::LANE_WORDS;
    use crate::spec::{Output, Param, Signal, Unit};
    use crate::{Again, Io, Module, kind, lanes};

    /// Says whether it went on.
    static SPEC: Spec = Spec {
        kind: "toy",
        name: "Toy",
        summary: "Gives 1 where it went on from what it kept, else 0.",
        outputs: &[Output::new("out", Signal::Control, "Whether it went on.")],
        params: &[Param::new("knob", "Knob", (0.0, 9.0), 1.0, Unit::None, "What it keeps.")],
        ..Spec::EMPTY
    };

    lanes! {
        struct Toy {
            kept: u32 = 0,
        }
    }

    kind!(SPEC, Toy);

    impl<const L: usize> Module<L> for Toy<L> {
        type Storage = ();

        const KEEPS: bool = true;

        fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
            self.kept = io.params.get(0).value().map(|x| x as u32);
            io.outputs.fill(0, [0.0; L]);
        }

        fn kept(&self, lane: usize) -> u32 {
            self.kept[lane]
        }

        fn again(&mut self, mut io: Again<'_, L>) -> bool {
            io.outputs.fill(0, [1.0; L]);
            true
        }
    }

    /// What it says in its next chunk.
    fn says(solo: &mut Solo) -> f32 {
        solo.run_lanes(BLOCK, |_| BLOCK)[0][0][0]
    }

    #[test]
    fn it_goes_on_until_a_knob_is_turned() {
        let mut solo = Solo::poly(&KIND, 48e3);
        assert_eq!([says(&mut solo), says(&mut solo)], [0.0, 1.0]);
        solo.set_now("knob", Ramp::constant(2.0));
        assert_eq!([says(&mut solo), says(&mut solo)], [0.0, 1.0]);
        solo.set_now("knob", Ramp::constant(2.0));
        assert_eq!(says(&mut solo), 1.0, "it is where it was");
    }

    #[test]
    fn lanes_that_come_go_on_where_all_have_kept_the_same() {
        for (build, lanes) in [(Solo::mono as fn(&Kind, f64) -> Solo, 1), (Solo::poly, LANES)] {
            let mut old = build(&KIND, 48e3);
            let mut new = build(&KIND, 48e3);
            new.carry(&old);
            assert_eq!(says(&mut new), 0.0, "nothing was kept yet");
            says(&mut old);
            let mut new = build(&KIND, 48e3);
            new.carry(&old);
            assert_eq!(says(&mut new), 1.0, "{lanes} lanes");
            // A lane that has kept something else.
            let mut words = [0; LANE_WORDS];
            words[0] = 7;
            let mut new = build(&KIND, 48e3);
            new.carry(&old);
            new.instance.load_lane(0, &words);
            new.instance.keep(0, &new.knobs, 0);
            assert_eq!(says(&mut new), if lanes == 1 { 1.0 } else { 0.0 });
            // One that has kept nothing.
            let mut new = build(&KIND, 48e3);
            new.instance.load_lane(0, &[0; LANE_WORDS]);
            new.instance.keep(0, &new.knobs, 0);
            assert_eq!(says(&mut new), 0.0);
        }
    }
}
