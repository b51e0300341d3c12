//! What a module costs to build, beside a plain library of the same code: from nothing, and after a
//! change of one line; and what settings of the build make of it.

use hotswap_benches::{
    stats::Samples,
    table::{Table, figure},
};

use crate::crates::Crate;

/// One way of building.
struct Way {
    name: &'static str,
    module: bool,
    arguments: &'static [&'static str],
    rustflags: &'static str,
}

const DEV: Way = Way { name: "", module: true, arguments: &[], rustflags: "" };

/// The system's linker in the place of the one that comes with rustc.
const SYSTEMS_LINKER: &str = "-Clinker-features=-lld";

const WAYS: [Way; 9] = [
    Way { name: "plain library", module: false, ..DEV },
    Way { name: "module", ..DEV },
    Way { name: "plain library, release", module: false, arguments: &["--release"], ..DEV },
    Way { name: "module, release", arguments: &["--release"], ..DEV },
    Way { name: "module, the system's linker", rustflags: SYSTEMS_LINKER, ..DEV },
    Way {
        name: "module, debug = \"line-tables-only\"",
        arguments: &["--config", "profile.dev.debug='line-tables-only'"],
        ..DEV
    },
    Way {
        name: "module, debug = false",
        arguments: &["--config", "profile.dev.debug=false"],
        ..DEV
    },
    Way {
        name: "module, dependencies with opt-level = 2",
        arguments: &["--config", "profile.dev.package.\"*\".opt-level=2"],
        ..DEV
    },
    Way {
        name: "module, macros with opt-level = 2",
        arguments: &["--config", "profile.dev.build-override.opt-level=2"],
        ..DEV
    },
];

/// Builds each in turn, so often from nothing and so often after a change.
pub(crate) fn measure(cold: usize, changes: u64) -> Table {
    let crates: Vec<Crate> = WAYS
        .iter()
        .enumerate()
        .map(|(at, way)| {
            let folder = format!("builds-{at}");
            if way.module { Crate::module(&folder) } else { Crate::plain(&folder) }
        })
        .collect();
    let mut figures = vec![(Samples::default(), Samples::default()); WAYS.len()];
    for _ in 0..cold {
        for ((way, built), (cold, _)) in WAYS.iter().zip(&crates).zip(&mut figures) {
            built.clean();
            cold.0.push(built.build(way.arguments, way.rustflags));
        }
    }
    for number in 1..=changes {
        for ((way, built), (_, change)) in WAYS.iter().zip(&crates).zip(&mut figures) {
            built.save(number);
            change.0.push(built.build(way.arguments, way.rustflags));
        }
    }
    let mut table =
        Table::new(["built", "from nothing s", "after a change, min ms", "median", "p90"]);
    for (way, (cold, change)) in WAYS.iter().zip(&figures) {
        let (Some(cold), Some(change)) = (cold.summary(), change.summary()) else { continue };
        let figures = [cold.min / 1e3, change.min, change.median, change.p90].map(figure);
        table.row([way.name.to_owned()].into_iter().chain(figures));
    }
    table
}
