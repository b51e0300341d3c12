//! A larger state.

use hotswap_benches::{
    stats::Samples,
    table::{Table, figure},
};

use crate::pause::Shapes;

/// The pauses of upgrades with a state of so many bytes: in another shape, and handed over.
pub(crate) fn states(shapes: &mut Shapes, sizes: &[(&str, usize, u64)]) -> Table {
    let mut table = Table::new([
        "state",
        "shape changed: pause ms",
        "ms a MiB",
        "the codec alone ms",
        "pause / codec",
        "handed over: pause ms",
    ]);
    for &(name, bytes, rounds) in sizes {
        let median = |samples: &Samples| samples.summary().map_or(f64::NAN, |it| it.median);
        let encoded = shapes.encoded(bytes, true, rounds);
        let moved = shapes.moved(bytes, 20);
        let (pause, codec) = (median(&encoded.waits.told), median(&encoded.codec));
        let mib = bytes as f64 / f64::from(1 << 20);
        let handed_over = median(&moved.waits.told);
        let figures = [pause, pause / mib, codec, pause / codec, handed_over].map(figure);
        table.row([name.to_owned()].into_iter().chain(figures));
    }
    table
}
