//! A workspace with a host and many modules that differ from one another; built once.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use crate::support::{cargo, edit, project, target};

/// Built with `cargo build --workspace`.
pub(crate) static ZOO: LazyLock<Zoo> = LazyLock::new(Zoo::build);

pub(crate) struct Zoo {
    pub(crate) root: PathBuf,
}

impl Zoo {
    /// The artifact of a package.
    pub(crate) fn module(&self, package: &str) -> String {
        let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let name = format!("{prefix}{}{suffix}", package.replace('-', "_"));
        path(&target().join("debug").join(name))
    }

    /// A host's executable.
    pub(crate) fn host(&self, profile: &str, name: &str) -> String {
        path(&target().join(profile).join(name))
    }

    fn build() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("zoo-workspace");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let root = project(&folder, "zoo");
        let zoo = Self { root };

        zoo.variant("zoo-same", &[("Hello", "Howdy")]);
        zoo.variant("zoo-renamed", &[("count", "total")]);
        zoo.variant("zoo-demands", &[("interface = Zoo", "interface = Zoo, requires(\"audio\")")]);
        zoo.variant(
            "zoo-migrated",
            &[
                ("(version = 1)", "(version = 2, previous = Old)"),
                ("{HotModule, HotState}", "{HotModule, HotState, Migrate, MigrateError}"),
                ("    count: u64,", "    count: u64,\n    names: Vec<String>,"),
                ("/// The module:", MIGRATION),
            ],
        );
        zoo.variant(
            "zoo-moves",
            &[
                ("#[derive(HotState, ", "#[derive(HotState, hotswap_abi::Movable, "),
                ("state = state", "state = state, moves = state"),
            ],
        );
        zoo.variant("zoo-stateless", &[("state = state", "state = ()")]);

        // The same interface, with one more method.
        zoo.copy("interface", "newer-interface", "zoo-interface");
        edit(
            &zoo.source("newer-interface"),
            "fn tick",
            "fn more(&self) -> u8;\n    /// As before.\n    fn tick",
        );
        zoo.variant(
            "zoo-grown",
            &[
                ("use zoo_interface", "use newer_interface"),
                (
                    "    fn tick(&mut self)",
                    "    fn more(&self) -> u8 {\n        1\n    }\n\n    fn tick(&mut self)",
                ),
            ],
        );
        edit(
            &zoo.root.join("zoo-grown/Cargo.toml"),
            "zoo-interface = { path = \"../interface\" }",
            "newer-interface = { path = \"../newer-interface\" }",
        );

        // A program that opens slots for both.
        edit(
            &zoo.root.join("host/Cargo.toml"),
            "[dependencies]",
            "[dependencies]\nnewer-interface = { path = \"../newer-interface\" }",
        );
        let both = fs::read_to_string(zoo.root.join("host/src/main.rs")).unwrap();
        let opens = "let interrupted = interrupted()?;";
        assert!(both.contains(opens), "{both}");
        let both = both.replace(
            opens,
            &format!(
                "let _newer = host.slot::<dyn newer_interface::Zoo>(\"zoo-grown\")?;\n    {opens}"
            ),
        );
        fs::create_dir_all(zoo.root.join("host/src/bin")).unwrap();
        fs::write(zoo.root.join("host/src/bin/both.rs"), both).unwrap();

        let members = "members = [\"host\", \"interface\", \"module\"";
        edit(
            &zoo.root.join("Cargo.toml"),
            members,
            &format!("{members}, \"zoo-*\", \"newer-interface\""),
        );
        cargo(&zoo.root, &["hotswap", "add", "alien"]).expect(0);
        // What matters is that the linker sees it as a whole, and drops what nobody refers to; the
        // dependencies need no optimiser of their own for that, which takes longer than all else.
        let profile = "\n[profile.lto]\ninherits = \"release\"\ndebug = false\nopt-level = 1\n\
             lto = \"fat\"\nstrip = \"symbols\"\n\n[profile.lto.package.\"*\"]\nopt-level = 0\n";
        let manifest = fs::read_to_string(zoo.root.join("Cargo.toml")).unwrap();
        fs::write(zoo.root.join("Cargo.toml"), manifest + profile).unwrap();
        cargo(&zoo.root, &["build", "--workspace", "--quiet"]).expect(0);
        zoo
    }

    /// A module with some texts replaced.
    fn variant(&self, package: &str, changes: &[(&str, &str)]) {
        self.copy("module", package, "zoo-module");
        for (from, to) in changes {
            edit(&self.source(package), from, to);
        }
    }

    fn copy(&self, from: &str, package: &str, name: &str) {
        let (from, to) = (self.root.join(from), self.root.join(package));
        fs::create_dir_all(to.join("src")).unwrap();
        for file in ["Cargo.toml", "src/lib.rs"] {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
        edit(&to.join("Cargo.toml"), name, package);
    }

    fn source(&self, package: &str) -> PathBuf {
        self.root.join(package).join("src/lib.rs")
    }
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

const MIGRATION: &str = "\
/// What it was.
#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1, name = \"ZooState\")]
pub struct Old {
    count: u64,
}

impl Migrate<Old> for ZooState {
    fn upgrade(old: Old) -> Result<Self, MigrateError> {
        Ok(Self { count: old.count, names: Vec::new() })
    }
}

/// The module:";
