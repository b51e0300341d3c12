//! Whether host and module come from the same sources and the same compiler: what arguments marked
//! `#[same_build]` rest on. Pure.
//!
//! `#[interface]` describes the build of the crate that it expands in, in both builds of that crate
//! (`hotswap-macros/src/same_build.rs` says how). Here the two descriptions are compared: whatever
//! one has and the other has not, or has otherwise, is a reason to refuse, and so is a description
//! that cannot be trusted.
//!
//! What the interface's crate does not depend on it does not see. So a module and its host describe
//! the [`Packages`] that they are built from, and those that both have are compared as well.

mod files;
mod package;
mod packages;

use std::fmt;

use crate::text::is_obeyed;

pub use files::FileDifference;
pub use packages::{Packages, Retyped};

/// What a doubt is about that another build may not have: sources were changed meanwhile.
const CHANGED: &str = "changed";

/// A description of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    mark: Mark,
    what: String,
    value: String,
    /// Of sources: the files, each with the beginning of its hash.
    files: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// It must be equal.
    Must,
    /// It must be equal where both sides have it.
    May,
    /// The description cannot be trusted.
    Doubt,
}

/// The first difference of two builds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildDifference {
    /// Something differs.
    Value {
        /// What: `profile`, `dependency glam`, `sources of world`.
        what: String,
        /// The host's; `None` where it has no such thing.
        host: Option<String>,
        /// The artifact's; `None` where it has no such thing.
        artifact: Option<String>,
    },
    /// Sources differ, and in which files is known.
    Files(FileDifference),
    /// A side does not know how it was built.
    Doubt {
        /// Whether it is the host's.
        host: bool,
        /// Why.
        why: String,
        /// Whether another build of the same sources may be known: they were changed meanwhile.
        again: bool,
    },
}

impl Build {
    /// Reads a description; `None` if it is none. It is hostile text: it has no control characters
    /// but its own, and is as long as the bytes that are there.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lines = text.strip_suffix('\n')?.split('\n').map(|line| {
            let mut parts = line.split('\t');
            let (what, value) = (parts.next()?, parts.next()?);
            let files = parts.next().unwrap_or_default();
            if parts.next().is_some() {
                return None;
            }
            let (mark, what) = match what.as_bytes().first() {
                Some(b'?') => (Mark::May, &what[1..]),
                Some(b'!') => (Mark::Doubt, &what[1..]),
                _ => (Mark::Must, what),
            };
            if [what, value, files].iter().any(|text| text.contains(is_obeyed)) {
                return None;
            }
            let own = str::to_owned;
            Some(Line { mark, what: own(what), value: own(value), files: own(files) })
        });
        Some(Self { lines: lines.collect::<Option<_>>()? })
    }

    /// What it says, in order: what, and its value.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.iter().map(|line| (line.what.as_str(), line.value.as_str()))
    }

    /// The first difference between a host's build and an artifact's; `None` if both are known and
    /// equal.
    #[must_use]
    pub fn difference(host: &Self, artifact: &Self) -> Option<BuildDifference> {
        for (side, is_host) in [(host, true), (artifact, false)] {
            if let Some(doubt) = side.lines.iter().find(|line| line.mark == Mark::Doubt) {
                let (why, again) = (doubt.value.clone(), doubt.what == CHANGED);
                return Some(BuildDifference::Doubt { host: is_host, why, again });
            }
        }
        let (mut ours, mut theirs) =
            (host.lines.iter().peekable(), artifact.lines.iter().peekable());
        loop {
            // What says better what differs is looked up: the other side may not have it.
            if let Some(line) = ours.next_if(|line| line.mark == Mark::May) {
                if let Some(other) = artifact.instead_of(line, host) {
                    return Some(value(&line.what, Some(&line.value), Some(other)));
                }
                continue;
            }
            if theirs.next_if(|line| line.mark == Mark::May).is_some() {
                continue;
            }
            match (ours.next(), theirs.next()) {
                (None, None) => return None,
                (Some(our), Some(their)) if our.what == their.what => {
                    if our.value != their.value {
                        return Some(our.differs_from(their));
                    }
                }
                (Some(our), their) => {
                    // Which of the two has one more?
                    let more = |line: &Line| artifact.count(&line.what) > host.count(&line.what);
                    return Some(match their.filter(|their| more(their)) {
                        Some(their) => value(&their.what, None, Some(&their.value)),
                        None => value(&our.what, Some(&our.value), None),
                    });
                }
                (None, Some(their)) => return Some(value(&their.what, None, Some(&their.value))),
            }
        }
    }

    fn count(&self, what: &str) -> usize {
        self.lines.iter().filter(|line| line.what == what).count()
    }

    /// What this side has instead of another side's optional line. Of two versions of one package each
    /// has such a line: one that is on both sides is none that differs.
    fn instead_of(&self, line: &Line, other: &Self) -> Option<&str> {
        if self.lines.contains(line) || self.count(&line.what) != other.count(&line.what) {
            return None;
        }
        let same = |it: &&Line| it.mark == Mark::May && it.what == line.what;
        let mut lines = self.lines.iter().filter(same);
        lines.find(|it| !other.lines.contains(it)).map(|it| it.value.as_str())
    }
}

