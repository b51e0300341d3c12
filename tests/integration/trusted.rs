//! Signed artifacts: whatever is not signed with a trusted key, or lies where others can write, is
//! refused before anything of it is looked at; and is live as soon as it is mended.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use hotswap_core::{
    ArtifactHash, Config, ErrorKind, Host, Slot, Timing, Trust,
    event::{EventKind, Exit, Phase, Refusal},
    trust::Minisign,
};
use hotswap_tests::{Fixture, Told, damage, file_name, fixture, patient, replace};
use meter_api::Meter;

use crate::support::Signer;

fn meter(label: &str) -> Fixture {
    fixture("meter").told(&format!("label={label}"))
}

/// A folder with one artifact, and who signs it.
struct Place {
    root: tempfile::TempDir,
    signer: Signer,
}

/// A host that serves from it.
struct Run {
    slot: Slot<dyn Meter>,
    host: Host,
    told: Told,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("app")).unwrap();
        mode(&root.path().join("app"), 0o755);
        Self { root, signer: Signer::new() }
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("app")
    }

    fn artifact(&self) -> PathBuf {
        self.folder().join(file_name("meter"))
    }

    fn signature(&self) -> PathBuf {
        self.artifact().with_added_extension("minisig")
    }

    fn put(&self, build: &Fixture) {
        put(&self.artifact(), build.bytes());
    }

    fn put_signature(&self, of: &Fixture) {
        put(&self.signature(), self.signer.sign(of).as_bytes());
    }

    /// As the book says: the signature first.
    fn deploy(&self, build: &Fixture) {
        self.put_signature(build);
        self.put(build);
    }

    fn config(&self) -> Config {
        self.trusting(Trust::minisign([self.signer.key()]).unwrap())
    }

    fn trusting(&self, trust: Minisign) -> Config {
        patient().with_trust(trust).module("meter", "meter")
    }

    /// Where keys are named, and what is revoked.
    fn keys(&self, entries: &str) -> PathBuf {
        let path = self.root.path().join("keys");
        put(&path, entries.as_bytes());
        path
    }

    fn start(config: Config) -> Run {
        let host = Host::new(config).unwrap();
        let told = Told::of(&host);
        let slot = host.slot::<dyn Meter>("meter").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(told.live().generation, 1);
        Run { slot, host, told }
    }

    fn run(&self) -> Run {
        self.deploy(&meter("first"));
        Self::start(self.config().artifact("meter", self.artifact()))
    }
}

/// Of a mode that does not depend on the umask of whoever runs the test.
fn put(path: &Path, bytes: &[u8]) {
    let part = path.with_extension("part");
    fs::write(&part, bytes).unwrap();
    mode(&part, 0o644);
    fs::rename(&part, path).unwrap();
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

impl Run {
    #[track_caller]
    fn serves(&self, label: &str) {
        assert_eq!(self.slot.pin().label().unwrap(), label);
    }

    /// The next outcome: refused for what its place or its signature is.
    #[track_caller]
    fn refused(&self, finding: &str, advice: &str) {
        let refusal = self.told.refused();
        check(&refusal, finding, advice);
    }

    #[track_caller]
    fn live(&self, label: &str) {
        let _ = self.told.live();
        self.serves(label);
    }
}

#[track_caller]
fn check(refusal: &Refusal, finding: &str, advice: &str) {
    let text = refusal.to_string();
    assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Staged), "{text}");
    assert!(refusal.module.is_none() && refusal.artifact.is_some(), "{text}");
    assert!(refusal.findings.iter().any(|it| it.contains(finding)), "{finding}: {text}");
    assert!(refusal.advice.contains(advice), "{advice}: {text}");
    assert!(text.contains("tried again when the file or its signature changes"), "{text}");
}

#[test]
fn a_signed_artifact_is_live_and_who_signed_it_is_told() {
    let place = Place::new();
    let run = place.run();
    place.put_signature(&meter("second"));
    place.put(&meter("second"));
    let (key, comment) = run.told.find(|event| match &event.kind {
        EventKind::Signed { key, comment, .. } => Some((key.clone(), comment.clone())),
        EventKind::Phase { phase, .. } => panic!("{phase} comes before the signature"),
        _ => None,
    });
    assert_eq!((key, comment.as_str()), (place.signer.number(), "built on Monday"));
    run.live("second");
}

