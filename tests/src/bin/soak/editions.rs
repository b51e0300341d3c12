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
    /// In an order in which the state's version goes up and down.
    pub(crate) const GOOD: [Edition; 10] = [
        (&[], ""),
        (&["doubling"], ""),
        (&["state-2"], ""),
        (&["older"], ""),
        (&["state-3"], ""),
        (&["newer", "doubling"], ""),
        (&["state-3", "newer", "doubling"], ""),
        (&["state-2", "older"], ""),
        (&["state-3", "older"], ""),
        (&["state-2", "newer"], ""),
    ];

    pub(crate) const BAD: [Edition; 9] = [
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
