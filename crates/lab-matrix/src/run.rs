//! Running the matrix: each case with a real server and a real client.

use std::path::Path;

use mtls_client::{Password, TlsVersions};
use mtls_lab::Verdict;

use crate::before_connecting;
use crate::cases::{self, Case};
use crate::error::MatrixError;
use crate::peers::{self, LabFiles, RunningServer, ask};
use crate::report::{Direction, Report, Row, innermost_sentence};

/// Runs every case against the lab in `directory`, with servers on free ports of this machine.
///
/// # Errors
///
/// [`MatrixError`] if the lab is incomplete. A case with another verdict than expected is a row with `ok: false`, and no
/// error.
pub async fn run(directory: &Path, password: &Password) -> Result<Report, MatrixError> {
    peers::check(directory)?;
    let lab = LabFiles {
        directory: directory.to_owned(),
        password: password.clone(),
    };
    let mut rows = Vec::new();
    for case in cases::all() {
        let mut server = RunningServer::start(&lab, &case.server).await?;
        for (name, versions) in [
            ("TLS 1.2", TlsVersions::Only12),
            ("TLS 1.3", TlsVersions::Only13),
        ] {
            rows.push(row_of(&lab, &case, name, versions, &mut server).await?);
        }
    }
    rows.extend(before_connecting::rows(&lab)?);
    Ok(Report::new(rows))
}

async fn row_of(
    lab: &LabFiles,
    case: &Case,
    version: &'static str,
    versions: TlsVersions,
    server: &mut RunningServer,
) -> Result<Row, MatrixError> {
    let answer = ask(lab, case, versions, server.address).await?;
    let (got, code, reason) = match (answer, case.direction) {
        (Ok(body), _) => (Verdict::Accepted, None, body),
        (Err(seen), Direction::Client) => {
            // The server knows the reason. The client has to see that it was its certificate.
            let told = seen.kind().as_str() == "identity-rejected";
            let (code, sentence) = server.refusal().await.unwrap_or_default();
            let code = if told {
                code
            } else {
                format!("{code}, but the client saw {}: {seen}", seen.kind())
            };
            (Verdict::Refused, Some(code), sentence)
        }
        (Err(seen), Direction::Server) => {
            // The server reports it, too: read here, or it would be taken for the reason of the next row.
            let _ = server.refusal().await;
            (
                Verdict::Refused,
                Some(seen.kind().as_str().to_owned()),
                innermost_sentence(&seen),
            )
        }
    };
    let ok = got == case.expected() && code.as_deref() == case.refused;
    let reason = code.map_or(reason.clone(), |code| format!("{code}: {reason}"));
    Ok(Row {
        scenario: case.scenario,
        case: format!("{}, {version}", case.name),
        presented: case.name.to_owned(),
        tls: Some(version),
        direction: case.direction,
        expected: case.expected(),
        got,
        reason,
        ok,
    })
}
