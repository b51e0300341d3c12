//! An artifact's description of its build, compared with a host's.

#![no_main]

use hotswap_abi::__private::same_build::{Build, Packages};
use libfuzzer_sys::fuzz_target;

/// A host's.
const OURS: &str = "--target\tnone\nprofile\tdebuginfo=2\nfeatures of api\tnone\n\
                    ?features of glam\tstd\ndependency glam\t0.29.2\ndependency world\t0.1.0\n\
                    build of glam\t11\nbuild of api\t22\nsources of world\t33\t1 lib.rs|2 a.rs\n\
                    sources of api\t44\t3 lib.rs\n";

/// The host's packages.
const PACKAGES: &str = "crate\tgame\t0.1.0\t1 Trail\n\
    package\thecs\t0.10.5\tregistry index\t11\tstd\t\t0\t\t\tused\t\t\n\
    package\tparts\t0.1.0\tlocal\t31\t?\t77\t5\t5 lib.rs\t8 Position\tused\t\t\n";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Some(theirs) = Packages::parse(text) {
        packages(&theirs);
    }
    let Some(theirs) = Build::parse(text) else { return };
    let ours = Build::parse(OURS).expect("it is one");
    match Build::difference(&ours, &theirs) {
        Some(difference) => {
            let text = format!("{difference} {}", difference.advice());
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
        None => assert_eq!(Build::difference(&theirs, &ours), None),
    }
});

fn packages(theirs: &Packages) {
    let ours = Packages::parse(PACKAGES).expect("it is one");
    if let Some(difference) = Packages::difference(&ours, theirs) {
        let text = format!("{difference} {}", difference.advice());
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    assert_eq!(Packages::parse(theirs.as_str()).as_ref(), Some(theirs));
    let _ = theirs.retyped(&ours, &ours);
    let _ = ours.shared(theirs).count();
}
