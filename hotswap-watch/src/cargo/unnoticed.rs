//! Changes that cargo would not notice.
//!
//! To cargo a file is new when it was modified later than what was made of it. So it passes over a
//! file that was put in its place with an older time, by `cp -p`, `rsync -t` or a clock that was
//! set back, and the old code goes on. What cargo has noted of the units that read such a file is
//! taken away, so that it builds these again; the file itself is left as it is.
//!
//! Cargo's notes are the folders `.fingerprint/<package>-<hash>` in its build folder. A unit has a
//! hash there, which it is fresh by, and beside it the names of what it has read. Where the names are
//! gone, all that depends on the unit is built again as well; where the hash is, the unit alone.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use memchr::memmem;
use serde_json::Value;

use super::build_plan::Plan;
use super::scripts::normal;

/// A file that may hold something else than when it was read last.
struct Suspect<'a> {
    path: &'a Path,
    modified: SystemTime,
    /// When something was done to it that was not seen; `None` where it is known to hold something
    /// else.
    touched: Option<SystemTime>,
}

impl Suspect<'_> {
    /// Whether cargo takes it for what it was when something was made of it.
    fn is_hidden(&self, made: SystemTime) -> bool {
        self.modified <= made && self.touched.is_none_or(|touched| touched > made)
    }
}

/// Sees to it that cargo notices: of `changed` it is known that they hold something else, of
/// `others` only the file system may say so.
pub(super) fn forget<'a>(
    plan: &Plan,
    changed: &'a BTreeSet<PathBuf>,
    others: impl Iterator<Item = &'a PathBuf>,
) {
    let modified = |meta: Metadata| meta.modified().unwrap_or(UNIX_EPOCH);
    // What is gone is not always noticed, either.
    let known = changed.iter().map(|path| {
        let modified = fs::metadata(path).map_or(UNIX_EPOCH, modified);
        Suspect { path, modified, touched: None }
    });
    let others = others.filter_map(|path| {
        let meta = fs::metadata(path).ok()?;
        let touched = touched(&meta).filter(|it| Some(it) > meta.modified().ok().as_ref())?;
        Some(Suspect { path, modified: modified(meta), touched: Some(touched) })
    });
    let suspects: Vec<Suspect<'_>> = known.chain(others).collect();
    if suspects.is_empty() {
        return;
    }
    let units = units(plan);
    let scripts = units.iter().filter(|unit| unit.script_is_stale(&suspects));
    let scripts: BTreeSet<&Path> = scripts.map(|unit| unit.package).collect();
    for unit in &units {
        let stale = match &unit.read {
            Some(_) => scripts.contains(unit.package) || unit.is_stale(&suspects, plan),
            None => scripts.contains(unit.package),
        };
        if stale {
            // Without it, cargo builds the unit, and all that depend on it. Fails where another
            // cargo has just written it anew.
            let _ = fs::remove_file(unit.read.as_ref().unwrap_or(&unit.hash));
        }
    }
}

/// What cargo has noted of something that it has compiled, or of a build script that has run.
struct Unit<'a> {
    /// The folder of its package.
    package: &'a Path,
    /// When it was made, or later.
    made: SystemTime,
    /// What it is fresh by.
    hash: PathBuf,
    /// Names of what was read; none for the run of a script.
    read: Option<PathBuf>,
}

impl Unit<'_> {
    fn script_is_stale(&self, suspects: &[Suspect<'_>]) -> bool {
        let mut hidden = suspects.iter().filter(|it| it.is_hidden(self.made)).peekable();
        if self.read.is_some() || hidden.peek().is_none() {
            return false;
        }
        let note = fs::read(self.hash.with_extension("json")).unwrap_or_default();
        hidden.any(|it| script_reads(&note, it.path, self.package))
    }

    fn is_stale(&self, suspects: &[Suspect<'_>], plan: &Plan) -> bool {
        let mut hidden = suspects.iter().filter(|it| it.is_hidden(self.made)).peekable();
        let (Some(read), Some(_)) = (&self.read, hidden.peek()) else { return false };
        let names = fs::read(read).unwrap_or_default();
        hidden.any(|it| names_file(&names, it.path, self.package, plan.owner(it.path)))
    }
}

/// All units of the packages of this plan.
fn units(plan: &Plan) -> Vec<Unit<'_>> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    // `<profile>`, or `<target>/<profile>`.
    let outer: Vec<PathBuf> = entries(&plan.build_folder).map(|entry| entry.path()).collect();
    let inner = outer.iter().flat_map(|folder| entries(folder)).map(|entry| entry.path());
    let folders = outer.iter().cloned().chain(inner).map(|folder| folder.join(".fingerprint"));
    let mut units = Vec::new();
    for entry in folders.flat_map(|folder| entries(&folder).collect::<Vec<_>>()) {
        let name = entry.file_name();
        let Some((name, _)) = name.to_str().and_then(|name| name.rsplit_once('-')) else {
            continue;
        };
        let folder = entry.path();
        let packages = plan.packages.iter().filter(|(_, package)| *package == name);
        for (package, _) in packages {
            let notes = entries(&folder).filter_map(|note| note.file_name().into_string().ok());
            units.extend(
                notes.filter_map(|note| unit(&folder, note.strip_suffix(".json")?, package)),
            );
        }
    }
    units
}

