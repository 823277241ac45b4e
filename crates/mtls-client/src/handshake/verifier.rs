//! Which server is accepted: the strict verifier with the name, then the pins.

use std::sync::Arc;

use pki_core::verify::{ChainVerifier, VerifyError, VerifyErrorKind};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};
use tls_identity::certificate_error;
use x509_identity::Certificate;

use crate::failure::error::{Error, ErrorKind};
use crate::handshake::context::HandshakeContext;
use crate::handshake::verified_chain::VerifiedChain;
use crate::trust::pin_policy::PinPolicy;

/// Judges servers by the settings of one generation.
#[derive(Debug)]
pub(crate) struct ServerVerifier {
    pub(crate) chain: ChainVerifier,
    pub(crate) name: Option<ServerName<'static>>,
    pub(crate) pins: Option<Arc<PinPolicy>>,
    pub(crate) provider: Arc<CryptoProvider>,
}

impl ServerVerifier {
    /// Whether a server that presents `chain`, its own certificate first, is accepted.
    pub(crate) fn accepts(
        &self,
        chain: &[CertificateDer<'_>],
        dialled: &ServerName<'_>,
        now: UnixTime,
    ) -> bool {
        chain.split_first().is_some_and(|(leaf, intermediates)| {
            self.judge(leaf, intermediates, dialled, now).is_ok()
        })
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        dialled: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), (Error, CertificateError)> {
        let name = self.name.as_ref().unwrap_or(dialled);
        let path = self
            .chain
            .verify_server(leaf, intermediates, name, now)
            .map_err(|error| refusal(error, leaf))?;
        // Only now: a pin must never replace a verification that failed.
        match &self.pins {
            Some(pins) => pins.judge(name, &path).map_err(|error| {
                let other = CertificateError::Other(OtherError(Arc::new(error.clone())));
                (error, other)
            }),
            None => Ok(()),
        }
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.judge(end_entity, intermediates, server_name, now) {
            Ok(()) => {
                HandshakeContext::note_verified(|| VerifiedChain {
                    certificates: std::iter::once(end_entity)
                        .chain(intermediates)
                        .map(|certificate| certificate.clone().into_owned())
                        .collect(),
                    at: now,
                });
                Ok(ServerCertVerified::assertion())
            }
            Err((error, alert)) => {
                HandshakeContext::note_refused(&error);
                Err(rustls::Error::InvalidCertificate(alert))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        HandshakeContext::note_tls13();
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Our sentence, and the rustls error that sends the right alert (RFC 8446 section 6.2).
///
/// The detail travels in the [`HandshakeContext`].
fn refusal(error: VerifyError, leaf: &CertificateDer<'_>) -> (Error, CertificateError) {
    let found = error.kind();
    let kind = match found {
        VerifyErrorKind::Expired | VerifyErrorKind::NotYetValid => ErrorKind::Expired,
        VerifyErrorKind::NameMismatch => ErrorKind::NameMismatch,
        VerifyErrorKind::Revoked => ErrorKind::Revoked,
        _ if matches!(
            error,
            VerifyError::AnchorExpired { .. } | VerifyError::AnchorNotYetValid { .. }
        ) =>
        {
            ErrorKind::Expired
        }
        _ => ErrorKind::UntrustedServer,
    };
    let subject = match &error {
        VerifyError::Malformed { position: 0, .. } => Certificate::subject_of_unreadable(leaf),
        // The others name it.
        _ => None,
    };
    let about = subject.map(|subject| format!(" (its subject is {:?})", subject.to_string()));
    let sentence = format!(
        "the server is refused: {error}{}",
        about.unwrap_or_default()
    );
    let alert = certificate_error(&error);
    let error = Error::telling(kind, sentence, error);
    (error, alert)
}

#[cfg(test)]
mod tests {
    use pki_core::verify::{Purpose, TrustAnchors};
    use test_pki::{Ca, rcgen::CustomExtension};

    use super::*;

    #[test]
    fn a_certificate_that_cannot_be_read_is_told_by_its_subject() {
        let ca = Ca::root("root");
        let anchors = TrustAnchors::from_certs([ca.der()]).expect("a root");
        let verifier = ServerVerifier {
            chain: ChainVerifier::builder(anchors, Purpose::TlsServer).build(),
            name: None,
            pins: None,
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
        };
        let dialled = ServerName::try_from("localhost").expect("a name");
        let judged = |leaf: &CertificateDer<'_>| {
            let verdict = verifier.judge(leaf, &[], &dialled, UnixTime::now());
            verdict.map_err(|(error, _)| error.to_string())
        };
        let good = ca.server("localhost");
        assert_eq!(judged(good.der()), Ok(()));
        let unreadable = good.with(|params| {
            let constraints = CustomExtension::from_oid_content(&[2, 5, 29, 19], vec![0x04]);
            params.custom_extensions.push(constraints);
        });
        let sentence = judged(unreadable.der()).expect_err("it cannot be read");
        assert!(
            sentence.ends_with("issue it again (its subject is \"CN=localhost\")"),
            "{sentence}"
        );
        let nothing = judged(&CertificateDer::from(vec![0x30, 0])).expect_err("nothing to read");
        assert!(nothing.ends_with("issue it again"), "{nothing}");
    }
}
