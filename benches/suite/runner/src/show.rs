//! Figures as tables, in Markdown.

use std::fmt::Write as _;

use hotswap_benches::{
    stats::Samples,
    svg::{self, Bar},
    table::{Table, figure},
};

use crate::{calls, growth, live, pause, saves, store::Waits};

/// A race of calls.
pub(crate) fn race(what: &str, threads: usize, figures: &calls::Figures, base: &str) -> String {
    let plural = if threads == 1 { "thread" } else { "threads" };
    let text = format!("\n{what}, {threads} {plural}; the ratios are to {base}\n\n");
    let head = ["way", "min ns", "median", "p90", "min / min", "median of ratios", "p90 of ratios"];
    let mut table = Table::new(head);
    let base = figures.samples(base);
    for (name, samples) in figures.names.iter().zip(&figures.samples) {
        row(&mut table, name, samples, base);
    }
    text + &table.text()
}

/// One way of calling by one thread and by two.
pub(crate) fn one_against_two(what: &str, figures: &calls::Figures) -> String {
    let text = format!("\nfn(u64) -> u64 by {what}; the ratios are to one thread\n\n");
    let head = ["by", "min ns", "median", "p90", "min / min", "median of ratios", "p90 of ratios"];
    let mut table = Table::new(head);
    for (name, samples) in figures.names.iter().zip(&figures.samples) {
        row(&mut table, name, samples, figures.samples(calls::ONE_THREAD));
    }
    text + &table.text()
}

fn row(table: &mut Table, name: &str, samples: &Samples, base: &Samples) {
    let (Some(summary), Some(ratio)) = (samples.summary(), samples.against(base)) else {
        table.row([name, "–"]);
        return;
    };
    let figures = [summary.min, summary.median, summary.p90];
    let ratios = [ratio.of_minima, ratio.median, ratio.p90];
    let cells = figures.into_iter().chain(ratios).map(figure);
    table.row([name.to_owned()].into_iter().chain(cells));
}

/// From artifact to live.
pub(crate) fn live(figures: &live::Figures) -> String {
    let text =
        "\nFrom a complete artifact to the first call into it; the ratios are to the floor\n\n"
            .to_owned();
    let head = ["way", "min ms", "median", "p90", "min / min", "median of ratios", "p90 of ratios"];
    let mut table = Table::new(head);
    for (name, samples) in ways_to_live(figures) {
        row(&mut table, name, samples, &figures.floor);
    }
    text + &table.text()
}

fn ways_to_live(figures: &live::Figures) -> [(&'static str, &Samples); 5] {
    [
        ("floor: copy, hash, open, check, close", &figures.floor),
        ("hotswap", &figures.ours),
        ("relib 0.7.2, told where the file is", &figures.relib),
        ("hot-lib-reloader 0.8.2", &figures.reloader),
        ("hot-lib-reloader 0.8.2, debounce of 1 ms", &figures.reloader_at_once),
    ]
}

/// From artifact to live as a picture.
pub(crate) fn live_picture(figures: &live::Figures) -> String {
    bars("From a complete artifact to the first call", "ms", ways_to_live(figures))
}

/// The pause of a state with a codec.
pub(crate) fn encoded(what: &str, figures: &pause::Encoded) -> String {
    let mut text =
        format!("\nThe pause that callers see, {what}; the ratios are to the codec alone\n\n");
    let head =
        ["what", "min ms", "median", "p90", "min / min", "median of ratios", "p90 of ratios"];
    let mut table = Table::new(head);
    let rows = [
        ("the codec alone: encode, decode", &figures.codec),
        ("the longest wait of an upgrade", &figures.waits.longest),
        ("the pause as the host tells it", &figures.waits.told),
    ];
    for (name, samples) in rows {
        row(&mut table, name, samples, &figures.codec);
    }
    text.push_str(&table.text());
    text.push_str(&calls_within(&figures.waits));
    text
}

/// The pause of a state that is handed over as memory.
pub(crate) fn moved(what: &str, figures: &pause::Moved) -> String {
    let mut text = format!("\nThe pause that callers see, {what}, handed over as memory");
    if let Some(resident) = figures.resident_mib {
        let _ = write!(text, "; the process has {} MiB more with it", figure(resident));
    }
    text.push_str("\n\n");
    let mut table = Table::new(["what", "min ms", "median", "p90", "max"]);
    let rows = [
        ("the longest wait of an upgrade", &figures.waits.longest),
        ("the pause as the host tells it", &figures.waits.told),
    ];
    for (name, samples) in rows {
        if let Some(summary) = samples.summary() {
            let figures = [summary.min, summary.median, summary.p90, summary.max].map(figure);
            table.row([name.to_owned()].into_iter().chain(figures));
        }
    }
    text.push_str(&table.text());
    text.push_str(&calls_within(&figures.waits));
    text
}

fn calls_within(waits: &Waits) -> String {
    let shares = [("half", 0.5), ("99 %", 0.99), ("99.9 %", 0.999), ("all", 1.0)];
    let within = shares.iter().filter_map(|(name, share)| {
        Some(format!("{name} within {} ms", figure(waits.calls.quantile(*share)?)))
    });
    let within: Vec<_> = within.collect();
    format!("\nOf {} calls, one each 50 µs: {}\n", waits.calls.0.len(), within.join(", "))
}

/// Saves.
pub(crate) fn saves(what: &str, figures: &saves::Figures) -> String {
    let mut text = format!(
        "\nFrom the save of a source to the first call into it, host and module built for {what}\n\n"
    );
    let mut table = Table::new(["what", "min ms", "median", "p90"]);
    for (name, samples) in [("cargo build alone", &figures.alone), ("hotswap", &figures.live)] {
        if let Some(summary) = samples.summary() {
            let figures = [summary.min, summary.median, summary.p90];
            table.row([name.to_owned()].into_iter().chain(figures.into_iter().map(figure)));
        }
    }
    text.push_str(&table.text());
    if let Some(overhead) = figures.overhead() {
        let _ = writeln!(
            text,
            "\nMore than cargo build alone, the median of the differences: {} ms",
            figure(overhead)
        );
    }
    text
}

/// What is left of upgrades.
pub(crate) fn growth(sights: &[growth::Sight]) -> String {
    let mut table = Table::new(["upgrades", "resident MiB", "descriptors", "mappings"]);
    for sight in sights {
        table.row([
            sight.upgrades.to_string(),
            figure(sight.resident_mib),
            sight.descriptors.to_string(),
            sight.mapped.to_string(),
        ]);
    }
    format!(
        "\nThe process after upgrades, old code unloaded; it is the one that has measured all that \
         stands above\n\n{}",
        table.text()
    )
}

/// A table with what stands above it.
pub(crate) fn titled(title: &str, table: &Table) -> String {
    format!("\n{title}\n\n{}", table.text())
}

/// A race of calls as a picture.
pub(crate) fn picture(title: &str, figures: &calls::Figures) -> String {
    bars(title, "ns", figures.names.iter().copied().zip(&figures.samples))
}

fn bars<'a>(
    title: &str,
    unit: &str,
    figures: impl IntoIterator<Item = (&'static str, &'a Samples)>,
) -> String {
    let bars = figures.into_iter().filter_map(|(name, samples)| {
        let summary = samples.summary()?;
        let (ours, name) = (name.starts_with("hotswap"), name.to_owned());
        Some(Bar { name, value: summary.min, spread: Some(summary.p90), ours })
    });
    let unit = format!("{unit}, the smallest, and the line to the ninth decile");
    svg::bars(title, &unit, &bars.collect::<Vec<_>>())
}
