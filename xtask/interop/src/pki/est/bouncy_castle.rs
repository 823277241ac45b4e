//! The EST client of BouncyCastle, which has an HTTP of its own on the TLS of the JDK.

use anyhow::{Context as _, Result, ensure};
use suite::{peers, workspace};

use super::GROUP;
use super::site::Site;
use crate::report::{Report, Verdict};

const CLIENT: &str = "BouncyCastle";

pub(super) fn tell(site: &Site<'_>, report: &mut Report) -> Result<()> {
    let token = site.token("pump-1", &[])?;
    let source = workspace().join("xtask/interop/src/pki/est/EstClient.java");
    let class_path = [
        peers::BOUNCY_CASTLE,
        peers::BOUNCY_CASTLE_PKIX,
        peers::BOUNCY_CASTLE_UTIL,
    ]
    .join(":");
    let port = site.url("");
    let port = port.rsplit(':').next().context("there is a port")?;
    let source = source.to_string_lossy();
    let arguments = ["-cp", &class_path, &source, port, "ca.crt", "client"];
    let device = ["pump-1", &token, "pump-1"];
    let said = site.ok("java", &[&arguments[..], &device].concat())?;
    for (case, expected, verdict) in CASES {
        let prefix = format!("{case}: ");
        let line = said.lines().find_map(|line| line.strip_prefix(&prefix));
        let line = line.with_context(|| format!("{case}: {said}"));
        let seen = line.map(|line| (verdict_of(line), line.to_owned()));
        let seen = seen.and_then(|(found, line)| {
            ensure!(line == expected, "{line}, and not {expected}");
            Ok((found, line))
        });
        report.push(GROUP, CLIENT, case, verdict, seen);
    }
    Ok(())
}

fn verdict_of(line: &str) -> Verdict {
    let status = line.strip_prefix("refused ");
    match status.and_then(|status| status.parse().ok()) {
        Some(status) => Verdict::RefusedByStatus(status),
        None => Verdict::accepted_if(!line.starts_with("failed")),
    }
}

/// What it does, what it says of that, and how that is judged.
const CASES: [(&str, &str, Verdict); 7] = [
    ("cacerts", "2 certificates", Verdict::Accepted),
    ("csrattrs", "2 attributes", Verdict::Accepted),
    (
        "a wrong password",
        "refused 401",
        Verdict::RefusedByStatus(401),
    ),
    ("enrols by a password", "issued", Verdict::Accepted),
    (
        "the token for another key",
        "refused 403",
        Verdict::RefusedByStatus(403),
    ),
    ("renews by its certificate", "issued", Verdict::Accepted),
    (
        "renews with another name",
        "refused 403",
        Verdict::RefusedByStatus(403),
    ),
];
