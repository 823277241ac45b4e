//! Which server is accepted: the strict verifier, then the name, then the pins.

use std::sync::Arc;

use pki_core::verify::{ChainVerifier, VerifyError, VerifyErrorKind};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};
use tls_identity::certificate_error;

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
            .map_err(refusal)?;
        // Only now: a pin must never stand in for a verification that failed.
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
fn refusal(error: VerifyError) -> (Error, CertificateError) {
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
    let sentence = format!("the server is refused: {error}");
    let alert = certificate_error(&error);
    let error = Error::telling(kind, sentence, error);
    (error, alert)
}
