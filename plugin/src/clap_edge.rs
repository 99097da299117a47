//! The CLAP entry around the framework's wrapper: what the framework cannot do by itself. A state
//! that is checked before it is loaded, live macro names, the project's "modified" mark, macros
//! moved from outside its own editor, and a bound on the events of one block.
//!
//! The one place of `unsafe` in the product: it speaks C with the host. VST3 comes through here,
//! too, since clap-wrapper wraps this entry.
#![allow(unsafe_code)]

mod events;
mod stream;

use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock, mpsc};

use chronus_engine::MACROS;
use clap_sys::entry::clap_plugin_entry;
use clap_sys::events::{clap_input_events, clap_output_events};
use clap_sys::ext::params::{
    CLAP_EXT_PARAMS, CLAP_PARAM_RESCAN_INFO, CLAP_PARAM_RESCAN_TEXT, clap_host_params,
    clap_param_info, clap_plugin_params,
};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_host_state, clap_plugin_state};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_plugin_tail};
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::host::clap_host;
use clap_sys::plugin::{clap_plugin, clap_plugin_descriptor};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use clap_sys::stream::{clap_istream, clap_ostream};
use clap_sys::version::CLAP_VERSION;
use nice_plug::wrapper::clap::{PluginDescriptor, Wrapper};

use crate::link::HostCalls;
use crate::shared::Shared;
use crate::state;
use crate::{Chronus, Task};

/// The entry point that hosts look for, and that clap-wrapper wraps as VST3.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
#[used]
pub static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(entry_init),
    deinit: Some(entry_deinit),
    get_factory: Some(get_factory),
};

static FACTORY: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(get_plugin_count),
    get_plugin_descriptor: Some(get_plugin_descriptor),
    create_plugin: Some(create_plugin),
};

static STATE: clap_plugin_state =
    clap_plugin_state { save: Some(state_save), load: Some(state_load) };

static TAIL: clap_plugin_tail = clap_plugin_tail { get: Some(tail_get) };

/// One instance. The host holds a pointer to its first field.
#[repr(C)]
struct Edge {
    /// What the host calls. Its `plugin_data` belongs to the framework.
    plugin: clap_plugin,
    /// The framework's own functions.
    inner: clap_plugin,
    /// The framework's parameters, with some functions of ours.
    params: clap_plugin_params,
    inner_params: clap_plugin_params,
    inner_state: clap_plugin_state,
    /// CLAP ids of the macros.
    ids: [u32; MACROS],
    shared: Arc<Shared>,
    host: *const clap_host,
    extensions: OnceLock<Extensions>,
}

/// What the host offers, asked for in init().
#[derive(Clone, Copy)]
struct Extensions {
    params: *const clap_host_params,
    state: *const clap_host_state,
}

impl Edge {
    /// An instance for `host`; none when the framework lacks what this file builds upon.
    ///
    /// # Safety
    /// `host` must be valid until the instance is destroyed.
    unsafe fn new(host: *const clap_host) -> Option<Box<Self>> {
        // SAFETY: the caller's promise.
        let wrapper = unsafe { Wrapper::<Chronus>::new(host) };
        // The framework made the plugin by itself; its tasks are the way to ask it for its parts.
        let (sender, receiver) = mpsc::channel();
        (wrapper.task_executor.lock())(Task::Introduce(sender));
        let shared = receiver.try_recv().ok()?;
        let inner = *wrapper.clap_plugin.borrow();
        let get = inner.get_extension?;
        // SAFETY: the framework's functions read `plugin_data` only, which points at the wrapper.
        let (params, state) = unsafe {
            (get(&inner, CLAP_EXT_PARAMS.as_ptr()), get(&inner, CLAP_EXT_STATE.as_ptr()))
        };
        // SAFETY: these are the types that CLAP defines for those ids; the framework keeps them in
        // the wrapper, so that a copy can be taken while it lives.
        let (inner_params, inner_state) = unsafe {
            (
                *params.cast::<clap_plugin_params>().as_ref()?,
                *state.cast::<clap_plugin_state>().as_ref()?,
            )
        };
        let mut ids = [0; MACROS];
        for (index, id) in ids.iter_mut().enumerate() {
            // SAFETY: all zeros is a valid `clap_param_info`; the framework only writes to it.
            let info = unsafe {
                let mut info: clap_param_info = std::mem::zeroed();
                inner_params.get_info?(&inner, macro_param(index), &mut info).then_some(info)?
            };
            *id = info.id;
        }
        // From here on the host owns the wrapper, until `destroy` gives it back to the framework.
        let _ = Arc::into_raw(wrapper);
        Some(Box::new(Self {
            plugin: clap_plugin {
                init: Some(init),
                destroy: Some(destroy),
                process: Some(process),
                get_extension: Some(get_extension),
                on_main_thread: Some(on_main_thread),
                ..inner
            },
            inner,
            params: clap_plugin_params {
                get_info: Some(params_get_info),
                flush: Some(params_flush),
                ..inner_params
            },
            inner_params,
            inner_state,
            ids,
            shared,
            host,
            extensions: OnceLock::new(),
        }))
    }

