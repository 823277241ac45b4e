//! Google's roots.

use std::sync::LazyLock;

use x509_identity::{Certificate, ParseError};

static ROOTS: LazyLock<Result<[Certificate; 2], ParseError>> = LazyLock::new(|| {
    Ok([
        Certificate::from_pem(include_bytes!("../../roots/google-rsa.pem"))?,
        Certificate::from_pem(include_bytes!("../../roots/google-p384.pem"))?,
    ])
});

/// The roots of Google's key attestation, by whose keys chains are anchored: RSA of 4,096 bits (`f92009e853b6b045`), and
/// since February 2026 ECDSA on P-384 (`Key Attestation CA1`).
#[must_use]
#[expect(clippy::expect_used, reason = "the files are part of the crate")]
pub fn google_roots() -> &'static [Certificate] {
    ROOTS.as_ref().expect("the roots are certificates")
}
