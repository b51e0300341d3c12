//! A host that takes signed artifacts, and where these lie.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use hotswap_core::{
    Config, ErrorKind, Host, Slot, SlotConfig, Trust,
    event::{Exit, Phase, Refusal},
    trust::Minisign,
};
use hotswap_tests::{Fixture, Told, file_name, fixture, patient};
use meter_api::Meter;

use crate::support::Signer;

pub(super) fn meter(label: &str) -> Fixture {
    fixture("meter").told(&format!("label={label}"))
}

/// A folder with one artifact, and who signs it.
pub(super) struct Place {
    pub(super) root: tempfile::TempDir,
    pub(super) signer: Signer,
}

/// A host that serves from it.
pub(super) struct Run {
    pub(super) slot: Slot<dyn Meter>,
    pub(super) host: Host,
    pub(super) told: Told,
}

impl Place {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("app")).unwrap();
        mode(&root.path().join("app"), 0o755);
        Self { root, signer: Signer::new() }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.root.path().join("app")
    }

    pub(super) fn artifact(&self) -> PathBuf {
        self.folder().join(file_name("meter"))
    }

    pub(super) fn signature(&self) -> PathBuf {
        self.artifact().with_added_extension("minisig")
    }

    pub(super) fn put(&self, build: &Fixture) {
        put(&self.artifact(), build.bytes());
    }

    pub(super) fn put_signature(&self, of: &Fixture) {
        put(&self.signature(), self.signer.sign(of).as_bytes());
    }

    /// As the book says: the signature first.
    pub(super) fn deploy(&self, build: &Fixture) {
        self.put_signature(build);
        self.put(build);
    }

    pub(super) fn config(&self) -> Config {
        self.trusting(Trust::minisign([self.signer.key()]).unwrap())
    }

    pub(super) fn trusting(&self, trust: Minisign) -> Config {
        patient().with_trust(trust)
    }

    /// A slot for signed artifacts names its module.
    pub(super) fn slot(&self) -> SlotConfig {
        SlotConfig::artifact(self.artifact()).with_module("meter")
    }

    /// Where keys are named, and what is revoked.
    pub(super) fn keys(&self, entries: &str) -> PathBuf {
        let path = self.root.path().join("keys");
        put(&path, entries.as_bytes());
        path
    }

    pub(super) fn start(config: Config) -> Run {
        let host = Host::new(config).unwrap();
        let told = Told::of(&host);
        let slot = host.slot::<dyn Meter>("meter").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(told.live().generation, 1);
        Run { slot, host, told }
    }

    pub(super) fn run(&self) -> Run {
        self.deploy(&meter("first"));
        Self::start(self.config().slot("meter", self.slot()))
    }
}

/// Of a mode that does not depend on the umask of whoever runs the test.
pub(super) fn put(path: &Path, bytes: &[u8]) {
    let part = path.with_extension("part");
    fs::write(&part, bytes).unwrap();
    mode(&part, 0o644);
    fs::rename(&part, path).unwrap();
}

pub(super) fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

impl Run {
    #[track_caller]
    pub(super) fn serves(&self, label: &str) {
        assert_eq!(self.slot.pin().label().unwrap(), label);
    }

    /// The next outcome: refused for what its place or its signature is.
    #[track_caller]
    pub(super) fn refused(&self, finding: &str, advice: &str) {
        let refusal = self.told.refused();
        check(&refusal, finding, advice);
    }

    #[track_caller]
    pub(super) fn live(&self, label: &str) {
        let _ = self.told.live();
        self.serves(label);
    }
}

#[track_caller]
pub(super) fn check(refusal: &Refusal, finding: &str, advice: &str) {
    let text = refusal.to_string();
    assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Staged), "{text}");
    assert!(refusal.module.is_none() && refusal.artifact.is_some(), "{text}");
    assert!(refusal.findings.iter().any(|it| it.contains(finding)), "{finding}: {text}");
    assert!(refusal.advice.contains(advice), "{advice}: {text}");
    assert!(text.contains("tried again when the file or its signature changes"), "{text}");
}

#[track_caller]
pub(super) fn not_started(config: Config) -> String {
    let error = Host::new(config).unwrap_err();
    let text = std::iter::successors(Some(&error as &dyn std::error::Error), |it| it.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ");
    assert_eq!(error.kind(), ErrorKind::System, "{text}");
    text
}