    /// The instance behind what the host calls.
    ///
    /// # Safety
    /// `plugin` must come from `create_plugin` and not be destroyed yet.
    unsafe fn of<'a>(plugin: *const clap_plugin) -> &'a Self {
        // SAFETY: `plugin` is the first field of an `Edge`, which is `repr(C)`.
        unsafe { &*plugin.cast::<Self>() }
    }

    /// # Safety
    /// On the main thread, after init().
    unsafe fn tell_host(&self) {
        let (dirty, renamed) = self.shared.link.take_announced();
        let Some(extensions) = self.extensions.get() else { return };
        // SAFETY: the host's extensions live as long as the host, and are null where it has none.
        unsafe {
            let rescan = extensions.params.as_ref().and_then(|params| params.rescan);
            if let Some(rescan) = rescan.filter(|_| renamed) {
                rescan(self.host, CLAP_PARAM_RESCAN_INFO | CLAP_PARAM_RESCAN_TEXT);
            }
            let mark_dirty = extensions.state.as_ref().and_then(|state| state.mark_dirty);
            if let Some(mark_dirty) = mark_dirty.filter(|_| dirty) {
                mark_dirty(self.host);
            }
        }
    }

    /// The whole state.
    ///
    /// # Safety
    /// On the main thread, `plugin` as for `of`.
    unsafe fn save(&self, plugin: *const clap_plugin) -> Option<Vec<u8>> {
        let mut params = Vec::new();
        let stream = stream::into_memory(&mut params);
        // SAFETY: the stream and the vector behind it outlive the call.
        let saved = unsafe { self.inner_state.save?(plugin, &stream) };
        saved.then(|| state::write(&params, &self.shared.save()))
    }

    /// Takes up a state that is whole; anything else changes nothing.
    ///
    /// # Safety
    /// On the main thread, `plugin` as for `of`.
    unsafe fn load(&self, plugin: *const clap_plugin, input: &clap_istream) -> bool {
        // SAFETY: the host's stream is valid for the call.
        let loaded = unsafe { stream::read_state(input) };
        let opened = loaded.and_then(|(header, body)| {
            let (params, project) = state::read(&header, &body)?;
            Ok((params.to_vec(), project))
        });
        let (params, project) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                *self.shared.notice.lock() = Some(error.to_string());
                return false;
            }
        };
        let Some(inner_load) = self.inner_state.load else { return false };
        let mut rest = params.as_slice();
        let stream = stream::from_memory(&mut rest);
        // SAFETY: the stream and the bytes behind it outlive the call.
        if !unsafe { inner_load(plugin, &stream) } {
            return false;
        }
        self.shared.load(project);
        true
    }
}

/// Position of macro `index` among the parameters: the bypass comes first.
fn macro_param(index: usize) -> u32 {
    index as u32 + 1
}

/// The host, callable from any thread.
struct Host {
    host: *const clap_host,
    params: *const clap_host_params,
}

// SAFETY: CLAP declares the functions called below thread-safe, and the pointers are valid until
// the instance is destroyed, which joins every thread that calls them.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl HostCalls for Host {
    fn request_callback(&self) {
        // SAFETY: see the promise at `Send`.
        unsafe {
            if let Some(request) = (*self.host).request_callback {
                request(self.host);
            }
        }
    }

    fn request_process(&self) {
        // SAFETY: see the promise at `Send`.
        unsafe {
            if let Some(request) = (*self.host).request_process {
                request(self.host);
            }
        }
    }

    fn request_flush(&self) {
        // SAFETY: see the promise at `Send`; the extension is null where the host has none.
        unsafe {
            if let Some(request) = self.params.as_ref().and_then(|params| params.request_flush) {
                request(self.host);
            }
        }
    }
}