impl Line {
    fn differs_from(&self, other: &Self) -> BuildDifference {
        let files = self.what.strip_prefix("sources of ").and_then(|package| {
            FileDifference::of(package, &self.files, &other.files).map(BuildDifference::Files)
        });
        files.unwrap_or_else(|| value(&self.what, Some(&self.value), Some(&other.value)))
    }
}

fn value(what: &str, host: Option<&str>, artifact: Option<&str>) -> BuildDifference {
    BuildDifference::Value {
        what: what.to_owned(),
        host: host.map(str::to_owned),
        artifact: artifact.map(str::to_owned),
    }
}

impl BuildDifference {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        let what = match self {
            Self::Value { what, .. } => what,
            Self::Files(_) => "sources",
            Self::Doubt { host: false, again: true, .. } => return "build it again",
            Self::Doubt { host: true, again: true, .. } => {
                return "build the host again, and start it again";
            }
            Self::Doubt { .. } => {
                return "build host and module again, both with cargo, and start the host again";
            }
        };
        match what.split(' ').next().unwrap_or_default() {
            "compiler" => "build host and module with one compiler",
            "target" | "--target" => {
                "build host and module for one target, with --target or without"
            }
            "profile" | "cfg" => "build host and module in one profile, with the same flags",
            "features" => "build the module with the host's features (Request::with_features_of)",
            "origin" => "take the package from one place on both sides",
            "settings" => {
                "build both in one environment: the build script has come to other results"
            }
            "module" => {
                "keep the module's crate out of the program, behind a feature of the host's: an edit \
                 would give it two definitions of one type"
            }
            "dependency" => {
                "build the host again, in one workspace with the module, and start it again"
            }
            "build" => {
                "build both in one workspace, with the same flags and the host's features \
                 (Request::with_features_of), and without lto"
            }
            _ => "build the host from the same sources, and start it again",
        }
    }
}

