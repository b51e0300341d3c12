//! The first build begins with what was compiled for the host.
//!
//! Host and modules share most of their dependencies. What cargo has compiled of these for the host
//! is copied into the builder's folder while that does not exist yet, with the times that cargo
//! compares. Cargo then judges each unit as it judges its own: one with other features, flags or
//! another compiler has another hash and is compiled, and so is one that a killed cargo has left
//! behind. So nothing that is copied, or not, makes a build wrong: a seed only saves time, and
//! where it fails, everything is compiled.
//!
//! The folder appears all at once, by a rename of a draft. While it is copied, cargo's lock on the
//! host's folder is shared, so that nothing changes in there; a cargo that holds it is waited for as
//! long as `limits::OTHER_CARGO`. Two builders take turns, by a lock on a file of their own: a draft
//! that is there when one has it was left by a process that was killed.
//!
//! Copied are the units of packages in the plan, the newest first and up to a bound, because a
//! target folder may hold the builds of years. Files are copied and not linked: cargo writes some in
//! place.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::Profile;
use super::build_plan::Plan;
use super::limits::OTHER_CARGO;

/// In the builder's folder.
const DRAFT: &str = ".seed";
const LOCK: &str = ".seed-lock";

/// No unit is begun when so many bytes have been copied.
const MOST_BYTES: u64 = 2 << 30;

const PAUSE: Duration = Duration::from_millis(20);

/// Gives a builder's folder that does not exist what was compiled for the host, as far as that can
/// be had.
pub(super) fn seed(plan: &Plan, profile: &Profile) {
    let draft = plan.build_folder.join(DRAFT);
    let mut places = places(&plan.host_build_folder, profile.folder());
    places.retain(|place| !plan.build_folder.join(place).exists());
    // Whatever fails, cargo compiles what is missing.
    if !(places.is_empty() && fs::symlink_metadata(&draft).is_err()) {
        let _ = plant(plan, &places, &draft);
    }
}

fn plant(plan: &Plan, places: &[PathBuf], draft: &Path) -> io::Result<()> {
    let until = Instant::now() + OTHER_CARGO;
    let (from, to) = (&plan.host_build_folder, &plan.build_folder);
    fs::create_dir_all(to)?;
    let own = File::create(to.join(LOCK))?;
    locked(|| own.try_lock(), until)?;
    remove(draft)?;
    for place in places.iter().filter(|place| !to.join(place).exists()) {
        let copied = copy_units(&from.join(place), draft, &plan.compiled, until).and_then(|()| {
            let to = to.join(place);
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::rename(draft, to)
        });
        if copied.is_err() {
            remove(draft)?;
        }
        copied?;
    }
    // What cargo knows of the compiler, and that none of this is worth a backup.
    for file in [".rustc_info.json", "CACHEDIR.TAG"] {
        if !to.join(file).exists() && fs::copy(from.join(file), draft).is_ok() {
            fs::rename(draft, to.join(file))?;
        }
    }
    Ok(())
}

/// Where cargo has compiled for the host, from its folder on: the profile's folder, and one in that
/// of a platform that was asked for, as `x86_64-unknown-linux-gnu`.
fn places(from: &Path, profile: &str) -> Vec<PathBuf> {
    let is_platform = |name: &OsStr| {
        name.to_str().is_some_and(|name| name.bytes().filter(|&byte| byte == b'-').count() >= 2)
    };
    let platforms = entries(from).map(|entry| entry.file_name()).filter(|name| is_platform(name));
    let places = platforms.map(|name| Path::new(&name).join(profile));
    let places = std::iter::once(PathBuf::from(profile)).chain(places);
    places.filter(|place| from.join(place).join(".fingerprint").is_dir()).collect()
}

/// A unit that cargo has compiled for a package, in `<package>-<hash>`.
struct Unit<'a> {
    package: &'a str,
    hash: String,
    made: SystemTime,
}

