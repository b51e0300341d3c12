//! Bad artifacts, one of each kind, and what is to be told of each.

use hotswap_core::event::Phase;
use hotswap_tests::{Fixture, damage::section, fixture};

/// An artifact that must be refused.
pub(super) struct Bad {
    pub(super) what: &'static str,
    pub(super) build: Box<dyn Fn() -> Fixture>,
    pub(super) phase: Phase,
    /// The module and its version, where the manifest can be read.
    pub(super) module: &'static str,
    /// What must be told: expected and found.
    pub(super) findings: &'static [&'static str],
    /// What to do.
    pub(super) advice: &'static str,
}

pub(super) fn meter() -> Fixture {
    fixture("meter").told("label=bad")
}

pub(super) fn cut(part: fn(usize) -> usize) -> Box<dyn Fn() -> Fixture> {
    Box::new(move || meter().damaged(|bytes| bytes.truncate(part(bytes.len()))))
}

pub(super) fn named(name: &'static str) -> Box<dyn Fn() -> Fixture> {
    Box::new(move || fixture(name))
}

pub(super) const BUILD: &str = "build the module again";

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn table() -> Vec<Bad> {
    let file = |what, build, findings, advice| Bad {
        what,
        build,
        phase: Phase::Inspected,
        module: "",
        findings,
        advice,
    };
    let unfit = |what, build, module, findings, advice| Bad {
        what,
        build,
        phase: Phase::Assessed,
        module,
        findings,
        advice,
    };
    vec![
        file(
            "a text",
            Box::new(|| meter().damaged(|bytes| *bytes = b"#!/bin/sh\nexit 1\n".to_vec())),
            &["expected a file that starts with 7f 45 4c 46 (ELF), found"],
            BUILD,
        ),
        file("cut off in its header", cut(|_| 40), &["truncated", "the file at byte 40"], BUILD),
        file("cut off in its code", cut(|len| len / 3), &["truncated", "ends at byte"], BUILD),
        file("cut off near its end", cut(|len| len - 100), &["truncated", "ends at byte"], BUILD),
        file(
            "preallocated and half written",
            Box::new(|| {
                meter().damaged(|bytes| {
                    let half = bytes.len() / 2;
                    bytes[half..].fill(0);
                })
            }),
            &["file  "],
            BUILD,
        ),
        file(
            "one section of zeros",
            Box::new(|| {
                meter().damaged(|bytes| {
                    let text = section(bytes, ".dynsym");
                    bytes[text].fill(0);
                })
            }),
            &["file  "],
            BUILD,
        ),
        file(
            "a library that is no module",
            named("plain"),
            &["expected a .hotswap section, found none"],
            "derive HotModule",
        ),
        file(
            "a manifest of another format",
            Box::new(|| meter().with_manifest(|bytes| bytes[8] = 9)),
            &["the manifest has format 9, this version of hotswap reads format 4"],
            BUILD,
        ),
        file(
            "a manifest that says it is longer",
            Box::new(|| meter().with_manifest(|bytes| bytes[12] = 0xff)),
            &["the manifest says it is", "bytes long"],
            BUILD,
        ),
        file(
            "a manifest with a damaged text",
            Box::new(|| meter().with_manifest(|bytes| bytes[16] = 0xff)),
            &["the manifest is damaged: expected"],
            BUILD,
        ),
        Bad {
            what: "a manifest that names another symbol",
            build: Box::new(|| {
                meter().with_manifest_text("hotswap_root_meter", "hotswap_root_metre")
            }),
            phase: Phase::Loaded,
            module: "meter 1.0.0",
            findings: &["it does not export hotswap_root_metre, which its manifest names"],
            advice: "build it again, on a system like the host's",
        },
        Bad {
            what: "a manifest that names something else",
            build: Box::new(|| {
                // A function that its libc has, with a name of the same length.
                meter().with_manifest_text("hotswap_root_meter", "pthread_mutex_lock")
            }),
            phase: Phase::Loaded,
            module: "meter 1.0.0",
            findings: &["library  its exported root is not laid out", "is no hotswap root"],
            advice: "build it again",
        },
        unfit(
            "panics that abort",
            named("meter-aborts"),
            "meter-aborts 2.0.0",
            &[
                "panic strategy  host: needs panic=\"unwind\"   artifact: built with panic=\"abort\"",
            ],
            "panic = \"unwind\"",
        ),
        unfit(
            "another target",
            Box::new(|| {
                let target = hotswap_abi::__private::manifest::TARGET;
                let other = target.replace('x', "y").replace("aarch", "aerch");
                meter().with_manifest_text(target, &other)
            }),
            "meter 1.0.0",
            &["target  host: ", "artifact: "],
            "build it with --target",
        ),
        unfit(
            "another abi_stable",
            Box::new(|| meter().with_manifest_text("0.11.3", "0.12.0")),
            "meter 1.0.0",
            &["abi_stable  host: 0.11.3   artifact: 0.12.0"],
            "with the host's version of hotswap-abi",
        ),
        unfit(
            "another interface",
            named("meter-interface"),
            "meter-interface 2.0.0",
            &["interface  host: Meter   artifact: Clock"],
            "implement Meter in the module",
        ),
        unfit(
            "another major version of the interface",
            named("meter-major"),
            "meter-major 2.0.0",
            &["Meter  host: version 1.3.0   artifact: built against 2.0.0"],
            "rebuild against meter-api 1.3, or upgrade the host",
        ),
        unfit(
            "another type of an argument",
            named("meter-argument"),
            "meter-argument 2.0.0",
            &["Meter::reset  host: to: u32   artifact: to: u64   \
                 (meter-api 1.3.0, artifact built against 1.3.1)"],
            "rebuild against meter-api 1.3, or upgrade the host",
        ),
        unfit(
            "another type of a nested field",
            named("meter-field"),
            "meter-field 2.0.0",
            &["Unit.scale  host: f64   artifact: f32"],
            "take the change of meter-api back, or give it a new version",
        ),
        unfit(
            "a missing method",
            named("meter-method"),
            "meter-method 2.0.0",
            &["Meter::place  host: place(&self, spot: &Spot) -> f32   artifact: nothing"],
            "take the change of meter-api back, or give it a new version",
        ),
        unfit(
            "another layout of plain data",
            named("meter-layout"),
            "meter-layout 2.0.0",
            &["Spot", "host: ", "artifact: "],
            "take the change of meter-api back, or give it a new version",
        ),
        unfit(
            "a demand on what it is lent",
            named("meter-demands"),
            "meter-demands 2.0.0",
            &["Panel::clear  host: nothing   artifact: clear(&mut self)"],
            "take the change of meter-api back, or give it a new version",
        ),
        unfit(
            "what it is lent used on other threads",
            named("meter-shares"),
            "meter-shares 2.0.0",
            &["Panel  host: trait Panel   artifact: trait Panel: Send + Sync"],
            "rebuild against meter-api 1.3, or upgrade the host",
        ),
        unfit(
            "a service that nobody offers",
            named("meter-services"),
            "meter-services 2.0.0",
            &["services  host: without audio   artifact: requires them"],
            "Config::with_service",
        ),
    ]
}
