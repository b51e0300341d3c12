//! Modules that are built from their sources: a save, and the running host has the new code.

mod debugger;

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use adder_api::Adder;
use hotswap_core::{
    ErrorKind, Host,
    cargo::{Level, Report},
    event::{EventKind, Exit, Phase, StateNote},
    harness::Harness,
};
use hotswap_tests::{Told, patient, target};

/// A copy of the minimal example's interface and module, in a workspace of its own.
///
/// They share a target folder, for the sake of the dependencies: one at a time, and each package
/// with a version of its own. To cargo, packages of one name and version at the same place in two
/// workspaces are the same one.
struct Sources {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Sources {
    fn new(name: &str, version: &str) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/minimal");
        let root = fs::canonicalize(env!("CARGO_MANIFEST_DIR")).unwrap();
        let root = root.parent().unwrap();
        let folder = target().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        for file in ["api/Cargo.toml", "api/src/lib.rs", "module/Cargo.toml", "module/src/lib.rs"] {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text = fs::read_to_string(examples.join(file)).unwrap();
            let abi = root.join("hotswap-abi").display().to_string();
            let text = text.replace("../../../hotswap-abi", &abi);
            let version = format!("version = \"{version}\"");
            fs::write(path, text.replace("version = \"0.1.0\"", &version)).unwrap();
        }
        // The profile of the other fixtures, so that their dependencies serve here as well.
        let workspace = "[workspace]\nresolver = \"3\"\nmembers = [\"api\", \"module\"]\n\n\
                         [profile.dev]\ndebug = false\nstrip = \"debuginfo\"\npanic = \"abort\"\n";
        fs::write(folder.join("Cargo.toml"), workspace).unwrap();
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        Self { folder, _alone: alone }
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from} in {file}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
}

/// The next report that `pick` takes.
fn report<T>(told: &Told, mut pick: impl FnMut(&Report) -> Option<T>) -> T {
    told.find(|event| match &event.kind {
        EventKind::Build(report) => pick(report),
        _ => None,
    })
}

#[test]
fn a_save_is_built_and_live_and_a_typo_is_shown_and_survived() {
    let sources = Sources::new("saved", "0.1.1");
    let config = patient().cargo_package("adder").build(|request| {
        request.with_folder(&sources.folder).with_target_folder(target().join("built"))
    });
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let adder = host.slot::<dyn Adder>("adder").unwrap();
    assert_eq!(adder.pin_mut().add("4").unwrap(), 4);

    // A code change: the state is kept. The workspace's profile says that panics abort; built they
    // unwind.
    sources.edit("module/src/lib.rs", "+= number;", "+= number * 10;");
    let live = told.find(|event| match &event.kind {
        EventKind::Live(live) if live.generation == 2 => Some(live.clone()),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    });
    assert_eq!(live.state, StateNote::Kept);
    assert_eq!(adder.pin_mut().add("1").unwrap(), 14);
    assert!(adder.pin_mut().add("one").unwrap_err().to_string().contains("not a number"));

    // A typo: shown in rustc's words, and what ran goes on.
    sources.edit("module/src/lib.rs", "+= number * 10;", "+= nmber;");
    let error = report(&told, |report| match report {
        Report::Diagnostic(it) if it.level == Level::Error => Some(it.rendered.clone()),
        _ => None,
    });
    assert!(error.contains("cannot find value `nmber`"), "{error}");
    let failed = report(&told, |report| match report {
        Report::Finished(finished) if !finished.stale => Some(finished.clone()),
        _ => None,
    });
    assert!(!failed.success && failed.errors > 0, "{failed}");
    assert_eq!(adder.pin_mut().add("1").unwrap(), 24);

    // Mended; and the interface is touched, which the host is linked with, too.
    sources.edit("module/src/lib.rs", "+= nmber;", "+= number * 100;");
    let live = told.find(|event| match &event.kind {
        EventKind::Live(live) if live.generation == 3 => Some(live.clone()),
        _ => None,
    });
    assert_eq!(live.state, StateNote::Kept);
    assert_eq!(adder.pin_mut().add("1").unwrap(), 124);
    sources.edit("api/src/lib.rs", "/// Adds numbers up.", "/// Adds numbers up, all of them.");
    let changed = report(&told, |report| match report {
        Report::InterfaceChanged { package } => Some(package.clone()),
        _ => None,
    });
    assert_eq!(changed, "adder-api");
    host.shutdown().unwrap();
}

#[test]
fn a_first_artifact_is_waited_for_until_the_sources_compile() {
    let sources = Sources::new("first", "0.1.5");
    sources.edit("module/src/lib.rs", "+= number;", "+= nmber;");
    let deadline = Duration::from_secs(3);
    let config =
        patient().with_first_artifact_deadline(deadline).cargo_package("adder").build(|request| {
            request.with_folder(&sources.folder).with_target_folder(target().join("built"))
        });
    let begun = Instant::now();
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    thread::scope(|scope| {
        let slot = scope.spawn(|| host.slot::<dyn Adder>("adder"));
        let text = told.find(|event| {
            matches!(event.kind, EventKind::WaitingForBuild { .. }).then(|| event.to_string())
        });
        assert!(text.ends_with("waiting for a build of adder that compiles"), "{text}");
        // The time that would be up, and half of it once more.
        thread::sleep((deadline * 3 / 2).saturating_sub(begun.elapsed()));
        assert!(!slot.is_finished());
        sources.edit("module/src/lib.rs", "+= nmber;", "+= number;");
        let adder = slot.join().unwrap().unwrap();
        assert_eq!(adder.pin_mut().add("4").unwrap(), 4);
    });
}

