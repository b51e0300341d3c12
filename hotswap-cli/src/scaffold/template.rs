//! The generated texts. They are what a newcomer reads first: files of their own, in `templates/`.

use super::names::{Names, krate};
use super::{Contract, Dependencies};

/// The texts of one module, its interface and its host.
pub(crate) struct Texts<'a> {
    /// The module's package.
    pub(crate) package: &'a str,
    /// The interface's package.
    pub(crate) contract: &'a str,
    pub(crate) names: &'a Names,
    pub(crate) dependencies: &'a Dependencies,
}

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("../../templates/", $name))
    };
}

impl Texts<'_> {
    pub(crate) fn workspace(&self) -> String {
        self.fill(
            &template!("workspace.toml").replace("{{profiles}}\n", template!("profiles.toml")),
        )
    }

    /// The one manifest of a project of a single package.
    pub(crate) fn single(&self) -> String {
        self.fill(&template!("single.toml").replace("{{profiles}}\n", template!("profiles.toml")))
    }

    pub(crate) fn ignored(&self) -> String {
        template!("gitignore").to_owned()
    }

    pub(crate) fn host_manifest(&self, host: &str) -> String {
        self.host_manifest_with(host, "../interface", &["hotswap-core", "signal-hook"])
    }

    fn host_manifest_with(&self, host: &str, contract: &str, others: &[&str]) -> String {
        let own = format!("{} = {{ path = \"{contract}\" }}", self.contract);
        let others = others.iter().map(|it| format!("{it}.workspace = true"));
        let dependencies = sorted([own].into_iter().chain(others).collect());
        manifest(host, "The program that does not stop", "", &dependencies)
    }

    /// `data`: where states are kept, from the host's package.
    pub(crate) fn host(&self, data: &str) -> String {
        let imports = sorted(vec![
            format!("use {}::{};", krate(self.contract), self.names.interface),
            "use hotswap_core::{Config, Host, SlotConfig};".to_owned(),
            "use signal_hook::{consts::TERM_SIGNALS, flag};".to_owned(),
        ]);
        let text = template!("host.rs").replace("{{imports}}", imports.trim_end());
        self.fill(&text.replace("{{data}}", data))
    }

    /// The test of a module with this interface; `command` runs it.
    pub(crate) fn test(&self, command: &str) -> String {
        let Names { interface, module, .. } = self.names;
        let (package, contract) = (krate(self.package), krate(self.contract));
        let mut imports = match package == contract {
            true => vec![format!("use {package}::{{{interface}, {module}}};")],
            false => {
                vec![format!("use {contract}::{interface};"), format!("use {package}::{module};")]
            }
        };
        imports.push("use hotswap_core::harness::Harness;".to_owned());
        let text = template!("test.rs").replace("{{imports}}", sorted(imports).trim_end());
        self.fill(&text.replace("{{cargo_test}}", command))
    }

    pub(crate) fn interface_manifest(&self, abi: &str) -> String {
        let dependencies = format!("hotswap-abi = {abi}\n");
        manifest(self.contract, "What host and module agree on", "", &dependencies)
    }

    pub(crate) fn interface(&self) -> String {
        self.fill(&template!("interface.rs").replace("{{trait}}\n", template!("trait.rs")))
    }

    /// `path`: the interface's, from the module.
    pub(crate) fn module_manifest(&self, path: &str, abi: &str, serde: &str) -> String {
        self.module_manifest_with(
            path,
            vec![format!("hotswap-abi = {abi}"), format!("serde = {serde}")],
        )
    }

    fn module_manifest_with(&self, path: &str, others: Vec<String>) -> String {
        let own = format!("{} = {{ path = {path} }}", self.contract);
        let dependencies = sorted([own].into_iter().chain(others).collect());
        let library = "\n# A library to load; and one to link with, for tests.\n[lib]\n\
                       crate-type = [\"cdylib\", \"rlib\"]\n";
        manifest(self.package, "The part that is replaced", library, &dependencies)
    }

    /// The interface and the module in one file.
    pub(crate) fn single_library(&self) -> String {
        let about = "//! The interface, and the module: the part of the program that is replaced \
                     while it runs.\n//! After a change of the interface, start the program again.";
        let imports = vec![
            "use hotswap_abi::{HotModule, HotState, interface};".to_owned(),
            "use serde::{Deserialize, Serialize};".to_owned(),
        ];
        self.library(
            about,
            imports,
            &format!("{}\n", template!("trait.rs")),
            template!("methods.rs"),
        )
    }

    /// `own`: the interface as it was found, where it existed before.
    pub(crate) fn module(&self, own: Option<&Contract>) -> String {
        let mut imports = match own {
            None => vec![format!("use {}::{};", krate(self.contract), self.names.interface)],
            Some(contract) => contract.imports(),
        };
        imports.push("use hotswap_abi::{HotModule, HotState};".to_owned());
        imports.push("use serde::{Deserialize, Serialize};".to_owned());
        let methods = match own {
            None => template!("methods.rs").to_owned(),
            Some(contract) => contract.methods(),
        };
        let about = "//! The part of the program that is replaced while it runs.";
        self.library(about, imports, "", &methods)
    }

    fn library(&self, about: &str, imports: Vec<String>, own: &str, methods: &str) -> String {
        let text = template!("module.rs").replace("{{about}}", about).replace("{{trait}}", own);
        let text = text.replace("{{methods}}", methods.trim_end());
        self.fill(&text.replace("{{imports}}", sorted(imports).trim_end()))
    }

    fn fill(&self, template: &str) -> String {
        let Dependencies { abi, core, serde, profile } = self.dependencies;
        let Names { interface, module, state } = self.names;
        let table = [
            ("{{package}}", self.package),
            ("{{contract_crate}}", &krate(self.contract)),
            ("{{Interface}}", interface),
            ("{{Module}}", module),
            ("{{State}}", state),
            ("{{abi}}", abi),
            ("{{core}}", core),
            ("{{serde}}", serde),
            ("{{profile}}\n", profile),
            ("{{signal_hook}}", "{ version = \"0.4\", default-features = false }"),
        ];
        table.iter().fold(template.to_owned(), |text, (mark, value)| text.replace(mark, value))
    }
}

