//! A key's place among all keys: which callers meet a version beside the stable one.

use hotswap_gate::Salt;

/// The point of a key, evenly spread over 32 bits: the first four bytes, little-endian, of BLAKE3 of the
/// key, keyed with the artifact's own hash. So another artifact meets other keys, and the same one the
/// same keys: after a restart, and on every host.
pub(super) fn point(salt: &Salt, key: &[u8]) -> u32 {
    let hash = blake3::keyed_hash(salt, key);
    let [a, b, c, d, ..] = *hash.as_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::point;

    /// All hosts have to agree, in all versions of this library.
    #[test]
    fn the_points_of_keys_do_not_change() {
        let salts = [[0; 32], [1; 32]];
        let points = salts.map(|salt| ["", "ada", "grace"].map(|key| point(&salt, key.as_bytes())));
        // As another implementation of BLAKE3 has them.
        let wanted = [
            [3_978_099_111, 3_569_251_297, 305_084_969],
            [3_178_022_749, 3_840_796_215, 2_279_828_091],
        ];
        assert_eq!(points, wanted);
    }

    #[test]
    fn points_are_spread_evenly() {
        let below = |share: f64| {
            let most = (share * f64::from(u32::MAX)) as u32;
            (0..10_000_u32).filter(|key| point(&[7; 32], &key.to_le_bytes()) < most).count()
        };
        for share in [0.01, 0.1, 0.5] {
            let (found, wanted) = (below(share) as f64, 10_000.0 * share);
            // Four standard deviations of a binomial.
            assert!((found - wanted).abs() < 4.0 * (wanted * (1.0 - share)).sqrt(), "{found}");
        }
    }
}
