//! Which server is accepted: the strict verifier, then the name, then the pins.

use std::sync::Arc;

use pki_core::verify::{ChainVerifier, VerifyError, VerifyErrorKind};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};
use tls_identity::certificate_error;

use crate::attempt::Attempt;
use crate::current::Current;
use crate::error::{Error, ErrorKind};
use crate::pin_policy::PinPolicy;
use crate::session::Proof;

/// Judges servers by the terms of one generation.
#[derive(Debug)]
pub(crate) struct ServerVerifier {
    pub(crate) chain: ChainVerifier,
    pub(crate) name: Option<ServerName<'static>>,
    pub(crate) pins: Option<Arc<PinPolicy>>,
    pub(crate) provider: Arc<CryptoProvider>,
}

impl ServerVerifier {
    /// Whether a server that shows `chain`, its own certificate first, is accepted.
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
                Attempt::note_accepted(|| Proof {
                    chain: std::iter::once(end_entity)
                        .chain(intermediates)
                        .map(|certificate| certificate.clone().into_owned())
                        .collect(),
                    at: now,
                });
                Ok(ServerCertVerified::assertion())
            }
            Err((error, alert)) => {
                Attempt::note_refused(&error);
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
        Attempt::note_tls13();
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

/// Judges servers by the generation that is current then.
#[derive(Debug)]
pub(crate) struct CurrentVerifier(pub(crate) Arc<Current>);

impl ServerCertVerifier for CurrentVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verifier = &self.0.generation().verifier;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verifier = &self.0.generation().verifier;
        verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verifier = &self.0.generation().verifier;
        verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.generation().verifier.supported_verify_schemes()
    }
}

/// Our sentence, and the rustls error that sends the right alert (RFC 8446 section 6.2).
///
/// The detail travels in the [`Attempt`].
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
