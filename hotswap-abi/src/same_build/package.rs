//! A package that something is built from, and in what two builds of it differ.

use super::{BuildDifference, CHANGED, FileDifference, value};

/// One package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// `local`, a registry, or a repository with its revision.
    pub(super) origin: String,
    /// Cargo's hash of the unit.
    build: String,
    /// `?` where they are not known.
    features: String,
    /// What its build script has set, as a hash.
    settings: String,
    sources: String,
    files: String,
    pub(super) types: String,
    /// By others than hotswap.
    pub(super) is_used: bool,
    /// What is doubtful about its sources, and why.
    pub(super) doubt: Option<(String, String)>,
}

/// The origin of packages whose sources may change under one version.
const LOCAL: &str = "local";

/// Features that are not known.
const UNKNOWN: &str = "?";

impl Package {
    pub(super) fn of(parts: &[&str]) -> Option<Self> {
        let (&[name, version, origin, build, features], rest) = parts.split_first_chunk()?;
        let &[settings, sources, files, types, used, doubt, why] = rest else { return None };
        let doubt = (!doubt.is_empty()).then(|| (doubt.to_owned(), why.to_owned()));
        let [name, version, origin, build, features] =
            [name, version, origin, build, features].map(str::to_owned);
        let [settings, sources, files, types] =
            [settings, sources, files, types].map(str::to_owned);
        Some(Self {
            name,
            version,
            origin,
            build,
            features,
            settings,
            sources,
            files,
            types,
            is_used: used == "used",
            doubt,
        })
    }

    pub(super) fn is_local(&self) -> bool {
        self.origin == LOCAL
    }

    /// Whether it is the same package, however it is built.
    pub(super) fn is(&self, other: &Self) -> bool {
        (&self.name, &self.version, &self.origin) == (&other.name, &other.version, &other.origin)
    }

    /// In what the host's build of a package differs from the artifact's.
    pub(super) fn difference(&self, artifact: &Self) -> Option<BuildDifference> {
        // Destructured, so that a new field is decided upon here.
        let Self { name, version, origin: _, build, features, settings, sources, .. } = self;
        let Self { files, types: _, is_used: _, doubt: _, .. } = self;
        for (side, host) in [(self, true), (artifact, false)] {
            if let Some((kind, why)) = &side.doubt {
                let (why, again) = (why.clone(), kind == CHANGED);
                return Some(BuildDifference::Doubt { host, why, again });
            }
        }
        let package = format!("{name} {version}");
        let differs = |what: &str, ours: &str, theirs: &str| {
            (ours != theirs)
                .then(|| value(&format!("{what} of {package}"), Some(ours), Some(theirs)))
        };
        let are_known = features != UNKNOWN && artifact.features != UNKNOWN;
        let of_features = differs("features", features, &artifact.features);
        of_features
            .filter(|_| are_known)
            .or_else(|| {
                let files = FileDifference::of(&package, files, &artifact.files);
                let of_sources = differs("sources", sources, &artifact.sources)?;
                Some(files.map_or(of_sources, BuildDifference::Files))
            })
            .or_else(|| differs("settings", settings, &artifact.settings))
            .or_else(|| differs("build", build, &artifact.build))
    }
}
