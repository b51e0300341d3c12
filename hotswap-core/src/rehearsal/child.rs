//! The child's side of a rehearsal: it takes its limits, plays the upgrade, and says how it goes.
//!
//! What it rehearses lies in a folder that it has inherited as stdin, which no variable of the
//! environment can name. It dies with its parent, writes no core file, and has no more memory of
//! its own than it was given. What modules print goes to stderr: stdout is the way back to the
//! parent.
//!
//! # Why the limit is on data
//! `RLIMIT_AS` counts what is reserved: allocator arenas, stacks, every mapped file. `RLIMIT_DATA`
//! counts what is private and writable. The peak is the child's own figure: the parent's
//! (`ru_maxrss`) begins with the parent's size where the child was made by `vfork`.

use std::{
    any::Any,
    fs::{self, File},
    io::{self, Write as _},
    os::{
        fd::{AsFd as _, AsRawFd as _},
        unix::fs::MetadataExt as _,
    },
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use hotswap_abi::__private::text::in_full;
use hotswap_abi::__private::{
    compat::Requirement, manifest::Schema, portable::Reader, same_build::Packages,
};
use hotswap_gate::Gate;
use hotswap_loader::{fs::PrivateFolder, steps::Steps};
use hotswap_types::{Phase, escape};
use parking_lot::Mutex;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit,
};

use super::{
    check::Check,
    message::{
        CALLS, CANDIDATE, Call, Drift, OLDER, REQUEST, Request, SCHEMA, SERVING, STATE, Said,
        Stored, frame,
    },
    role::CHILD,
    steps::{Observer, Rehearsal, Replay},
};
use crate::{
    config::{Config, SlotConfig, StateDrift},
    event::{Downgrade, Exit, RehearsalStep},
    instance::Generation,
    plan::Replayed,
    slot::{InterfaceType, SlotCore},
    snapshot::Snapshot,
    trust::Trust,
    upgrade::{Fault, Upgrade},
};

/// Longer than any child lives: the parent kills it.
const FOR_EVER: Duration = Duration::from_secs(1 << 20);
/// What the threads for module code have for their stacks.
const STACKS: u64 = 64 << 20;

/// Rehearses what is in the folder that stdin is, and ends the process.
pub(super) fn run(checks: &[Check]) -> ! {
    let folder = inherited().unwrap_or_else(|why| {
        let text = format!("{CHILD} is set, and this is no rehearsal: {why}\n");
        let _ = io::stderr().write_all(text.as_bytes());
        exit(101)
    });
    let played = catch_unwind(AssertUnwindSafe(|| {
        let voice = Arc::new(Voice::from_stdout()?);
        voice.say(&Said::Here);
        let said = match rehearse(&folder, checks, &voice) {
            Ok(()) => Said::Done,
            Err(Fault { exit, findings, advice, .. }) => {
                let blames_artifact = exit == Exit::Rejected;
                Said::Fails { blames_artifact, findings, advice }
            }
        };
        voice.say(&said);
        io::Result::Ok(())
    }));
    // A panic of ours has been reported by its hook.
    exit(if matches!(played, Ok(Ok(()))) { 0 } else { 101 })
}

/// The folder that the parent has handed over as stdin, which is taken away from everybody else: of
/// this user, and where nobody else can put anything.
fn inherited() -> Result<PathBuf, String> {
    let folder = io::stdin().as_fd().try_clone_to_owned().map(File::from);
    let meta = folder.and_then(|folder| folder.metadata()).map_err(|error| error.to_string())?;
    let (user, mode) = (meta.uid(), meta.mode() & 0o7777);
    let own = rustix::process::geteuid().as_raw();
    if !meta.is_dir() || user != own || mode != 0o700 {
        return Err(format!(
            "expected a folder of user {own}, mode 0700, as stdin, found {} of user {user}, mode \
             {mode:04o}",
            if meta.is_dir() { "one" } else { "something else" }
        ));
    }
    let path = fs::read_link("/proc/self/fd/0").map_err(|error| error.to_string())?;
    let is_there = fs::symlink_metadata(&path)
        .is_ok_and(|there| (there.dev(), there.ino()) == (meta.dev(), meta.ino()));
    if !is_there {
        return Err(format!("{} is another folder by now", escape::path(&path)));
    }
    Trust::Any.check_own_folder(&path).map_err(|writable| writable.to_string())?;
    let nothing = File::open("/dev/null").map_err(|error| error.to_string())?;
    // SAFETY: both numbers are open; nothing in this process owns stdin's.
    if unsafe { libc::dup2(nothing.as_raw_fd(), libc::STDIN_FILENO) } < 0 {
        return Err(io::Error::last_os_error().to_string());
    }
    Ok(path)
}

