//! The last step of Staged: whether somebody whom the host trusts has signed the private copy. The
//! artifact's bytes mean nothing yet.

use std::path::{Path, PathBuf};

use hotswap_types::{ArtifactHash, Phase, escape::shown};
use memmap2::Mmap;

use super::{Fault, Retry, StageError, Staged, Within, contents, read_whole};
use crate::trust::{Forged, LARGEST, Minisign, Signed, Trust, Unsigned, Writable, signature_of};

/// A private copy from somebody whom the host trusts, and its bytes.
#[derive(Debug)]
pub(crate) struct Vouched {
    pub(crate) staged: Staged,
    pub(crate) bytes: Mmap,
    /// The signature; `None` where none is asked for.
    pub(crate) signed: Option<Signed>,
}

/// Why nobody vouches for an artifact.
#[derive(Debug)]
pub(crate) enum Unvouched {
    /// It, or its signature, is being written, or was taken away meanwhile.
    BeingWritten(PathBuf),
    /// It is refused, until its file or its signature changes.
    Refused(Fault),
}

/// Asks for a signature, where the host asks for one.
pub(crate) fn vouch(staged: Staged, trust: &Trust) -> Result<Vouched, Unvouched> {
    let bytes = staged.content().map_err(|error| {
        Unvouched::Refused(Fault::cancelled(
            Phase::Staged,
            format!("the private copy {} cannot be read: {error}", shown(staged.path())),
            "look after the private folder",
        ))
    })?;
    let signed = match trust {
        Trust::Any => None,
        Trust::Minisign(minisign) => Some(signer(staged.origin(), &bytes, minisign)?),
    };
    Ok(Vouched { staged, bytes, signed })
}

/// Who has signed the bytes of the artifact at `origin`, an absolute path.
pub(crate) fn signer(
    origin: &Path,
    bytes: &[u8],
    minisign: &Minisign,
) -> Result<Signed, Unvouched> {
    let path = signature_of(origin);
    minisign.check_file(origin).map_err(|writable| match writable.is_missing() {
        // It went away after it was copied.
        true => Unvouched::BeingWritten(origin.to_owned()),
        false => place(&writable),
    })?;
    let within = Within::default().with_limit(LARGEST);
    let (_, signature) = read_whole(&path, within, |_| Ok(Vec::new())).map_err(|error| {
        if error.try_again() {
            Unvouched::BeingWritten(path.clone())
        } else {
            unread(&path, &error)
        }
    })?;
    minisign.check_file(&path).map_err(|writable| place(&writable))?;
    let signed = minisign.judge(&signature, bytes).map_err(|unsigned| {
        let forged = match unsigned {
            Unsigned::Forged(forged) => forged,
            Unsigned::NoKeys(no_keys) => {
                return refused(no_keys.to_string(), &no_keys.advice, true);
            }
        };
        let advice = match forged {
            Forged::Wrong => {
                "sign this build with minisign -S, or put the build there that it is of"
            }
            Forged::Damaged
            | Forged::Key { .. }
            | Forged::Expired { .. }
            | Forged::Revoked { .. } => "sign it with minisign -S and a trusted key",
            Forged::RevokedArtifact { .. } => "put another build there",
            Forged::Legacy => {
                "sign it again without -l, or allow that with Minisign::with_legacy_signatures"
            }
        };
        refused(format!("signature {}  {forged}", shown(&path)), advice, false)
    })?;
    // What is no module is refused for that.
    if let Ok(contents) = contents(bytes) {
        minisign.check_stated(&signed, &contents.manifest).map_err(|why| {
            let advice = "sign it with minisign -S -t \"hotswap-module=… hotswap-version=…\"";
            refused(format!("signature {}  {why}", shown(&path)), advice, false)
        })?;
    }
    Ok(signed)
}

/// Whether an artifact that was vouched for still is: its key may be over or revoked by now.
pub(crate) fn still_vouched(
    trust: &Trust,
    signed: Option<&Signed>,
    artifact: ArtifactHash,
    phase: Phase,
) -> Result<(), Fault> {
    let (Trust::Minisign(minisign), Some(signed)) = (trust, signed) else { return Ok(()) };
    minisign.still_allows(signed, artifact).map_err(|unsigned| match unsigned {
        Unsigned::NoKeys(no_keys) => Fault::cancelled(phase, no_keys.to_string(), &no_keys.advice),
        Unsigned::Forged(forged) => {
            let finding = format!("signature  {forged} since it was judged");
            Fault::rejected(phase, finding, "sign it with minisign -S and a trusted key")
        }
    })
}

fn unread(path: &Path, error: &StageError) -> Unvouched {
    match error {
        StageError::Missing { .. } => refused(
            format!("signature  nothing is at {}", shown(path)),
            "put its signature there",
            false,
        ),
        error => refused(
            format!("signature  {}", hotswap_abi::__private::text::in_full(error)),
            "mend the file",
            false,
        ),
    }
}

fn place(writable: &Writable) -> Unvouched {
    refused(writable.to_string(), &writable.advice(), true)
}

fn refused(finding: String, advice: &str, on_request: bool) -> Unvouched {
    let fault = Fault::rejected(Phase::Staged, finding, advice);
    Unvouched::Refused(Fault { retry: Retry::WhenSigned { on_request }, ..fault })
}
