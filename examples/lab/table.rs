//! The matrix on a terminal.

use std::io::{IsTerminal as _, stdout};

use comfy_table::{Cell, ContentArrangement, Table, presets};
use lab_matrix::Report;

/// One line for each row, narrower where the terminal is.
pub(crate) fn of(report: &Report) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width());
    table.set_header([
        "",
        "scenario",
        "who is judged",
        "what is shown",
        "expected",
        "got",
        "why",
    ]);
    for row in &report.results {
        table.add_row([
            Cell::new(if row.ok { OK } else { WRONG }),
            Cell::new(row.scenario),
            Cell::new(row.direction),
            Cell::new(&row.case),
            Cell::new(row.expected),
            Cell::new(row.got),
            Cell::new(&row.reason),
        ]);
    }
    let mut table = table.to_string();
    if stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        let lines: Vec<_> = table.lines().map(in_colour).collect();
        table = lines.join("\n");
    }
    format!(
        "{table}\n\n{} as expected, {} not",
        report.passed, report.failed
    )
}

/// The columns of the terminal. Where there is none, nobody folds the lines: it is a log.
fn width() -> u16 {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(stdout())
        && size.ws_col > 0
    {
        return size.ws_col;
    }
    160
}

fn in_colour(line: &str) -> String {
    for (mark, colour) in [(OK, "\x1b[32m"), (WRONG, "\x1b[31m")] {
        let rest = line
            .strip_prefix(' ')
            .and_then(|line| line.strip_prefix(mark));
        if let Some(rest) = rest {
            return format!(" {colour}{mark}\x1b[0m{rest}");
        }
    }
    line.to_owned()
}

const OK: &str = "ok";
const WRONG: &str = "WRONG";