fn rehearse(folder: &Path, checks: &[Check], voice: &Arc<Voice>) -> Result<(), Fault> {
    let system = |what: &str, error: &dyn std::fmt::Display| {
        let finding = format!("the child  {what}: {error}");
        Fault::cancelled(Phase::Rehearsed, finding, "look after the private folder")
    };
    let read = |name| fs::read(folder.join(name)).map_err(|error| system(name, &error));
    let request = Reader::whole::<Request>(&read(REQUEST)?);
    let request = request.map_err(|error| system(REQUEST, &error))?;
    let schema = read(SCHEMA)?;
    take_limits(&request).map_err(|error| system("its limits", &error))?;
    let deadline = Instant::now() + Duration::from_millis(request.milliseconds).min(FOR_EVER);
    let decoded = Schema::decode(&schema).map_err(|error| system(SCHEMA, &error))?;
    let checks: Vec<_> = checks.iter().filter(|check| check.slot == request.slot).collect();
    if let Some(check) = checks.iter().find(|check| check.interface.schema != schema) {
        let ours = Schema::decode(check.interface.schema);
        let ours = ours.map_or_else(|_| "?".into(), |ours| ours.interface_name().to_owned());
        let theirs = decoded.interface_name();
        return Err(Fault::cancelled(
            Phase::Rehearsed,
            format!("a check of slot {}  calls {ours}, and the slot has {theirs}", request.slot),
            "give probe::Probe::check the slot's interface",
        ));
    }
    // Without a check nothing is called.
    let methods = checks.first().map_or(&[][..], |check| check.interface.methods);
    let known = checks.first().map_or_else(InterfaceType::unknown, |check| check.interface);
    let interface =
        InterfaceType { methods, recordables: known.recordables, ..InterfaceType::unknown() };
    let mut requirement = Requirement::new(decoded.clone());
    requirement.module.clone_from(&request.module);
    requirement.services.clone_from(&request.services);
    requirement.packages = request.packages.as_deref().and_then(Packages::parse);
    let mut config = Config::production()
        .with_state_drift(request.drift.into())
        .with_work_deadline(FOR_EVER)
        .with_pause_deadline(FOR_EVER);
    // Its owner has promised in the parent what that takes.
    config.lends_rust_types = request.lends;
    let candidate = folder.join(CANDIDATE);
    let settings = config.settings(&request.slot, SlotConfig::artifact(&candidate));
    let core = SlotCore::alone(&request.slot, requirement, interface, settings);

    let private = PrivateFolder::new(folder).map_err(|error| system("a folder", &error))?;
    let snapshot = || Snapshot::read(folder.join(STATE));
    let state = match request.state {
        Stored::Nothing => None,
        Stored::Live | Stored::Restored => {
            Some(snapshot().map_err(|error| system(STATE, &in_full(&error)))?)
        }
        Stored::Older(version) => {
            let own = snapshot().map_err(|error| system(STATE, &in_full(&error)))?;
            Some(Snapshot::of_older(own.manifest, version, read(OLDER)?))
        }
    };
    let serving = folder.join(SERVING);
    let all = |core: &Arc<SlotCore>, gate: &Arc<Gate<Generation>>| {
        check_all(&checks, core, gate, request.values)
    };
    let rehearsal = Rehearsal {
        candidate: &candidate,
        serving: request.serving.map_or(Ok(&*serving), Err),
        state,
        restored: request.state == Stored::Restored,
        folder: &private,
        checks: checks.iter().any(|check| check.run.is_some()).then_some(&all),
    };
    let mut upgrade =
        Upgrade { slot: &core, config: &config, steps: &mut Steps::default(), emit: &mut |_| {} };
    let observer: Arc<dyn Observer> =
        Arc::new(Told { voice: Arc::clone(voice), values: request.values });
    let played = upgrade.play(&core, &rehearsal, &observer).and_then(|way_back| {
        voice.say(&Said::back(way_back));
        if !request.replay {
            return Ok(());
        }
        let replayed = if checks.is_empty() {
            let why = format!(
                "the program does not name the interface of slot {0}: \
                 Probe::new().replay::<dyn …>(\"{0}\").serve()",
                request.slot
            );
            Replayed::Not { why }
        } else {
            let calls = Reader::whole::<Vec<Call>>(&read(CALLS)?);
            let calls = calls.map_err(|error| system(CALLS, &error))?;
            // A state in an older version is the artifact's alone.
            let own = match request.state {
                Stored::Older(_) => {
                    Some(snapshot().map_err(|error| system(STATE, &in_full(&error)))?)
                }
                _ => rehearsal.state.clone(),
            };
            let replay = Replay {
                calls: calls.into(),
                state: own,
                recordables: (interface.recordables)().into(),
                methods,
                schema: &decoded,
                values: request.values,
                deadline,
            };
            upgrade.replay(&rehearsal, &replay, &observer)?
        };
        voice.say(&Said::Replayed(replayed));
        Ok(())
    });
    // The process ends here: nothing is unloaded, and nobody waits for threads of modules.
    std::mem::forget(core);
    played
}

