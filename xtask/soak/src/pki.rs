//! The certificates of a soak: a root, its server, and clients that come and go.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use mtls_client::{ClientIdentity, Connector, TrustAnchors};
use pki_core::verify::RevocationReason;
use pki_core::{
    Authority, CertificateParameters, CrlBuilder, KeyKind, KeyPair, Profile, certificate_pem,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use time::OffsetDateTime;
use x509_identity::{DistinguishedName, SerialNumber, SubjectAltName};

/// A root, and the files of the server in a directory.
pub(super) struct Pki {
    root: Authority,
    now: OffsetDateTime,
    directory: tempfile::TempDir,
}

/// What a client shows.
pub(super) struct Shown {
    chain: String,
    key: KeyPair,
    pub(super) serial: SerialNumber,
    der: Vec<u8>,
}

impl Pki {
    pub(super) fn new() -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let key = KeyPair::generate(KeyKind::P256)?;
        let root = Authority::root(name("Soak root")?, key, &Profile::root(), now)?;
        let pki = Self {
            root,
            now,
            directory: tempfile::tempdir()?,
        };
        pki.write("ca.crt", &certificate_pem(pki.root.certificate()))?;
        pki.renew_server()?;
        pki.revoke(1, &[])?;
        Ok(pki)
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// Another key and certificate for the server; the certificate's DER.
    pub(super) fn renew_server(&self) -> Result<Vec<u8>> {
        let server = self.issue("localhost", &Profile::server())?;
        self.write("server.key", &server.key.secret_pkcs8_pem())?;
        self.write("server.crt", &server.chain)?;
        Ok(server.der)
    }

    /// Another revocation list.
    pub(super) fn revoke(&self, number: u64, revoked: &[SerialNumber]) -> Result<()> {
        let list = CrlBuilder::new(number, self.now, self.now + time::Duration::days(1));
        let list = revoked.iter().fold(list, |list, serial| {
            list.revoke(serial.clone(), self.now, RevocationReason::Superseded)
        });
        self.write("ca.crl", &list.sign(&self.root)?.pem()?)
    }

    pub(super) fn client(&self, common_name: &str) -> Result<Shown> {
        self.issue(common_name, &Profile::client())
    }

    /// The client of this workspace, which asks for one protocol.
    pub(super) fn connector(&self, shown: &Shown, protocol: &[u8]) -> Result<Connector> {
        let roots = TrustAnchors::from_certs([self.root.certificate().der()])?;
        Ok(Connector::builder(roots, shown.identity()?)
            .alpn(&[protocol])
            .build()?)
    }

    /// Plain rustls, which keeps sessions and resumes them.
    pub(super) fn rustls(
        &self,
        shown: &Shown,
        version: &'static SupportedProtocolVersion,
        protocol: &[u8],
    ) -> Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.root.certificate().der().to_vec()))?;
        let key = PrivatePkcs8KeyDer::from(shown.key.secret_pkcs8_der().to_vec());
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let mut config = ClientConfig::builder_with_provider(provider.into())
            .with_protocol_versions(&[version])?
            .with_root_certificates(roots)
            .with_client_auth_cert(
                vec![CertificateDer::from(shown.der.clone())],
                PrivateKeyDer::from(key),
            )?;
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(config)
    }

    fn issue(&self, common_name: &str, profile: &Profile) -> Result<Shown> {
        let key = KeyPair::generate(KeyKind::P256)?;
        let request = CertificateParameters::for_key(key.public_key_der(), name(common_name)?)
            .sans([SubjectAltName::Dns(common_name.to_owned())]);
        let issued = self.root.issue(&request, profile, self.now)?;
        Ok(Shown {
            chain: issued.chain_pem(),
            serial: issued.certificate().serial().clone(),
            der: issued.certificate().der().to_vec(),
            key,
        })
    }

    /// A file is there as a whole, or the one before it.
    fn write(&self, file: &str, content: &str) -> Result<()> {
        let new = self.path("new");
        fs::write(&new, content)?;
        Ok(fs::rename(new, self.path(file))?)
    }
}

impl Shown {
    pub(super) fn identity(&self) -> Result<ClientIdentity> {
        let key = self.key.secret_pkcs8_pem();
        Ok(ClientIdentity::from_pem(
            self.chain.as_bytes(),
            key.as_bytes(),
        )?)
    }
}

fn name(common_name: &str) -> Result<DistinguishedName> {
    Ok(DistinguishedName::builder()
        .common_name(common_name)
        .build()?)
}