/// The texts of a project whose host owns a world, and lends it to the module.
impl Texts<'_> {
    pub(crate) fn world_workspace(&self) -> String {
        let text = template!("world_workspace.toml");
        self.fill(&text.replace("{{profiles}}\n", template!("profiles.toml")))
    }

    pub(crate) fn world_ignored(&self) -> String {
        "/target\n".to_owned()
    }

    pub(crate) fn world_host_manifest(&self, host: &str) -> String {
        self.host_manifest_with(host, "../world", &["hotswap-core"])
    }

    pub(crate) fn world_host(&self) -> String {
        let imports = vec![
            self.world_import(),
            "use hotswap_core::{Config, Host, SlotConfig, host_build};".to_owned(),
        ];
        self.with_imports(template!("world_host.rs"), imports)
    }

    pub(crate) fn world_module_manifest(&self) -> String {
        self.module_manifest_with("\"../world\"", vec!["hotswap-abi.workspace = true".to_owned()])
    }

    pub(crate) fn world_module(&self) -> String {
        let imports = vec![self.world_import(), "use hotswap_abi::HotModule;".to_owned()];
        self.with_imports(template!("world_module.rs"), imports)
    }

    pub(crate) fn world(&self) -> String {
        self.fill(template!("world.rs"))
    }

    fn world_import(&self) -> String {
        let mut names = [self.names.interface.as_str(), "World"];
        names.sort_unstable();
        format!("use {}::{{{}}};", krate(self.contract), names.join(", "))
    }

    fn with_imports(&self, template: &str, imports: Vec<String>) -> String {
        self.fill(&template.replace("{{imports}}", sorted(imports).trim_end()))
    }
}

fn manifest(name: &str, about: &str, library: &str, dependencies: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\ndescription = \"{about}\"\nversion = \"0.1.0\"\n\
         edition = \"2024\"\npublish = false\n{library}\n[dependencies]\n{dependencies}"
    )
}

/// As rustfmt and people sort them.
fn sorted(mut lines: Vec<String>) -> String {
    lines.sort();
    lines.into_iter().map(|line| line + "\n").collect()
}
