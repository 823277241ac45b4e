//! A leaf of a public CA that lost clientAuth: since 2026 public CAs issue certificates for servers alone
//! (dotnet/runtime#121982, mumble#7076, caddy#7320, dart-lang/sdk#60881).

use pki_core::public_ca::PublicCa;
use x509_identity::Certificate;

use crate::finding::Finding;

/// The leaf is a client's, and its public CA left clientAuth out.
pub(crate) fn lost(leaf: &Certificate, place: &str) -> Option<Finding> {
    let ca = PublicCa::that_issued(leaf)?;
    let what = format!(
        "The certificate comes from a public CA ({}) and is for servers alone: {ca}.",
        leaf.issuer()
    );
    Some(
        Finding::error("public-ca-without-client-auth", place, what)
            .why("Servers refuse it: nginx and OpenSSL `unsupported certificate purpose`, rustls `unsupported_certificate`.")
            .step("Issue client certificates from a CA of your own (`mtls ca init`, `mtls issue client NAME`), and have the servers trust it."),
    )
}

/// The leaf still has clientAuth, and the next one will not.
pub(crate) fn ends(leaf: &Certificate, place: &str) -> Option<Finding> {
    let ca = PublicCa::that_issued(leaf)?;
    let what = format!(
        "The client's certificate comes from a public CA ({}), and its next one will not be for clients: {ca}.",
        leaf.issuer()
    );
    Some(
        Finding::warning("public-ca-client-auth-ends", place, what)
            .why("After the next renewal every server refuses it: `unsupported certificate purpose`.")
            .step("Issue client certificates from a CA of your own before that (`mtls ca init`, `mtls issue client NAME`)."),
    )
}