fn unit<'a>(folder: &Path, target: &str, package: &'a Path) -> Option<Unit<'a>> {
    let hash = folder.join(target);
    let is_run = target.starts_with("run-build-script");
    let read = (!is_run).then(|| folder.join(format!("dep-{target}")));
    // What was compiled has the time at which that began.
    let made =
        fs::metadata(read.as_ref().unwrap_or(&hash)).and_then(|meta| meta.modified()).ok()?;
    Some(Unit { package, made, hash, read })
}

/// Whether the compiler has read a file, as far as its name tells: cargo has paths with `..` in
/// them here. One unit too many is built again, one too few is not.
fn names_file(names: &[u8], file: &Path, package: &Path, owner: Option<&Path>) -> bool {
    let Some(name) = file.file_name() else { return false };
    // In another package, with the names of folders down from that one's, since many have `lib.rs`.
    let far = owner.filter(|owner| *owner != package).and_then(Path::parent);
    let name = far.and_then(|above| file.strip_prefix(above).ok()).unwrap_or(Path::new(name));
    memmem::find(names, name.as_os_str().as_encoded_bytes()).is_some()
}

/// Whether a build script depends on a file, as it was noted when it ran.
fn script_reads(note: &[u8], file: &Path, package: &Path) -> bool {
    let note: Value = serde_json::from_slice(note).unwrap_or_default();
    let Some(local) = note["local"].as_array() else { return file.starts_with(package) };
    local.iter().any(|it| match (it["RerunIfChanged"]["paths"].as_array(), &it["Precalculated"]) {
        (Some(paths), _) => {
            let mut paths = paths.iter().filter_map(Value::as_str);
            paths.any(|path| file.starts_with(normal(&package.join(path))))
        }
        (None, Value::Null) => false,
        // It names nothing: all files of the package.
        (None, _) => file.starts_with(package),
    })
}

/// When the file itself, its name or its times were changed last, which nobody can set.
#[cfg(unix)]
fn touched(meta: &Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt as _;
    let seconds = u64::try_from(meta.ctime()).ok()?;
    let nanos = u32::try_from(meta.ctime_nsec()).ok()?;
    UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

#[cfg(not(unix))]
fn touched(_: &Metadata) -> Option<SystemTime> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_time_hides_a_change() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let table = [
            // Known to be another one: only its time counts.
            ((1, None, 2), true),
            ((2, None, 2), true),
            ((3, None, 2), false),
            // Otherwise something must have been done to it since.
            ((1, Some(1), 2), false),
            ((1, Some(3), 2), true),
            ((3, Some(3), 2), false),
        ];
        for ((modified, touched, made), wanted) in table {
            let touched = touched.map(at);
            let suspect = Suspect { path: Path::new("x"), modified: at(modified), touched };
            assert_eq!(suspect.is_hidden(at(made)), wanted, "{modified} {touched:?} {made}");
        }
    }

    #[test]
    fn a_name_says_who_has_read_a_file() {
        let names = b"\x01src/lib.rs\0src/../../assets/a.txt\0../helper/src/text.rs";
        let read = |file: &str, owner: Option<&str>| {
            names_file(names, Path::new(file), Path::new("/w/arcade"), owner.map(Path::new))
        };
        assert!(read("/w/arcade/src/lib.rs", Some("/w/arcade")));
        assert!(read("/w/assets/a.txt", None));
        assert!(read("/w/helper/src/text.rs", Some("/w/helper")));
        assert!(!read("/w/helper/src/lib.rs", Some("/w/helper")));
        assert!(!read("/w/arcade/src/more.rs", Some("/w/arcade")));
    }

    #[test]
    fn a_script_depends_on_what_it_has_named_or_on_all() {
        let reads = |local: &str, file: &str| {
            let note = format!("{{\"rustc\":1,\"local\":[{local}]}}");
            script_reads(note.as_bytes(), Path::new(file), Path::new("/w/arcade"))
        };
        let named = r#"{"RerunIfChanged":{"output":"o","paths":["../levels","data/x.txt"]}}"#;
        assert!(reads(named, "/w/levels/deep/1"));
        assert!(reads(named, "/w/arcade/data/x.txt"));
        assert!(!reads(named, "/w/arcade/data/y.txt"));
        let all = r#"{"Precalculated":"1795992952.6s (src/lib.rs)"}"#;
        assert!(reads(all, "/w/arcade/data/y.txt"));
        assert!(!reads(all, "/w/levels/1"));
        assert!(!reads(r#"{"RerunIfEnvChanged":{"var":"A","val":null}}"#, "/w/arcade/x"));
        assert!(script_reads(b"from the future", Path::new("/w/arcade/x"), Path::new("/w/arcade")));
    }
}
