//! Whether the server's certificate leads to a CA that the client trusts.

use pki_core::verify::{
    ChainVerifier, Purpose, TrustAnchors, VerifyError, problems_of_leaf, unix_time,
};
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::finding::{Finding, Question};
use crate::probe::judge::server_kind::ServerKind;
use crate::probe::known::Known;
use crate::probe::observation::Observation;
use crate::report::Report;

/// Verifies the chain as a strict client does, the name included.
pub(super) fn verify(
    seen: &Observation,
    known: &Known<'_>,
    leaf: &[u8],
    rest: &[CertificateDer<'_>],
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    let Some(anchors) = known.anchors() else {
        // Nothing is trusted: say so by what the certificate itself says.
        let parsed = Certificate::from_der(leaf).map_err(|source| VerifyError::Malformed {
            position: 0,
            source,
        })?;
        return Err(VerifyError::UnknownIssuer {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
        });
    };
    let verifier = ChainVerifier::builder(anchors, Purpose::TlsServer).build();
    let leaf = CertificateDer::from(leaf);
    let name = seen.url.name();
    verifier
        .verify_server(&leaf, rest, name, unix_time(now))
        .map(|_| ())
}

/// The chain ends in nothing that is trusted.
pub(super) fn untrusted(
    place: &str,
    seen: &Observation,
    known: &Known<'_>,
    error: &VerifyError,
    now: OffsetDateTime,
    report: &mut Report,
) {
    let chain = seen.chain();
    let Some((leaf, rest)) = chain.split_first() else {
        return;
    };
    let given = known
        .certificates()
        .filter(|one| one.is_ca() && !one.is_self_issued())
        .map(Certificate::der);
    let with_given: Vec<_> = rest
        .iter()
        .map(Vec::as_slice)
        .chain(given)
        .map(|der| CertificateDer::from(der.to_vec()))
        .collect();
    let completed = with_given.len() > rest.len()
        && !matches!(
            verify(seen, known, leaf, &with_given, now),
            Err(VerifyError::UnknownIssuer { .. } | VerifyError::SelfSigned { .. })
        );
    let setting = ServerKind::of(seen).setting(|it| it.certificate);
    if completed {
        return report.finding(
            Finding::error(
                "server-chain-incomplete",
                place,
                "The server does not send the intermediate above its certificate.",
            )
            .why(
                "Clients that do not have it say \"unable to get local issuer certificate\" (OpenSSL, curl), \"unknown \
                 authority\" (Go) or \"not trusted\" (iOS, Android); a desktop browser that has seen it before connects.",
            )
            .step(format!(
                "Put the intermediate behind the server's certificate in its file: cat server.crt issuing.crt > \
                 server-chain.crt. {setting}."
            )),
        );
    }
    let missing = match error {
        VerifyError::UnknownIssuer { issuer, .. } => issuer.clone(),
        VerifyError::SelfSigned { subject } => subject.clone(),
        other => other.to_string(),
    };
    if known.cas.is_empty() {
        // A private CA is how mutual TLS usually is set up; whether the client has it was not said.
        report.question(Question::new(
            format!("Does the client trust the CA of the server, {missing}?"),
            "It is none of this machine's roots. Look where the client has it: on iOS under Settings, General, About, \
             Certificate Trust Settings; for a program, its file of CAs. With --ca FILE it is checked here.",
        ));
        return;
    }
    report.finding(
        Finding::error(
            "server-untrusted",
            place,
            format!("The server's certificate does not lead to a CA that was given: {missing} is missing."),
        )
        .why(
            "Clients with these CAs refuse the server: \"unable to get local issuer certificate\" (OpenSSL, curl), \
             \"unknown authority\" (Go), \"PKIX path building failed\" (Java), -1202 (iOS), alert unknown_ca.",
        )
        .step(format!("Give the clients the CA {missing}, or give the server a certificate of the CA that they have. {setting}."))
        .step("If the server has one of that CA, something between answers in its place (a proxy that inspects TLS): try it on the server itself."),
    );
}

/// What is wrong with the leaf, whoever issued it.
pub(super) fn own_problem(seen: &Observation, now: OffsetDateTime) -> Option<VerifyError> {
    let leaf = Certificate::from_der(seen.chain().first()?).ok()?;
    let now = unix_time(now);
    let problem = problems_of_leaf(&leaf, Purpose::TlsServer, now)
        .into_iter()
        .next();
    // Trusted as it is, for its names.
    problem.or_else(|| {
        let anchors = TrustAnchors::from_certs([leaf.der()]).ok()?;
        let verifier = ChainVerifier::builder(anchors, Purpose::TlsServer).build();
        let verified = verifier.verify_server(&leaf.der().into(), &[], seen.url.name(), now);
        let is_of_names = |error: &VerifyError| {
            matches!(
                error,
                VerifyError::NameMismatch { .. } | VerifyError::NoServerName { .. }
            )
        };
        verified.err().filter(is_of_names)
    })
}
