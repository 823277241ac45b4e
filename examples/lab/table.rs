//! The matrix on a terminal.

use std::io::{IsTerminal as _, stdout};

use comfy_table::{Cell, ContentArrangement, Table, presets};
use lab_matrix::{Line, Report};
use mtls_lab::Verdict;

/// What was tried, one line for each case, and how many are as expected.
///
/// On a terminal a line is no longer than the terminal is wide: the reason is cut where all is as expected. `--json`
/// and the page have the whole.
pub(crate) fn of(report: &Report) -> String {
    let lines = report.lines();
    let table = columns(&lines).to_string();
    let mut rows = table.lines();
    let header = rows.next().unwrap_or_default();
    let mut out = format!("{}\n\n{header} why\n", summary(report, &lines));
    for (row, line) in rows.zip(&lines) {
        out += &with_reason(row, line);
        out.push('\n');
    }
    format!(
        "{out}\n{} as expected, {} not",
        report.passed, report.failed
    )
}

fn columns(lines: &[Line<'_>]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "",
        "scenario",
        "judged",
        "what is presented",
        "TLS",
        "expected",
        "got",
    ]);
    for line in lines {
        let row = line.row;
        table.add_row([
            Cell::new(if row.ok { OK } else { WRONG }),
            Cell::new(row.scenario),
            Cell::new(row.direction),
            Cell::new(&row.presented),
            Cell::new(line.versions()),
            Cell::new(row.expected),
            Cell::new(row.got),
        ]);
    }
    table
}

fn summary(report: &Report, lines: &[Line<'_>]) -> String {
    let results = report.results.len();
    let accepted = lines
        .iter()
        .filter(|line| line.row.expected == Verdict::Accepted)
        .count();
    let refused = lines.len() - accepted;
    // A lab of ML-DSA keys has no TLS 1.2.
    let old = report.results.iter().any(|row| row.tls == Some("TLS 1.2"));
    let versions = if old { "TLS 1.2 and 1.3" } else { "TLS 1.3" };
    format!(
        "tried {} cases with a real server and a real client, {results} results over {versions}: {accepted} have to be \
         accepted, {refused} refused",
        lines.len()
    )
}

fn with_reason(row: &str, line: &Line<'_>) -> String {
    let whole = format!("{row} {}", line.reason);
    let Some(width) = terminal_width() else {
        return whole;
    };
    let mut shown = whole;
    if line.row.ok && shown.chars().count() > width {
        shown = shown.chars().take(width.saturating_sub(1)).collect();
        shown.push('…');
    }
    match std::env::var_os("NO_COLOR") {
        None => in_colour(&shown),
        Some(_) => shown,
    }
}

/// The columns of the terminal. Where there is none it is a log, and nobody folds the lines.
fn terminal_width() -> Option<usize> {
    if !stdout().is_terminal() {
        return None;
    }
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(stdout())
        && size.ws_col > 0
    {
        return Some(size.ws_col.into());
    }
    Some(160)
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
