//! Tables for people.

use comfy_table::{Cell, ContentArrangement, Table, presets};

use super::plain::plain;

/// Rows under a header, no wider than the terminal.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header.map(Cell::new));
    for row in rows {
        table.add_row(row.map(|cell| Cell::new(plain(&cell))));
    }
    let lines = table.to_string();
    // The style has a space in front of each line.
    let lines = lines
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    let lines: Vec<_> = lines.map(str::trim_end).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_is_obeyed_by_a_terminal() {
        let table = table(["name"], [["x\u{1b}[2J\u{202e}".to_owned()]]);
        assert!(table.ends_with("x\\u{1b}[2J\\u{202e}"), "{table}");
    }
}
