//! The operators' console: an operator in Chromium, with a client certificate in NSS.

mod place;
mod visit;

use anyhow::{Result, ensure};

use self::place::{Agent, Place};
use self::visit::{Operated, visit};
use crate::report::group::CONSOLE as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

/// Takes pictures for the docs if `pictures` says so.
pub(crate) fn check(bench: &Bench<'_>, pictures: bool, report: &mut Report) {
    if let Err(error) = tell(bench, pictures, report) {
        report.push(
            GROUP,
            "Chromium",
            "the visit",
            Verdict::Accepted,
            Err(error),
        );
    }
}

fn tell(bench: &Bench<'_>, pictures: bool, report: &mut Report) -> Result<()> {
    let place = Place::make(bench)?;
    others(bench, &place, report);
    let (approved, denied) = (place.agent("sensor-7")?, place.agent("sensor-8")?);
    place.wait_for_requests(2)?;
    let visited = visit(bench, &place, pictures)?;
    visited.report(GROUP, "the keyboard reaches everything", report);
    done(&place, &visited.besides, report);
    decided(approved, denied, report);
    let verified = place.home.run(&["audit", "verify"])?;
    let verdict = Verdict::accepted_if(verified.success());
    let verified = Ok((verdict, verified.reason()));
    report.push(
        GROUP,
        "mtls",
        "the audit log afterwards",
        Verdict::Accepted,
        verified,
    );
    Ok(())
}

/// Whoever is no operator.
fn others(bench: &Bench<'_>, place: &Place, report: &mut Report) {
    let refused = Verdict::RefusedByStatus(403);
    let device = place.as_device(bench);
    report.push(
        GROUP,
        "curl",
        "a certificate that is not an operator's",
        refused,
        device,
    );
    let nobody = place.as_nobody(bench);
    report.push(
        GROUP,
        "curl",
        "no certificate",
        Verdict::RefusedInTls,
        nobody,
    );
}

/// What the operator has done, as the command sees it.
fn done(place: &Place, visited: &Operated, report: &mut Report) {
    let found = Verdict::accepted_if(visited.found == ["CN=carol"]);
    let found = Ok((found, visited.found.join(", ")));
    report.push(
        GROUP,
        "Chromium",
        "searches for a name",
        Verdict::Accepted,
        found,
    );
    let dry_run = Verdict::accepted_if(visited.after_dry_run == "valid");
    let dry_run = Ok((dry_run, visited.after_dry_run.clone()));
    report.push(
        GROUP,
        "Chromium",
        "a dry run revokes nothing",
        Verdict::Accepted,
        dry_run,
    );
    let revoked = place.is_revoked("bob");
    report.push(
        GROUP,
        "Chromium",
        "revokes what was shown",
        Verdict::Accepted,
        revoked,
    );
    let tokens = place.tokens_of_console();
    report.push(
        GROUP,
        "Chromium",
        "a double click makes one token",
        Verdict::Accepted,
        tokens,
    );
    let used = place.use_token(&visited.token);
    report.push(
        GROUP,
        "mtls agent",
        "enrols by that token",
        Verdict::Accepted,
        used,
    );
    let by_status = |status: u16| Ok((Verdict::RefusedByStatus(status), String::new()));
    let refused = Verdict::RefusedByStatus(403);
    for (what, status) in [
        ("a form of another site", visited.foreign),
        ("an operator whose certificate is revoked", visited.revoked),
    ] {
        report.push(GROUP, "Chromium", what, refused, by_status(status));
    }
}

/// What came of the requests.
fn decided(approved: Agent, denied: Agent, report: &mut Report) {
    let ended = approved.end().and_then(|(success, said)| {
        ensure!(success, "{said}");
        Ok((Verdict::Accepted, said))
    });
    report.push(
        GROUP,
        "mtls agent",
        "its request is approved",
        Verdict::Accepted,
        ended,
    );
    let ended = denied.end().map(
        |(success, said)| match said.contains("returned to its owner") {
            true => (Verdict::accepted_if(success), said),
            false => (Verdict::NotRun, said),
        },
    );
    report.push(
        GROUP,
        "mtls agent",
        "its request is denied",
        Verdict::Refused,
        ended,
    );
}
