//! Whom the host trusts, as it was asked.

use std::{fs::File, io::Read as _};

use hotswap_core::{Trust, trust::Minisign};

use crate::args::Check;

/// A public key's file is two lines.
const LARGEST: u64 = 64 << 10;

/// What is asked of a signature; `None` where none is asked for.
pub(super) fn asked(asked: &Check) -> Result<Option<Minisign>, String> {
    if asked.trust.is_empty() {
        return Ok(None);
    }
    let keys = asked.trust.iter().map(|it| key(it)).collect::<Result<Vec<_>, _>>()?;
    let mut minisign = Trust::minisign(keys).map_err(|error| error.to_string())?;
    if asked.legacy_signatures {
        minisign = minisign.with_legacy_signatures();
    }
    let owners = asked.owner.iter();
    Ok(Some(owners.fold(minisign, |minisign, owner| minisign.with_owner(*owner))))
}

/// A key itself, or the content of the file that has it.
fn key(given: &str) -> Result<String, String> {
    let Err(no_key) = Trust::minisign([given]) else { return Ok(given.to_owned()) };
    let mut text = String::new();
    File::open(given)
        .and_then(|file| file.take(LARGEST).read_to_string(&mut text))
        .map_err(|error| format!("{no_key}, which is no file that can be read either: {error}"))?;
    Trust::minisign([&text]).map_err(|error| format!("the file {given:?}: {error}"))?;
    Ok(text)
}
