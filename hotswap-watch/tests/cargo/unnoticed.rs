//! Changes that cargo itself, or a watch of `src` alone, would not notice.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use hotswap_watch::cargo::{Profile, Report, Request};

use crate::scratch::{Scratch, Told, Watching, marked};

/// `GEN` is what `read` makes of files, in the build script of `arcade`.
fn script(named: &str, read: &str) -> String {
    format!(
        "fn main() {{\n    {named}\n    let text: String = {read};\n    \
         println!(\"cargo::rustc-env=GEN={{}}\", text.trim());\n}}\n"
    )
}

const GEN: &str = "env!(\"GEN\")";

/// The texts of a folder, in order.
const FOLDER: &str = "{ let mut all: Vec<_> = std::fs::read_dir(\"../levels\").unwrap()\
                      .map(|it| it.unwrap().path()).collect(); all.sort(); all.iter()\
                      .map(|it| std::fs::read_to_string(it).unwrap()).collect() }";

fn set_time(path: &Path, time: SystemTime) {
    File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

/// As `cp -p` and `rsync -t` do: put in place at once, with the time of days ago.
fn put(scratch: &Scratch, path: &str, text: &str) {
    scratch.write("../put", text);
    let old = SystemTime::now() - Duration::from_secs(3 * 24 * 3600);
    set_time(&scratch.at("../put"), old);
    fs::rename(scratch.at("../put"), scratch.at(path)).unwrap();
}

/// The next build that has this in it. Others may come before it.
#[track_caller]
fn build_with(watching: &Watching, text: &str) -> Told {
    loop {
        let told = watching.good_build();
        if told.has(text) {
            return told;
        }
    }
}

#[test]
fn a_save_with_an_old_time_is_built() {
    let scratch = Scratch::new();
    scratch.write("assets/a.txt", "ASSET-one");
    let uses = "[helper::TEXT, include_str!(\"../../assets/a.txt\")]";
    scratch.write("arcade/src/lib.rs", &marked("one", uses));
    let watching = scratch.start();
    watching.good_build();
    put(&scratch, "arcade/src/lib.rs", &marked("two", uses));
    let told = watching.good_build();
    assert!(told.has("ARCADE-two-END"));
    // Of a path dependency, and of no package.
    put(&scratch, "helper/src/lib.rs", "pub static TEXT: &str = \"HELPER-two-END\";\n");
    assert!(watching.good_build().has("HELPER-two-END"));
    put(&scratch, "assets/a.txt", "ASSET-two");
    assert!(watching.good_build().has("ASSET-two"));
    // What nobody has read is no reason to build anything anew.
    put(&scratch, "helper/src/notes.txt", "nothing");
    assert!(watching.good_build().built("arcade").1);
    let rest = watching.rest();
    assert!(rest.is_empty(), "{rest:#?}");
}

#[test]
#[cfg_attr(not(unix), ignore = "relies on times that cannot be set")]
fn a_save_with_an_old_time_is_built_at_the_next_start() {
    let scratch = Scratch::new();
    let watching = scratch.start();
    watching.good_build();
    drop(watching);
    put(&scratch, "helper/src/lib.rs", "pub static TEXT: &str = \"HELPER-two-END\";\n");
    let watching = scratch.start();
    assert!(watching.good_build().has("HELPER-two-END"));
    drop(watching);
    // Once.
    let watching = scratch.start();
    assert!(watching.good_build().built("arcade").1);
}

#[test]
fn what_was_built_in_the_future_is_built_again() {
    let scratch = Scratch::new();
    let watching = scratch.start();
    watching.good_build();
    // The clock is set back: to cargo all that is saved from here on is old.
    let notes = scratch.at("target/hotswap/debug/.fingerprint");
    for unit in fs::read_dir(notes).unwrap() {
        for note in fs::read_dir(unit.unwrap().path()).unwrap() {
            set_time(&note.unwrap().path(), SystemTime::now() + Duration::from_secs(24 * 3600));
        }
    }
    scratch.write("arcade/src/lib.rs", &marked("two", "helper::TEXT"));
    assert!(watching.good_build().has("ARCADE-two-END"));
}

#[test]
fn folders_that_a_build_script_names_are_watched() {
    let scratch = Scratch::new();
    scratch.write("levels/1.txt", "LEVEL-one-");
    scratch.write("levels/deep/x", "");
    fs::remove_dir_all(scratch.at("levels/deep")).unwrap();
    scratch.write(
        "arcade/build.rs",
        &script("println!(\"cargo::rerun-if-changed=../levels\");", FOLDER),
    );
    scratch.write("arcade/src/lib.rs", &marked("one", GEN));
    let watching = scratch.start();
    assert!(watching.good_build().has("LEVEL-one-"));
    scratch.write("levels/1.txt", "LEVEL-two-");
    let told = build_with(&watching, "LEVEL-two-");
    assert_eq!(told.because, [scratch.at("levels/1.txt")]);
    scratch.write("levels/2.txt", "END");
    build_with(&watching, "LEVEL-two-END");
    put(&scratch, "levels/1.txt", "LEVEL-old-");
    build_with(&watching, "LEVEL-old-END");
    fs::remove_file(scratch.at("levels/2.txt")).unwrap();
    let mut told = watching.good_build();
    while told.has("LEVEL-old-END") {
        told = watching.good_build();
    }
    let rest = watching.rest();
    assert!(rest.is_empty(), "{rest:#?}");
}

#[test]
fn a_build_script_that_names_nothing_depends_on_its_package() {
    let scratch = Scratch::new();
    scratch.write("arcade/data/x.txt", "DATA-one");
    scratch.write("arcade/target/x.txt", "");
    let read = "std::fs::read_to_string(\"data/x.txt\").unwrap()";
    scratch.write("arcade/build.rs", &script("", read));
    scratch.write("arcade/src/lib.rs", &marked("one", GEN));
    let watching = scratch.start();
    watching.good_build();
    scratch.write("arcade/data/x.txt", "DATA-two");
    assert_eq!(build_with(&watching, "DATA-two").because, [scratch.at("arcade/data/x.txt")]);
    // Also one that is older than others.
    scratch.write("arcade/data/y.txt", "");
    watching.good_build();
    put(&scratch, "arcade/data/x.txt", "DATA-old");
    build_with(&watching, "DATA-old");
    put(&scratch, "arcade/data/x.txt", "DATA-new");
    build_with(&watching, "DATA-new");
    // Not what is made of it.
    scratch.write("arcade/target/x.txt", "x");
    scratch.write("helper/src/lib.rs", "pub static TEXT: &str = \"HELPER-two-END\";\n");
    assert_eq!(watching.good_build().because, [scratch.at("helper/src/lib.rs")]);
    let rest = watching.rest();
    assert!(rest.is_empty(), "{rest:#?}");
}

#[test]
fn what_a_build_fails_for_is_watched_before_any_has_succeeded() {
    let scratch = Scratch::new();
    let read = "std::fs::read_to_string(\"../levels/1.txt\").unwrap().parse::<u8>().unwrap()\
                .to_string()";
    let named = "println!(\"cargo::rerun-if-changed=../levels\");";
    scratch.write("arcade/build.rs", &script(named, read));
    scratch.write("levels/1.txt", "LEVEL");
    scratch.write("assets/made.rs", "mistake");
    let uses = "[env!(\"GEN\"), include!(\"../../assets/made.rs\"), \
                include_str!(\"../../assets/late.txt\")]";
    scratch.write("arcade/src/lib.rs", &marked("one", uses));
    let watching = scratch.start();
    assert!(!watching.last_build().finished.success);
    scratch.write("levels/1.txt", "7");
    assert!(!watching.last_build().finished.success);
    scratch.write("assets/made.rs", "\"MADE-one\"");
    assert!(!watching.last_build().finished.success);
    scratch.write("assets/late.txt", "LATE");
    assert!(build_with(&watching, "MADE-one").has("LATE"));
}

#[test]
fn configuration_above_the_workspace_is_watched() {
    let scratch = Scratch::new();
    let flavour = |text: &str| {
        let text = format!("[env]\nFLAVOUR = \"FLAVOUR-{text}\"\n");
        scratch.write("../.cargo/more.toml", &text);
    };
    scratch.write("../.cargo/config.toml", "include = [\"more.toml\"]\n");
    flavour("vanilla");
    scratch.write("arcade/src/lib.rs", &marked("one", "env!(\"FLAVOUR\")"));
    let watching = scratch.start();
    watching.good_build();
    flavour("cherry");
    build_with(&watching, "FLAVOUR-cherry");
    scratch.write("../.cargo/config.toml", "[env]\nFLAVOUR = \"FLAVOUR-lemon\"\n");
    build_with(&watching, "FLAVOUR-lemon");
}

#[test]
fn where_the_configuration_puts_things_does_not_matter() {
    let scratch = Scratch::new();
    // Paths of a configuration are below the folder that `.cargo` is in.
    let config = "[build]\nbuild-dir = \"../between\"\ndep-info-basedir = \".\"\n";
    scratch.write(".cargo/config.toml", config);
    is_built_there(&scratch, &[(true, "target/hotswap"), (false, "../between/hotswap")]);
}

#[test]
fn where_a_configuration_above_puts_things_does_not_matter() {
    let scratch = Scratch::new();
    let config = "[build]\nbuild-dir = \"between\"\ndep-info-basedir = \".\"\n";
    scratch.write("../.cargo/config.toml", config);
    is_built_there(&scratch, &[(true, "target/hotswap"), (false, "../between/hotswap")]);
}

/// With a target folder of its own or without one, it is built in this folder, and what is included is
/// noticed.
#[track_caller]
fn is_built_there(scratch: &Scratch, folders: &[(bool, &str)]) {
    scratch.write("assets/a.txt", "ASSET-one");
    let includes = "include_str!(\"../../assets/a.txt\")";
    scratch.write("arcade/src/lib.rs", &marked("one", includes));
    for (own, folder) in folders {
        let folder = scratch.at(folder).join("debug/.fingerprint");
        assert!(!folder.exists());
        let request = match own {
            true => scratch.request(),
            false => Request::new(scratch.at("."))
                .with_package("arcade")
                .with_profile(Profile::Dev)
                .with_argument("--offline"),
        };
        let watching = Watching::start(request);
        watching.good_build();
        // Not into the folder of other cargos, whose lock an editor's checker may have.
        let folder = fs::canonicalize(folder).unwrap();
        assert!(folder.ends_with("hotswap/debug/.fingerprint"), "{}", folder.display());
        let two = format!("ASSET-two-{own}");
        scratch.write("assets/a.txt", &two);
        let told = build_with(&watching, &two);
        assert_eq!(told.because, [scratch.at("assets/a.txt")]);
        let old = format!("ASSET-old-{own}");
        put(scratch, "assets/a.txt", &old);
        build_with(&watching, &old);
    }
}

#[test]
fn a_build_script_that_writes_sources_comes_to_an_end() {
    let scratch = Scratch::new();
    scratch.write(
        "arcade/build.rs",
        "fn main() {\n    let now = std::time::SystemTime::now();\n    let now = now\
         .duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();\n    std::fs::write(\
         \"src/made.rs\", format!(\"pub const MADE: &str = \\\"MADE-{now}\\\";\\n\")).unwrap();\n}\n",
    );
    scratch.write("arcade/src/made.rs", "");
    let lib = |mark: &str| format!("mod made;\n{}", marked(mark, "made::MADE"));
    scratch.write("arcade/src/lib.rs", &lib("one"));
    let watching = scratch.start();
    let mut builds = 0;
    let file = loop {
        match watching.next() {
            Report::Rewritten { file } => break file,
            Report::Finished(_) => builds += 1,
            _ => {}
        }
    };
    assert_eq!(file, scratch.at("arcade/src/made.rs"));
    assert!(builds < 5, "{builds}");
    // The build that it is told in, and one more that it had caused.
    let mut told = watching.next();
    while !matches!(&told, Report::Finished(it) if !it.stale) {
        assert!(!matches!(told, Report::Rewritten { .. }), "{told}");
        told = watching.next();
    }
    // A save is a build, and it is the last one.
    scratch.write("arcade/src/lib.rs", &lib("two"));
    let told = watching.good_build();
    assert_eq!(told.because, [scratch.at("arcade/src/lib.rs")]);
    assert!(told.has("ARCADE-two-END"));
    let rest = watching.rest();
    assert!(rest.is_empty(), "{rest:#?}");
}

#[test]
fn a_build_script_that_writes_the_same_again_causes_no_build() {
    let scratch = Scratch::new();
    scratch.write(
        "arcade/build.rs",
        "fn main() { std::fs::write(\"src/made.rs\", \"pub const MADE: &str = \\\"MADE\\\";\\n\")\
         .unwrap() }\n",
    );
    scratch.write("arcade/src/made.rs", "pub const MADE: &str = \"MADE\";\n");
    let lib = |mark: &str| format!("mod made;\n{}", marked(mark, "made::MADE"));
    scratch.write("arcade/src/lib.rs", &lib("one"));
    let watching = scratch.start();
    watching.good_build();
    scratch.write("arcade/src/lib.rs", &lib("two"));
    let told = watching.good_build();
    assert_eq!(told.because, [scratch.at("arcade/src/lib.rs")]);
    let rest = watching.rest();
    assert!(rest.is_empty(), "{rest:#?}");
}