/// Copies the units of these packages from one profile's folder into another.
fn copy_units(
    from: &Path,
    to: &Path,
    packages: &BTreeSet<String>,
    until: Instant,
) -> io::Result<()> {
    let lock = File::open(from.join(".cargo-lock"))?;
    locked(|| lock.try_lock_shared(), until)?;
    let units = units(&from.join(".fingerprint"), packages);
    let mut compiled = compiled(&from.join("deps"), &units);
    for folder in ["deps", "build", ".fingerprint"] {
        fs::create_dir_all(to.join(folder))?;
    }
    let mut bytes = 0;
    for (at, unit) in units.iter().enumerate() {
        if bytes > MOST_BYTES {
            break;
        }
        let folder = format!("{}-{}", unit.package, unit.hash);
        let folders = ["build", ".fingerprint"].map(|above| Path::new(above).join(&folder));
        let files = compiled.remove(&at).into_iter().flatten();
        let files = files.map(|file| Path::new("deps").join(file));
        for path in files.chain(folders.into_iter().filter(|it| from.join(it).is_dir())) {
            bytes += copy(&from.join(&path), &to.join(&path))?;
        }
    }
    Ok(())
}

/// The units of these packages, the newest first, without programs and tests.
fn units<'a>(notes: &Path, packages: &'a BTreeSet<String>) -> Vec<Unit<'a>> {
    let mut units: Vec<Unit<'_>> = entries(notes)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (package, hash) = name.rsplit_once('-')?;
            let package = packages.get(package)?;
            let is_wanted = entries(&entry.path()).any(|note| {
                let (note, kinds) = (note.file_name(), ["lib-", "build-script-", "run-build-"]);
                kinds.iter().any(|kind| note.to_string_lossy().starts_with(kind))
            });
            let made = entry.metadata().and_then(|meta| meta.modified()).ok()?;
            is_wanted.then(|| Unit { package, hash: hash.to_owned(), made })
        })
        .collect();
    units.sort_by_key(|unit| Reverse(unit.made));
    units
}

/// What the compiler has written for each of these units: `lib<crate>-<hash>.rlib` and its like. A
/// cdylib and what lies beside it have no hash; of such a unit cargo keeps one note, the last.
fn compiled(folder: &Path, units: &[Unit<'_>]) -> HashMap<usize, Vec<OsString>> {
    let mut owners: HashMap<String, usize> = HashMap::new();
    for (at, unit) in units.iter().enumerate() {
        owners.insert(unit.hash.clone(), at);
        owners.entry(unit.package.replace('-', "_")).or_insert(at);
    }
    let mut compiled: HashMap<usize, Vec<OsString>> = HashMap::new();
    for file in entries(folder).map(|entry| entry.file_name()) {
        let Some(stem) = Path::new(&file).file_stem().and_then(OsStr::to_str) else { continue };
        let (_, end) = stem.rsplit_once('-').unwrap_or(("", stem));
        let owner = owners.get(end).or_else(|| owners.get(end.strip_prefix("lib")?));
        if let Some(&owner) = owner {
            compiled.entry(owner).or_default().push(file);
        }
    }
    compiled
}

/// Copies a file, a link or a folder with the times of its files, and says how many bytes that were.
fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    let meta = fs::symlink_metadata(from)?;
    if meta.is_dir() {
        fs::create_dir_all(to)?;
        return fs::read_dir(from)?
            .map(|entry| entry.and_then(|it| copy(&it.path(), &to.join(it.file_name()))))
            .sum();
    }
    if meta.is_symlink() {
        return link(&fs::read_link(from)?, to).map(|()| 0);
    }
    let bytes = fs::copy(from, to)?;
    // A file that is read-only takes a time as well, on Unix.
    let copied = File::options().write(true).open(to).or_else(|_| File::open(to))?;
    copied.set_modified(meta.modified()?)?;
    Ok(bytes)
}

#[cfg(unix)]
fn link(original: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(original, to)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Waits for a lock.
fn locked(
    try_lock: impl Fn() -> Result<(), TryLockError>,
    until: Instant,
) -> Result<(), TryLockError> {
    loop {
        match try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(PAUSE),
            done => return done,
        }
    }
}

fn remove(draft: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(draft) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(draft),
        Ok(_) => fs::remove_file(draft),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten()
}
