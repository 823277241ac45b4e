//! What all servers and whoever asks them have in common.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use pki_core::{
    CertificateParameters, CertificateRequest, KeyKind, KeyPair, Profile, certificate_pem,
};
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use time::OffsetDateTime;
use x509_identity::{DistinguishedName, SubjectAltName};

use crate::ca::own;

/// A CA, a certificate of a server, and the requests of many devices.
pub(crate) struct Material {
    pub(super) directory: PathBuf,
    /// As PEM, each of a key of its own.
    pub(super) requests: Arc<[String]>,
    /// Trusts the CA, and resumes nothing.
    pub(super) tls: Arc<ClientConfig>,
}

impl Material {
    /// Writes `ca.crt`, `ca.key`, `server.crt` and `server.key`.
    pub(crate) fn make(directory: &Path) -> Result<Self> {
        let authority = own::write(directory)?;
        let root = authority.certificate();
        let key = KeyPair::generate(KeyKind::P256)?;
        fs::write(
            directory.join("server.key"),
            key.secret_pkcs8_pem().as_bytes(),
        )?;
        let localhost = [SubjectAltName::Dns("localhost".to_owned())];
        let names = DistinguishedName::default();
        let parameters = CertificateParameters::for_key(key.public_key_der(), names);
        let issued = authority.issue(
            &parameters.sans(localhost.to_vec()),
            &Profile::server(),
            OffsetDateTime::now_utc(),
        )?;
        fs::write(
            directory.join("server.crt"),
            certificate_pem(issued.certificate()),
        )?;

        let requests = (0..REQUESTS).map(|number| {
            let key = KeyPair::generate(KeyKind::P256)?;
            let subject = DistinguishedName::builder().common_name(format!("device-{number}"));
            Ok(CertificateRequest::build(&key, &subject.build()?, &[])?.pem())
        });
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(root.der().to_vec()))?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let mut tls = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.resumption = Resumption::disabled();
        Ok(Self {
            directory: directory.to_owned(),
            requests: requests.collect::<Result<_>>()?,
            tls: tls.into(),
        })
    }
}

/// Each comes again with another `Idempotency-Key`, and is issued again.
const REQUESTS: usize = 2048;
