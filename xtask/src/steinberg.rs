//! Steinberg's own VST3 test classes, from the SDK that the clap-wrapper package brings along,
//! compiled with our driver (`tests/vst3/driver.cpp`) into one program under `target/`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::run::{Failure, program};
use crate::workspace::Workspace;

/// Folders of the SDK of which every C++ file is wanted.
const FOLDERS: &[&str] = &[
    "public.sdk/source/vst/testsuite",
    "public.sdk/source/vst/testsuite/bus",
    "public.sdk/source/vst/testsuite/general",
    "public.sdk/source/vst/testsuite/noteexpression",
    "public.sdk/source/vst/testsuite/processing",
    "public.sdk/source/vst/testsuite/state",
    "public.sdk/source/vst/testsuite/unit",
    "public.sdk/source/vst/hosting",
    "base/source",
    "base/thread/source",
    "pluginterfaces/base",
];

/// Files of the SDK wanted beside them.
const FILES: &[&str] = &[
    "public.sdk/source/common/commoniids.cpp",
    "public.sdk/source/common/commonstringconvert.cpp",
    "public.sdk/source/common/memorystream.cpp",
    "public.sdk/source/common/readfile.cpp",
    "public.sdk/source/common/threadchecker_linux.cpp",
    "public.sdk/source/vst/moduleinfo/moduleinfoparser.cpp",
    "public.sdk/source/vst/utility/stringconvert.cpp",
    "public.sdk/source/vst/vstinitiids.cpp",
    "public.sdk/source/vst/vstpresetfile.cpp",
];

/// Files of those folders that are not wanted: other systems, and a main program of their own.
const OTHERS: &[&str] =
    &["module_win32.cpp", "baseiidsfactory.cpp", "vsttestsuite.cpp", "fcleanup.cpp"];

/// Compiles what is out of date and links the driver; its path.
pub fn build(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let sdk = workspace.source("clap-wrapper")?.join("external/vst3sdk");
    let driver = workspace.root.join("tests/vst3/driver.cpp");
    let folder = workspace.target.join("steinberg");
    std::fs::create_dir_all(&folder).map_err(|e| Failure::file(&folder, &e))?;
    let mut sources = vec![driver];
    for part in FOLDERS {
        sources.extend(cpp_files(&sdk.join(part))?);
    }
    sources.extend(FILES.iter().map(|file| sdk.join(file)));
    let objects: Vec<PathBuf> =
        sources.iter().map(|source| folder.join(object_name(&sdk, source))).collect();
    let pairs: Vec<(&PathBuf, &PathBuf)> = sources.iter().zip(&objects).collect();
    let stale: Vec<_> = pairs.into_iter().filter(|(s, o)| modified(s) > modified(o)).collect();
    compile(&sdk, &stale)?;
    let binary = folder.join("vst3-driver");
    if !stale.is_empty() || !binary.exists() {
        program("g++").arg("-o").arg(&binary).args(&objects).args(["-ldl", "-lpthread"]).run()?;
    }
    Ok(binary)
}

/// Compiles on every core, a file at a time each.
fn compile(sdk: &Path, stale: &[(&PathBuf, &PathBuf)]) -> Result<(), Failure> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        while let Some((source, object)) =
            stale.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        {
            program("g++")
                .args(["-c", "-O1", "-std=c++17", "-w", "-DRELEASE=1", "-DLIN=1"])
                .args([Path::new("-I"), sdk, Path::new("-o"), object, source])
                .output()?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| Err(Failure::Other("a compiler thread died".into())))
        })
    })
}

fn cpp_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|e| Failure::file(folder, &e))?;
    let files = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        path.extension().is_some_and(|e| e == "cpp") && !OTHERS.contains(&name.as_str())
    });
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    Ok(files)
}

/// One flat folder of objects: the path inside the SDK, written in one word.
fn object_name(sdk: &Path, source: &Path) -> String {
    let short = source.strip_prefix(sdk).unwrap_or_else(|_| Path::new("driver.cpp"));
    format!("{}.o", short.display().to_string().replace('/', "."))
}

/// When a file was written; long ago when it is not there.
fn modified(path: &Path) -> SystemTime {
    path.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}
