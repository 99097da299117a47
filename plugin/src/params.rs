//! What the host sees of the plugin: 128 macros and a bypass. Ids and order are frozen: projects
//! refer to them.

use std::sync::Arc;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

use chronus_engine::MACROS;
use nice_plug::prelude::*;

use crate::meaning::Meanings;

/// Macros of one page of a hardware controller.
pub const PAGE: usize = 8;

/// The parameters of one instance.
#[derive(Params)]
pub struct PluginParams {
    /// Passes the input through while the engine keeps running.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// What the patch binds.
    #[nested(group = "Macros")]
    pub macros: MacroBank,
}

impl PluginParams {
    /// Parameters at `defaults`, showing what `meanings` says they drive.
    #[must_use]
    pub fn new(defaults: &[f32; MACROS], meanings: &Arc<Meanings>, moved: &Arc<Moved>) -> Self {
        Self {
            bypass: BoolParam::new("Bypass", false).make_bypass(),
            macros: MacroBank::new(defaults, meanings, moved),
        }
    }
}

/// Which macros have a value that the engine has not been told. Wait-free from any thread.
#[derive(Debug)]
pub struct Moved([AtomicU64; MACROS / 64]);

impl Default for Moved {
    /// All of them: the engine knows none yet.
    fn default() -> Self {
        Self([const { AtomicU64::new(u64::MAX) }; MACROS / 64])
    }
}

impl Moved {
    /// Macro `index` has moved.
    pub fn mark(&self, index: usize) {
        self.0[index / 64].fetch_or(1 << (index % 64), Release);
    }

    /// Calls `each` with every macro that has moved since the last call, in order.
    pub fn take(&self, mut each: impl FnMut(usize)) {
        for (w, word) in self.0.iter().enumerate() {
            if word.load(Relaxed) == 0 {
                continue;
            }
            let mut bits = word.swap(0, AcqRel);
            while bits != 0 {
                each(w * 64 + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
    }

    /// True when none has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| word.load(Acquire) == 0)
    }
}

/// Names every macro's field and its id.
macro_rules! bank {
    ($($field:ident $id:tt)*) => {
        /// The macros.
        #[derive(Params)]
        pub struct MacroBank {
            $(
                #[doc = concat!("Macro ", $id, ".")]
                #[id = $id]
                $field: FloatParam,
            )*
        }

        impl MacroBank {
            fn new(defaults: &[f32; MACROS], meanings: &Arc<Meanings>, moved: &Arc<Moved>) -> Self {
                let mut next = 0..MACROS;
                // PANIC: the bank has as many fields as there are macros, or `all` would not
                // compile.
                let mut macro_param = || {
                    let index = next.next().expect("a macro for each field");
                    param(index, defaults[index], meanings, moved)
                };
                Self { $($field: macro_param(),)* }
            }

            /// All, in order.
            #[must_use]
            pub fn all(&self) -> [&FloatParam; MACROS] {
                [$(&self.$field,)*]
            }
        }
    };
}

bank! {
    m001 "m001" m002 "m002" m003 "m003" m004 "m004" m005 "m005" m006 "m006" m007 "m007" m008 "m008"
    m009 "m009" m010 "m010" m011 "m011" m012 "m012" m013 "m013" m014 "m014" m015 "m015" m016 "m016"
    m017 "m017" m018 "m018" m019 "m019" m020 "m020" m021 "m021" m022 "m022" m023 "m023" m024 "m024"
    m025 "m025" m026 "m026" m027 "m027" m028 "m028" m029 "m029" m030 "m030" m031 "m031" m032 "m032"
    m033 "m033" m034 "m034" m035 "m035" m036 "m036" m037 "m037" m038 "m038" m039 "m039" m040 "m040"
    m041 "m041" m042 "m042" m043 "m043" m044 "m044" m045 "m045" m046 "m046" m047 "m047" m048 "m048"
    m049 "m049" m050 "m050" m051 "m051" m052 "m052" m053 "m053" m054 "m054" m055 "m055" m056 "m056"
    m057 "m057" m058 "m058" m059 "m059" m060 "m060" m061 "m061" m062 "m062" m063 "m063" m064 "m064"
    m065 "m065" m066 "m066" m067 "m067" m068 "m068" m069 "m069" m070 "m070" m071 "m071" m072 "m072"
    m073 "m073" m074 "m074" m075 "m075" m076 "m076" m077 "m077" m078 "m078" m079 "m079" m080 "m080"
    m081 "m081" m082 "m082" m083 "m083" m084 "m084" m085 "m085" m086 "m086" m087 "m087" m088 "m088"
    m089 "m089" m090 "m090" m091 "m091" m092 "m092" m093 "m093" m094 "m094" m095 "m095" m096 "m096"
    m097 "m097" m098 "m098" m099 "m099" m100 "m100" m101 "m101" m102 "m102" m103 "m103" m104 "m104"
    m105 "m105" m106 "m106" m107 "m107" m108 "m108" m109 "m109" m110 "m110" m111 "m111" m112 "m112"
    m113 "m113" m114 "m114" m115 "m115" m116 "m116" m117 "m117" m118 "m118" m119 "m119" m120 "m120"
    m121 "m121" m122 "m122" m123 "m123" m124 "m124" m125 "m125" m126 "m126" m127 "m127" m128 "m128"
}

fn param(index: usize, default: f32, meanings: &Arc<Meanings>, moved: &Arc<Moved>) -> FloatParam {
    let (to_text, from_text, moved) = (meanings.clone(), meanings.clone(), moved.clone());
    FloatParam::new(
        format!("Macro {}", index + 1),
        default,
        FloatRange::Linear { min: 0.0, max: 1.0 },
    )
    .with_value_to_string(Arc::new(move |value| to_text.text(index, value)))
    .with_string_to_value(Arc::new(move |text| from_text.parse(index, text)))
    .with_callback(Arc::new(move |_| moved.mark(index)))
}

/// Sixteen pages of eight macros for hardware controllers.
pub fn remote_pages(params: &PluginParams, context: &mut impl RemoteControlsContext) {
    let all = params.macros.all();
    context.add_section("Macros", |section| {
        for (page, macros) in all.chunks(PAGE).enumerate() {
            let first = page * PAGE + 1;
            section.add_page(format!("Macros {first}-{}", first + PAGE - 1), |page| {
                macros.iter().for_each(|&param| page.add_param(param));
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> PluginParams {
        PluginParams::new(&[0.0; MACROS], &Arc::default(), &Arc::default())
    }

    #[test]
    fn ids_are_frozen() {
        let ids: Vec<String> = params().param_map().into_iter().map(|(id, ..)| id).collect();
        let mut frozen = vec!["bypass".to_owned()];
        frozen.extend((1..=128).map(|i| format!("m{i:03}")));
        assert_eq!(ids, frozen);
    }

    #[test]
    fn every_macro_stands_at_its_place() {
        let params = params();
        for (index, param) in params.macros.all().iter().enumerate() {
            assert_eq!(param.name(), format!("Macro {}", index + 1));
        }
    }

    #[test]
    fn moves_are_taken_once_and_in_order() {
        let moved = Moved::default();
        let mut seen = Vec::new();
        moved.take(|i| seen.push(i));
        assert_eq!(seen, (0..MACROS).collect::<Vec<_>>());
        assert!(moved.is_empty());
        moved.mark(127);
        moved.mark(3);
        seen.clear();
        moved.take(|i| seen.push(i));
        assert_eq!(seen, [3, 127]);
    }
}
