//! An artifact's description of its build, compared with a host's.

#![no_main]

use hotswap_abi::same_build::Build;
use libfuzzer_sys::fuzz_target;

/// A host's.
const OURS: &str = "--target\tnone\nprofile\tdebuginfo=2\nfeatures of api\tnone\n\
                    ?features of glam\tstd\ndependency glam\t0.29.2\ndependency world\t0.1.0\n\
                    build of glam\t11\nbuild of api\t22\nsources of world\t33\t1 lib.rs|2 a.rs\n\
                    sources of api\t44\t3 lib.rs\n";

fuzz_target!(|bytes: &[u8]| {
    let Some(theirs) = str::from_utf8(bytes).ok().and_then(Build::parse) else { return };
    let ours = Build::parse(OURS).expect("it is one");
    match Build::difference(&ours, &theirs) {
        Some(difference) => {
            let text = format!("{difference} {}", difference.advice());
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
        None => assert_eq!(Build::difference(&theirs, &ours), None),
    }
});
