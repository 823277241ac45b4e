//! curl as the client that shows what a server does.

use std::path::Path;

use anyhow::Result;
use suite::process;

use crate::report::Verdict;
use crate::workbench::Bench;

/// What the client shows: the arguments of curl for it.
pub(crate) type Shown = Vec<String>;

pub(crate) fn nothing() -> Shown {
    Vec::new()
}

pub(crate) fn pem(cert: &str, key: &str) -> Shown {
    ["--cert", cert, "--key", key].map(str::to_owned).to_vec()
}

pub(crate) fn p12(file: &str, password: &str) -> Shown {
    [
        "--cert-type",
        "P12",
        "--cert",
        &format!("{file}:{password}"),
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Asks for `url`, whose server must be vouched for by `ca`. The evidence of an answer is its body.
pub(crate) fn ask(
    bench: &Bench<'_>,
    url: &str,
    ca: &Path,
    shown: &Shown,
    more: &[&str],
) -> Result<(Verdict, String)> {
    let mut curl = bench.peers.command("curl");
    curl.args([
        "--silent",
        "--show-error",
        "--max-time",
        "10",
        "--write-out",
        "\n%{http_code}",
        "--cacert",
    ])
    .arg(ca);
    let said = process::run(curl.args(shown).args(more).arg(url), None)?;
    let (body, status) = said.stdout.rsplit_once('\n').unwrap_or(("", &said.stdout));
    Ok(match (said.code, status) {
        (Some(0), "200") => (Verdict::Accepted, body.to_owned()),
        (Some(0), status) => (
            status
                .parse()
                .map_or(Verdict::NotRun, Verdict::RefusedByStatus),
            body.to_owned(),
        ),
        // The server sent an alert, or ended the connection before curl could read one. All else (no connection, the
        // server's certificate not trusted, an unreadable file) is no refusal by the server.
        (Some(16 | 35 | 52 | 55 | 56), _) => (Verdict::RefusedInTls, said.reason()),
        _ => (Verdict::NotRun, said.reason()),
    })
}
