//! Certificates made in the test, and p12-keystore as the other reader and writer.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it"
)]

use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12ImportPolicy,
    Pkcs12Writer, PrivateKey, PrivateKeyChain,
};
use pki_core::{KeyKind, KeyPair, Password};
use test_pki::Ca;
use test_pki::rcgen::{self, CertificateParams};

pub(crate) const PASSWORD: &str = "MyP12Passw0rd";

pub(crate) fn password() -> Password {
    Password::new(PASSWORD)
}

/// A key with its certificate and the chain above it, its issuer first.
pub(crate) struct Identity {
    pub(crate) key: KeyPair,
    pub(crate) leaf: Vec<u8>,
    pub(crate) chain: Vec<Vec<u8>>,
}

impl Identity {
    /// A client of `authorities` certificate authorities, self-signed if there are none.
    pub(crate) fn new(kind: KeyKind, authorities: usize) -> Self {
        Self::with(KeyPair::generate(kind).unwrap(), authorities, |_| {})
    }

    /// The same after `change` had its way with the leaf.
    pub(crate) fn with(
        key: KeyPair,
        authorities: usize,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        // The nearest first, and the root last.
        let mut cas: Vec<Ca> = Vec::new();
        for number in (0..authorities).rev() {
            let name = format!("CA {number}");
            let ca = match cas.first() {
                Some(above) => above.issuing(&name),
                None => Ca::root(&name),
            };
            cas.insert(0, ca);
        }
        let leaf = match cas.first() {
            Some(ca) => ca.client("client1"),
            None => Ca::root("nobody").client("client1").self_signed(),
        };
        let leaf = leaf.with_key(for_rcgen(&key)).with(change);
        Self {
            key,
            leaf: leaf.der().to_vec(),
            chain: cas.iter().map(|ca| ca.der().to_vec()).collect(),
        }
    }
}

fn for_rcgen(key: &KeyPair) -> rcgen::KeyPair {
    rcgen::KeyPair::from_pem(&key.secret_pkcs8_pem()).unwrap()
}

/// What p12-keystore says a file holds: PKCS#8 of the key, the chain from the leaf, the alias.
pub(crate) fn read_by_p12_keystore(file: &[u8], password: &str) -> (Vec<u8>, Vec<Vec<u8>>, String) {
    let store = KeyStore::from_pkcs12(file, password, Pkcs12ImportPolicy::Strict).unwrap();
    assert_eq!(store.entries_len(), 1);
    let (alias, chain) = store.private_key_chain().unwrap();
    let certificates = chain
        .certs()
        .iter()
        .map(|certificate| certificate.as_der().to_vec());
    (
        chain.key().as_der().to_vec(),
        certificates.collect(),
        alias.to_owned(),
    )
}

/// A file from p12-keystore, after `change` had its way with the writer.
pub(crate) fn written_by_p12_keystore(
    identity: &Identity,
    change: impl for<'a, 'b> FnOnce(Pkcs12Writer<'a, 'b>) -> Pkcs12Writer<'a, 'b>,
) -> Vec<u8> {
    written_with_key(identity.key.secret_pkcs8_der(), identity, change)
}

/// The same, with its key in another form.
pub(crate) fn written_with_key(
    pkcs8: &[u8],
    identity: &Identity,
    change: impl for<'a, 'b> FnOnce(Pkcs12Writer<'a, 'b>) -> Pkcs12Writer<'a, 'b>,
) -> Vec<u8> {
    let key = PrivateKey::from_der(pkcs8).unwrap();
    let certificates = std::iter::once(&identity.leaf)
        .chain(&identity.chain)
        .map(|der| Certificate::from_der(der).unwrap());
    let mut store = KeyStore::new();
    let chain = PrivateKeyChain::new("client1", key, certificates);
    store.add_entry("client1", KeyStoreEntry::PrivateKeyChain(chain));
    change(store.writer(PASSWORD)).write().unwrap()
}

/// The settings of p12-keystore that come closest to our two encodings.
pub(crate) fn like_ours<'a, 'b>(
    encoding: pkcs12_ios::Encoding,
    writer: Pkcs12Writer<'a, 'b>,
    iterations: u32,
) -> Pkcs12Writer<'a, 'b> {
    let (encryption, mac) = match encoding {
        pkcs12_ios::Encoding::Compat => (
            EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc,
            MacAlgorithm::HmacSha1,
        ),
        _ => (
            EncryptionAlgorithm::PbeWithHmacSha256AndAes256,
            MacAlgorithm::HmacSha256,
        ),
    };
    writer
        .encryption_algorithm(encryption)
        .mac_algorithm(mac)
        .encryption_iterations(iterations)
        .mac_iterations(iterations)
}

/// A certificate as PEM text.
pub(crate) fn pem(der: &[u8]) -> Vec<u8> {
    let certificate = x509_identity::Certificate::from_der(der).unwrap();
    pki_core::certificate_pem(&certificate).into_bytes()
}
