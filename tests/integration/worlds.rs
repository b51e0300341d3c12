//! Values of any type, owned by the host and lent to modules of the same build: a host that is a
//! program of its own, in one workspace with its module, as users have it.

use std::time::{Duration, SystemTime};

use hotswap_tests::{
    LONG, target,
    worlds::{Stage, WEATHER, Workspace},
};

#[test]
fn a_world_is_lent_across_upgrades_and_only_to_what_was_built_like_its_host() {
    let workspace = Workspace::new();
    let one = workspace.module(&[]);
    let mut stage = Stage::of(&workspace.host(""), &one, "artifact");
    assert_eq!(stage.line(), "live 1");
    assert_eq!(stage.tick(), "world one=2 1 Position(1) one1");
    assert_eq!(stage.tick(), "world one=4 2 Position(2) one2 one1");

    // The module is another one: it goes on with the world, and calls what the first has left there.
    workspace.edit("scene/src/lib.rs", "\"one\"", "\"two\"");
    let two = workspace.module(&[]);
    assert_eq!(stage.put(&two), "live 2");
    assert_eq!(stage.tick(), "world one=4,two=2 3 Position(3) one3 one2 two1");

    // Whatever else differs is refused, and the first difference named.
    let host = "  host: ";
    workspace.edit("world/src/lib.rs", "pub said: String,", "pub said: String,\n    pub more: u8,");
    let other = workspace.module(&[]);
    stage.refused(&other, "sources of world  changed: src/lib.rs |", "start it again");
    workspace.write(WEATHER, "//! It rains.\n");
    workspace.edit("world/src/lib.rs", "\n    pub more: u8,", "");
    workspace.edit("world/src/lib.rs", "use rates::Rate;", "mod weather;\nuse rates::Rate;");
    let other = workspace.module(&[]);
    let wanted = "world  changed: src/lib.rs   only the artifact's: src/weather.rs |";
    stage.refused(&other, wanted, "start it again");
    workspace.edit("world/src/lib.rs", "mod weather;\n", "");

    let other = workspace.module(&["--features=world/large"]);
    let wanted = "features of world  host: none   artifact: large";
    stage.refused(&other, wanted, "Request::with_features_of");

    let other = workspace.module(&["--config=profile.dev.package.scene-api.opt-level=2"]);
    stage.refused(&other, &format!("profile{host}"), "in one profile");

    workspace.edit("rates/Cargo.toml", "0.1.0", "0.1.1");
    let other = workspace.module(&[]);
    let wanted = "dependency rates  host: 0.1.0   artifact: 0.1.1";
    stage.refused(&other, wanted, "in one workspace");
    workspace.edit("rates/Cargo.toml", "0.1.1", "0.1.0");

    workspace.edit("scene-api/src/lib.rs", "/// One step.", "/// A step.");
    let other = workspace.module(&[]);
    stage.refused(&other, "sources of scene-api  changed: src/lib.rs |", "start it again");
    workspace.edit("scene-api/src/lib.rs", "/// A step.", "/// One step.");

    let other = workspace.module(&["--features=scene/allocator"]);
    stage.refused(&other, "allocator  the artifact does not share the host's", "global_allocator");

    // Cargo compares times, too, and builds such a crate again and again.
    workspace.set_modified("world/src/lib.rs", SystemTime::now() + 100 * LONG);
    let other = workspace.module(&[]);
    let wanted = "src/lib.rs of world has a time in the future";
    stage.refused(&other, wanted, "build host and module again");
    workspace.set_modified("world/src/lib.rs", SystemTime::now());

    let compiler = hotswap_abi::__private::manifest::RUSTC;
    let other = compiler.replace("rustc", "rustd");
    let patched = patched(&one, compiler, &other);
    stage.refused(&patched, &format!("compiler  host: {compiler}   artifact: {other}"), "compiler");

    // After all of it the next good one is taken.
    workspace.edit("scene/src/lib.rs", "\"two\"", "\"six\"");
    assert_eq!(stage.put(&workspace.module(&[])), "live 3");
    assert_eq!(stage.tick(), "world one=4,six=2,two=2 4 Position(4) one4 one3 two2 six1");
    stage.end();
}