/// The file that is no library is not called one: nothing was looked at.
#[test]
fn what_is_not_signed_is_refused_before_anything_is_looked_at() {
    let place = Place::new();
    let run = place.run();
    let garbage = meter("x").damaged(|bytes| *bytes = b"#!/bin/sh\n".to_vec());
    fs::remove_file(place.signature()).unwrap();
    place.put(&garbage);
    run.refused("signature  nothing is at ", "put its signature there");
    place.put_signature(&meter("other"));
    run.refused("it is not the signature of this file", "minisign -S");
    put(&place.signature(), Signer::new().sign(&garbage).as_bytes());
    let wanted = format!("trusted keys: {}   signed with: ", place.signer.number());
    run.refused(&wanted, "a trusted key");
    for damaged in [&b"\xff\xff"[..], b"untrusted comment: x\nRW\n"] {
        put(&place.signature(), damaged);
        if damaged[0] == 0xff {
            run.refused("it is no minisign signature", "sign it with minisign -S");
        }
    }
    put(&place.signature(), &vec![b'x'; 17 << 10]);
    run.refused("has 17408 bytes, the limit is 16384", "mend the file");
    fs::remove_file(place.signature()).unwrap();
    run.refused("nothing is at ", "put its signature there");
    // Opening it would wait for a writer.
    assert!(Command::new("mkfifo").arg(place.signature()).status().unwrap().success());
    run.refused("expected a regular file", "mend the file");
    run.serves("first");
    // Signed, it is looked at.
    place.put_signature(&garbage);
    let refusal = run.told.refused();
    assert_eq!(refusal.phase, Phase::Inspected, "{refusal}");
    assert!(refusal.to_string().contains("7f 45 4c 46"), "{refusal}");
    place.deploy(&meter("second"));
    run.live("second");
}

/// One byte, after it was signed.
#[test]
fn a_signed_artifact_that_was_changed_is_refused() {
    let place = Place::new();
    let run = place.run();
    let build = meter("second");
    place.put_signature(&build);
    place.put(&build.clone().damaged(|bytes| *bytes.last_mut().unwrap() ^= 1));
    run.refused("it is not the signature of this file", "minisign -S");
    place.put(&build);
    run.live("second");
}

#[test]
fn an_artifact_that_comes_before_its_signature_is_live_when_that_comes() {
    let place = Place::new();
    let run = place.run();
    for (n, name) in ["second", "third", "fourth"].into_iter().enumerate() {
        if n == 1 {
            fs::remove_file(place.signature()).unwrap();
        }
        place.put(&meter(name));
        // The signature of the version before lies there, or none.
        let finding = if n == 1 { "nothing is at" } else { "not the signature of this file" };
        run.refused(finding, "");
        place.put_signature(&meter(name));
        run.live(name);
    }
}

#[test]
fn a_signature_in_a_watched_folder_is_noticed_as_well() {
    let place = Place::new();
    place.deploy(&meter("first"));
    let run = Place::start(place.config().folder("meter", place.folder()));
    place.put(&meter("second"));
    run.refused("not the signature of this file", "");
    place.put_signature(&meter("second"));
    run.live("second");
    // A new file, whose signature comes later. One module has one file.
    fs::remove_file(place.artifact()).unwrap();
    let other = place.folder().join(file_name("other"));
    put(&other, meter("third").bytes());
    run.refused("libother.so.minisig", "");
    put(&other.with_added_extension("minisig"), place.signer.sign(&meter("third")).as_bytes());
    run.live("third");
}

#[test]
fn a_signature_is_noticed_where_nothing_tells_of_changes() {
    let place = Place::new();
    place.deploy(&meter("first"));
    let config = place.config().with_polling(Duration::from_millis(20));
    let run = Place::start(config.artifact("meter", place.artifact()));
    place.put(&meter("second"));
    run.refused("not the signature of this file", "");
    place.put_signature(&meter("second"));
    run.live("second");
}

/// `current` → `releases/2`: the signature is looked for beside the path that was given.
#[test]
fn links_are_followed_to_artifact_and_signature() {
    let place = Place::new();
    let release = |n: u32, name: &str| {
        let folder = place.folder().join(format!("releases/{n}"));
        fs::create_dir_all(&folder).unwrap();
        mode(folder.parent().unwrap(), 0o755);
        mode(&folder, 0o755);
        put(&folder.join("meter.so"), meter(name).bytes());
        put(&folder.join("meter.so.minisig"), place.signer.sign(&meter(name)).as_bytes());
        let new = place.folder().join("new");
        symlink(format!("releases/{n}"), &new).unwrap();
        fs::rename(new, place.folder().join("current")).unwrap();
        folder
    };
    let _ = release(1, "first");
    let config = place.config().artifact("meter", place.folder().join("current/meter.so"));
    let run = Place::start(config);
    let second = release(2, "second");
    run.live("second");
    // Behind the link is a place, too.
    mode(&second, 0o775);
    put(&second.join("meter.so.minisig"), place.signer.sign(&meter("third")).as_bytes());
    put(&second.join("meter.so"), meter("third").bytes());
    let finding = format!("folder {} can be written by others", second.display());
    run.refused(&finding, &format!("chmod go-w {}", second.display()));
    mode(&second, 0o755);
    run.host.rescan().unwrap();
    run.live("third");
}

