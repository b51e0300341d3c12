//! What operators do to a host over its socket, and what a program says twice.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use hotswap_core::{
    Config, Host, SlotConfig, Trial,
    admin::{Client, Operation},
    event::EventKind,
    journal::BackupReason,
    plan::Intent,
};

use super::{
    place::{Place, failed, unhurried},
    row::{After, Group, Happened, Row, Setting},
};
use crate::{patient, replace};

pub(super) fn group() -> Group {
    let setting = Setting::counter(answers);
    Group {
        title: "operators, and settings",
        setting,
        rows: vec![
            Row::new("forty slow clients at the socket", slow_clients, "answered", &["main"]),
            Row::new(
                "client gone before its order is begun",
                gone_client,
                "backed up once",
                &["\"yes\":true"],
            )
            .then(After::TheNewOne),
            Row::new(
                "apply --wait of what is on trial",
                |place| {
                    assert_eq!(place.put(&place.build("")).outcome, "live");
                    let (client, file) = (client(place), place.artifact());
                    let (say, heard) = mpsc::channel();
                    let asking = thread::spawn(move || {
                        ask(&client, file, |text| drop(say.send(text.to_owned())))
                    });
                    // It is answered when the trial is over, however early that is.
                    let told = heard.recv_timeout(crate::LONG).expect("how it stands");
                    assert!(told.contains("on trial"), "{told}");
                    let _ = place.host().operator().commit("main", "a row");
                    asking.join().expect("it does not panic")
                },
                "committed",
                &["counter 1.0.0 (", "module", "committed"],
            )
            .with(Setting::counter(|folder| {
                let trial = Trial::new(Duration::from_secs(4)).with_longest_call(crate::LONG);
                answers(folder).with_trial(trial)
            }))
            .then(After::TheNewOne),
            Row::new(
                "order in another protocol",
                |place| {
                    let mut stream =
                        UnixStream::connect(socket(place.folder())).expect("it listens");
                    let asked = b"{\"protocol\":9,\"hotswap\":\"9.1.0\",\"verb\":\"new\"}\n";
                    stream.write_all(asked).expect("it is read");
                    let mut answer = String::new();
                    stream.read_to_string(&mut answer).expect("it is answered");
                    Happened::new("answered", answer)
                },
                "answered",
                &["hotswap 9.1.0 asks with protocol 9", "nothing was done"],
            ),
            Row::new(
                "slot configured twice",
                |place| {
                    let config =
                        unhurried(place.folder()).slot("main", SlotConfig::artifact("/a.so"));
                    made(config.slot("main", SlotConfig::artifact("/b.so")))
                },
                "error Misuse",
                &["slot main is configured twice, with /a.so and with /b.so"],
            ),
        ],
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("admin")
}

fn answers(folder: &Path) -> Config {
    patient().with_data_dir(folder).admin(socket(folder))
}

fn client(place: &Place) -> Client {
    Client::new(socket(place.folder()))
}

/// Has a file applied, and waits for how it ends; `hear` gets what is told before.
fn ask(client: &Client, file: PathBuf, hear: impl FnMut(&str)) -> Happened {
    let intent = Intent::default();
    let request = Operation::Apply { slot: None, file: Some(file), wait: true, intent };
    match client.ask(&request, hear) {
        Ok(done) => Happened::new(done.value["outcome"].as_str().unwrap_or_default(), done.text),
        Err(error) => Happened::new("not answered", error),
    }
}

fn made(config: Config) -> Happened {
    Host::new(config).map_or_else(|error| failed(&error), |_| Happened::new("made", ""))
}

fn slow_clients(place: &mut Place) -> Happened {
    let connect = || UnixStream::connect(socket(place.folder())).expect("it listens");
    let mut slow: Vec<_> = (0..40).map(|_| connect()).collect();
    slow.iter_mut().for_each(|it| it.write_all(b" ").expect("nobody has hung up"));
    let asked = client(place).ask(&Operation::Status { slot: None }, |_| {});
    asked.map_or_else(
        |error| Happened::new("not answered", error),
        |done| Happened::new("answered", done.text),
    )
}

/// Two ask for a checkpoint while the host's thread is busy, and one of them goes.
fn gone_client(place: &mut Place) -> Happened {
    let connect = || UnixStream::connect(socket(place.folder())).expect("it listens");
    let asked = b"{\"verb\":\"checkpoint\"}\n";
    let go_on = place.folder().join("go on");
    replace(&place.artifact(), place.build(&format!("prepare=wait {}", go_on.display())).bytes());
    place.event(
        |kind| matches!(kind, EventKind::Phase { phase, .. } if phase.to_string() == "Loaded"),
    );
    let mut gone = connect();
    gone.write_all(asked).expect("it is read");
    thread::sleep(Duration::from_millis(50));
    drop(gone);
    let mut stays = connect();
    stays.write_all(asked).expect("it is read");
    std::fs::write(go_on, "").expect("it can be written");
    let mut answer = String::new();
    stays.read_to_string(&mut answer).expect("it is answered");
    assert_eq!(place.live().outcome, "live");
    let backups = place.host().operator().backups("main").expect("it has a journal");
    let asked_for = backups.iter().filter(|it| it.reason == BackupReason::Checkpoint).count();
    let outcome = if asked_for == 1 { "backed up once" } else { "backed up otherwise" };
    Happened::new(outcome, answer)
}
