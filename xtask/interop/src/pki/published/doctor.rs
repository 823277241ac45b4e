//! The doctor beside a CA that publishes: what it makes of the OCSP responses and CRLs of `mtls serve`.

use std::time::Duration;

use anyhow::Result;
use mtls_doctor::{Options, Role, Target, examine};
use suite::process::Server;
use time::OffsetDateTime;

use super::ca::{Ca, GOOD, REVOKED, UNKNOWN};
use crate::report::group::PUBLISHED as GROUP;
use crate::report::{Report, Verdict};

/// While the CA serves.
pub(super) fn check(ca: &Ca, server: &Result<Server>, report: &mut Report) {
    let day = time::Duration::DAY;
    for (client, later, expected) in [
        (GOOD, time::Duration::ZERO, Verdict::Healthy),
        (
            REVOKED,
            time::Duration::ZERO,
            Verdict::Finding("client-revoked"),
        ),
        (
            UNKNOWN,
            time::Duration::ZERO,
            Verdict::Finding("ocsp-useless"),
        ),
        // To a clock that is ahead, the response is stale.
        (GOOD, 40 * day, Verdict::Finding("ocsp-useless")),
    ] {
        let when = if later.is_zero() {
            ""
        } else {
            ", 40 days later"
        };
        push(
            ca,
            server,
            client,
            later,
            &format!("{client}{when}"),
            expected,
            report,
        );
    }
}

/// After it has ended.
pub(super) fn check_without(ca: &Ca, server: &Result<Server>, report: &mut Report) {
    let expected = Verdict::Finding("revocation-unreachable");
    push(
        ca,
        server,
        GOOD,
        time::Duration::ZERO,
        "nobody answers",
        expected,
        report,
    );
}

fn push(
    ca: &Ca,
    server: &Result<Server>,
    client: &str,
    later: time::Duration,
    case: &str,
    expected: Verdict,
    report: &mut Report,
) {
    let seen = match server {
        Ok(server) => Ok(found(ca, server.port(), client, later, expected)),
        Err(error) => Err(anyhow::anyhow!("{error:#}")),
    };
    report.push(GROUP, "the doctor", case, expected, seen);
}

/// What is expected where it is found; else what is found first.
fn found(
    ca: &Ca,
    port: u16,
    client: &str,
    later: time::Duration,
    expected: Verdict,
) -> (Verdict, String) {
    let mut options = Options::new(OffsetDateTime::now_utc() + later);
    options.timeout = Duration::from_secs(20);
    let targets = [
        Target::parse(&format!("https://localhost:{port}/")),
        Target::file(ca.path(&format!("{client}/client.crt")), Role::Certificate),
        Target::file(ca.path(&format!("{client}/client.key")), Role::Key),
        Target::file(ca.ca_arg("root.crt"), Role::Ca),
    ];
    let findings = examine(&targets, &options);
    let findings = findings.findings();
    let told: Vec<_> = findings
        .iter()
        .map(|one| format!("{}: {}", one.id, one.what))
        .collect();
    let of = |one: &mtls_doctor::Finding| Verdict::Finding(one.id);
    let is_there = findings.iter().any(|one| of(one) == expected);
    let verdict = match (is_there, findings.first()) {
        (true, _) => expected,
        (false, Some(first)) => of(first),
        (false, None) => Verdict::Healthy,
    };
    (verdict, told.join("; "))
}