fn descriptor() -> &'static PluginDescriptor {
    static DESCRIPTOR: OnceLock<PluginDescriptor> = OnceLock::new();
    DESCRIPTOR.get_or_init(PluginDescriptor::for_plugin::<Chronus>)
}

/// What `body` answers; `otherwise` where it panics, which must not reach the host.
fn guarded<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

unsafe extern "C" fn entry_init(_path: *const c_char) -> bool {
    true
}

unsafe extern "C" fn entry_deinit() {}

unsafe extern "C" fn get_factory(id: *const c_char) -> *const c_void {
    // SAFETY: the host gives a string or null.
    let wanted = !id.is_null() && unsafe { CStr::from_ptr(id) } == CLAP_PLUGIN_FACTORY_ID;
    if wanted { ptr::from_ref(&FACTORY).cast() } else { ptr::null() }
}

unsafe extern "C" fn get_plugin_count(_factory: *const clap_plugin_factory) -> u32 {
    1
}

unsafe extern "C" fn get_plugin_descriptor(
    _factory: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    if index == 0 { descriptor().clap_plugin_descriptor() } else { ptr::null() }
}

unsafe extern "C" fn create_plugin(
    _factory: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    // SAFETY: the host gives a string or null.
    if host.is_null() || id.is_null() || unsafe { CStr::from_ptr(id) } != descriptor().clap_id() {
        return ptr::null();
    }
    // SAFETY: CLAP promises that the host outlives its plugins.
    let edge = guarded(None, || unsafe { Edge::new(host) });
    edge.map_or(ptr::null(), |edge| ptr::from_ref(Box::leak(edge)).cast())
}

unsafe extern "C" fn init(plugin: *const clap_plugin) -> bool {
    // SAFETY: CLAP's promise: `plugin` is alive.
    let edge = unsafe { Edge::of(plugin) };
    // SAFETY: the function is the framework's, its argument what it expects.
    if !edge.inner.init.is_some_and(|init| unsafe { init(plugin) }) {
        return false;
    }
    // SAFETY: from init() on the host may be asked for extensions, which have CLAP's types.
    let extension = |id: &CStr| unsafe {
        (*edge.host).get_extension.map_or(ptr::null(), |get| get(edge.host, id.as_ptr()))
    };
    let extensions = Extensions {
        params: extension(CLAP_EXT_PARAMS).cast(),
        state: extension(CLAP_EXT_STATE).cast(),
    };
    let _ = edge.extensions.set(extensions);
    edge.shared.link.connect(Host { host: edge.host, params: extensions.params });
    true
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    // SAFETY: the host gives back what `create_plugin` leaked, once, as its last call.
    let edge = unsafe { Box::from_raw(plugin.cast::<Edge>().cast_mut()) };
    // No thread of ours may call the host from here on.
    guarded((), || edge.shared.close());
    if let Some(destroy) = edge.inner.destroy {
        // SAFETY: the framework takes its wrapper back from `plugin_data`.
        unsafe { destroy(&edge.plugin) };
    }
    // The last owner of the engine: its builder is joined here.
    guarded((), || drop(edge));
}

unsafe extern "C" fn on_main_thread(plugin: *const clap_plugin) {
    // SAFETY: CLAP's promise: `plugin` is alive, this is the main thread.
    unsafe {
        let edge = Edge::of(plugin);
        if let Some(inner) = edge.inner.on_main_thread {
            inner(plugin);
        }
        edge.tell_host();
    }
}

unsafe extern "C" fn get_extension(plugin: *const clap_plugin, id: *const c_char) -> *const c_void {
    if id.is_null() {
        return ptr::null();
    }
    // SAFETY: CLAP's promise: `plugin` is alive, `id` a string.
    let (edge, name) = unsafe { (Edge::of(plugin), CStr::from_ptr(id)) };
    if name == CLAP_EXT_STATE {
        ptr::from_ref(&STATE).cast()
    } else if name == CLAP_EXT_PARAMS {
        ptr::from_ref(&edge.params).cast()
    } else if name == CLAP_EXT_TAIL {
        ptr::from_ref(&TAIL).cast()
    } else {
        // SAFETY: the function is the framework's, its arguments what it expects.
        edge.inner.get_extension.map_or(ptr::null(), |get| unsafe { get(plugin, id) })
    }
}