/// Replaces a text of the manifest.
fn patched(artifact: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = artifact.to_vec();
    let head =
        [&b"HOTSWAP\0"[..], &hotswap_abi::__private::manifest::FORMAT.to_le_bytes()].concat();
    let manifest = bytes.windows(head.len()).position(|window| window == head).unwrap();
    let found = bytes[manifest..].windows(from.len()).position(|window| window == from.as_bytes());
    let start = manifest + found.unwrap();
    bytes[start..start + to.len()].copy_from_slice(to.as_bytes());
    bytes
}

#[test]
fn what_the_interface_does_not_know_must_be_built_alike_as_well() {
    let workspace = Workspace::new();
    let one = workspace.module(&[]);
    let mut stage = Stage::of(&workspace.host(""), &one, "artifact");
    assert_eq!(stage.line(), "live 1");
    assert_eq!(stage.tick(), "world one=2 1 Position(1) one1");

    let host = "  host: ";
    workspace.edit("parts/src/lib.rs", "Fuel(pub u32)", "Fuel(pub u64)");
    let other = workspace.module(&[]);
    stage.refused(&other, "sources of parts 0.1.0  changed: src/lib.rs |", "start it again");
    workspace.edit("parts/src/lib.rs", "Fuel(pub u64)", "Fuel(pub u32)");

    let other = workspace.module(&["--features=parts/large"]);
    let wanted = "features of parts 0.1.0  host: none   artifact: large";
    stage.refused(&other, wanted, "Request::with_features_of");

    let other = workspace.module(&["--config=profile.dev.package.parts.opt-level=2"]);
    stage.refused(&other, &format!("build of parts 0.1.0{host}"), "in one workspace");

    // A setting of the build script that comes from the environment.
    let mut cargo = workspace.cargo(&["build", "--lib", "-p=scene", "-p=stage"]);
    assert!(cargo.env("PARTS", "wide").status().unwrap().success());
    let other = workspace.built();
    stage.refused(&other, &format!("settings of parts 0.1.0{host}"), "in one environment");

    workspace.edit("parts/Cargo.toml", "0.1.0", "0.1.1");
    let other = workspace.module(&[]);
    let wanted = "dependency parts  host: 0.1.0   artifact: 0.1.1";
    stage.refused(&other, wanted, "in one workspace");
    workspace.edit("parts/Cargo.toml", "0.1.1", "0.1.0");

    // After all of it the next good one is taken.
    workspace.edit("scene/src/lib.rs", "\"one\"", "\"two\"");
    assert_eq!(stage.put(&workspace.module(&[])), "live 2");
    assert_eq!(stage.tick(), "world one=2,two=2 2 Position(2) one2 two1");
    stage.end();
}

#[test]
fn what_no_comparison_finds_is_told_before_the_module_is_loaded() {
    let workspace = Workspace::new();
    let one = workspace.module(&["--features=scene/locks,stage/locks"]);
    let stage = Stage::of(&workspace.host("locks"), &one, "artifact");
    let text = stage.line();
    assert!(text.starts_with("risks scene: "), "{text}");
    assert!(text.contains("high: host and module have parking_lot_core 0.9"), "{text}");
    assert_eq!(stage.line(), "live 1");

    // The next one has the same lock, and a type of its own that it had before, in another form.
    workspace.edit("scene/src/lib.rs", "struct Speaker(u32);", "struct Speaker(u64);");
    let text = stage.put(&workspace.module(&["--features=scene/locks,stage/locks"]));
    let wanted = "high: Speaker of scene changed under the same TypeId";
    assert!(text.starts_with("risks scene: ") && text.contains(wanted), "{text}");
    assert!(!text.contains("parking_lot_core"), "{text}");
    assert_eq!(stage.line(), "live 2");
    stage.end();
}

