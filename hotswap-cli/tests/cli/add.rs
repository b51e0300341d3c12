//! One more module: that it runs, what is kept of the workspace's own text, what is refused.

use std::fs;

use crate::support::{Running, cargo, command, edit, files, hotswap, project, scratch};

/// The lines that it says to put into the host make it call the new module.
#[test]
fn an_added_module_runs_when_the_host_was_told() {
    let folder = scratch();
    let root = project(folder.path(), "farm");
    let ran = hotswap(&root.join("module"), &["add", "cow"]).expect(0);
    let ran = ran.says("cow-interface = { path = \"../cow-interface\" }");
    let ran =
        ran.says("use cow_interface::CowPart;").says(".slot(\"cow\", SlotConfig::cargo(\"cow\"))");
    let slot = "let cow = host.slot::<dyn CowPart>(\"cow\")?;";
    ran.says(slot);

    let (manifest, main) = (root.join("host/Cargo.toml"), root.join("host/src/main.rs"));
    let path = "[dependencies]\ncow-interface = { path = \"../cow-interface\" }";
    edit(&manifest, "[dependencies]", path);
    edit(&main, "use farm_interface", "use cow_interface::CowPart;\nuse farm_interface");
    edit(&main, "sources))", "sources).slot(\"cow\", SlotConfig::cargo(\"cow\")))");
    edit(&main, "    while ", &format!("    {slot}\n    while "));
    edit(
        &main,
        "        match",
        "        println!(\"cow: {:?}\", cow.pin_mut().tick());\n        match",
    );
    let cargo = std::env::var_os("CARGO").unwrap();
    let mut run = Running::start(command(cargo, &root).args(["run", "--quiet"]));
    run.line(|line| line == "cow: Ok(\"Hello number 2\")");
    run.line(|line| line == "Hello number 2");
}

#[test]
fn a_module_of_an_interface_that_exists_compiles() {
    let folder = scratch();
    let root = project(folder.path(), "shop");
    let interface = "\
//! What is sold.
use std::collections::BTreeMap;

use hotswap_abi::{Portable, interface};

/// A thing.
#[derive(Portable, Clone, Debug)]
pub struct Thing { pub name: String }

/// Looks.
#[interface]
pub trait Window { fn look(&self) -> Vec<Thing>; }

/// Sells.
#[interface]
pub trait Shop {
    /// Sells one.
    fn sell(&mut self, thing: Thing, prices: BTreeMap<String, u32>) -> Option<u32>;
    /// Has a body.
    fn is_open(&self) -> bool { true }
}
";
    edit(&root.join("module/src/lib.rs"), "shop_interface::Shop", "shop_interface::Shop as _Shop");
    fs::write(root.join("interface/src/lib.rs"), interface).unwrap();
    let several = hotswap(&root, &["add", "kiosk", "--interface", "shop-interface"]).expect(1);
    several.says("--interface shop-interface::Window (Window, Shop)");
    let ran = hotswap(&root, &["add", "kiosk", "--interface", "shop-interface::Shop"]).expect(0);
    // The host has the interface already.
    assert!(!ran.out.contains("[dependencies]"), "{ran:#?}");
    ran.says("host.slot::<dyn Shop>(\"kiosk\")");
    let module = fs::read_to_string(root.join("kiosk/src/lib.rs")).unwrap();
    assert!(module.contains("use shop_interface::{Shop, Thing};"), "{module}");
    assert!(module.contains("use std::collections::BTreeMap;") && !module.contains("is_open"));
    assert!(!root.join("kiosk-interface").exists());
    cargo(&root, &["build", "--quiet", "-p", "kiosk"]).expect(0);
    cargo(&root, &["fmt", "--check", "-p", "kiosk"]).expect(0);
}

