//! Plans for small workspaces, in cargo's own form.

use cargo_metadata::MetadataCommand;

use super::*;

/// A package: name, source (empty for a path), crate types, what it depends on.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The usual workspace: two modules, an interface, a helper, a crate outside, and the host.
const USUAL: [Row; 7] = [
    ("arcade", "", "cdylib", &["arcade-api", "helper", "serde", "only-tests?"]),
    ("physics", "", "cdylib", &["arcade-api"]),
    ("arcade-api", "", "lib", &["hotswap-abi"]),
    ("helper", "", "lib", &["serde"]),
    ("only-tests", "", "lib", &[]),
    ("serde", REGISTRY, "lib", &[]),
    ("hotswap-abi", REGISTRY, "lib", &[]),
];

fn id(name: &str) -> String {
    format!("path+file:///w/{name}#0.1.0")
}

fn metadata(rows: &[Row]) -> Metadata {
    let packages = rows.iter().map(|(name, source, kind, _)| {
        let source = if source.is_empty() { "null".into() } else { format!("{source:?}") };
        format!(
            r#"{{"name":"{name}","version":"0.1.0","id":"{}","source":{source},"dependencies":[],
            "targets":[
            {{"name":"{name}","kind":["{kind}"],"crate_types":["{kind}"],"src_path":
            "/w/{name}/src/lib.rs"}},
            {{"name":"t","kind":["test"],"crate_types":["bin"],"src_path":
            "/w/{name}/tests/t.rs"}},
            {{"name":"build-script-build","kind":["custom-build"],"crate_types":["bin"],
            "src_path":"/w/{name}/build.rs"}}],
            "features":{{}},"manifest_path":"/w/{name}/Cargo.toml"}}"#,
            id(name)
        )
    });
    let nodes = rows.iter().map(|(name, _, _, needs)| {
        let needs = needs.iter().map(|need| {
            let kind = if need.ends_with('?') { "\"dev\"" } else { "null" };
            let need = need.trim_end_matches('?');
            let name = need.replace('-', "_");
            format!(
                r#"{{"name":"{name}","pkg":"{}","dep_kinds":[{{"kind":{kind},"target":null}}]}}"#,
                id(need)
            )
        });
        let needs: Vec<_> = needs.collect();
        format!(
            r#"{{"id":"{}","dependencies":[],"deps":[{}],"features":[]}}"#,
            id(name),
            needs.join(",")
        )
    });
    let members = rows.iter().filter(|row| row.1.is_empty()).map(|row| format!("{:?}", id(row.0)));
    let text = format!(
        r#"{{"packages":[{}],"workspace_members":[{}],"resolve":{{"nodes":[{}],"root":null}},
        "target_directory":"/w/target","version":1,"workspace_root":"/w","metadata":null}}"#,
        packages.collect::<Vec<_>>().join(","),
        members.collect::<Vec<_>>().join(","),
        nodes.collect::<Vec<_>>().join(",")
    );
    MetadataCommand::parse(text).unwrap()
}

fn request(packages: &[&str]) -> Request {
    packages.iter().fold(Request::new("/w"), |request, name| request.with_package(*name))
}

fn plan(packages: &[&str]) -> Plan {
    Plan::of(&metadata(&USUAL), &request(packages)).unwrap()
}

#[test]
fn a_package_is_watched_with_its_path_dependencies() {
    let plan = plan(&["arcade"]);
    let concerns = |path: &str| plan.watched.has(Path::new(path));
    for path in [
        "/w/arcade/src/lib.rs",
        "/w/arcade/build.rs",
        "/w/arcade/Cargo.toml",
        "/w/arcade-api/src/deep/x.rs",
        "/w/helper/src/lib.rs",
        "/w/Cargo.toml",
        "/w/Cargo.lock",
        "/w/.cargo/config.toml",
        "/w/rust-toolchain.toml",
    ] {
        assert!(concerns(path), "{path}");
    }
    for path in [
        "/w/physics/src/lib.rs",
        "/w/only-tests/src/lib.rs",
        "/w/serde/src/lib.rs",
        "/w/hotswap-abi/src/lib.rs",
        "/w/arcade/tests/t.rs",
        "/w/arcade/README.md",
        "/w/target/debug/x",
    ] {
        assert!(!concerns(path), "{path}");
    }
}

#[test]
fn the_target_folder_is_below_cargos() {
    assert_eq!(plan(&["arcade"]).target_folder, Path::new("/w/target/hotswap"));
    let own = request(&["arcade"]).with_target_folder("out");
    let own = Plan::of(&metadata(&USUAL), &own).unwrap();
    assert_eq!(own.target_folder, Path::new("/w/out"));
}

#[test]
fn a_workspace_below_a_target_folder_is_no_output() {
    let mut metadata = metadata(&USUAL);
    for (target, outputs, others) in [
        ("/w/target", ["/w/target/x", "/w/out/x"], ["/w/levels/1", "/target/x"]),
        ("/", ["/target/x", "/w/out/x"], ["/w/levels/1", "/w/target/x"]),
    ] {
        metadata.target_directory = target.into();
        let request = request(&["arcade"]).with_target_folder("out");
        let plan = Plan::of(&metadata, &request).unwrap();
        for path in outputs {
            assert!(plan.is_output(Path::new(path)), "{target}: {path}");
        }
        for path in others {
            assert!(!plan.is_output(Path::new(path)), "{target}: {path}");
        }
    }
}

