//! Bars as a picture. Pure, and small: what a report needs and no more.

use std::fmt::Write as _;

/// One bar.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "what a picture is made of, used by this program alone"
)]
pub struct Bar {
    /// What it is.
    pub name: String,
    /// How long it is.
    pub value: f64,
    /// Where the spread ends, if there is one: a thin line.
    pub spread: Option<f64>,
    /// Whether it is ours.
    pub ours: bool,
}

const ROW: usize = 26;
const NAMES: usize = 290;
const BARS: usize = 400;

/// A picture of bars in their order. Where the longest is more than fifty times the shortest, the
/// scale is logarithmic, and says so.
#[must_use]
pub fn bars(title: &str, unit: &str, bars: &[Bar]) -> String {
    let ends = bars.iter().flat_map(|bar| [Some(bar.value), bar.spread]).flatten();
    let longest = ends.fold(0.0, f64::max);
    let shortest = bars.iter().map(|bar| bar.value).fold(f64::INFINITY, f64::min);
    let logarithmic = longest > 50.0 * shortest;
    let place = |value: f64| {
        let share = if logarithmic {
            // A tenth for the shortest, so that it can be seen.
            0.1 + 0.9 * (value / shortest).ln() / (longest / shortest).ln()
        } else {
            value / longest
        };
        share.clamp(0.0, 1.0) * BARS as f64
    };
    let (width, height) = (NAMES + BARS + 90, ROW * (bars.len() + 1) + 14);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    let scale = if logarithmic { ", logarithmic" } else { "" };
    let title = escaped(&format!("{title} ({unit}{scale})"));
    let _ = writeln!(svg, "<text x=\"8\" y=\"20\" font-weight=\"bold\">{title}</text>");
    for (at, bar) in bars.iter().enumerate() {
        let (top, end) = (ROW * (at + 1) + 6, place(bar.value));
        let fill = if bar.ours { "#2a6f97" } else { "#b0b7bd" };
        let (name, value) = (escaped(&bar.name), crate::table::figure(bar.value));
        let last = bar.spread.map_or(end, &place).max(end);
        let (middle, text) = (top + 9, top + 14);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{name}</text>\
             <rect x=\"{NAMES}\" y=\"{top}\" width=\"{end:.1}\" height=\"18\" fill=\"{fill}\"/>\
             <path d=\"M{:.1} {middle}H{:.1}\" stroke=\"#444\"/>\
             <text x=\"{:.1}\" y=\"{text}\">{value}</text>",
            NAMES - 8,
            NAMES as f64 + end,
            NAMES as f64 + last,
            NAMES as f64 + last + 6.0,
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(name: &str, value: f64) -> Bar {
        Bar { name: name.to_owned(), value, spread: None, ours: false }
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_of_the_longest() {
        let svg = bars("t", "ns", &[bar("a", 1.0), bar("b", 2.0)]);
        for width in ["width=\"200.0\"", "width=\"400.0\""] {
            assert!(svg.contains(width), "{svg}");
        }
        assert!(!svg.contains("logarithmic"));
    }

    #[test]
    fn far_apart_the_scale_is_logarithmic_and_says_so() {
        let svg = bars("t", "ns", &[bar("a", 1.0), bar("b", 10.0), bar("c", 100.0)]);
        for width in ["width=\"40.0\"", "width=\"220.0\"", "width=\"400.0\"", "logarithmic"] {
            assert!(svg.contains(width), "{svg}");
        }
    }

    #[test]
    fn a_name_cannot_end_the_text_it_stands_in() {
        let svg = bars("t", "ns", &[bar("fn() -> Vec<T>", 1.0)]);
        assert!(svg.contains("fn() -&gt; Vec&lt;T&gt;"));
    }
}
