//! The command line: what can be asked, and the help that teaches it.

#[cfg(unix)]
pub(crate) mod operate;

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use hotswap_core::StateDrift;

const AFTER: &str = "\
A first project:
  cargo hotswap new demo && cd demo && cargo run
  … then edit module/src/lib.rs and save: the program goes on with the new code and the old state.

Before a deployment:
  hotswap check target/release/libarcade.so --against deployed/libarcade.so
  hotswap check target/release/libarcade.so --against deployed/game

A host that runs, and answers where Config::admin says:
  export HOTSWAP_HOST=/run/shop/admin.sock
  hotswap status; hotswap why
  hotswap apply shop new/libshop.so --wait

Exit codes of all commands:
  0  done; the answer is yes
  1  the answer is no (refused, rolled back, not a module, a check failed)
  2  could not be done or judged (wrong arguments, a file that cannot be read)";

/// Replace Rust code in a running program: start a project, look at artifacts, operate a host
#[derive(Debug, Parser)]
#[command(name = "hotswap", version, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(New),
    Add(Add),
    Inspect(Inspect),
    Check(Check),
    Watch(Watch),
    Doctor(Doctor),
    #[cfg(unix)]
    #[command(flatten)]
    Operate(operate::Verb),
    Completions(Completions),
}

/// Make a workspace with a host, an interface and a module that runs at once
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo hotswap new demo
  cargo hotswap new demo --single              # one package
  cargo hotswap new demo --world               # the host owns a struct World, the module gets &mut
  cargo hotswap new demo --path ../hotswap     # a checkout, while there is no release

Exit codes: 0 made, 1 refused (the folder is not empty, the name is none for a crate), 2 not possible")]
pub(crate) struct New {
    /// The workspace's folder; its last part is the name of the program in it
    pub(crate) folder: PathBuf,
    /// One package instead of three: interface and module in src/lib.rs, the host in src/main.rs
    #[arg(long)]
    pub(crate) single: bool,
    /// The state is a struct of any types that the host owns: update(&mut World). Host and module must
    /// be built from the same sources; asks for one unsafe call in the host
    #[arg(long, conflicts_with = "single")]
    pub(crate) world: bool,
    /// Depend on this checkout of hotswap instead of a release
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,
}

/// Add a module to the workspace of this folder, with an interface
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo hotswap add enemies                              # with an interface of its own
  cargo hotswap add boss --interface enemies-interface   # another module of one that exists
  cargo hotswap add hud --interface shared::Overlay      # where the package has several traits

It writes all of it or nothing, and says which lines to put into the host.

Exit codes: 0 added, 1 refused (it exists already, the name is none for a crate), 2 not possible")]
pub(crate) struct Add {
    /// The module's folder and package
    pub(crate) name: String,
    /// The interface's package, with ::Trait where it has several; made where it does not exist
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) interface: Option<String>,
    /// Depend on this checkout of hotswap; unless given, as the workspace does already
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,
}

/// Show what an artifact says of itself; nothing of it runs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hotswap inspect target/debug/libdemo_module.so
  hotswap inspect target/debug/libdemo_module.so --json | jq .states[0].version

