//! `add`: a module in a workspace that exists.

use std::{env, fs, path::Path};

use crate::{
    Error, Outcome,
    args::Add,
    say::{self, BOLD, GOOD, styled},
    scaffold::{
        Contract, Dependencies, Draft, Members, Names, Texts, check_name, krate, quoted, relative,
    },
    workspace::{self, Workspace},
};

/// The interface of the new module.
struct Interface {
    package: String,
    /// Where it lies, from the workspace's root.
    folder: String,
    /// The trait, where it exists.
    found: Option<Contract>,
}

pub(crate) fn run(asked: &Add) -> Result<Outcome, Error> {
    // Everything is looked at before anything is written.
    let name = asked.name.as_str();
    check_name(name)?;
    let here = env::current_dir().map_err(|error| Error::unable(&error))?;
    let workspace = Workspace::of(&here)?;
    let root = workspace.root();
    is_free(&workspace, name)?;
    let interface = interface(&workspace, name, asked.interface.as_deref())?;

    let manifest = root.join("Cargo.toml");
    let refused = |why: String| Error::Refused(format!("{}: {why}", manifest.display()));
    let text = fs::read_to_string(&manifest).map_err(|error| refused(error.to_string()))?;
    let mut members = Members::parse(&text).map_err(|error| refused(error.to_string()))?;
    // From a folder of the workspace; the new packages all lie directly in it.
    let from = root.join(name);
    let dependencies = match &asked.path {
        Some(checkout) => Dependencies::checkout(checkout, &from)?,
        None => Dependencies::of_workspace(&workspace, members.manifest(), &from)?,
    };
    members.add(name).map_err(refused)?;
    let names = match &interface.found {
        Some(contract) => Names::for_interface(name, &contract.name),
        None => Names::of(name),
    };
    let texts = Texts {
        package: name,
        contract: &interface.package,
        names: &names,
        dependencies: &dependencies,
    };

    let mut draft = Draft::below(root)?;
    if interface.found.is_none() {
        members.add(&interface.folder).map_err(refused)?;
        let manifest = texts.interface_manifest(&dependencies.abi);
        draft.file(format!("{}/Cargo.toml", interface.folder), &manifest)?;
        draft.file(format!("{}/src/lib.rs", interface.folder), &texts.interface())?;
    }
    let path = quoted(&relative(&root.join(&interface.folder), &from)?);
    let module = texts.module_manifest(path.trim(), &dependencies.abi, &dependencies.serde);
    draft.file(format!("{name}/Cargo.toml"), &module)?;
    draft.file(format!("{name}/src/lib.rs"), &texts.module(interface.found.as_ref()))?;

    let mut written = draft.put()?;
    if members.to_string() != text {
        written.replace(&manifest, &members.to_string())?;
    }
    // Cargo has the last word; what it refuses is taken back.
    Workspace::of(root)?;
    written.keep();
    tell(&workspace, name, &interface, &names);
    Ok(Outcome::Done)
}

fn is_free(workspace: &Workspace, name: &str) -> Result<(), Error> {
    if let Some(known) = workspace.member(name) {
        return Err(Error::Refused(format!(
            "the workspace has a package {name} already, in {}",
            workspace::folder(known).display()
        )));
    }
    let folder = workspace.root().join(name);
    if fs::symlink_metadata(&folder).is_ok() {
        return Err(Error::Refused(format!("{} exists already", folder.display())));
    }
    Ok(())
}

fn interface(workspace: &Workspace, name: &str, asked: Option<&str>) -> Result<Interface, Error> {
    let own = format!("{name}-interface");
    let (package, wanted) = match asked.unwrap_or(&own).split_once("::") {
        Some((package, wanted)) => (package, Some(wanted)),
        None => (asked.unwrap_or(&own), None),
    };
    if let Some(known) = workspace.member(package) {
        if asked.is_none() {
            return Err(Error::Refused(format!(
                "the workspace has a package {package} already: use it with --interface {package}"
            )));
        }
        let Some(library) = workspace::library(known) else {
            return Err(Error::Refused(format!("package {package} has no library")));
        };
        let found = Contract::read(package, library.src_path.as_std_path(), wanted)?;
        let folder = relative(workspace::folder(known), workspace.root())?;
        return Ok(Interface {
            package: package.to_owned(),
            folder: folder.to_string_lossy().into_owned(),
            found: Some(found),
        });
    }
    if let Some(wanted) = wanted {
        return Err(Error::Refused(format!(
            "the workspace has no package {package}: leave ::{wanted} away to make one"
        )));
    }
    check_name(package)?;
    if package == name {
        return Err(Error::Refused("a module and its interface are two packages".to_owned()));
    }
    is_free(workspace, package)?;
    Ok(Interface { package: package.to_owned(), folder: package.to_owned(), found: None })
}

fn tell(workspace: &Workspace, name: &str, interface: &Interface, names: &Names) {
    let with = match &interface.found {
        Some(_) => format!("a module of {}::{}", interface.package, names.interface),
        None => format!("with the interface {}::{}", interface.package, names.interface),
    };
    say::message(format_args!("{} {name}/, {with}", styled(GOOD, "added")));
    let hosts: Vec<_> = workspace.hosts().collect();
    if hosts.is_empty() {
        let lines = lines(name, interface, names, "", Some("…"));
        say::result(&format!("No package of the workspace is a host yet. In one, write:\n{lines}"));
    }
    for host in hosts {
        let folder = workspace::folder(host);
        let way = |to: &Path, from: &Path| {
            relative(to, from).unwrap_or_else(|_| to.into()).to_string_lossy().into_owned()
        };
        let path = way(&workspace.root().join(&interface.folder), folder);
        let path = (!workspace::depends_on(host, &interface.package)).then_some(path.as_str());
        let shown = format!("{}/", way(folder, workspace.root()));
        let lines = lines(name, interface, names, &shown, path);
        say::result(&format!(
            "Put these lines into the host {}:\n{lines}",
            styled(BOLD, &host.name)
        ));
    }
}

/// What the host needs; `path`: from it to the interface, unless it has that already.
fn lines(
    name: &str,
    interface: &Interface,
    names: &Names,
    host: &str,
    path: Option<&str>,
) -> String {
    let package = &interface.package;
    let dependency = path.map(|path| {
        let path = quoted(Path::new(path));
        format!(
            "\n  {host}Cargo.toml, below [dependencies]:\n    {package} = {{ path = {} }}\n",
            path.trim()
        )
    });
    format!(
        "{}\n  {host}src/main.rs:\n    use {}::{};\n    Config::dev()….slot(\"{name}\", \
         SlotConfig::cargo(\"{name}\"))\n    \
         let {} = host.slot::<dyn {}>(\"{name}\")?;\n",
        dependency.unwrap_or_default(),
        krate(package),
        names.interface,
        krate(name).to_lowercase(),
        names.interface,
    )
}
