//! Tables as text, in Markdown, which reads well on a terminal, too. Pure.

/// A table: its head, and rows of as many cells.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with this head.
    pub fn new<T: Into<String>>(head: impl IntoIterator<Item = T>) -> Self {
        Self { rows: vec![head.into_iter().map(Into::into).collect()] }
    }

    /// Adds a row.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The text. The first column is read, the others are compared: they stand to the right.
    #[must_use]
    pub fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            for (at, &width) in widths.iter().enumerate() {
                let cell = row.get(at).map_or("", String::as_str);
                let cell =
                    if at == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
                text.push_str(&format!("| {cell} "));
            }
            text.push_str("|\n");
            if number == 0 {
                for (at, width) in widths.iter().enumerate() {
                    let line = "-".repeat(*width - 1);
                    text.push_str(&if at == 0 {
                        format!("| {line}- ")
                    } else {
                        format!("| {line}: ")
                    });
                }
                text.push_str("|\n");
            }
        }
        text
    }
}

/// A figure with as many places as are of use.
#[must_use]
pub fn figure(value: f64) -> String {
    match value.abs() {
        it if it >= 1000.0 => format!("{value:.0}"),
        it if it >= 100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["way", "ns"]);
        table.row(["fn pointer", "1.70"]);
        table.row(["–"]);
        let expected = "\
| way        |   ns |
| ---------- | ---: |
| fn pointer | 1.70 |
| –          |      |
";
        assert_eq!(table.text(), expected);
    }

    #[test]
    fn a_figure_has_the_places_that_are_of_use() {
        assert_eq!([1.234, 123.45, 12345.6].map(figure), ["1.23", "123.5", "12346"]);
    }
}