Exit codes: 0 shown, 1 the file is no module that a host would load, 2 it cannot be read")]
pub(crate) struct Inspect {
    /// The artifact: a built module
    pub(crate) file: PathBuf,
    /// As a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Give the verdict that a host would give before it loads an artifact
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hotswap check new/libarcade.so --against old/libarcade.so   # would it replace that version?
  hotswap check new/libarcade.so --against target/release/game # would that host take it?
  hotswap check new/libarcade.so --against game --service audio
  hotswap check new/libarcade.so --against game --trust minisign.pub
  hotswap check new/libarcade.so --host /run/game/admin.sock   # would that process take it, now?

Against a module, interfaces and states are compared. Against a host's executable, what the host
was compiled with is found in the file, and the state is not judged: the host does not know it.
A host that runs is asked itself, and knows all of it; it answers with its plan.

Exit codes: 0 it fits, 1 it would be refused, 2 it could not be judged")]
pub(crate) struct Check {
    /// The artifact that is to be loaded
    pub(crate) file: PathBuf,
    /// The module that serves, or the host's executable
    #[cfg_attr(unix, arg(long, value_name = "FILE|HOST", required_unless_present = "host"))]
    #[cfg_attr(not(unix), arg(long, value_name = "FILE|HOST", required = true))]
    pub(crate) against: Option<PathBuf>,
    /// Ask the host that answers at this socket
    #[cfg(unix)]
    #[arg(long, value_name = "SOCKET", conflicts_with_all = ["against", "drift", "service", "trust"])]
    pub(crate) host: Option<PathBuf>,
    /// The user whose host answers there, by name or number
    #[cfg(unix)]
    #[arg(long, value_name = "NAME|UID", value_parser = operate::user, requires = "host")]
    pub(crate) host_user: Option<u32>,
    /// The slot of that host; may be left out where it has one
    #[cfg(unix)]
    #[arg(long, value_name = "NAME", requires = "host")]
    pub(crate) slot: Option<String>,
    /// What the host does with a state whose shape changed under its old version
    #[arg(long, value_name = "POLICY", default_value = "refuse")]
    pub(crate) drift: Drift,
    /// A service that the host offers; given once, others count as missing. Unless given, what
    /// the artifact requires counts as offered
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Vec<String>,
    /// Ask for a signature of this key, as a host with Trust::minisign does: a public key, or a file
    /// with one. May be given several times
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) trust: Vec<String>,
    /// Take signatures of the old form as well, which minisign makes with -l
    #[arg(long, requires = "trust")]
    pub(crate) legacy_signatures: bool,
    /// A user, by number, who may own the artifact and its folders beside root and whoever asks
    #[arg(long, value_name = "UID", requires = "trust")]
    pub(crate) owner: Vec<u32>,
    /// As a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Build modules on every save, and say what an upgrade would mean; without a host
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo hotswap watch                    # every module of this workspace
  cargo hotswap watch arcade --release
  cargo hotswap watch --json | jq 'select(.event == \"artifact\")'

Each good build is compared with the last one that would have been taken. Ctrl-C ends it, and the
cargo that it runs.

Exit codes: 0 ended by a signal, 2 it cannot start")]
pub(crate) struct Watch {
    /// The modules' packages; all of the workspace unless given
    pub(crate) packages: Vec<String>,
    /// Build in the profile release
    #[arg(long, conflicts_with = "profile")]
    pub(crate) release: bool,
    /// Build in this profile instead of dev
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// What the host does with a state whose shape changed under its old version
    #[arg(long, value_name = "POLICY", default_value = "carry")]
    pub(crate) drift: Drift,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Try what hotswap needs on this machine and in this workspace
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo hotswap doctor
  cargo hotswap doctor --json | jq '.findings[] | select(.level != \"ok\")'

Exit codes: 0 nothing failed (there may be warnings), 1 something failed, 2 not possible")]
pub(crate) struct Doctor {
    /// As a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print a script that completes commands in a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hotswap completions bash > ~/.local/share/bash-completion/completions/hotswap
  hotswap completions fish > ~/.config/fish/completions/hotswap.fish")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// A [`StateDrift`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drift {
    /// The artifact is refused (what Config::production does)
    Refuse,
    /// The state is carried by its fields' names (what Config::dev does)
    Carry,
    /// The module starts afresh
    Afresh,
}

impl From<Drift> for StateDrift {
    fn from(drift: Drift) -> Self {
        match drift {
            Drift::Refuse => Self::Refuse,
            Drift::Carry => Self::CarryByName,
            Drift::Afresh => Self::StartAfresh,
        }
    }
}

impl Cli {
    pub(crate) fn parse_as(
        name: &'static str,
        arguments: Vec<OsString>,
    ) -> Result<Self, clap::Error> {
        let mut command = Self::command().bin_name(name);
        let matches = command.try_get_matches_from_mut(arguments)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

/// Under what name the program runs, and its arguments. Cargo calls `cargo-hotswap hotswap …` for
/// `cargo hotswap …`.
pub(crate) fn as_called(mut arguments: Vec<OsString>) -> (&'static str, Vec<OsString>) {
    let program = arguments.first().map(PathBuf::from).unwrap_or_default();
    let is_cargo = program.file_stem().is_some_and(|stem| stem == "cargo-hotswap");
    if is_cargo && arguments.get(1).is_some_and(|first| first == "hotswap") {
        arguments.remove(1);
        return ("cargo hotswap", arguments);
    }
    (if is_cargo { "cargo-hotswap" } else { "hotswap" }, arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn cargo_names_its_subcommand_once_more() {
        let call = |words: &[&str]| as_called(words.iter().map(Into::into).collect());
        let (name, left) = call(&["/bin/cargo-hotswap", "hotswap", "doctor"]);
        assert_eq!((name, left.len()), ("cargo hotswap", 2));
        assert_eq!(call(&["cargo-hotswap", "doctor"]).0, "cargo-hotswap");
        let (name, left) = call(&["hotswap", "hotswap"]);
        assert_eq!((name, left.len()), ("hotswap", 2));
    }
}
