//! The matrix: every certificate of the lab shown to a real server or client, and what came of it.

use std::path::Path;

use mtls_client::{Password, TlsVersions};
use mtls_lab::Verdict;

use crate::before_connecting;
use crate::cases::{self, Case};
use crate::error::MatrixError;
use crate::peers::{self, LabFiles, RunningServer, ask};
use crate::report::{Direction, Report, Row, with_causes};

/// Runs every case against the lab in `directory`, with servers on free ports of this machine.
///
/// # Errors
///
/// [`MatrixError`] if the lab is incomplete; a case that does not come out as expected is no error
/// but a row.
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
            rows.push(decide(&lab, &case, name, versions, &mut server).await?);
        }
    }
    rows.extend(before_connecting::rows(&lab)?);
    Ok(Report::new(rows))
}

async fn decide(
    lab: &LabFiles,
    case: &Case,
    version: &str,
    versions: TlsVersions,
    server: &mut RunningServer,
) -> Result<Row, MatrixError> {
    let answer = ask(lab, case, versions, server.address).await?;
    let (got, code, reason) = match (answer, case.direction) {
        (Ok(body), _) => (Verdict::Accepted, None, body),
        (Err(seen), Direction::Client) => {
            // The server knows why; the client has to have noticed that it is its certificate.
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
            // What the client tells the server about it is in the way of the next case's reason.
            let _ = server.refusal().await;
            (
                Verdict::Refused,
                Some(seen.kind().as_str().to_owned()),
                with_causes(&seen),
            )
        }
    };
    let ok = got == case.expected() && code.as_deref() == case.refused;
    let reason = code.map_or(reason.clone(), |code| format!("{code}: {reason}"));
    Ok(Row {
        scenario: case.scenario,
        case: format!("{}, {version}", case.name),
        direction: case.direction,
        expected: case.expected(),
        got,
        reason,
        ok,
    })
}
