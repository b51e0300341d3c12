//! Who signs, and builds that are put there with their signatures.

use std::{
    fs,
    io::Cursor,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use minisign::KeyPair;

use crate::Fixture;

/// Who signs.
pub(super) fn keys() -> &'static KeyPair {
    static KEYS: OnceLock<KeyPair> = OnceLock::new();
    KEYS.get_or_init(|| KeyPair::generate_unencrypted_keypair().expect("a key can be made"))
}

pub(super) fn sign(keys: &KeyPair, build: &Fixture) -> Vec<u8> {
    sign_with(keys, build, "built on Monday")
}

pub(super) fn sign_with(keys: &KeyPair, build: &Fixture, comment: &str) -> Vec<u8> {
    let signed = minisign::sign(None, &keys.sk, Cursor::new(build.bytes()), Some(comment), None);
    signed.expect("it can be signed").to_string().into_bytes()
}

pub(super) fn beside(artifact: &Path) -> PathBuf {
    artifact.with_added_extension("minisig")
}

/// Of a mode that does not depend on the umask.
pub(super) fn put(path: &Path, bytes: &[u8]) {
    let part = path.with_extension("part");
    fs::write(&part, bytes).expect("it can be written");
    mode(&part, 0o644);
    fs::rename(&part, path).expect("it can be renamed");
}

pub(super) fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

/// Nobody else can write there.
pub(super) fn make_sound(folder: &Path, artifact: &Path) {
    mode(folder, 0o700);
    mode(artifact.parent().expect("it lies in a folder"), 0o755);
}

/// The signature first. What lay there before is gone by then, and nobody looks at it any more: it is
/// not that one's.
pub(super) fn deploy(artifact: &Path, build: &Fixture, nobody_looks: impl FnOnce()) {
    let _ = fs::remove_file(artifact);
    nobody_looks();
    put(&beside(artifact), &sign(keys(), build));
    put(artifact, build.bytes());
}
