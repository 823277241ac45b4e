//! rustls' configurations: the one that is given out, and that of one connection.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, Tls12Resumption};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme, SupportedProtocolVersion};

use crate::config::active::{ActiveConfiguration, Generation};
use crate::handshake::context::HandshakeContext;
use crate::handshake::session_store::{ConnectionSessions, NoSessions};
use crate::handshake::sessions::HostAndPort;

/// A configuration whose handshakes each go by the generation that is active then. It resumes no sessions.
pub(crate) fn shared(
    active: &Arc<ActiveConfiguration>,
    versions: &[&'static SupportedProtocolVersion],
    clock: Arc<dyn TimeProvider>,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::clone(active.provider());
    let mut config = ClientConfig::builder_with_details(provider, clock)
        .with_protocol_versions(versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ActiveVerifier(Arc::clone(active))))
        .with_client_cert_resolver(Arc::new(ActiveResolver(Arc::clone(active))));
    config.resumption =
        Resumption::store(Arc::new(NoSessions)).tls12_resumption(Tls12Resumption::Disabled);
    Ok(config)
}

/// The same for one connection to `server`, which goes by `generation` from its first byte to its last.
pub(crate) fn of_connection(
    shared: &ClientConfig,
    generation: &Generation,
    server: &HostAndPort,
    context: &Arc<HandshakeContext>,
) -> ClientConfig {
    let mut config = shared.clone();
    let verifier = Arc::clone(&generation.verifier);
    config.dangerous().set_certificate_verifier(verifier);
    config.client_auth_cert_resolver = Arc::clone(&generation.resolver) as _;
    if generation.sessions.ttl().is_some() {
        config.resumption = Resumption::store(Arc::new(ConnectionSessions {
            sessions: Arc::clone(&generation.sessions),
            server: server.clone(),
            context: Arc::clone(context),
            verifier: Arc::clone(&generation.verifier),
            clock: Arc::clone(&config.time_provider),
        }));
    }
    config
}

/// Presents a certificate of the generation that is active then.
#[derive(Debug)]
struct ActiveResolver(Arc<ActiveConfiguration>);

impl ResolvesClientCert for ActiveResolver {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.generation().resolver.resolve(issuers, schemes)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Judges servers by the generation that is active then.
#[derive(Debug)]
struct ActiveVerifier(Arc<ActiveConfiguration>);

impl ServerCertVerifier for ActiveVerifier {
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
