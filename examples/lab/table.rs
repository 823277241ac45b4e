//! The matrix on a terminal.

use comfy_table::presets;
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table};
use lab_matrix::Report;

/// One line for each row, narrower where the terminal is.
pub(crate) fn of(report: &Report) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if !table.is_tty() {
        // Nobody folds the lines of a log.
        table.set_width(WIDTH);
    }
    table.set_header([
        "",
        "scenario",
        "certificate of",
        "case",
        "expected",
        "got",
        "why",
    ]);
    for row in &report.results {
        let (mark, color) = if row.ok {
            ("ok", Color::Green)
        } else {
            ("WRONG", Color::Red)
        };
        table.add_row([
            Cell::new(mark).fg(color).set_alignment(CellAlignment::Left),
            Cell::new(row.scenario),
            Cell::new(row.direction),
            Cell::new(&row.case),
            Cell::new(row.expected),
            Cell::new(row.got),
            Cell::new(&row.reason),
        ]);
    }
    format!(
        "{table}\n\n{} as expected, {} not",
        report.passed, report.failed
    )
}

/// Columns where there is no terminal to ask.
const WIDTH: u16 = 160;
