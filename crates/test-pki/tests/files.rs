//! What is written to files is read by rustls.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use test_pki::{Ca, Leaf};

/// Whether the key that was written is the certificate's.
fn fits(leaf: &Leaf) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let files = leaf.write_to(&directory, "leaf");
    let certificates = CertificateDer::pem_file_iter(files.certificate).unwrap();
    let chain: Vec<_> = certificates.map(Result::unwrap).collect();
    assert_eq!(chain, leaf.chain());
    let key = PrivateKeyDer::from_pem_file(files.key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .is_ok()
}

#[test]
fn a_leaf_is_a_chain_and_its_key() {
    let server = Ca::root("root").issuing("issuing").server("localhost");
    assert_eq!(server.chain().len(), 2);
    assert!(fits(&server));
    assert!(!fits(&server.with_wrong_key()));
}

#[test]
fn a_ca_and_its_crl_are_read_again_and_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let ca = Ca::root("root");
    let roots = CertificateDer::from_pem_file(ca.write_to(&directory, "ca")).unwrap();
    assert_eq!(&roots, ca.der());
    for crl in [ca.crl(), ca.crl().revoke(7_u64)] {
        let path = crl.write_to(&directory, "ca");
        let read = CertificateRevocationListDer::from_pem_file(path).unwrap();
        assert_eq!(&read, crl.der());
    }
    let names = fs::read_dir(&directory).unwrap();
    assert_eq!(names.count(), 2, "nothing but ca.crt and ca.crl");
}

#[cfg(unix)]
#[test]
fn a_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let files = Ca::root("root").client("alice").write_to(&directory, "a");
    let mode = fs::metadata(files.key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
