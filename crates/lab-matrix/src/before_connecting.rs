//! What is refused before there is a connection.

use mtls_client::{ClientIdentity, IdentityError, Password};
use mtls_lab::Verdict;
use pkcs12_ios::{OpenError, ReadError};
use pki_core::verify::{AnchorError, TrustAnchors};

use crate::error::MatrixError;
use crate::peers::LabFiles;
use crate::report::{Direction, Row, innermost_sentence};

/// One row for each.
pub(crate) fn rows(lab: &LabFiles) -> Result<Vec<Row>, MatrixError> {
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
        row(
            "key of another certificate",
            Client,
            mismatched,
            is_mismatch,
        ),
        row("wrong password of client.p12", Client, locked, is_password),
        row(
            "empty trust bundle at the server",
            Client,
            no_roots(),
            is_empty,
        ),
        row(
            "empty trust bundle at the client",
            Server,
            no_roots(),
            is_empty,
        ),
    ])
}

fn row<T, E: std::error::Error + 'static>(
    case: &str,
    direction: Direction,
    outcome: Result<T, E>,
    is_expected: impl Fn(&E) -> bool,
) -> Row {
    let (got, reason, ok) = match outcome {
        Ok(_) => (Verdict::Accepted, "was accepted".to_owned(), false),
        Err(error) => (
            Verdict::Refused,
            innermost_sentence(&error),
            is_expected(&error),
        ),
    };
    Row {
        scenario: "before connecting",
        case: case.to_owned(),
        presented: case.to_owned(),
        tls: None,
        direction,
        expected: Verdict::Refused,
        got,
        reason,
        ok,
    }
}
