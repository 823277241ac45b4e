//! Rows that both stories have.

use anyhow::Result;
use suite::process::Finished;

use crate::pki::upstream::rows;
use crate::report::Report;
use crate::report::group::UPSTREAM_CAS as GROUP;

pub(super) fn refused(report: &mut Report, case: &str, words: &str, ran: Result<Finished>) {
    report.refused(GROUP, SUBJECT, case, words, ran);
}

pub(super) fn holds(report: &mut Report, case: &str, seen: Result<(bool, String)>) {
    rows::holds_for(SUBJECT, report, case, seen);
}

const SUBJECT: &str = "AWS Private CA";
