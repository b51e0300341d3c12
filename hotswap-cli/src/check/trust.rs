//! Whom the host trusts, as it was asked.

use std::{fs::File, io::Read as _, path::PathBuf};

use hotswap_core::{Trust, trust::Minisign};

use crate::args::Check;

/// Of a file of keys, as a host reads it.
const LARGEST: u64 = 1 << 20;

/// What is asked of a signature; `None` where none is asked for.
pub(super) fn asked(asked: &Check) -> Result<Option<Minisign>, String> {
    if asked.trust.is_empty() {
        return Ok(None);
    }
    let (mut keys, mut files) = (Vec::new(), Vec::new());
    for given in &asked.trust {
        match read(given)? {
            Given::Key(key) => keys.push(key),
            Given::File(path) => files.push(path),
        }
    }
    let mut files = files.into_iter();
    let mut minisign = if keys.is_empty() {
        Trust::keys_file(files.next().unwrap_or_default())
    } else {
        Trust::minisign(keys).map_err(|error| error.to_string())?
    };
    minisign = files.fold(minisign, Minisign::with_keys_file);
    if asked.legacy_signatures {
        minisign = minisign.with_legacy_signatures();
    }
    let owners = asked.owner.iter();
    Ok(Some(owners.fold(minisign, |minisign, owner| minisign.with_owner(*owner))))
}

/// What an option names.
enum Given {
    /// A key itself, or the content of the file that has it.
    Key(String),
    /// A file with entries as a host reads them: keys, and what is revoked.
    File(PathBuf),
}

fn read(given: &str) -> Result<Given, String> {
    let Err(no_key) = Trust::minisign([given]) else { return Ok(Given::Key(given.to_owned())) };
    let mut text = String::new();
    File::open(given)
        .and_then(|file| file.take(LARGEST).read_to_string(&mut text))
        .map_err(|error| format!("{no_key}, which is no file that can be read either: {error}"))?;
    match Trust::minisign([&text]) {
        Ok(_) => Ok(Given::Key(text)),
        Err(_) if has_entries(&text) => Ok(Given::File(given.into())),
        Err(error) => Err(format!("the file {given:?}: {error}")),
    }
}

/// Whether a line of the file is a key, or what is revoked.
fn has_entries(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("revoked ") || Trust::minisign([line]).is_ok())
}