/// # Realtime
/// Calls of the host's event lists only.
unsafe extern "C" fn process(
    plugin: *const clap_plugin,
    process: *const clap_process,
) -> clap_process_status {
    // SAFETY: CLAP's promise: `plugin` is alive, `process` valid for the call.
    unsafe {
        let edge = Edge::of(plugin);
        let (Some(inner), Some(block)) = (edge.inner.process, process.as_ref()) else {
            return CLAP_PROCESS_ERROR;
        };
        let moves = events::Moves::take(&edge.shared.link, &edge.ids);
        if let Some(moves) = &moves {
            moves.tell(block.out_events);
        }
        match events::join(moves.as_ref(), block.in_events) {
            None => inner(plugin, process),
            Some(joined) => {
                let list = joined.list();
                let status = inner(plugin, &clap_process { in_events: &list, ..*block });
                if joined.overflows() {
                    edge.shared.flooded.store(true, Relaxed);
                }
                status
            }
        }
    }
}

unsafe extern "C" fn params_get_info(
    plugin: *const clap_plugin,
    index: u32,
    info: *mut clap_param_info,
) -> bool {
    // SAFETY: CLAP's promise: `plugin` is alive, `info` writable or null.
    let (edge, info) = unsafe { (Edge::of(plugin), info.as_mut()) };
    let (Some(info), Some(inner)) = (info, edge.inner_params.get_info) else { return false };
    // The framework lets one index too many through.
    if index as usize > MACROS {
        return false;
    }
    // SAFETY: the function is the framework's, its arguments what it expects.
    if !unsafe { inner(plugin, index, info) } {
        return false;
    }
    if let Some(macro_index) = (index as usize).checked_sub(1) {
        guarded((), || write_name(&mut info.name, &edge.shared.meanings.name(macro_index)));
    }
    true
}

/// Writes `text` as a C string, cut at a character where it is too long.
fn write_name(name: &mut [c_char], text: &str) {
    let end = text.floor_char_boundary(name.len() - 1);
    let bytes = text.as_bytes()[..end].iter().map(|&byte| byte as c_char);
    for (to, byte) in name.iter_mut().zip(bytes.chain(std::iter::once(0))) {
        *to = byte;
    }
}

unsafe extern "C" fn params_flush(
    plugin: *const clap_plugin,
    input: *const clap_input_events,
    output: *const clap_output_events,
) {
    // SAFETY: CLAP's promise: `plugin` is alive, the lists valid for the call.
    unsafe {
        let edge = Edge::of(plugin);
        let Some(inner) = edge.inner_params.flush else { return };
        let moves = events::Moves::take(&edge.shared.link, &edge.ids);
        if let Some(moves) = &moves {
            moves.tell(output);
        }
        match events::join(moves.as_ref(), input) {
            None => inner(plugin, input, output),
            Some(joined) => inner(plugin, &joined.list(), output),
        }
    }
}

unsafe extern "C" fn state_save(plugin: *const clap_plugin, stream: *const clap_ostream) -> bool {
    // SAFETY: CLAP's promise: `plugin` is alive, the stream valid, this the main thread.
    unsafe {
        let (edge, Some(stream)) = (Edge::of(plugin), stream.as_ref()) else { return false };
        let state = guarded(None, || edge.save(plugin));
        state.is_some_and(|state| stream::write_all(stream, &state))
    }
}

unsafe extern "C" fn state_load(plugin: *const clap_plugin, stream: *const clap_istream) -> bool {
    // SAFETY: CLAP's promise: `plugin` is alive, the stream valid, this the main thread.
    unsafe {
        let (edge, Some(stream)) = (Edge::of(plugin), stream.as_ref()) else { return false };
        guarded(false, || edge.load(plugin, stream))
    }
}

unsafe extern "C" fn tail_get(plugin: *const clap_plugin) -> u32 {
    // SAFETY: CLAP's promise: `plugin` is alive.
    unsafe { Edge::of(plugin) }.shared.tail.load(Relaxed)
}
