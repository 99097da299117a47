//! Audio Out: to the host, with a safety limiter that leaves quiet signals alone.

use chronus_dsp::level::{SOFT_KNEE, soft_limit};
use chronus_dsp::math::{db_to_gain, mask, masked};
use chronus_engine::{
    BLOCK, Category, Display, Input, Io, Module, Normal, Param, Signal, Spec, Unit, Width, in_turn,
    kind, lanes,
};

use crate::kit::{frames, inputs, knobs};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "audio_out",
    name: "Audio Out",
    category: Category::Io,
    summary: "Sends audio to the host; several of them add up.",
    inputs: &[
        Input::new("left", Signal::Audio, "Left channel.").aliases(&["in"]),
        Input::new(
            "right",
            Signal::Audio,
            "Right channel; follows left when nothing is connected.",
        )
        .normal(Normal::Input(0)),
    ],
    params: &[
        Param::new("level", "Level", (-60.0, 12.0), 0.0, Unit::Decibel, "Gain of both channels."),
        Param::choice(
            "limit",
            "Limit",
            &["off", "soft"],
            1,
            "Soft bends peaks above -1 dBFS so that none passes 0 dBFS.",
        ),
    ],
    width: Width::Bus,
    sink: true,
    display: Display::Meter,
    ..Spec::EMPTY
};

lanes! {
    /// Nothing to remember.
    pub struct AudioOut {}
}

kind!(SPEC, AudioOut);

impl<const L: usize> Module<L> for AudioOut<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        if io.inputs.silent(0) && io.inputs.silent(1) {
            io.rest();
            return;
        }
        let n = io.frames.min(BLOCK);
        let [level, limit] = knobs(&io);
        let limited = limit.choice() == 1;
        let gain = frames(level, db_to_gain);
        // A mono bus always sends. Set per voice, only voices that sound do: an idle lane's
        // remains must not be heard.
        let sounding = if L == 1 { 1 } else { io.voices().sounding() >> io.first_lane };
        let mut heard = [0u32; L];
        for (l, heard) in heard.iter_mut().enumerate() {
            *heard = mask(sounding >> l & 1 == 1);
        }
        let channels: [&[[f32; L]]; 2] = inputs(&io);
        let mut mix = [[0.0; L]; BLOCK];
        for (c, input) in channels.into_iter().enumerate() {
            if io.inputs.silent(c) {
                continue;
            }
            // The same signal on both channels is the same mix.
            if c == 0 || !std::ptr::eq(input, channels[0]) {
                // Magnitudes in the order of their bits: the highest is found in any order, so that
                // the loop becomes vectors.
                let mut highest = 0;
                for k in 0..n {
                    in_turn::<L>();
                    let gain = gain.at(k);
                    for l in 0..L {
                        let y = masked(input[k][l] * gain[l], heard[l]);
                        highest = y.abs().to_bits().max(highest);
                        mix[k][l] = y;
                    }
                }
                // Under the knee the limiter changes no bit.
                if limited && highest > SOFT_KNEE.to_bits() {
                    for y in mix[..n].as_flattened_mut() {
                        *y = soft_limit(*y, SOFT_KNEE, 1.0);
                    }
                }
            }
            let sent = &mut io.world.audio_out.channels[c][..n];
            for (sent, row) in sent.iter_mut().zip(&mix) {
                in_turn::<L>();
                for y in row {
                    *sent += y;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::measure;
    use chronus_engine::Solo;

    fn sent(limit: f32, signal: &[f32]) -> [Vec<f32>; 2] {
        let mut solo = Solo::mono(&KIND, 48e3).set("limit", limit).input("left", signal);
        let _ = solo.run(signal.len());
        solo.audio_out
    }

    #[test]
    fn the_limiter_is_transparent_below_and_bounded_above() {
        let quiet: Vec<f32> = measure::noise(10_000).iter().map(|x| x * 0.891).collect();
        assert_eq!(sent(1.0, &quiet), [quiet.clone(), quiet]);
        let loud: Vec<f32> = measure::noise(10_000).iter().map(|x| x * 100.0).collect();
        let [left, _] = sent(1.0, &loud);
        assert!(measure::peak(&left) <= 1.0);
        assert_eq!(sent(0.0, &loud)[0], loud);
    }

    #[test]
    fn level_is_in_decibels() {
        let mut solo = Solo::mono(&KIND, 48e3).set("level", -20.0).input("left", &[0.5]);
        let _ = solo.run(1);
        assert!((solo.audio_out[1][0] - 0.05).abs() < 1e-7);
    }
}
