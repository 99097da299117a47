//! The environment variable that switches the OSC remote of every instance on.

/// Tells all instances made from now on to listen from `port` on. To be called first thing in
/// `main`: nothing may read the environment at the same time, so no other thread may run yet.
pub fn set_remote_port(port: u16) {
    // SAFETY: as documented, the program has no other thread yet.
    unsafe { std::env::set_var("CHRONUS_OSC", port.to_string()) };
}
