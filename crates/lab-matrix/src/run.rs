//! The matrix: every certificate of the lab shown to a real server or client, and what came of it.

use std::path::Path;

use mtls_client::{ClientIdentity, IdentityError, Password, TlsVersions};
use mtls_lab::Verdict;
use pkcs12_ios::{OpenError, ReadError};
use pki_core::verify::{AnchorError, TrustAnchors};

use crate::case::Case;
use crate::peers::{self, LabFiles, RunningServer, ask, with_causes};
use crate::{Direction, MatrixError, Report, Row, cases};

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
    rows.extend(before_any_connection(&lab)?);
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

/// What does not get as far as a connection.
fn before_any_connection(lab: &LabFiles) -> Result<Vec<Row>, MatrixError> {
    let mismatched = ClientIdentity::from_pem(
        &lab.read("refused/mismatched-key/client.crt")?,
        &lab.read("refused/mismatched-key/client.key")?,
    );
    let locked = ClientIdentity::from_pkcs12(
        &lab.read("same-ca/client.p12")?,
        &Password::new("not the password"),
    );
    let is_mismatch = |error: &IdentityError| matches!(error, IdentityError::KeyMismatch { .. });
    let is_password = |error: &IdentityError| {
        matches!(
            error,
            IdentityError::Pkcs12(OpenError::Read(ReadError::MacMismatch))
        )
    };
    let is_empty = |error: &AnchorError| matches!(error, AnchorError::Empty);
    let no_roots = || TrustAnchors::from_pem(b"");
    use Direction::{Client, Server};
    Ok(vec![
        refused_early(
            "key of another certificate",
            Client,
            mismatched,
            is_mismatch,
        ),
        refused_early("wrong password of client.p12", Client, locked, is_password),
        refused_early(
            "empty trust bundle at the server",
            Client,
            no_roots(),
            is_empty,
        ),
        refused_early(
            "empty trust bundle at the client",
            Server,
            no_roots(),
            is_empty,
        ),
    ])
}

fn refused_early<T, E: std::error::Error + 'static>(
    case: &str,
    direction: Direction,
    outcome: Result<T, E>,
    is_expected: impl Fn(&E) -> bool,
) -> Row {
    let (got, reason, ok) = match outcome {
        Ok(_) => (Verdict::Accepted, "was taken".to_owned(), false),
        Err(error) => (Verdict::Refused, with_causes(&error), is_expected(&error)),
    };
    Row {
        scenario: "before connecting",
        case: case.to_owned(),
        direction,
        expected: Verdict::Refused,
        got,
        reason,
        ok,
    }
}
