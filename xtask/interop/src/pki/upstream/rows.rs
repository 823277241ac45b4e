//! Rows that several stories have.

use suite::process::Finished;

use crate::report::group::UPSTREAM_CAS as GROUP;
use crate::report::{Report, Verdict};

/// A row for a command that has to refuse, with these words.
pub(super) fn refused(report: &mut Report, case: &str, words: &str, ran: anyhow::Result<Finished>) {
    report.refused(GROUP, "OpenBao", case, words, ran);
}

/// A row for something that has to hold.
pub(super) fn holds(report: &mut Report, case: &str, seen: anyhow::Result<(bool, String)>) {
    holds_for("OpenBao", report, case, seen);
}

pub(super) fn holds_for(
    subject: &str,
    report: &mut Report,
    case: &str,
    seen: anyhow::Result<(bool, String)>,
) {
    let seen = seen.map(|(holds, evidence)| (Verdict::accepted_if(holds), evidence));
    report.push(GROUP, subject, case, Verdict::Accepted, seen);
}
