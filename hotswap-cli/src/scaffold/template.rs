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
        self.fill(template!("workspace.toml"))
    }

    pub(crate) fn ignored(&self) -> String {
        template!("gitignore").to_owned()
    }

    pub(crate) fn host_manifest(&self, host: &str) -> String {
        let own = format!("{} = {{ path = \"../interface\" }}", self.contract);
        let dependencies = sorted(vec![own, "hotswap-core.workspace = true".to_owned()]);
        manifest(host, "The program that does not stop", "", &dependencies)
    }

    pub(crate) fn host(&self) -> String {
        let own = format!("use {}::{};", krate(self.contract), self.names.interface);
        let imports = sorted(vec![own, "use hotswap_core::{Config, Host, SlotConfig};".to_owned()]);
        self.fill(&template!("host.rs").replace("{{imports}}", imports.trim_end()))
    }

    pub(crate) fn interface_manifest(&self, abi: &str) -> String {
        let dependencies = format!("hotswap-abi = {abi}\n");
        manifest(self.contract, "What host and module agree on", "", &dependencies)
    }

    pub(crate) fn interface(&self) -> String {
        self.fill(template!("interface.rs"))
    }

    /// `path`: the interface's, from the module.
    pub(crate) fn module_manifest(&self, path: &str, abi: &str, serde: &str) -> String {
        let dependencies = sorted(vec![
            format!("{} = {{ path = {path} }}", self.contract),
            format!("hotswap-abi = {abi}"),
            format!("serde = {serde}"),
        ]);
        let library = "\n# A library to load; and one to link with, for tests.\n[lib]\n\
                       crate-type = [\"cdylib\", \"rlib\"]\n";
        manifest(self.package, "The part that is replaced", library, &dependencies)
    }

    /// `own`: the interface as it was found, where it existed before.
    pub(crate) fn module(&self, own: Option<&Contract>) -> String {
        let mut imports = match own {
            None => vec![format!("use {}::{};", krate(self.contract), self.names.interface)],
            Some(contract) => contract.imports(),
        };
        imports.push(
            "use hotswap_abi::{Context, HotModule, HotState, Module, ModuleError, Start};"
                .to_owned(),
        );
        imports.push("use serde::{Deserialize, Serialize};".to_owned());
        let methods = match own {
            None => template!("methods.rs").to_owned(),
            Some(contract) => contract.methods(),
        };
        let text = template!("module.rs").replace("{{methods}}", methods.trim_end());
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
            ("{{profile}}", profile),
        ];
        table.iter().fold(template.to_owned(), |text, (mark, value)| text.replace(mark, value))
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
