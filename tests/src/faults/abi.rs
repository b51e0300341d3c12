//! Sound modules that do not fit this host: both sides are named, and nothing of them runs.

use hotswap_abi::__private::manifest::TARGET;

use super::{
    place::unhurried,
    row::{Group, Row, Setting},
};
use crate::{Fixture, fixture, patient};

pub(super) fn group() -> Group {
    let gauge = || fixture("gauge").told("label=bad");
    let text =
        move |from: &'static str, to: &'static str| move || gauge().with_manifest_text(from, to);
    let named = |name: &'static str| move || fixture(name);
    Group {
        title: "modules that do not fit",
        setting: Setting::of("gauge", unhurried),
        rows: vec![
            unfit(
                "built to abort on a panic",
                named("meter-aborts"),
                &["host: needs panic=\"unwind\"   artifact: built with panic=\"abort\""],
            ),
            unfit(
                "built for another target",
                move || gauge().with_manifest_text(TARGET, &other_target()),
                &["target  host: ", "artifact: ", "build it with --target"],
            ),
            unfit(
                "built with another hotswap-abi",
                text("0.1.0", "0.2.0"),
                &["hotswap-abi  host: 0.1.0   artifact: 0.2.0, which is not compatible"],
            ),
            unfit(
                "built with another abi_stable",
                text("0.11.3", "0.12.0"),
                &["abi_stable  host: 0.11.3   artifact: 0.12.0"],
            ),
            unfit(
                "another interface",
                named("meter-interface"),
                &["interface  host: Meter   artifact: Clock", "implement Meter in the module"],
            ),
            unfit(
                "another slot's interface",
                named("counter"),
                &["interface  host: Meter   artifact: Counter"],
            ),
            unfit(
                "another major version of the interface",
                named("meter-major"),
                &["Meter  host: version 1.3.0   artifact: built against 2.0.0"],
            ),
            unfit(
                "another type of an argument",
                named("meter-argument"),
                &["Meter::reset  host: to: u32   artifact: to: u64"],
            ),
            unfit(
                "another type of a nested field",
                named("meter-field"),
                &["Unit.scale  host: f64   artifact: f32"],
            ),
            unfit(
                "a method is missing",
                named("meter-method"),
                &["Meter::place  host: place(&self, spot: &Spot) -> f32   artifact: nothing"],
            ),
            unfit(
                "another layout of plain data",
                named("meter-layout"),
                &["Spot", "host: ", "artifact: "],
            ),
            unfit(
                "calls what the host does not lend",
                named("meter-demands"),
                &["Panel::clear  host: nothing   artifact: clear(&mut self)"],
            ),
            unfit(
                "uses what it is lent on other threads",
                named("meter-shares"),
                &["Panel  host: trait Panel   artifact: trait Panel: Send + Sync"],
            ),
            unfit(
                "needs a service that nobody offers",
                named("meter-services"),
                &["services  host: without audio", "Config::with_service"],
            ),
            unfit(
                "several reasons at once",
                || fixture("meter-argument").with_manifest_text("0.11.3", "0.12.0"),
                &["Meter::reset  host: to: u32", "abi_stable  host: 0.11.3"],
            ),
            unfit(
                "another module than the slot's",
                named("meter"),
                &["module  slot: gauge   artifact: meter", "put an artifact of gauge there"],
            )
            .with(Setting::of("gauge", |_| patient()).naming_the_module()),
        ],
    }
}

fn unfit(
    name: &'static str,
    build: impl Fn() -> Fixture + Send + Sync + 'static,
    says: &'static [&'static str],
) -> Row {
    Row::bad(name, build, "refused at Assessed", says)
}

/// Of the same length.
fn other_target() -> String {
    TARGET.replace('x', "y").replace("aarch", "aerch")
}
