//! The results as a page.

use askama::Template;

use crate::report::{Line, Report};

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

/// The lines of one scenario, those that are not as expected first.
struct Scenario<'a> {
    name: &'static str,
    failed: usize,
    lines: Vec<Line<'a>>,
}

impl<'a> Matrix<'a> {
    /// Scenarios keep the order of the report, but for those with a failure, which come first.
    fn new(report: &'a Report) -> Self {
        let mut scenarios: Vec<Scenario<'a>> = Vec::new();
        for line in report.lines() {
            let name = line.row.scenario;
            match scenarios.iter_mut().find(|it| it.name == name) {
                Some(scenario) => scenario.lines.push(line),
                None => scenarios.push(Scenario {
                    name,
                    failed: 0,
                    lines: vec![line],
                }),
            }
        }
        for scenario in &mut scenarios {
            scenario.lines.sort_by_key(|line| line.row.ok);
            scenario.failed = scenario.lines.iter().filter(|line| !line.row.ok).count();
        }
        scenarios.sort_by_key(|scenario| scenario.failed == 0);
        Self {
            passed: report.passed,
            failed: report.failed,
            scenarios,
        }
    }
}
