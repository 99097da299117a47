//! RealtimeSanitizer, where the program is linked with it (`rt_host`, see build.rs): it reports
//! every allocation, lock and blocking system call that happens in a real-time section.

use std::ffi::CStr;

/// The sanitizer's entry points.
#[derive(Clone, Copy, Debug)]
pub struct Sanitizer {
    enter: extern "C" fn(),
    exit: extern "C" fn(),
}

/// A real-time section, until dropped.
pub struct Section(Sanitizer);

impl Sanitizer {
    /// The sanitizer of this program, started; none when the program is linked without it.
    #[must_use]
    pub fn find() -> Option<Self> {
        let start = symbol(c"__rtsan_ensure_initialized")?;
        let enter = symbol(c"__rtsan_realtime_enter")?;
        let exit = symbol(c"__rtsan_realtime_exit")?;
        start();
        Some(Self { enter, exit })
    }

    /// Starts a real-time section.
    #[must_use]
    pub fn realtime(self) -> Section {
        (self.enter)();
        Section(self)
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        (self.0.exit)();
    }
}

/// A function of this program without arguments or result, by its name.
fn symbol(name: &CStr) -> Option<extern "C" fn()> {
    // SAFETY: the name ends in a zero, and the program itself is always open.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if found.is_null() {
        return None;
    }
    // SAFETY: the sanitizer declares all three of its entry points as `void f(void)`.
    Some(unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn()>(found) })
}
