//! The results as a page.

use askama::Template;

use crate::report::{Report, Row};

/// The results as an HTML document, which `onboarding::Site::page` serves.
#[must_use]
pub fn page(report: &Report) -> String {
    let title = match report.failed {
        0 => format!("{} as expected - mutual-TLS lab", report.passed),
        failed => format!("{failed} not as expected - mutual-TLS lab"),
    };
    onboarding::document(&title, &Matrix::new(report).to_string())
}

/// The matrix as a page.
#[derive(Template)]
#[template(path = "matrix.html")]
struct Matrix<'a> {
    passed: usize,
    failed: usize,
    scenarios: Vec<Scenario<'a>>,
}

/// The rows of one scenario, those that are not as expected first.
struct Scenario<'a> {
    name: &'static str,
    failed: usize,
    rows: Vec<&'a Row>,
}

impl<'a> Matrix<'a> {
    /// Scenarios keep the order of the report, but for those with a failure, which come first.
    fn new(report: &'a Report) -> Self {
        let mut scenarios: Vec<Scenario<'a>> = Vec::new();
        for row in &report.results {
            match scenarios
                .iter_mut()
                .find(|scenario| scenario.name == row.scenario)
            {
                Some(scenario) => scenario.rows.push(row),
                None => scenarios.push(Scenario {
                    name: row.scenario,
                    failed: 0,
                    rows: vec![row],
                }),
            }
        }
        for scenario in &mut scenarios {
            scenario.rows.sort_by_key(|row| row.ok);
            scenario.failed = scenario.rows.iter().filter(|row| !row.ok).count();
        }
        scenarios.sort_by_key(|scenario| scenario.failed == 0);
        Self {
            passed: report.passed,
            failed: report.failed,
            scenarios,
        }
    }
}
