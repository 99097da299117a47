//! What the probe looks at: what each module gives, and what flows into the sinks.

use crate::graph::Observer;
use crate::lanes::LANES;
use crate::plan::{NodeIndex, Origin, Plan};
use crate::pool::Buffer;

/// What the modules gave: those that feed a sink in every block, the others now and then.
pub(super) struct Looks {
    pub looking: bool,
    pub peaks: Vec<f32>,
    pub nonfinite: Option<NodeIndex>,
    /// Highest gain at which each node feeds a sink; 0 = it does not.
    pub feeds: Vec<f32>,
    /// Highest sample on its way into a sink in this block.
    pub into_sinks: f32,
}

impl Looks {
    pub fn new(plan: &Plan) -> Self {
        let mut feeds = vec![0f32; plan.nodes.len()];
        for wire in plan.wires.iter().filter(|w| w.stays) {
            if let (Origin::Port { node, .. }, true) =
                (wire.from, plan.nodes[wire.to as usize].spec.sink)
            {
                feeds[node as usize] = feeds[node as usize].max(wire.gain.abs());
            }
        }
        let peaks = vec![0.0; plan.nodes.len()];
        Self { looking: false, peaks, nonfinite: None, feeds, into_sinks: 0.0 }
    }
}

impl Looks {
    /// Notes what a node gave: its highest sample, by its magnitude's bits.
    fn note(&mut self, node: NodeIndex, highest: u32) {
        let feeds = self.feeds[node as usize];
        let finite = highest < f32::INFINITY.to_bits();
        let peak = if finite { f32::from_bits(highest) } else { f32::INFINITY };
        self.peaks[node as usize] = self.peaks[node as usize].max(peak);
        self.into_sinks = self.into_sinks.max(peak * feeds);
        if !finite && self.nonfinite.is_none() {
            self.nonfinite = Some(node);
        }
    }
}

/// The bits of `x` without its sign: ordered as magnitudes are, NaN above all, and their maximum is
/// a vector's.
fn magnitude(x: &f32) -> u32 {
    x.to_bits() & !(1 << 31)
}

impl Observer for Looks {
    fn ran_lane(
        &mut self,
        node: NodeIndex,
        lane: usize,
        frames: usize,
        read: u64,
        outputs: &[Buffer],
    ) {
        if !self.looking && self.feeds[node as usize] == 0.0 {
            return;
        }
        let read = outputs.iter().enumerate().filter(|(o, _)| read >> o & 1 == 1);
        let rows = read.flat_map(|(_, buffer)| buffer.read::<LANES>(0, frames));
        let highest = rows.map(|row| magnitude(&row[lane])).max();
        self.note(node, highest.unwrap_or(0));
    }

    fn ran(&mut self, node: NodeIndex, groups: u8, frames: usize, read: u64, outputs: &[Buffer]) {
        let feeds = self.feeds[node as usize];
        if !self.looking && feeds == 0.0 {
            return;
        }
        let mut highest = 0;
        // The probe's note is on lane 0, so group 0 is the one that runs.
        let mut see = |samples: &[f32]| {
            highest = samples.iter().map(magnitude).fold(highest, u32::max);
        };
        let read = outputs.iter().enumerate().filter(|(o, _)| read >> o & 1 == 1);
        for (_, buffer) in read {
            if groups == 0 {
                see(buffer.read::<1>(0, frames).as_flattened());
            } else {
                see(buffer.read::<LANES>(0, frames).as_flattened());
            }
        }
        self.note(node, highest);
    }
}