impl From<Drift> for StateDrift {
    fn from(drift: Drift) -> Self {
        match drift {
            Drift::Refuse => Self::Refuse,
            Drift::CarryByName => Self::CarryByName,
            Drift::StartAfresh => Self::StartAfresh,
        }
    }
}

/// Tells the parent of the steps.
struct Told {
    voice: Arc<Voice>,
    values: bool,
}

impl Observer for Told {
    fn has_values(&self) -> bool {
        self.values
    }

    fn begins(&self, step: RehearsalStep) {
        self.voice.say(&Said::Begins(step));
    }

    fn ends(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.voice.say(&Said::Ends { took, peak: of_status("VmHWM:").unwrap_or(0) });
    }

    fn went_back(&self, downgrade: Downgrade) {
        self.voice.say(&Said::WentBack(downgrade));
    }

    fn asks(&self, number: u32) {
        self.voice.say(&Said::Asks(number));
    }
}

fn check_all(
    checks: &[&Check],
    core: &Arc<SlotCore>,
    gate: &Arc<Gate<Generation>>,
    values: bool,
) -> Result<(), String> {
    checks.iter().try_for_each(|check| {
        let Some(run) = &check.run else { return Ok(()) };
        let result = catch_unwind(AssertUnwindSafe(|| run(core, gate)));
        match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(in_full(&*error)),
            Err(payload) if values => Err(format!("it panicked: {}", text(&*payload))),
            Err(_) => Err("it panicked".to_owned()),
        }
    })
}

fn text(payload: &(dyn Any + Send)) -> &str {
    match payload.downcast_ref::<String>() {
        Some(text) => text,
        None => payload.downcast_ref::<&str>().copied().unwrap_or("without a text"),
    }
}

/// The way back to the parent.
struct Voice(Mutex<File>);

impl Voice {
    /// Takes stdout away from everybody else.
    fn from_stdout() -> io::Result<Self> {
        let own = io::stdout().as_fd().try_clone_to_owned()?;
        // SAFETY: both numbers are open; nothing in this process owns stdout's.
        if unsafe { libc::dup2(libc::STDERR_FILENO, libc::STDOUT_FILENO) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(Mutex::new(own.into())))
    }

    fn say(&self, said: &Said) {
        // Fails when the parent does not listen any more: it kills this process.
        let _ = self.0.lock().write_all(&frame(said));
    }
}

fn take_limits(request: &Request) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have gone before.
    if getppid().map(Pid::as_raw_nonzero).and_then(|pid| u32::try_from(pid.get()).ok())
        != Some(request.parent)
    {
        exit(0);
    }
    let limit = |resource, most: u64| {
        let Rlimit { maximum, .. } = getrlimit(resource);
        let most = Some(maximum.map_or(most, |maximum| maximum.min(most)));
        setrlimit(resource, Rlimit { current: most, maximum: most })
    };
    limit(Resource::Core, 0)?;
    if let Some(most) = getrlimit(Resource::Nofile).current {
        limit(Resource::Nofile, most)?;
    }
    // The parent kills what takes too long; this is for what it has lost sight of.
    let processors = available_parallelism().map_or(1, |it| it.get() as u64);
    limit(Resource::Cpu, (request.milliseconds / 1000 + 1).saturating_mul(processors))?;
    let has = of_status("VmData:").unwrap_or(0);
    limit(Resource::Data, has.saturating_add(STACKS).saturating_add(request.memory))?;
    Ok(())
}

/// A figure of this process, in bytes.
fn of_status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Ends the process without what is registered for its end: that is code of modules.
fn exit(code: i32) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) }
}
