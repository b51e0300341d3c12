//! Keys end, are revoked, and are for some modules only; and minisign itself signs with them.

use std::{fs, process::Command};

use hotswap_core::{ArtifactHash, Host, Timing, Trust, event::EventKind};
use hotswap_tests::{Told, replace};
use meter_api::Meter;

use super::support::{Place, meter, mode, not_started, put};

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
    let run = Place::start(place.trusting(trust).slot("meter", place.slot()));
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
    let config = place.trusting(Trust::keys_file(&file)).slot("meter", place.slot());
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
    let config = || place.trusting(Trust::keys_file(&file)).slot("meter", place.slot());
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
    let run = Place::start(config.slot("meter", place.slot()));
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
        let data = place.root.path().join("data");
        let config = place.trusting(Trust::keys_file(&file)).with_data_dir(data);
        config.slot("meter", place.slot())
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
    let config = |trust| place.trusting(trust).slot("meter", place.slot());
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
