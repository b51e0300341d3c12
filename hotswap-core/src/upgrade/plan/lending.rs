//! What may go wrong with values that are lent as `#[same_build]`, although both sides are built
//! alike. Pure.

use std::collections::BTreeSet;

use hotswap_abi::__private::same_build::Packages;

use super::statics::STATICS;
use crate::plan::{Level, Risk};

/// The risks of lending the host's values to a module, where earlier ones were lent them before.
pub(crate) fn lending(host: &Packages, module: &Packages, earlier: &[Packages]) -> Vec<Risk> {
    let mut risks = Vec::new();
    let retyped: BTreeSet<String> = earlier
        .iter()
        .flat_map(|earlier| module.retyped(earlier, host))
        .map(|it| format!("{} of {}", it.name, it.package))
        .collect();
    if !retyped.is_empty() {
        let retyped = retyped.into_iter().collect::<Vec<_>>().join(", ");
        risks.push(Risk {
            level: Level::High,
            reason: format!(
                "{retyped} changed under the same TypeId: an older value that was left in what is \
                 lent, in an entity system or as `Any`, is taken for a new one"
            ),
            remedy:
                "restart the host if there may be one; define such types in a package that the \
                     host has as well"
                    .to_owned(),
        });
    }
    for (package, version) in host.shared(module) {
        risks.extend(STATICS.iter().filter(|it| it.package == package).map(|it| {
            Risk {
                level: it.level,
                reason: format!("host and module have {package} {version} each: {}", it.what),
                remedy:
                    "lend no value of its types, or reach it by an interface that the host lends"
                        .to_owned(),
            }
        }));
    }
    risks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(types: &str, names: &[&str]) -> Packages {
        let lines: String = names
            .iter()
            .map(|name| format!("package\t{name}\t1.0.0\tregistry\t1\t\t\t\t\t\tused\t\t\n"))
            .collect();
        Packages::parse(&format!("crate\tscene\t0.1.0\t{types}\n{lines}")).unwrap()
    }

    #[test]
    fn a_static_that_both_sides_have_is_a_risk() {
        let host = packages("", &["hashbrown", "parking_lot_core", "tokio"]);
        let module = packages("", &["hashbrown", "parking_lot_core", "ustr"]);
        let risks = lending(&host, &module, &[]);
        let [risk] = &risks[..] else { panic!("{risks:?}") };
        assert_eq!(risk.level, Level::High);
        let wanted =
            "host and module have parking_lot_core 1.0.0 each: its table of waiting threads";
        assert!(risk.reason.starts_with(wanted), "{risk}");
    }

    #[test]
    fn types_that_have_changed_since_any_earlier_module_are_one_risk() {
        let (host, module) = (packages("9 Trail", &[]), packages("3 Trail|1 Sys", &[]));
        let host = Packages::parse(&host.as_str().replace("scene", "game")).unwrap();
        let earlier = [packages("1 Trail|1 Sys", &[]), packages("2 Trail|1 Sys", &[])];
        let risks = lending(&host, &module, &earlier);
        let [risk] = &risks[..] else { panic!("{risks:?}") };
        assert!(risk.reason.starts_with("Trail of scene changed under the same TypeId"), "{risk}");
        assert_eq!(lending(&host, &module, std::slice::from_ref(&module)), []);
    }

    #[test]
    fn the_list_has_each_package_once_in_order() {
        let names: Vec<_> = STATICS.iter().map(|it| it.package).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable_by_key(|name| {
            let it = STATICS.iter().find(|it| it.package == *name).unwrap();
            (std::cmp::Reverse(it.level), *name)
        });
        sorted.dedup();
        assert_eq!(names, sorted);
    }
}
