//! What both layouts compute for one voice and frame.

/// a b + c, rounded once where the instruction set does so.
#[inline(always)]
pub fn multiply_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// The sine of `turns` in -1/4..=1/4, by a polynomial: off by less than 4e-6.
#[inline(always)]
pub fn sine<const FMA: bool>(turns: f32) -> f32 {
    let z = turns * turns;
    let p = multiply_add::<FMA>(z, 42.058_69, -76.705_86);
    let p = multiply_add::<FMA>(p, z, 81.605_25);
    let p = multiply_add::<FMA>(p, z, -41.341_7);
    turns * multiply_add::<FMA>(p, z, std::f32::consts::TAU)
}

/// The turns in -1/4..=1/4 whose sine is minus the cosine of `phase` turns, 0..1.
#[inline(always)]
pub fn folded(phase: f32) -> f32 {
    0.25 - (phase - 0.5).abs()
}

/// A phase under 2, brought back under 1.
#[inline(always)]
pub fn wrapped(phase: f32) -> f32 {
    if phase >= 1.0 { phase - 1.0 } else { phase }
}

/// A saw at `phase` turns, naive or with its step rounded off by a polynomial; `step` turns a frame.
#[inline(always)]
pub fn saw<const SOFT: bool>(phase: f32, step: f32, frames: f32) -> f32 {
    let naive = 2.0 * phase - 1.0;
    if !SOFT {
        return naive;
    }
    let (after, before) = (phase * frames, (phase - 1.0) * frames);
    let left = if phase < step { after + after - after * after - 1.0 } else { 0.0 };
    let right = if phase > 1.0 - step { before * before + before + before + 1.0 } else { 0.0 };
    naive - left - right
}

/// The higher of two numbers: one instruction, because it need not look for what is none.
#[inline(always)]
pub fn higher(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The lower of two numbers.
#[inline(always)]
pub fn lower(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}