impl fmt::Display for BuildDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { what, host, artifact } => {
                let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".into());
                write!(f, "{what}  host: {}   artifact: {}", side(host), side(artifact))
            }
            Self::Files(files) => files.fmt(f),
            Self::Doubt { host: true, why, .. } => {
                write!(f, "the host's build is not known: {why}")
            }
            Self::Doubt { host: false, why, .. } => {
                write!(f, "the artifact's build is not known: {why}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "--target\tnone\nprofile\tdebuginfo=2\nfeatures of api\tnone\n\
                        ?features of glam\tstd\ndependency glam\t0.29.2\ndependency world\t0.1.0\n\
                        build of glam\t11\nbuild of api\t22\nsources of world\t33\n\
                        sources of api\t44\nsources of core\t55\t1 lib.rs\n";

    #[track_caller]
    fn check(from: &str, to: &str, wanted: &str) {
        assert_eq!(BASE.matches(from).count(), 1, "{from}");
        let (host, artifact) = (Build::parse(BASE).unwrap(), Build::parse(&BASE.replace(from, to)));
        let artifact = artifact.unwrap();
        let text = |difference: Option<BuildDifference>| difference.map(|it| it.to_string());
        assert_eq!(text(Build::difference(&host, &artifact)).unwrap_or_default(), wanted);
        // From the other side it is the same one.
        let back = Build::difference(&artifact, &host);
        assert_eq!(back.is_some(), !wanted.is_empty());
    }

    #[test]
    fn equal_builds_have_no_difference() {
        check("none\nprofile", "none\nprofile", "");
        // A side that does not know a dependency's features yet.
        check("?features of glam\tstd\n", "", "");
    }

    #[test]
    fn two_versions_of_a_package_have_features_of_their_own() {
        let two = |features: &str| {
            let text = format!("features of glam\tlibm\n?features of glam\t{features}");
            Build::parse(&BASE.replace("features of glam\tstd", &text)).unwrap()
        };
        assert_eq!(Build::difference(&two("std"), &two("std")), None);
        let found = Build::difference(&two("std"), &two("rand")).unwrap().to_string();
        assert_eq!(found, "features of glam  host: std   artifact: rand");
        // One of them is not known yet.
        let one = Build::parse(BASE).unwrap();
        assert_eq!(Build::difference(&two("std"), &one), None);
        assert_eq!(Build::difference(&one, &two("std")), None);
    }

    #[test]
    fn the_first_difference_is_named_with_both_sides() {
        check("\tnone\nprofile", "\tx\nprofile", "--target  host: none   artifact: x");
        check("debuginfo=2", "opt-level=3", "profile  host: debuginfo=2   artifact: opt-level=3");
        check("api\tnone", "api\tfast", "features of api  host: none   artifact: fast");
        check("glam\tstd", "glam\trand", "features of glam  host: std   artifact: rand");
        check("0.29.2", "0.29.3", "dependency glam  host: 0.29.2   artifact: 0.29.3");
        check("glam\t11", "glam\t12", "build of glam  host: 11   artifact: 12");
        check(
            "\t33\nsources of api\t44",
            "\t3\nsources of api\t4",
            "sources of world  host: 33   artifact: 3",
        );
        check("\t44\n", "\t4\n", "sources of api  host: 44   artifact: 4");
        // Which files they are, where both sides say so.
        check("\t55\t1 lib.rs\n", "\t5\t2 lib.rs\n", "sources of core  changed: lib.rs");
        check("\t55\t1 lib.rs\n", "\t5\n", "sources of core  host: 55   artifact: 5");
        check("\t55\t1 lib.rs\n", "\t55\n", "");
    }

    #[test]
    fn what_only_one_side_has_is_a_difference() {
        check("dependency world\t0.1.0\n", "", "dependency world  host: 0.1.0   artifact: nothing");
        check("sources of api\t44\n", "", "sources of api  host: 44   artifact: nothing");
        let more = "dependency rand\t0.9.0\ndependency world\t0.1.0\n";
        check(
            "dependency world\t0.1.0\n",
            more,
            "dependency rand  host: nothing   artifact: 0.9.0",
        );
        check("\t44\n", "\t44\nsources of z\t5\n", "sources of z  host: nothing   artifact: 5");
        // Two versions of one package.
        let two = "dependency world\t0.1.0\ndependency world\t0.2.0\n";
        let wanted = "dependency world  host: nothing   artifact: 0.2.0";
        check("dependency world\t0.1.0\n", two, wanted);
    }

    #[test]
    fn a_build_that_is_not_known_equals_none() {
        for (doubt, wanted_again) in [
            ("!\tno compiler of cargo's has expanded it\n", false),
            ("!changed\tlib.rs was\n", true),
        ] {
            let (unknown, known) = (Build::parse(doubt).unwrap(), Build::parse(BASE).unwrap());
            for (host, artifact, wanted) in [(&unknown, &unknown, true), (&known, &unknown, false)]
            {
                let found = Build::difference(host, artifact);
                let Some(BuildDifference::Doubt { host, again, .. }) = found else {
                    panic!("{found:?}")
                };
                assert_eq!((host, again), (wanted, wanted_again));
            }
        }
    }

    #[test]
    fn hostile_text_is_no_description() {
        for text in ["", "\n", "x", "x\n", "x\ty", "x\ty\n\n", "x\ty\tz\tw\n", "x\ty\u{1b}[0m\n"] {
            assert_eq!(Build::parse(text), None, "{text:?}");
        }
        assert!(Build::parse("x\ty\n").is_some());
    }
}
