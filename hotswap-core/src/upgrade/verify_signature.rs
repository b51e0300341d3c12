//! The last step of Staged: whether somebody whom the host trusts has signed the private copy. The
//! artifact's bytes mean nothing yet.

use std::path::{Path, PathBuf};

use hotswap_types::{ArtifactHash, Phase, escape};
use memmap2::Mmap;

use super::{Fault, ReadLimits, Retry, StageError, Staged, contents, read_whole};
use crate::trust::{Forged, LARGEST, Minisign, Signed, Trust, Unsigned, Writable, signature_of};

/// A private copy from somebody whom the host trusts, and its bytes.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) staged: Staged,
    pub(crate) bytes: Mmap,
    /// The signature; `None` where none is asked for.
    pub(crate) signed: Option<Signed>,
}

/// Why nobody vouches for an artifact.
#[derive(Debug)]
pub(crate) enum Unverified {
    /// It, or its signature, is being written, or was taken away meanwhile.
    BeingWritten(PathBuf),
    /// It is refused, until its file or its signature changes.
    Refused(Fault),
}

/// Asks for a signature, where the host asks for one.
pub(crate) fn verify_signature(staged: Staged, trust: &Trust) -> Result<Verified, Unverified> {
    let bytes = staged.content().map_err(|error| {
        Unverified::Refused(Fault::cancelled(
            Phase::Staged,
            format!("the private copy {} cannot be read: {error}", escape::path(staged.path())),
            "look after the private folder",
        ))
    })?;
    let signed = match trust {
        Trust::Any => None,
        Trust::Minisign(minisign) => Some(signer(staged.origin(), &bytes, minisign)?),
    };
    Ok(Verified { staged, bytes, signed })
}

/// Who has signed the bytes of the artifact at `origin`, an absolute path.
pub(crate) fn signer(
    origin: &Path,
    bytes: &[u8],
    minisign: &Minisign,
) -> Result<Signed, Unverified> {
    let path = signature_of(origin);
    minisign.check_file(origin).map_err(|writable| match writable.is_missing() {
        // It went away after it was copied.
        true => Unverified::BeingWritten(origin.to_owned()),
        false => place(&writable),
    })?;
    let within = ReadLimits::default().with_limit(LARGEST);
    let (_, signature) = read_whole(&path, within, |_| Ok(Vec::new())).map_err(|error| {
        if error.try_again() {
            Unverified::BeingWritten(path.clone())
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
        refused(format!("signature {}  {forged}", escape::path(&path)), advice, false)
    })?;
    // What is no module is refused for that.
    if let Ok(contents) = contents(bytes) {
        minisign.check_stated(&signed, &contents.manifest).map_err(|why| {
            let advice = "sign it with minisign -S -t \"hotswap-module=… hotswap-version=…\"";
            refused(format!("signature {}  {why}", escape::path(&path)), advice, false)
        })?;
    }
    Ok(signed)
}

/// Whether the signature of an artifact still counts: its key may be over or revoked by now.
pub(crate) fn still_verified(
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

fn unread(path: &Path, error: &StageError) -> Unverified {
    match error {
        StageError::Missing { .. } => refused(
            format!("signature  nothing is at {}", escape::path(path)),
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

fn place(writable: &Writable) -> Unverified {
    refused(writable.to_string(), &writable.advice(), true)
}

fn refused(finding: String, advice: &str, on_request: bool) -> Unverified {
    let fault = Fault::rejected(Phase::Staged, finding, advice);
    Unverified::Refused(Fault { retry: Retry::WhenSigned { on_request }, ..fault })
}
