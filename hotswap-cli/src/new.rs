//! `new`: a workspace that runs at once.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    Error, Outcome,
    args::New,
    say::{self, BOLD, GOOD, styled},
    scaffold::{Dependencies, Draft, Names, Texts, check_name, plain, relative},
};

pub(crate) fn run(program: &str, asked: &New) -> Result<Outcome, Error> {
    let name = asked.folder.file_name().unwrap_or_default().to_string_lossy();
    let name = &*name;
    check_name(name)?;
    let here = env::current_dir().map_err(|error| Error::unable(&error))?;
    let folder = plain(&here.join(&asked.folder));
    check_free(&folder)?;
    let dependencies = match &asked.path {
        None => Dependencies::released(),
        Some(checkout) => Dependencies::checkout(checkout, &folder)?,
    };
    let (package, contract) = match (asked.single, asked.world) {
        (true, _) => (name.to_owned(), name.to_owned()),
        (false, true) => (format!("{name}-module"), format!("{name}-world")),
        (false, false) => (format!("{name}-module"), format!("{name}-interface")),
    };
    let mut names = Names::of(name);
    // That is the struct's.
    if asked.world && names.interface == "World" {
        names = Names::of("world-part");
    }
    let texts = Texts {
        package: &package,
        contract: &contract,
        names: &names,
        dependencies: &dependencies,
    };

    // An empty folder that is there already is filled; else all of it appears at once, with the
    // folders above it that are missing.
    let is_there = |it: &&Path| it.is_dir();
    let root = folder.ancestors().find(is_there).unwrap_or(&here);
    let below = folder.strip_prefix(root).unwrap_or(Path::new(name));
    let mut draft = Draft::below(root)?;
    let files = match (asked.single, asked.world) {
        (true, _) => single(&texts),
        (false, true) => world(&texts, name),
        (false, false) => workspace(&texts, name),
    };
    for (path, text) in files {
        draft.file(below.join(path), &text)?;
    }
    draft.put()?.keep();

    say::message(format_args!(
        "{} {name}: a host, {} and a module in {}{}",
        styled(GOOD, "made"),
        if asked.world { "its world" } else { "an interface" },
        if asked.single { "one package, " } else { "" },
        shown(&folder, &here),
    ));
    if asked.path.is_none() {
        say::message(
            "note: it depends on a release of hotswap; while there is none, make it with --path \
             and a checkout",
        );
    }
    say::result(&format!(
        "\n  {}\n\nThen change the text in {} and save: the program goes on with the new code, \
         and the count stays.\n\nOne more module: {program} add NAME",
        styled(BOLD, format!("cd {} && cargo run", asked.folder.display())),
        styled(BOLD, if asked.single { "src/lib.rs" } else { "module/src/lib.rs" }),
    ));
    Ok(Outcome::Done)
}

/// Three packages.
fn workspace(texts: &Texts<'_>, name: &str) -> Vec<(&'static str, String)> {
    let inherited = "{ workspace = true }";
    let module = texts.module_manifest("\"../interface\"", inherited, inherited);
    let for_tests = "\n[dev-dependencies]\nhotswap-core.workspace = true\n";
    vec![
        ("Cargo.toml", texts.workspace()),
        (".gitignore", texts.ignored()),
        ("host/Cargo.toml", texts.host_manifest(name)),
        ("host/src/main.rs", texts.host("/../data")),
        ("interface/Cargo.toml", texts.interface_manifest(inherited)),
        ("interface/src/lib.rs", texts.interface()),
        ("module/Cargo.toml", module + for_tests),
        ("module/src/lib.rs", texts.module(None)),
        ("module/tests/state.rs", texts.test("cargo test --workspace")),
    ]
}

/// Three packages: the interface is the world's.
fn world(texts: &Texts<'_>, name: &str) -> Vec<(&'static str, String)> {
    vec![
        ("Cargo.toml", texts.world_workspace()),
        (".gitignore", texts.world_ignored()),
        ("host/Cargo.toml", texts.world_host_manifest(name)),
        ("host/src/main.rs", texts.world_host()),
        ("module/Cargo.toml", texts.world_module_manifest()),
        ("module/src/lib.rs", texts.world_module()),
        ("world/Cargo.toml", texts.interface_manifest("{ workspace = true }")),
        ("world/src/lib.rs", texts.world()),
    ]
}

/// One package.
fn single(texts: &Texts<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("Cargo.toml", texts.single()),
        (".gitignore", texts.ignored()),
        ("src/lib.rs", texts.single_library()),
        ("src/main.rs", texts.host("/data")),
        ("tests/state.rs", texts.test("cargo test")),
    ]
}

/// That the folder does not exist, or is empty.
fn check_free(folder: &Path) -> Result<(), Error> {
    if fs::symlink_metadata(folder).is_err() {
        return Ok(());
    }
    let refused = |why: &str| Err(Error::Refused(format!("{} {why}", folder.display())));
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => refused("exists and is not empty: take another name, or another folder"),
        },
        Err(_) => refused("exists and is no folder that can be read: take another name"),
    }
}

fn shown(folder: &Path, here: &Path) -> String {
    relative(folder, here).unwrap_or_else(|_| PathBuf::from(folder)).display().to_string()
}