#[test]
fn a_host_that_does_not_say_how_it_is_built_is_told_what_to_call() {
    let workspace = Workspace::new();
    let module = workspace.module(&[]);
    let stage = Stage::of(&workspace.host(""), &module, "unsaid");
    let text = stage.line();
    assert!(text.starts_with("error Misuse interface Scene of slot scene"), "{text}");
    assert!(text.contains("with_host_build(hotswap_core::host_build!())"), "{text}");
}

#[test]
fn a_module_that_its_host_links_as_well_is_not_loaded() {
    let workspace = Workspace::new();
    let module = workspace.module(&[]);
    let stage = Stage::of(&workspace.host("builtin"), &module, "artifact");
    let text = stage.line();
    let wanted = "module scene  host: linked into the program as well   artifact: 0.1.0";
    assert!(text.starts_with("refused ") && text.contains(wanted), "{text}");
}

#[test]
fn a_host_that_has_not_opted_in_is_told_what_to_call() {
    let workspace = Workspace::new();
    let module = workspace.module(&[]);
    let stage = Stage::of(&workspace.host(""), &module, "closed");
    let text = stage.line();
    assert!(text.starts_with("error Misuse interface Scene of slot scene"), "{text}");
    for wanted in ["Scene::tick(&mut self, world: #[same_build] &mut World)", "lend_rust_types"] {
        assert!(text.contains(wanted), "{text}");
    }
}

#[test]
fn a_module_that_is_linked_in_needs_no_comparison() {
    let workspace = Workspace::new();
    let mut stage = Stage::of(&workspace.host("builtin"), &[], "builtin");
    assert_eq!(stage.line(), "live 1");
    assert_eq!(stage.tick(), "world one=2 1 Position(1) one1");
    stage.end();
}

#[test]
fn the_everyday_loop_runs_a_host_with_cargo_and_builds_its_module_on_save() {
    let workspace = Workspace::new();
    let mut cargo = workspace.cargo(&["run", "-p=stage"]);
    let folder = tempfile::tempdir().unwrap();
    // Where the host has been built: what both depend on is built once.
    cargo.args(["--", "package", "."]).arg(target());
    let mut stage = Stage::start(cargo, folder);
    assert_eq!(stage.line(), "live 1");
    assert_eq!(stage.tick(), "world one=2 1 Position(1) one1");
    workspace.edit("scene/src/lib.rs", "\"one\"", "\"ten\"");
    assert_eq!(stage.line(), "live 2");
    assert_eq!(stage.tick(), "world one=2,ten=2 2 Position(2) one2 ten1");
    // A save of the world: the host must be built and started again, and says so each time.
    for (file, from, to) in [
        ("world/src/lib.rs", "/// A part.", "/// Part one."),
        ("world/src/lib.rs", "/// Part one.", "/// Part two."),
        ("scene/src/lib.rs", "\"ten\"", "\"six\""),
    ] {
        workspace.edit(file, from, to);
        let text = stage.line();
        assert!(text.starts_with("refused "), "{text}");
        assert!(text.contains("sources of world  changed: src/lib.rs"), "{text}");
    }
    // As the host knows it, it is lent again.
    workspace.edit("world/src/lib.rs", "/// Part two.", "/// A part.");
    assert_eq!(stage.line(), "live 3");
    assert_eq!(stage.tick(), "world one=2,six=2,ten=2 3 Position(3) one3 ten2 six1");
    // Saved while it is compiled, with nothing new in it: no other save has to follow.
    workspace.edit("scene/src/lib.rs", "\"six\"", "\"elf\"");
    let text = loop {
        match stage.line_within(Duration::from_millis(1)) {
            Some(line) => break line,
            None => workspace.set_modified("world/src/lib.rs", SystemTime::now()),
        }
    };
    let wanted = "src/lib.rs of world was changed while it was being built";
    assert!(text.starts_with("refused ") && text.contains(wanted), "{text}");
    assert!(text.contains("it is built again by itself"), "{text}");
    assert_eq!(stage.line(), "live 4");
    stage.end();
}
