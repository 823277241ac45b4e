//! What the templates show.

use std::sync::LazyLock;

use askama::Template;
use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki_core::Password;
use sha2::{Digest, Sha256};

use crate::{LAB_PASSWORD, Report, Row};

/// How to install the certificates on a phone.
#[derive(Template)]
#[template(path = "onboarding.html")]
pub(super) struct Onboarding {
    /// What stands before the name of a file in a link to it.
    pub(super) files: &'static str,
    /// Whether the page comes from the server, rather than from disk.
    pub(super) served: bool,
    pub(super) password: PasswordHint,
}

/// What the page says about the password of the bundles.
#[derive(Clone, Copy)]
pub(super) enum PasswordHint {
    /// It may be the lab's own or another.
    Either,
    /// It is the lab's own, which everybody may know.
    Lab,
    /// It is another, and not for a page.
    Own,
}

impl PasswordHint {
    pub(super) fn of(password: &Password) -> Self {
        if password.secret_str() == LAB_PASSWORD {
            Self::Lab
        } else {
            Self::Own
        }
    }
}

/// The matrix as a page.
#[derive(Template)]
#[template(path = "matrix.html")]
pub(super) struct Matrix<'a> {
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
    pub(super) fn new(report: &'a Report) -> Self {
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

/// One sentence instead of what was asked for.
#[derive(Template)]
#[template(path = "notice.html")]
pub(super) struct Notice<'a> {
    pub(super) title: &'a str,
    pub(super) sentence: &'a str,
}

/// The only style sheet, in each page rather than beside it: the page on disk has to be whole by itself.
pub(super) const STYLE: &str = include_str!("../../templates/style.css");

/// Nothing but [`STYLE`] is allowed, by its hash.
pub(super) static CONTENT_SECURITY_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("a Base64 hash is visible ASCII")
});
