//! What speaks HTTPS with a CA.

use std::sync::Arc;

use reqwest::Client;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::Place;

/// A client that trusts the CA of the place, with the certificate in this directory, or with none.
pub(crate) fn browser(place: &Place, presents: Option<&str>) -> Client {
    let mut roots = RootCertStore::empty();
    let root = place.read("home/default/root.crt");
    roots
        .add(CertificateDer::from_pem_slice(&root).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match presents {
        Some(name) => {
            let chain = place.read(&format!("{name}/client.crt"));
            let chain = CertificateDer::pem_slice_iter(&chain);
            let key = place.read(&format!("{name}/client.key"));
            let key = PrivateKeyDer::from_pem_slice(&key).unwrap();
            let chain = chain.collect::<Result<_, _>>().unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
        None => config.with_no_client_auth(),
    };
    Client::builder()
        .tls_backend_preconfigured(config)
        .no_proxy()
        .build()
        .unwrap()
}