#[test]
fn a_library_that_has_changed_is_told_and_no_module_runs_with_the_old_one() {
    let sources = Sources::new("linked", "0.1.6");
    let script = r#"
        use std::{env, process::Command};
        fn main() {
            let out = env::var("OUT_DIR").unwrap();
            println!("cargo::rerun-if-changed=number.c");
            let file = format!("{out}/libhotswap_number.so");
            let cc = env::var("CC").unwrap_or("cc".into());
            let made = Command::new(cc).args(["-shared", "-fPIC", "-o", &file, "number.c"]).status();
            assert!(made.unwrap().success());
            println!("cargo::rustc-link-search=native={out}");
            println!("cargo::rustc-link-lib=dylib=hotswap_number");
            println!("cargo::rustc-link-arg=-Wl,-rpath,{out}");
        }"#;
    let number = |number: &str| {
        let text = format!("int hotswap_number(void) {{ return {number}; }}\n");
        fs::write(sources.folder.join("module/number.c"), text).unwrap();
    };
    number("1");
    fs::write(sources.folder.join("module/build.rs"), script).unwrap();
    let lib = fs::read_to_string(sources.folder.join("module/src/lib.rs")).unwrap();
    let lib = lib.replace("+= number;", "+= number * i64::from(unsafe { hotswap_number() });");
    let lib = format!("{lib}\nunsafe extern \"C\" {{ fn hotswap_number() -> i32; }}\n");
    fs::write(sources.folder.join("module/src/lib.rs"), lib).unwrap();
    let config = patient().cargo_package("adder").build(|request| {
        request.with_folder(&sources.folder).with_target_folder(target().join("built"))
    });
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let adder = host.slot::<dyn Adder>("adder").unwrap();
    assert_eq!(adder.pin_mut().add("4").unwrap(), 4);

    // The library alone: the module is the same file as before.
    number("10");
    let library = told.find(|event| match &event.kind {
        EventKind::LibraryChanged { library, .. } => Some(library.clone()),
        _ => None,
    });
    assert_eq!(library, "libhotswap_number.so");
    // A new module would run with the old one.
    sources.edit("module/src/lib.rs", "+= number *", "+= 2 * number *");
    let refusal = told.find(|event| match &event.kind {
        EventKind::Refused(refusal) => Some(refusal.clone()),
        EventKind::Live(live) if live.generation > 1 => panic!("{event}"),
        _ => None,
    });
    assert_eq!((refusal.exit, refusal.phase), (Exit::Cancelled, Phase::Loaded));
    let text = refusal.to_string();
    assert!(text.contains("it needs libhotswap_number.so, whose file "), "{text}");
    assert!(text.contains("restart the host"), "{text}");
    assert_eq!(adder.pin_mut().add("4").unwrap(), 8);
    // With the library as it was nothing is wrong any more.
    number("1");
    sources.edit("module/src/lib.rs", "+= 2 * number *", "+= 3 * number *");
    told.find(|event| match &event.kind {
        EventKind::Live(live) if live.generation > 1 => Some(()),
        _ => None,
    });
    assert_eq!(adder.pin_mut().add("1").unwrap(), 11);
}

#[test]
fn a_package_that_is_not_there_is_an_error_that_names_those_that_are() {
    let sources = Sources::new("misnamed", "0.1.2");
    let config =
        patient().cargo_package("addr").build(|request| request.with_folder(&sources.folder));
    let error = Host::new(config).unwrap_err().to_string();
    assert!(error.contains("no package addr") && error.contains("did you mean adder?"), "{error}");
}

#[test]
fn the_harness_builds_a_package_and_tells_what_the_compiler_finds() {
    let sources = Sources::new("harness", "0.1.3");
    let harness = Harness::package("adder").configure(|config| {
        config.build(|request| {
            request.with_folder(&sources.folder).with_target_folder(target().join("built"))
        })
    });
    let adder = harness.start::<dyn Adder>().unwrap();
    assert_eq!(adder.slot().pin_mut().add("4").unwrap(), 4);
    let state = adder.end().unwrap().unwrap();
    sources.edit("module/src/lib.rs", "+= number;", "+= nmber;");
    let error = harness.start::<dyn Adder>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Artifact);
    let text = error.to_string();
    assert!(text.starts_with("the package adder does not build:\nerror[E0425]"), "{text}");
    sources.edit("module/src/lib.rs", "+= nmber;", "+= number * 10;");
    let adder = harness.restore::<dyn Adder>(&state).unwrap();
    assert_eq!(adder.slot().pin_mut().add("1").unwrap(), 14);
}
