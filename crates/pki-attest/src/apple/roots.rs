//! Apple's root.

use std::sync::LazyLock;

use x509_identity::Certificate;

static APP_ATTESTATION: LazyLock<Option<Certificate>> = LazyLock::new(|| {
    Certificate::from_pem(include_bytes!("../../roots/apple-app-attestation.pem")).ok()
});

/// The Apple App Attestation Root CA, until 2045-03-15: SHA-256
/// `1cb9823ba28ba6ad2d33a006941de2ae4f513ef1d4e831b9f7e0fa7b6242c932`.
#[must_use]
#[expect(clippy::expect_used, reason = "the file is part of the crate")]
pub fn app_attestation_root() -> &'static Certificate {
    APP_ATTESTATION.as_ref().expect("the root is a certificate")
}
