//! From the save of a source to the first call into it, against `cargo build` of the same change.
//!
//! The crate is written into the target folder, with this workspace's lock file, and built into a
//! folder of its own. Each round saves a change and builds it by hand, and then saves another one
//! under a host that watches.

use std::{
    env, fs,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use benches_api::Calls;
use hotswap_benches::stats::Samples;
use hotswap_core::{Config, Host, cargo};

use crate::modules::{self, PATIENCE};

/// The figures, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) alone: Samples,
    pub(crate) live: Samples,
}

impl Figures {
    /// What a host adds: the difference of what is quickest.
    pub(crate) fn overhead(&self) -> Option<f64> {
        Some(self.live.summary()?.min - self.alone.summary()?.min)
    }
}

/// A crate whose source is saved.
#[derive(Debug)]
pub(crate) struct Saves {
    folder: PathBuf,
    profile: cargo::Profile,
}

impl Saves {
    /// Writes the crate, and builds what it depends on.
    pub(crate) fn new(release: bool) -> Self {
        let folder = modules::scratch(if release { "saves-release" } else { "saves-debug" });
        let profile = if release { cargo::Profile::Release } else { cargo::Profile::Dev };
        let suite = modules::suite().display();
        let manifest = format!(
            "[workspace]\n\n[package]\nname = \"saved\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [lib]\ncrate-type = [\"cdylib\"]\n\n\
             [dependencies]\nbenches-api = {{ path = \"{suite}/api\" }}\n\
             hotswap-abi = {{ path = \"{suite}/../../hotswap-abi\" }}\n"
        );
        fs::create_dir_all(folder.join("src")).expect("the target folder can be written");
        fs::write(folder.join("Cargo.toml"), manifest).expect("the target folder can be written");
        fs::copy(modules::suite().join("Cargo.lock"), folder.join("Cargo.lock"))
            .expect("the suite has a lock file");
        let saves = Self { folder, profile };
        saves.save(0);
        saves.build();
        saves
    }

    /// Saves and builds, once by hand and once under a host, in each round.
    pub(crate) fn measure(&self, rounds: u64) -> Figures {
        let mut figures = Figures::default();
        for round in 1..=rounds {
            let started = Instant::now();
            self.save(2 * round);
            self.build();
            figures.alone.0.push(milliseconds(started));

            let (folder, profile) = (self.folder.clone(), self.profile.clone());
            let config = Config::dev()
                .cargo_package("saved")
                .with_reporter(|_| {})
                .with_first_artifact_deadline(PATIENCE)
                .build(move |request| {
                    let target = folder.join("target");
                    request.with_folder(folder).with_profile(profile).with_target_folder(target)
                });
            let host = Host::new(config).expect("the host starts");
            let slot = host.slot::<dyn Calls>("saved").expect("the module is live");
            // The builder has said what it has built, and looks again at what it watches.
            thread::sleep(Duration::from_millis(300));
            let next = slot.generation() + 1;
            let started = Instant::now();
            self.save(2 * round + 1);
            slot.wait_for(next, PATIENCE).expect("the save is built and taken");
            assert_eq!(slot.pin().add(0).expect("the slot serves"), 2 * round + 1);
            figures.live.0.push(milliseconds(started));
            host.shutdown().expect("the host ends");
        }
        figures
    }

    fn save(&self, number: u64) {
        let source = include_str!("saves/module.txt").replace("NUMBER", &number.to_string());
        fs::write(self.folder.join("src/lib.rs"), source).expect("the source can be written");
    }

    fn build(&self) {
        let profile = match self.profile {
            cargo::Profile::Release => "release",
            _ => "dev",
        };
        let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--quiet", "--profile", profile])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .status()
            .expect("cargo can be run");
        assert!(status.success(), "the saved crate does not build");
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