#[test]
fn what_others_can_write_is_refused_until_they_cannot() {
    let place = Place::new();
    let run = place.run();
    let cases = [
        (place.folder(), 0o775, 0o755, "folder"),
        (place.root.path().to_path_buf(), 0o777, 0o700, "folder"),
        (place.artifact(), 0o664, 0o644, "file"),
        (place.signature(), 0o646, 0o644, "file"),
    ];
    for (n, (open, loose, strict, kind)) in cases.into_iter().enumerate() {
        let name = format!("build {n}");
        // Nobody looks before all is there: the signature fits no artifact so far.
        place.put_signature(&meter(&name));
        put(&place.folder().join("aside"), meter(&name).bytes());
        if open == place.artifact() {
            mode(&place.folder().join("aside"), loose);
        } else {
            mode(&open, loose);
        }
        fs::rename(place.folder().join("aside"), place.artifact()).unwrap();
        let finding = format!("{kind} {} can be written by others", open.display());
        run.refused(&finding, &format!("chmod go-w {}", open.display()));
        mode(&open, strict);
        run.host.rescan().unwrap();
        run.live(&name);
    }
}

/// Who has signed an artifact has not signed what the loader opens with it.
#[test]
fn what_the_loader_would_open_with_a_signed_artifact_is_judged_too() {
    let place = Place::new();
    let run = place.run();
    let libraries = place.root.path().join("lib");
    fs::create_dir(&libraries).unwrap();
    let build = |run_path: &str| {
        fixture("dynamic-std").damaged(|bytes| damage::set_run_path(bytes, run_path))
    };
    mode(&libraries, 0o777);
    let open = build(libraries.to_str().unwrap());
    place.put_signature(&open);
    let _ = fs::remove_file(place.artifact());
    place.put(&open);
    let refusal = run.told.refused();
    assert_eq!((refusal.phase, refusal.exit), (Phase::Inspected, Exit::Rejected), "{refusal}");
    let finding = format!("needed libraries  folder {} can be written", libraries.display());
    assert!(refusal.findings[0].starts_with(&finding), "{refusal}");
    assert!(refusal.advice.starts_with("chmod go-w "), "{refusal}");
    place.deploy(&meter("second"));
    run.live("second");
}

