//! Lane state: what a module remembers, one value a lane, declared with `lanes!`.

/// Lanes of a group: voices that are computed side by side.
pub const LANES: usize = 16;
/// Most 64-bit words of state one lane may have (256 bytes).
pub const LANE_WORDS: usize = 32;

/// One lane's state by itself, on its way from one group to another.
pub type LaneWords = [u64; LANE_WORDS];

/// For the body of a loop over frames that computes `L` lanes side by side: keeps the compiler from computing
/// frames side by side instead, for which AVX-512 has it gather and scatter every lane (13 times as long as the
/// lanes as they lie). Does nothing for one lane, whose frames are its vectors.
#[inline(always)]
pub fn in_turn<const L: usize>() {
    if L > 1 {
        std::hint::black_box(());
    }
}

/// State of `L` lanes. Written by `lanes!`, not by hand.
pub trait LaneState<const L: usize>: Send + Sized + 'static {
    /// Words one lane takes, at most `LANE_WORDS`.
    const WORDS: usize;

    /// The state a new module has.
    fn initial() -> Self;

    /// Copies lane `lane` out.
    fn save_lane(&self, lane: usize, words: &mut LaneWords);

    /// Copies lane `lane` in.
    fn load_lane(&mut self, lane: usize, words: &LaneWords);
}

/// A plain value that lane state may hold.
pub trait Word: Copy + Send + 'static {
    /// As bits.
    fn to_word(self) -> u64;
    /// From bits.
    fn from_word(word: u64) -> Self;
}

impl Word for f32 {
    fn to_word(self) -> u64 {
        u64::from(self.to_bits())
    }

    fn from_word(word: u64) -> Self {
        Self::from_bits(word as u32)
    }
}

impl Word for f64 {
    fn to_word(self) -> u64 {
        self.to_bits()
    }

    fn from_word(word: u64) -> Self {
        Self::from_bits(word)
    }
}

impl Word for u32 {
    fn to_word(self) -> u64 {
        u64::from(self)
    }

    fn from_word(word: u64) -> Self {
        word as Self
    }
}

impl Word for u64 {
    fn to_word(self) -> u64 {
        self
    }

    fn from_word(word: u64) -> Self {
        word
    }
}

/// Declares a module's state: each field becomes an array of `L` lanes.
///
/// ```
/// chronus_engine::lanes! {
///     /// Memory of a one-pole low-pass.
///     pub struct OnePole {
///         /// Last output.
///         y: f32 = 0.0,
///     }
/// }
/// let state: OnePole<4> = chronus_engine::LaneState::initial();
/// assert_eq!(state.y, [0.0; 4]);
/// ```
///
/// A module that remembers what several do puts their state first: `pub struct Shelf { ..low: OnePole,
/// gain: f32 = 1.0 }`.
#[macro_export]
macro_rules! lanes {
    ($(#[$outer:meta])* $vis:vis struct $name:ident {
        $(#[$common:meta])* ..$base:ident: $wrapped:ident,
        $($(#[$inner:meta])* $field:ident: $ty:ty = $initial:expr),* $(,)?
    }) => {
        $(#[$outer])*
        #[derive(Clone, Debug)]
        #[repr(align(64))]
        $vis struct $name<const L: usize> {
            $(#[$common])* $vis $base: $wrapped<L>,
            $($(#[$inner])* $vis $field: [$ty; L],)*
        }

        impl<const L: usize> $crate::LaneState<L> for $name<L> {
            const WORDS: usize = <$wrapped<L> as $crate::LaneState<L>>::WORDS
                $(+ { let _ = stringify!($field); 1 })*;

            fn initial() -> Self {
                Self { $base: $crate::LaneState::initial(), $($field: [$initial; L],)* }
            }

            #[allow(unused_assignments)]
            fn save_lane(&self, lane: usize, words: &mut $crate::LaneWords) {
                self.$base.save_lane(lane, words);
                let mut at = <$wrapped<L> as $crate::LaneState<L>>::WORDS;
                $(
                    words[at] = $crate::Word::to_word(self.$field[lane]);
                    at += 1;
                )*
            }

            #[allow(unused_assignments)]
            fn load_lane(&mut self, lane: usize, words: &$crate::LaneWords) {
                self.$base.load_lane(lane, words);
                let mut at = <$wrapped<L> as $crate::LaneState<L>>::WORDS;
                $(
                    self.$field[lane] = <$ty as $crate::Word>::from_word(words[at]);
                    at += 1;
                )*
            }
        }
    };
    ($(#[$outer:meta])* $vis:vis struct $name:ident {
        $($(#[$inner:meta])* $field:ident: $ty:ty = $initial:expr),* $(,)?
    }) => {
        $(#[$outer])*
        #[derive(Clone, Debug)]
        #[repr(align(64))]
        $vis struct $name<const L: usize> {
            $($(#[$inner])* $vis $field: [$ty; L],)*
        }

        impl<const L: usize> $crate::LaneState<L> for $name<L> {
            const WORDS: usize = 0 $(+ { let _ = stringify!($field); 1 })*;

            fn initial() -> Self {
                Self { $($field: [$initial; L],)* }
            }

            #[allow(unused_variables, unused_mut, unused_assignments)]
            fn save_lane(&self, lane: usize, words: &mut $crate::LaneWords) {
                let mut at = 0;
                $(
                    words[at] = $crate::Word::to_word(self.$field[lane]);
                    at += 1;
                )*
            }

            #[allow(unused_variables, unused_mut, unused_assignments)]
            fn load_lane(&mut self, lane: usize, words: &$crate::LaneWords) {
                let mut at = 0;
                $(
                    self.$field[lane] = <$ty as $crate::Word>::from_word(words[at]);
                    at += 1;
                )*
            }
        }
    };
}
