//! Apple's roots.

use std::sync::LazyLock;

use x509_identity::Certificate;

static APP_ATTESTATION: LazyLock<Option<Certificate>> = LazyLock::new(|| {
    Certificate::from_pem(include_bytes!("../../roots/apple-app-attestation.pem")).ok()
});

static ENTERPRISE_ATTESTATION: LazyLock<Option<Certificate>> = LazyLock::new(|| {
    Certificate::from_pem(include_bytes!(
        "../../roots/apple-enterprise-attestation.pem"
    ))
    .ok()
});

/// The Apple App Attestation Root CA, until 2045-03-15: SHA-256
/// `1cb9823ba28ba6ad2d33a006941de2ae4f513ef1d4e831b9f7e0fa7b6242c932`.
#[must_use]
#[expect(clippy::expect_used, reason = "the file is part of the crate")]
pub fn app_attestation_root() -> &'static Certificate {
    APP_ATTESTATION.as_ref().expect("the root is a certificate")
}

/// The Apple Enterprise Attestation Root CA, for managed devices, until 2047-02-20: SHA-256
/// `ccf59ef8fcb3017d97f8b5fa6fa90e7a3f9283f76b55ac6cf6eda8b8b949f05b`.
#[must_use]
#[expect(clippy::expect_used, reason = "the file is part of the crate")]
pub fn enterprise_attestation_root() -> &'static Certificate {
    let root = ENTERPRISE_ATTESTATION.as_ref();
    root.expect("the root is a certificate")
}