#[test]
fn intermediate_files_have_a_folder_of_their_own() {
    let mut metadata = metadata(&USUAL);
    let folder =
        |metadata: &Metadata, request: &Request| Plan::of(metadata, request).unwrap().build_folder;
    let (usual, own) = (request(&["arcade"]), request(&["arcade"]).with_target_folder("out"));
    // An older cargo says nothing; a newer one says the target folder where nothing is configured.
    for build in [None, Some("/w/target".into())] {
        metadata.build_directory = build;
        assert_eq!(folder(&metadata, &usual), Path::new("/w/target/hotswap"));
        assert_eq!(folder(&metadata, &own), Path::new("/w/out"));
    }
    metadata.build_directory = Some("/fast/disk".into());
    assert_eq!(folder(&metadata, &usual), Path::new("/fast/disk/hotswap"));
    assert_eq!(folder(&metadata, &own), Path::new("/w/out"));
}

#[test]
fn a_library_beside_its_manifest_is_watched_without_what_else_is_there() {
    let mut metadata = metadata(&USUAL);
    let root = metadata.packages.iter_mut().find(|p| *p.name == "arcade").unwrap();
    root.manifest_path = "/w/Cargo.toml".into();
    root.targets[0].src_path = "/w/lib.rs".into();
    let plan = Plan::of(&metadata, &request(&["arcade"])).unwrap();
    for path in ["/w/lib.rs", "/w/deep/x.rs", "/w/helper/src/lib.rs"] {
        assert!(plan.watched.has(Path::new(path)), "{path}");
    }
    for path in ["/w/physics/src/lib.rs", "/w/target/x.rs", "/w/tests/t.rs", "/w/helper/x.rs"] {
        assert!(!plan.watched.has(Path::new(path)), "{path}");
    }
}

#[test]
fn the_interface_is_what_depends_on_the_contract_and_is_no_module() {
    let plan = plan(&["arcade", "physics"]);
    assert_eq!(plan.shared.values().collect::<Vec<_>>(), ["arcade-api"]);
    let owner = |path: &str| plan.shared_owner(Path::new(path));
    assert_eq!(owner("/w/arcade-api/src/deep/x.rs"), Some("arcade-api"));
    assert_eq!(owner("/w/arcade-api/Cargo.toml"), Some("arcade-api"));
    assert_eq!(owner("/w/arcade/src/lib.rs"), None);
    assert_eq!(owner("/w/Cargo.toml"), None);

    let named = request(&["arcade"]).with_shared("helper");
    let named = Plan::of(&metadata(&USUAL), &named).unwrap();
    assert_eq!(named.shared.values().collect::<Vec<_>>(), ["helper"]);
}

#[test]
fn packages_are_built_in_the_order_of_the_request_and_once() {
    let plan = plan(&["physics", "arcade", "physics"]);
    let names: Vec<_> = plan.wanted.iter().map(|wanted| wanted.name.as_str()).collect();
    assert_eq!(names, ["physics", "arcade"]);
    assert_eq!(plan.wanted[0].id, id("physics"));
}

#[test]
fn a_mistake_in_the_request_says_what_to_do() {
    let text = |packages: &[&str]| {
        Plan::of(&metadata(&USUAL), &request(packages)).unwrap_err().to_string()
    };
    let known = "arcade, arcade-api, helper, only-tests, physics";
    assert_eq!(
        text(&["arcde"]),
        format!(
            "no package arcde in the workspace of /w; did you mean arcade?; there are: {known}"
        )
    );
    assert_eq!(
        text(&["serde"]),
        format!("no package serde in the workspace of /w; there are: {known}")
    );
    assert_eq!(
        text(&["helper"]),
        "package helper has no library of type cdylib: add\n[lib]\ncrate-type = [\"cdylib\", \
         \"rlib\"]\nto /w/helper/Cargo.toml"
    );
    assert_eq!(text(&[]), "no package to build was named");
}

#[test]
fn the_nearest_name_is_offered_when_it_is_near() {
    let known = ["arcade", "physics-2d", "ui"];
    let table = [
        ("arcad", Some("arcade")),
        ("Arcade", Some("arcade")),
        ("physics_2d", Some("physics-2d")),
        ("phisics-2d", Some("physics-2d")),
        ("u", Some("ui")),
        ("network", None),
    ];
    for (name, wanted) in table {
        assert_eq!(nearest(name, known.into_iter()).as_deref(), wanted, "{name}");
    }
}

#[test]
fn manifests_and_configuration_change_the_plan() {
    let plan = plan(&["arcade"]);
    for path in [
        "/w/a/Cargo.toml",
        "/w/Cargo.lock",
        "/w/.cargo/config.toml",
        "/.cargo/config.toml",
        "/w/rust-toolchain",
    ] {
        assert!(plan.is_plan(Path::new(path)), "{path}");
    }
    for path in ["/w/src/lib.rs", "/w/src/config.toml", "/w/build.rs"] {
        assert!(!plan.is_plan(Path::new(path)), "{path}");
    }
}
