//! What others can write is not believed: files, folders, and what a loader would find there.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
};

use hotswap_core::{
    ErrorKind, Host, SlotConfig, Trust,
    event::{Exit, Phase},
};
use hotswap_tests::{damage, fixture, patient};
use meter_api::Meter;

use super::support::{Place, meter, mode, not_started, put};

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
            let config = patient().with_trust(trust.clone());
            config.slot("meter", SlotConfig::artifact(place.artifact()).with_module("meter"))
        };
        for folder in [&open, &elsewhere] {
            let configs = || {
                [
                    config().with_private_folder(folder),
                    config().with_data_dir(folder).with_journal(false).with_floors(false),
                    config().with_data_dir(folder).with_journal(false),
                    config().with_data_dir(folder).with_floors(false),
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
    let config = place.config().slot("meter", place.slot());
    let error = Host::new(config.slot("arcade", SlotConfig::cargo("arcade"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(error.to_string().contains("package arcade is built by this host"), "{error}");
}

/// A folder that is sound now may not always have been.
#[test]
fn a_file_that_others_can_write_is_not_believed() {
    let place = Place::new();
    place.deploy(&meter("first"));
    let folder = place.root.path().join("own");
    let config = || patient().slot("meter", SlotConfig::artifact(place.artifact()));
    let with_journal = || config().with_data_dir(&folder).with_floors(false);
    let with_floors = || config().with_data_dir(&folder).with_journal(false);
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
