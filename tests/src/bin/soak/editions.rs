//! The artifacts: really different builds of one module, each made unlike all before it by a text
//! in it, since an artifact is known by its content.

use hotswap_tests::{Fixture, edition, fixture};

/// What an edition is built with, and what it is told to do.
type Edition = (&'static [&'static str], &'static str);

#[derive(Debug)]
pub(crate) struct Editions {
    good: Vec<Fixture>,
    bad: Vec<(Fixture, &'static str)>,
    made: usize,
    made_bad: usize,
}

impl Editions {
    /// In an order in which the state's version goes up and down, and in which those that hand their
    /// state over as memory follow each other, and others.
    pub(crate) const GOOD: [Edition; 18] = [
        (&[], ""),
        (&["doubling"], ""),
        (&["state-2"], ""),
        (&["older"], ""),
        (&["moves"], ""),
        (&["moves", "doubling"], ""),
        (&["moves", "older"], ""),
        (&["state-3"], ""),
        (&["newer", "doubling"], ""),
        (&["state-3", "newer", "doubling"], ""),
        (&["moves", "state-3"], ""),
        (&["moves", "state-3", "newer"], ""),
        (&["moves", "state-3", "older", "doubling"], ""),
        (&["state-2", "older"], ""),
        (&["state-3", "older"], ""),
        (&["moves", "state-2", "newer"], ""),
        (&["moves", "state-2"], ""),
        (&["moves", "state-2", "doubling"], ""),
    ];

    pub(crate) const BAD: [Edition; 11] = [
        (&[], "start=panic"),
        (&["doubling"], "prepare=fail"),
        (&["state-2"], "self_test=panic"),
        (&["state-3"], "start=fail"),
        (&["drifted"], ""),
        (&["another-entry"], ""),
        // These three are damaged below.
        (&[], ""),
        (&["older"], ""),
        (&["newer", "doubling"], ""),
        // With the state, where it comes as memory, or before.
        (&["moves"], "arrived=panic;start=fail"),
        (&["moves", "state-3"], "arrived=fail;start=panic"),
    ];

    pub(crate) fn build() -> Self {
        // The kit, and the versions of the workspace's lock file.
        let _ = fixture("counter");
        let good = Self::GOOD.map(|(features, _)| edition("ledger", features)).to_vec();
        let bad =
            Self::BAD.map(|(features, script)| (edition("ledger", features), script)).to_vec();
        Self { good, bad, made: 0, made_bad: 0 }
    }

    pub(crate) fn good(&mut self) -> Fixture {
        self.made += 1;
        let number = self.made;
        self.good[number % self.good.len()].clone().told(&format!("label={number}"))
    }

    pub(crate) fn bad(&mut self) -> Fixture {
        self.made_bad += 1;
        let (number, kind) = (self.made_bad, self.made_bad % self.bad.len());
        let (build, script) = &self.bad[kind];
        let build = build.clone().told(&format!("label=bad {number};{script}"));
        match kind {
            6 => build.damaged(|bytes| bytes.truncate(bytes.len() / 2)),
            7 => build.with_manifest(|manifest| manifest[10..14].fill(0xff)),
            8 => build.damaged(|bytes| bytes[..64].fill(0)),
            _ => build,
        }
    }
}