/// Whatever a host asks of artifacts: who can write its own folders decides what it runs.
#[test]
fn a_host_keeps_its_own_folders_to_itself() {
    let place = Place::new();
    place.deploy(&meter("first"));
    let open = place.root.path().join("open");
    fs::create_dir(&open).unwrap();
    let elsewhere = place.root.path().join("elsewhere");
    symlink("open", &elsewhere).unwrap();
    let is_root = fs::metadata(place.root.path()).unwrap().uid() == 0;
    for trust in [Trust::Any, Trust::minisign([place.signer.key()]).unwrap().into()] {
        let config = || {
            let config = patient().with_trust(trust.clone()).module("meter", "meter");
            config.artifact("meter", place.artifact())
        };
        for folder in [&open, &elsewhere] {
            let configs = || {
                [
                    config().with_private_folder(folder),
                    config().with_checkpoints(folder),
                    config().with_floors(folder),
                    config().with_journal(folder),
                    config().admin(folder.join("socket")),
                ]
            };
            mode(&open, 0o777);
            for config in configs() {
                let text = not_started(config);
                let finding = format!("folder {} can be written", open.display());
                assert!(text.contains(&finding) && text.contains("chmod go-w"), "{text}");
            }
            mode(&open, 0o700);
            if is_root {
                std::os::unix::fs::chown(&open, Some(4711), None).unwrap();
                for config in configs() {
                    let text = not_started(config);
                    assert!(text.contains("belongs to user 4711"), "{text}");
                    assert!(text.contains(&*open.to_string_lossy()), "{text}");
                }
                std::os::unix::fs::chown(&open, Some(0), None).unwrap();
            }
            for config in configs() {
                drop(Host::new(config).unwrap());
                for file in fs::read_dir(&open).unwrap() {
                    let path = file.unwrap().path();
                    let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
                }
            }
        }
    }
    let config = place.config().artifact("meter", place.artifact());
    let error = Host::new(config.cargo_package("arcade")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(error.to_string().contains("package arcade is built by this host"), "{error}");
}

/// A folder that is sound now may not always have been.
#[test]
fn a_file_that_others_can_write_is_not_believed() {
    let place = Place::new();
    place.deploy(&meter("first"));
    let folder = place.root.path().join("own");
    let config = || patient().artifact("meter", place.artifact());
    let with_journal = || config().with_journal(folder.join("journal"));
    let with_floors = || config().with_floors(folder.join("floors"));
    for config in [with_journal(), with_floors()] {
        let host = Host::new(config).unwrap();
        assert_eq!(host.slot::<dyn Meter>("meter").unwrap().pin().label().unwrap(), "first");
        host.shutdown().unwrap();
    }
    for made in ["", "journal", "floors", "journal/artifacts"] {
        let made = fs::metadata(folder.join(made)).unwrap().permissions().mode() & 0o7777;
        assert!(made & 0o022 == 0, "{made:o}");
    }
    let kept = fs::read_dir(folder.join("journal/artifacts")).unwrap().next().unwrap().unwrap();
    for (config, file) in [
        (with_journal(), folder.join("journal/journal.jsonl")),
        (with_journal(), kept.path()),
        (with_floors(), folder.join("floors/hotswap.floors")),
    ] {
        let before = fs::metadata(&file).unwrap().permissions().mode();
        mode(&file, 0o666);
        let text = not_started(config);
        assert!(text.contains(&format!("chmod go-w {}", file.display())), "{text}");
        mode(&file, before & 0o7777);
    }
}

#[track_caller]
fn not_started(config: Config) -> String {
    let error = Host::new(config).unwrap_err();
    let text = std::iter::successors(Some(&error as &dyn std::error::Error), |it| it.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ");
    assert_eq!(error.kind(), ErrorKind::System, "{text}");
    text
}

/// A signature says who has built something, not for which slot.
#[test]
fn a_slot_for_signed_artifacts_takes_one_module_and_names_it() {
    let place = Place::new();
    let trust = Trust::minisign([place.signer.key()]).unwrap();
    let error = Host::new(patient().with_trust(trust).artifact("meter", place.artifact()));
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(
        error.to_string().contains("name the one that it is for with Config::module"),
        "{error}"
    );
    let run = place.run();
    place.deploy(&fixture("counter").told("label=other"));
    let refusal = run.told.refused();
    assert_eq!(refusal.phase, Phase::Assessed, "{refusal}");
    run.serves("first");
}

#[test]
fn what_a_comment_states_is_true() {
    let place = Place::new();
    let run = place.run();
    let put = |name: &str, comment: &str| {
        let _ = fs::remove_file(place.artifact());
        put(&place.signature(), place.signer.sign_as(&meter(name), comment).as_bytes());
        place.put(&meter(name));
    };
    put("second", "release 7 hotswap-module=meter hotswap-version=9.9.9");
    run.refused("comment: hotswap-version=9.9.9   artifact: hotswap-version=1.0.0", "");
    put("second", "hotswap-module=other");
    run.refused("comment: hotswap-module=other   artifact: hotswap-module=meter", "");
    put("second", "release 7 hotswap-module=meter hotswap-version=1.0.0");
    run.live("second");
    drop(run);
    let trust = Trust::minisign([place.signer.key()]).unwrap().with_stated_version();
    let run = Place::start(place.trusting(trust).artifact("meter", place.artifact()));
    put("third", "release 8");
    run.refused("comment: no hotswap-module=…", "hotswap-version=…");
    put("third", "hotswap-module=meter hotswap-version=1.0.0");
    run.live("third");
}

#[test]
fn keys_end_and_are_revoked_without_a_restart() {
    let place = Place::new();
    let (key, number) = (place.signer.key(), place.signer.number());
    let file = place.keys(&key);
    place.deploy(&meter("first"));
    let config = place.trusting(Trust::keys_file(&file)).artifact("meter", place.artifact());
    let run = Place::start(config);
    let third = ArtifactHash::of(meter("3").bytes());
    for (n, (entries, finding)) in [
        (format!("{key} until 2020-02-29"), format!("key {number} was trusted until 2020-02-29")),
        (format!("{key}\nrevoked {number}"), format!("key {number} was revoked")),
        (format!("revoked {third}\n{key}"), format!("artifact {} was revoked", third.short())),
        (String::new(), "trusted keys: none".to_owned()),
        ("nonsense".to_owned(), "line 1: expected a minisign public key".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let name = (n + 1).to_string();
        let _ = fs::remove_file(place.artifact());
        place.keys(&entries);
        place.deploy(&meter(&name));
        run.refused(&finding, "");
        place.keys(&format!("{key} until 2199-12-31"));
        run.host.rescan().unwrap();
        run.live(&name);
    }
    // Others could name keys of their own.
    let _ = fs::remove_file(place.artifact());
    mode(&file, 0o666);
    place.deploy(&meter("last"));
    run.refused("can be written by others", "chmod go-w");
    let config = || place.trusting(Trust::keys_file(&file)).artifact("meter", place.artifact());
    assert!(not_started(config()).contains("can be written by others"));
    fs::remove_file(&file).unwrap();
    assert!(not_started(config()).contains("is not there"));
}

/// It was trusted when it was judged, and is not when it would take over.
#[test]
fn what_waits_is_not_applied_when_its_key_was_revoked() {
    let place = Place::new();
    let key = place.signer.key();
    let file = place.keys(&key);
    place.deploy(&meter("first"));
    let config = place.trusting(Trust::keys_file(&file)).with_timing(Timing::on_request());
    let run = Place::start(config.artifact("meter", place.artifact()));
    place.deploy(&meter("second"));
    run.told.find(|event| matches!(event.kind, EventKind::Pending { .. }).then_some(()));
    place.keys(&format!("{key}\nrevoked {}\n", place.signer.number()));
    let _ = run.host.apply_pending();
    let refusal = run.told.refused();
    assert!(refusal.findings[0].ends_with("was revoked since it was judged"), "{refusal}");
    run.serves("first");
}

/// What a journal has kept is judged again by the keys of now.
#[test]
fn what_was_revoked_is_not_recovered() {
    let place = Place::new();
    let key = place.signer.key();
    let file = place.keys(&key);
    let config = || {
        let journal = place.root.path().join("journal");
        let config = place.trusting(Trust::keys_file(&file)).with_journal(journal);
        config.artifact("meter", place.artifact())
    };
    place.deploy(&meter("bad"));
    Place::start(config()).host.shutdown().unwrap();
    let bad = ArtifactHash::of(meter("bad").bytes());
    place.keys(&format!("{key}\nrevoked {bad}\n"));
    let _ = fs::remove_file(place.artifact());
    place.deploy(&meter("good"));
    let host = Host::new(config()).unwrap();
    let told = Told::of(&host);
    let slot = host.slot::<dyn Meter>("meter").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(slot.pin().label().unwrap(), "good");
    let refused = told.so_far().iter().any(|event| event.to_string().contains("was revoked"));
    assert!(refused, "{:?}", told.so_far());
}

#[test]
fn keys_that_are_none_are_refused() {
    assert!(Trust::minisign([""; 0]).unwrap_err().to_string().contains("found none"));
    let error = Trust::minisign(["RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucN"]).unwrap_err();
    assert!(error.to_string().contains("found \"RWQf6"), "{error}");
}

/// The program itself, where it is installed: what it writes is what is read.
#[test]
fn minisign_itself_signs() {
    let place = Place::new();
    let (secret, public) = (place.root.path().join("key"), place.root.path().join("key.pub"));
    let minisign =
        |args: &[&str]| Command::new("minisign").args(args).arg("-s").arg(&secret).output().ok();
    let Some(made) = minisign(&["-G", "-W", "-p", public.to_str().unwrap()]) else { return };
    assert!(made.status.success(), "{made:?}");
    let sign = |more: &[&str]| {
        let artifact = place.artifact();
        let args = [&["-S", "-m", artifact.to_str().unwrap()], more].concat();
        let signed = minisign(&args).unwrap();
        assert!(signed.status.success(), "{signed:?}");
    };
    put(&place.artifact(), meter("first").bytes());
    sign(&["-t", "release 7"]);
    let key = fs::read_to_string(public).unwrap();
    let config = |trust| place.trusting(trust).artifact("meter", place.artifact());
    let run = Place::start(config(Trust::minisign([&key]).unwrap()));
    put(&place.artifact(), meter("second").bytes());
    run.refused("not the signature of this file", "");
    sign(&["-l"]);
    run.refused("of the old form", "with_legacy_signatures");
    drop(run);
    let run = Place::start(config(Trust::minisign([&key]).unwrap().with_legacy_signatures()));
    run.serves("second");
    replace(&place.artifact(), meter("third").bytes());
    run.refused("not the signature of this file", "");
}
