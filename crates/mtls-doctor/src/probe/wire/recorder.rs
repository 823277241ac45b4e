//! What rustls is told and asked during a handshake, written down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, ResolvesClientCert, Tls12ClientSessionValue,
    Tls13ClientSessionValue,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, NamedGroup, SignatureScheme};

use crate::probe::attempt::CertificateRequest;

/// Accepts every server, presents what it was given, and writes down what it saw.
///
/// That every server is accepted is the point: what is wrong with its certificate is said afterwards, with all else
/// that is to be seen. No secret is sent on such a connection.
#[derive(Debug)]
pub(in crate::probe) struct Recorder {
    provider: Arc<CryptoProvider>,
    identity: Option<Arc<CertifiedKey>>,
    sessions: ClientSessionMemoryCache,
    seen: Mutex<Seen>,
}

/// What one handshake showed.
#[derive(Clone, Debug, Default)]
pub(in crate::probe) struct Seen {
    pub(in crate::probe) chain: Vec<Vec<u8>>,
    pub(in crate::probe) proven: bool,
    pub(in crate::probe) request: Option<CertificateRequest>,
    pub(in crate::probe) withheld: bool,
    pub(in crate::probe) stapled: bool,
    pub(in crate::probe) tickets: usize,
}

impl Recorder {
    pub(in crate::probe) fn new(
        provider: Arc<CryptoProvider>,
        identity: Option<Arc<CertifiedKey>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            provider,
            identity,
            sessions: ClientSessionMemoryCache::new(8),
            seen: Mutex::default(),
        })
    }

    /// What was seen since the last call.
    pub(in crate::probe) fn take(&self) -> Seen {
        std::mem::take(&mut *self.seen())
    }

    /// Whether the server sent a session ticket, which in TLS 1.3 it does once it has accepted the client.
    pub(in crate::probe) fn has_ticket(&self) -> bool {
        self.seen().tickets > 0
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A signature that does not fit is remembered as missing, and goes on.
    fn note(&self, checked: Result<HandshakeSignatureValid, Error>) -> HandshakeSignatureValid {
        self.seen().proven = checked.is_ok();
        HandshakeSignatureValid::assertion()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut seen = self.seen();
        seen.stapled = !ocsp_response.is_empty();
        seen.chain = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|der| der.to_vec())
            .collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let checked = rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms);
        Ok(self.note(checked))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let checked = rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms);
        Ok(self.note(checked))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let mut seen = self.seen();
        seen.request = Some(CertificateRequest {
            hints: root_hint_subjects
                .iter()
                .map(|name| name.to_vec())
                .collect(),
            schemes: sigschemes.to_vec(),
        });
        let identity = self.identity.clone()?;
        seen.withheld = identity.key.choose_scheme(sigschemes).is_none();
        Some(identity)
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}

impl ClientSessionStore for Recorder {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.sessions.set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.sessions.kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.sessions.set_tls12_session(server_name, value);
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.sessions.tls12_session(server_name)
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.sessions.remove_tls12_session(server_name);
    }

    fn insert_tls13_ticket(
        &self,
        server_name: ServerName<'static>,
        value: Tls13ClientSessionValue,
    ) {
        self.seen().tickets += 1;
        self.sessions.insert_tls13_ticket(server_name, value);
    }

    fn take_tls13_ticket(
        &self,
        server_name: &ServerName<'static>,
    ) -> Option<Tls13ClientSessionValue> {
        self.sessions.take_tls13_ticket(server_name)
    }
}
