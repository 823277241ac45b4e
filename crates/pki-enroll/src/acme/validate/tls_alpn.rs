//! `tls-alpn-01` (RFC 8737; RFC 8738 section 6 for addresses).

use std::net::IpAddr;
use std::sync::Arc;

use const_oid::ObjectIdentifier;
use der::Decode as _;
use der::asn1::OctetStringRef;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use tokio_rustls::TlsConnector;
use x509_identity::{Certificate, SubjectAltName};

use super::key_authorization::KeyAuthorization;
use super::target::connect;
use crate::acme::identifier::Identifier;
use crate::acme::problem::{Kind, Problem};
use crate::acme::settings::AcmeSettings;
use crate::text::sentence;

/// Whether the host presents, for this protocol, the certificate that proves the challenge.
pub(super) async fn check(
    settings: &AcmeSettings,
    identifier: &Identifier,
    authorization: &KeyAuthorization,
) -> Result<(), Problem> {
    let failed = |detail: String| Problem::new(Kind::Tls, detail);
    let config = config().map_err(|error| failed(sentence(&error)))?;
    let name = ServerName::try_from(server_name(identifier));
    let name = name.map_err(|error| failed(sentence(&error)))?;
    let stream = connect(settings, identifier, settings.tls_port).await?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await;
    let stream = stream.map_err(|error| failed(sentence(&error)))?;
    let (_, connection) = stream.get_ref();
    if connection.alpn_protocol() != Some(ACME_TLS_1) {
        return Err(wrong("the host did not choose the protocol acme-tls/1"));
    }
    let presented = connection.peer_certificates();
    let leaf = presented.and_then(<[_]>::first);
    let leaf = leaf.ok_or_else(|| wrong("the host presented no certificate"))?;
    judge(leaf, identifier, authorization)
}

/// The certificate has the name alone, and the hash of the key authorization.
fn judge(
    leaf: &[u8],
    identifier: &Identifier,
    authorization: &KeyAuthorization,
) -> Result<(), Problem> {
    let leaf = Certificate::from_der(leaf).map_err(|error| {
        wrong(&format!(
            "the certificate cannot be read: {}",
            sentence(&error)
        ))
    })?;
    let same = match (leaf.sans(), identifier.san()) {
        ([SubjectAltName::Dns(found)], Some(SubjectAltName::Dns(name))) => {
            found.eq_ignore_ascii_case(&name)
        }
        ([found], Some(name)) => *found == name,
        _ => false,
    };
    if !same {
        return Err(wrong(
            "the certificate does not have the name, and it alone",
        ));
    }
    let extension = leaf.extension(ACME_IDENTIFIER);
    let extension = extension.filter(|extension| extension.critical);
    let hash = extension.and_then(|it| <&OctetStringRef>::from_der(it.value).ok());
    match hash.is_some_and(|hash| hash.as_bytes() == authorization.sha256()) {
        true => Ok(()),
        false => Err(wrong(
            "the certificate does not have the key authorization of this challenge and account",
        )),
    }
}

fn wrong(detail: &str) -> Problem {
    Problem::new(Kind::IncorrectResponse, detail)
}

/// Any certificate is taken, as RFC 8737 section 3 asks: nothing is sent over the connection, and what the certificate
/// proves is judged when it is there.
fn config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Arc::new(AnyCertificate(provider.clone()));
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![ACME_TLS_1.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// The name that a host of this identifier is called in the handshake.
fn server_name(identifier: &Identifier) -> String {
    match identifier {
        Identifier::Dns(name) | Identifier::Device(name) => name.clone(),
        Identifier::Ip(IpAddr::V4(address)) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        Identifier::Ip(IpAddr::V6(address)) => {
            let octets = address.octets();
            let nibbles = octets.iter().rev().flat_map(|it| [it & 15, it >> 4]);
            let labels: String = nibbles.map(|it| format!("{it:x}.")).collect();
            format!("{labels}ip6.arpa")
        }
    }
}

/// Verifies that the peer has the key of its certificate, whatever that is.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let all = self.0.signature_verification_algorithms.supported_schemes();
        all.into_iter().filter(|it| SCHEMES.contains(it)).collect()
    }
}

impl AnyCertificate {
    /// By the key alone: the verifier of whole certificates refuses the extension that this one is about, as it is
    /// critical.
    fn verify(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let malformed = |_| rustls::Error::from(rustls::CertificateError::BadEncoding);
        let certificate = Certificate::from_der(certificate).map_err(malformed)?;
        let key = SubjectPublicKeyInfoDer::from(certificate.spki_der());
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
    }
}

/// Those of TLS 1.3, which TLS 1.2 has, too.
const SCHEMES: [SignatureScheme; 6] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
];
const ACME_TLS_1: &[u8] = b"acme-tls/1";
/// id-pe-acmeIdentifier (RFC 8737 section 6.1).
const ACME_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.31");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_address_is_called_by_its_name_for_reverse_mapping() {
        for (address, name) in [
            ("192.0.2.1", "1.2.0.192.in-addr.arpa"),
            (
                "2001:db8::567:89ab",
                "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
            ),
        ] {
            let identifier = Identifier::Ip(address.parse().unwrap());
            assert_eq!(server_name(&identifier), name);
        }
    }
}
