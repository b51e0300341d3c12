//! A manifest, and what a host does with one before it has judged it: it is shown, compared with
//! what a slot requires, and with the state that serves.

#![no_main]

use hotswap_abi::{
    compat::Requirement,
    manifest::Manifest,
    shape::{compare, compare_stored},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Two, so that one can be compared with another.
    let middle = bytes.first().map_or(0, |at| bytes.len() * usize::from(*at) / 255);
    let (left, right) = bytes.split_at(middle);
    let whole = bytes.get(1..).and_then(|bytes| Manifest::decode(bytes).ok());
    let (left, right) = (left.get(1..).map(Manifest::decode), Manifest::decode(right));
    let known = [whole, left.and_then(Result::ok), right.ok()];
    for manifest in known.iter().flatten() {
        let types = &manifest.types;
        for definition in &types.definitions {
            for member in &definition.members {
                let _ = types.signature(member).to_string();
            }
        }
        for other in known.iter().flatten() {
            let requirement = Requirement::new(other.schema());
            for mismatch in requirement.check(manifest) {
                let text = mismatch.to_string();
                assert!(!text.chars().any(char::is_control), "{text:?}");
            }
            let sides = ((types, &manifest.interface), (&other.types, &other.interface));
            let _ = compare(sides.0, sides.1, "I");
            if let (Some(new), Some(old)) = (manifest.state(), other.state()) {
                let _ = compare_stored((types, &new.shape), (&other.types, &old.shape), "S");
            }
        }
        assert_eq!(Manifest::decode(manifest.encoded()).as_ref(), Ok(manifest));
    }
});
