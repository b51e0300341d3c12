//! How generated packages depend on hotswap and serde: lines for a `Cargo.toml`.

use std::path::{Component, Path, PathBuf};

use cargo_metadata::Package;
use toml_edit::{DocumentMut, Item};

use crate::{Error, workspace::Workspace};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The right-hand sides of `hotswap-abi = …` and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependencies {
    pub(crate) abi: String,
    pub(crate) core: String,
    pub(crate) serde: String,
    /// One more line for the profile of everything that is depended on.
    pub(crate) profile: &'static str,
}

impl Dependencies {
    /// On a release.
    pub(crate) fn released() -> Self {
        Self {
            abi: format!("{VERSION:?}"),
            core: format!("{VERSION:?}"),
            serde: "{ version = \"1\", features = [\"derive\"] }".to_owned(),
            profile: "",
        }
    }

    /// On a checkout, for a `Cargo.toml` in `from`. A relative path stays relative.
    pub(crate) fn checkout(checkout: &Path, from: &Path) -> Result<Self, Error> {
        let path = |krate: &str| -> Result<String, Error> {
            let folder = checkout.join(krate);
            if !folder.join("Cargo.toml").is_file() {
                return Err(Error::Refused(format!(
                    "{} is no checkout of hotswap: expected {}/Cargo.toml in it",
                    checkout.display(),
                    krate
                )));
            }
            let path = if checkout.is_absolute() { folder } else { relative(&folder, from)? };
            Ok(format!("{{ path = {} }}", quoted(&path)))
        };
        Ok(Self {
            abi: path("hotswap-abi")?,
            core: path("hotswap-core")?,
            // As for a release: cargo compiles incrementally what has a path.
            profile: "incremental = false\n",
            ..Self::released()
        })
    }

    /// As the workspace does already, for a `Cargo.toml` in `from`.
    pub(crate) fn of_workspace(
        workspace: &Workspace,
        manifest: &DocumentMut,
        from: &Path,
    ) -> Result<Self, Error> {
        let released = Self::released();
        let find = |krate: &str, otherwise: String| -> Result<String, Error> {
            if inherited(manifest, krate) {
                return Ok("{ workspace = true }".to_owned());
            }
            let members = workspace.members();
            let used = members.flat_map(|it: &Package| &it.dependencies);
            match used.filter(|it| it.name == krate).min_by_key(|it| it.path.is_none()) {
                None => Ok(otherwise),
                Some(used) => match &used.path {
                    Some(path) => {
                        let path = relative(path.as_std_path(), from)?;
                        Ok(format!("{{ path = {} }}", quoted(&path)))
                    }
                    None => Ok(format!("{:?}", used.req.to_string())),
                },
            }
        };
        let serde = match inherited(manifest, "serde") {
            true => "{ workspace = true, features = [\"derive\"] }".to_owned(),
            false => released.serde.clone(),
        };
        Ok(Self {
            abi: find("hotswap-abi", released.abi.clone())?,
            core: find("hotswap-core", released.core.clone())?,
            serde,
            ..released
        })
    }
}

/// Whether members can say `workspace = true`.
fn inherited(manifest: &DocumentMut, krate: &str) -> bool {
    let table = manifest.get("workspace").and_then(|it| it.get("dependencies"));
    table.and_then(Item::as_table_like).is_some_and(|it| it.contains_key(krate))
}

/// A path as TOML has it.
pub(crate) fn quoted(path: &Path) -> String {
    toml_edit::Value::from(path.to_string_lossy().into_owned()).to_string()
}

/// The way from one folder to another.
pub(crate) fn relative(to: &Path, from: &Path) -> Result<PathBuf, Error> {
    let real = |path: &Path| {
        let path = std::path::absolute(path);
        path.map(|path| plain(&path)).map_err(|error| Error::unable(&error))
    };
    let (to, from) = (real(to)?, real(from)?);
    let shared = to.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    Ok(up.chain(to.components().skip(shared)).collect())
}

/// Without `..`: links on the way are taken for folders, as cargo does.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        if component == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(component);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_between_folders() {
        let table = [
            ("/w/api", "/w/module", "../api"),
            ("/hotswap/core", "/w/demo/host", "../../../hotswap/core"),
            ("/w/demo/x", "/w/demo", "x"),
            ("/w/../v/x", "/w", "../v/x"),
        ];
        for (to, from, wanted) in table {
            assert_eq!(relative(Path::new(to), Path::new(from)).unwrap(), Path::new(wanted));
        }
    }
}