#[test]
fn the_workspaces_own_text_is_kept() {
    let folder = scratch();
    let root = project(folder.path(), "demo");
    let manifest = root.join("Cargo.toml");
    let members = "members = [\"host\", \"interface\", \"module\"]";
    let own = "members = [\n    # ours\n    \"host\", # it runs\n    \"interface\",\n    \"module\", # the last\n]";
    edit(&manifest, members, own);
    let before = fs::read_to_string(&manifest).unwrap();
    hotswap(&root, &["add", "extra", "--interface", "extra-api"]).expect(0);
    let after = fs::read_to_string(&manifest).unwrap();
    let added = "\"module\", # the last\n    \"extra\",\n    \"extra-api\",\n]";
    assert_eq!(after, before.replace("\"module\", # the last\n]", added));
    // A pattern that takes them is enough.
    edit(&manifest, "    \"extra\",\n    \"extra-api\",\n", "    \"ex*\",\n");
    let before = fs::read_to_string(&manifest).unwrap();
    hotswap(&root, &["add", "exit"]).expect(0);
    assert_eq!(fs::read_to_string(&manifest).unwrap(), before);
}

/// Refused with code 1 or 2, and every file is as it was.
#[test]
fn what_would_do_harm_is_refused_and_changes_nothing() {
    let folder = scratch();
    let root = project(folder.path(), "demo");
    fs::create_dir(root.join("taken")).unwrap();
    fs::write(root.join("taken/mine.txt"), "mine").unwrap();
    fs::create_dir(root.join("half-interface")).unwrap();
    fs::write(root.join("half-interface/mine.txt"), "mine").unwrap();
    let before = files(&root);
    let table: [(&[&str], i32, &str); 10] = [
        (&["demo-module"], 1, "has a package demo-module already, in"),
        (&["taken"], 1, "taken exists already"),
        (&["half"], 1, "half-interface exists already"),
        (&["demo"], 1, "has a package demo already"),
        (&["x", "--interface", "demo"], 1, "package demo has no library"),
        (&["x", "--interface", "demo-module"], 1, "found: none"),
        (&["x", "--interface", "demo-interface::Game"], 1, "a trait Game"),
        (&["x", "--interface", "unknown::Game"], 1, "no package unknown"),
        (&["x", "--interface", "x"], 1, "are two packages"),
        (&["a b"], 1, "is no letter"),
    ];
    for (arguments, code, why) in table {
        let ran = hotswap(&root, &[&["add"], arguments].concat()).expect(code);
        assert!(ran.out.is_empty(), "{ran:#?}");
        ran.says(why);
    }
    edit(&root.join("Cargo.toml"), "resolver", "exclude = [\"outside\"]\nresolver");
    hotswap(&root, &["add", "outside"]).expect(1).says("which the workspace excludes");
    edit(&root.join("Cargo.toml"), "exclude = [\"outside\"]\nresolver", "resolver");
    assert_eq!(files(&root), before);

    hotswap(&root, &["add", "twice"]).expect(0);
    let before = files(&root);
    hotswap(&root, &["add", "twice"]).expect(1).says("already");
    assert_eq!(files(&root), before);
    hotswap(folder.path(), &["add", "x"]).expect(2).says("cargo hotswap new NAME");
}

#[test]
fn a_workspace_that_cargo_refuses_is_left_alone() {
    let folder = scratch();
    let root = project(folder.path(), "demo");
    edit(&root.join("Cargo.toml"), "hotswap-core = {", "hotswap-abi2 = {");
    edit(
        &root.join("Cargo.toml"),
        "[workspace.dependencies]\nhotswap-abi = {",
        "[workspace.dependencies]\nhotswap-abi = { optional = true,",
    );
    edit(
        &root.join("Cargo.toml"),
        "members = [\"host\", \"interface\", \"module\"]\n",
        "members = []\n",
    );
    edit(&root.join("Cargo.toml"), "default-members = [\"host\"]\n", "");
    let before = files(&root);
    let ran = hotswap(&root, &["add", "more"]).expect(2);
    assert!(ran.out.is_empty(), "{ran:#?}");
    ran.says("cargo refuses the workspace");
    assert_eq!(files(&root), before);
}
