//! Running the matrix: each case with a real server and a real client.

use std::path::Path;

use mtls_client::{Password, TlsVersions};
use mtls_lab::Verdict;

use crate::before_connecting;
use crate::cases::{self, Case, Credential};
use crate::error::MatrixError;
use crate::peers::{self, LabFiles, RunningServer, ask};
use crate::report::{Direction, Report, Row, innermost_sentence};

/// Runs every case against the lab in `directory`, with servers on free ports of this machine: in TLS 1.2 and 1.3, with
/// ML-DSA keys in TLS 1.3 alone.
///
/// # Errors
///
/// [`MatrixError`] if the lab is incomplete. A case with another verdict than expected is a row with `ok: false`, and no
/// error.
pub async fn run(directory: &Path, password: &Password) -> Result<Report, MatrixError> {
    let manifest = peers::manifest(directory)?;
    let lab = LabFiles {
        directory: directory.to_owned(),
        password: password.clone(),
    };
    let mut rows = Vec::new();
    let versions: &[_] = if manifest.key_type.needs_tls13() {
        &[TLS13]
    } else {
        &[TLS12, TLS13]
    };
    let has_file = |file: &str| manifest.files.iter().any(|it| &*it.path == file);
    for case in cases::all() {
        // Labs of some kinds of keys have no bundle for old readers.
        if matches!(case.client.credential, Credential::Pkcs12(file) if !has_file(file)) {
            continue;
        }
        let mut server = RunningServer::start(&lab, &case.server).await?;
        for &(name, versions) in versions {
            rows.push(row_of(&lab, &case, name, versions, &mut server).await?);
        }
    }
    rows.extend(before_connecting::rows(&lab)?);
    Ok(Report::new(rows))
}

const TLS12: (&str, TlsVersions) = ("TLS 1.2", TlsVersions::Only12);
const TLS13: (&str, TlsVersions) = ("TLS 1.3", TlsVersions::Only13);

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
