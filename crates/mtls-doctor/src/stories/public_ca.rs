//! A leaf of a public CA that lost clientAuth: since 2026 public CAs issue certificates for servers alone
//! (dotnet/runtime#121982, mumble#7076, caddy#7320, dart-lang/sdk#60881).

use x509_identity::Certificate;

use crate::finding::Finding;

/// A public CA, and until when it issued certificates for clients.
struct PublicCa {
    /// The organization in its certificates.
    organization: &'static str,
    /// Until when, as a clause.
    until: &'static str,
}

/// Chrome's root program, policy 1.8: leaves of CAs that Chrome trusts. Each CA's own date is earlier.
const PUBLIC: [PublicCa; 8] = [
    PublicCa {
        organization: "Let's Encrypt",
        until: "Let's Encrypt left clientAuth out on 2026-02-11, and of its profile `tlsclient` on 2026-05-13",
    },
    PublicCa {
        organization: "DigiCert",
        until: "DigiCert leaves clientAuth out from 2027-03-01 on",
    },
    PublicCa {
        organization: "Google Trust Services",
        until: OF_CHROME,
    },
    PublicCa {
        organization: "Sectigo",
        until: OF_CHROME,
    },
    PublicCa {
        organization: "ZeroSSL",
        until: OF_CHROME,
    },
    PublicCa {
        organization: "GlobalSign",
        until: OF_CHROME,
    },
    PublicCa {
        organization: "Entrust",
        until: OF_CHROME,
    },
    PublicCa {
        organization: "Amazon",
        until: OF_CHROME,
    },
];

const OF_CHROME: &str = "Chrome's root program ends clientAuth in certificates that are issued from 2027-03-15 on, and CAs end it earlier";

fn issuer_of(leaf: &Certificate) -> Option<&'static PublicCa> {
    let organization = leaf.issuer().organization()?;
    PUBLIC.iter().find(|ca| {
        let start = organization.get(..ca.organization.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(ca.organization))
    })
}

/// The leaf is a client's, and its public CA left clientAuth out.
pub(crate) fn lost(leaf: &Certificate, place: &str) -> Option<Finding> {
    let ca = issuer_of(leaf)?;
    let what = format!(
        "The certificate comes from a public CA ({}) and is for servers alone: {}.",
        leaf.issuer(),
        ca.until
    );
    Some(
        Finding::error("public-ca-without-client-auth", place, what)
            .why("Servers refuse it: nginx and OpenSSL `unsupported certificate purpose`, rustls `unsupported_certificate`.")
            .step("Issue client certificates from a CA of your own (`mtls ca init`, `mtls issue client NAME`), and have the servers trust it."),
    )
}

/// The leaf still has clientAuth, and the next one will not.
pub(crate) fn ends(leaf: &Certificate, place: &str) -> Option<Finding> {
    let ca = issuer_of(leaf)?;
    let what = format!(
        "The client's certificate comes from a public CA ({}), and its next one will not be for clients: {}.",
        leaf.issuer(),
        ca.until
    );
    Some(
        Finding::warning("public-ca-client-auth-ends", place, what)
            .why("After the next renewal every server refuses it: `unsupported certificate purpose`.")
            .step("Issue client certificates from a CA of your own before that (`mtls ca init`, `mtls issue client NAME`)."),
    )
}
