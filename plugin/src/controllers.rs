//! MIDI controllers that move macros, looked up on the DSP thread.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use chronus_engine::MACROS;
use chronus_patch::MidiLearn;

const CHANNELS: usize = 16;
const CONTROLLERS: usize = 128;

/// Which controller moves which macro. Wait-free to read and to write.
#[derive(Debug)]
pub struct Controllers {
    /// By channel (the last row: any channel) and controller: macro + 1, or 0 for none.
    table: [[AtomicU8; CONTROLLERS]; CHANNELS + 1],
}

impl Default for Controllers {
    fn default() -> Self {
        Self { table: [const { [const { AtomicU8::new(0) }; CONTROLLERS] }; CHANNELS + 1] }
    }
}

impl Controllers {
    /// Follows a document; of several macros for one controller, the last has it.
    pub fn follow(&self, learned: &[MidiLearn]) {
        for (channel, row) in self.table.iter().enumerate() {
            for (controller, cell) in row.iter().enumerate() {
                let ours = learned.iter().rev().find(|learn| {
                    usize::from(learn.controller) == controller
                        && learn.channel.map_or(CHANNELS, usize::from) == channel
                });
                cell.store(ours.map_or(0, |learn| learn.macro_index + 1), Relaxed);
            }
        }
    }

    /// The macro that `controller` on `channel` moves: its own before that of any channel.
    pub fn macro_of(&self, channel: u8, controller: u8) -> Option<u8> {
        let look = |row: usize| {
            let cell = self.table.get(row)?.get(usize::from(controller))?;
            cell.load(Relaxed).checked_sub(1).filter(|&index| usize::from(index) < MACROS)
        };
        look(usize::from(channel)).or_else(|| look(CHANNELS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_patch::Unknown;

    #[test]
    fn a_channel_s_own_controller_goes_before_that_of_any() {
        let learn = |channel, controller, macro_index| MidiLearn {
            channel,
            controller,
            macro_index,
            unknown: Unknown::new(),
        };
        let controllers = Controllers::default();
        controllers.follow(&[learn(None, 21, 0), learn(Some(3), 21, 7), learn(Some(3), 127, 127)]);
        assert_eq!(controllers.macro_of(0, 21), Some(0));
        assert_eq!(controllers.macro_of(3, 21), Some(7));
        assert_eq!(controllers.macro_of(3, 127), Some(127));
        assert_eq!(controllers.macro_of(0, 127), None);
        controllers.follow(&[]);
        assert_eq!(controllers.macro_of(3, 21), None);
    }
}
