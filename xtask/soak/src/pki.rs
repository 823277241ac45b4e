//! The certificates of a soak: a root, its server, and clients that come and go.

use std::path::PathBuf;

use anyhow::Result;
use mtls_client::{ClientIdentity, Connector, TrustAnchors};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use test_pki::rcgen::SerialNumber;
use test_pki::{Ca, Leaf};

/// A root, and the files of the server in a directory.
pub(super) struct Pki {
    root: Ca,
    directory: tempfile::TempDir,
}

impl Pki {
    pub(super) fn new() -> Result<Self> {
        let pki = Self {
            root: Ca::root("Soak root"),
            directory: tempfile::tempdir()?,
        };
        pki.root.write_to(&pki.directory, "ca");
        pki.renew_server();
        pki.revoke(1, &[]);
        Ok(pki)
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// Another key and certificate for the server.
    pub(super) fn renew_server(&self) -> Leaf {
        let server = self.root.server("localhost");
        server.write_to(&self.directory, "server");
        server
    }

    /// Another CRL.
    pub(super) fn revoke(&self, number: u64, revoked: &[SerialNumber]) {
        let list = self.root.crl().number(number);
        list.revoke_all(revoked.iter().cloned())
            .write_to(&self.directory, "ca");
    }

    pub(super) fn client(&self, common_name: &str) -> Leaf {
        self.root.client(common_name)
    }

    /// The client of this workspace, which asks for one protocol.
    pub(super) fn connector(&self, client: &Leaf, protocol: &[u8]) -> Result<Connector> {
        let roots = TrustAnchors::from_certs([self.root.der()])?;
        Ok(Connector::builder(roots, identity(client)?)
            .alpn(&[protocol])
            .build()?)
    }

    /// Plain rustls, which keeps sessions and resumes them.
    pub(super) fn rustls(
        &self,
        client: &Leaf,
        version: &'static SupportedProtocolVersion,
        protocol: &[u8],
    ) -> Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der().clone())?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let mut config = ClientConfig::builder_with_provider(provider.into())
            .with_protocol_versions(&[version])?
            .with_root_certificates(roots)
            .with_client_auth_cert(client.chain(), client.key_der())?;
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(config)
    }
}

pub(super) fn identity(client: &Leaf) -> Result<ClientIdentity> {
    let (chain, key) = (client.chain_pem(), client.key_pem());
    Ok(ClientIdentity::from_pem(chain.as_bytes(), key.as_bytes())?)
}
