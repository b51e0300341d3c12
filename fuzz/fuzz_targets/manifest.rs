//! A manifest, and what a host does with one before it has judged it: it is shown, compared with
//! what a slot requires, and with the state that serves.

#![no_main]

use hotswap_abi::{
    __private::{
        compat::Requirement,
        shape::{compare, compare_stored},
    },
    Manifest,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Where a second one begins, there are two to be compared.
    let mut begins = (1..bytes.len()).filter(|at| bytes[*at..].starts_with(b"HOTSWAP\0"));
    let (left, right) = bytes.split_at(begins.next().unwrap_or(bytes.len()));
    let known = [left, right].map(|bytes| {
        // The fuzzer makes them longer and shorter, and does not count.
        let mut counted = bytes.to_vec();
        if let Some(length) = counted.get_mut(10..14) {
            length.copy_from_slice(&u32::try_from(bytes.len() - 14).unwrap().to_le_bytes());
        }
        Manifest::decode(bytes).or_else(|_| Manifest::decode(&counted)).ok()
    });
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
