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
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose,
};
use time::macros::datetime;

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
        let mut chain: Vec<Vec<u8>> = Vec::new();
        let mut issuer: Option<Issuer<'static, rcgen::KeyPair>> = None;
        for number in (0..authorities).rev() {
            let mut params = params(&format!("CA {number}"));
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            let key = rcgen::KeyPair::generate().unwrap();
            chain.insert(0, sign(&params, &key, issuer.as_ref()));
            issuer = Some(Issuer::new(params, key));
        }
        let mut leaf = params("client1");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut leaf);
        let leaf = sign(&leaf, &for_rcgen(&key), issuer.as_ref());
        Self { key, leaf, chain }
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params.not_before = datetime!(2025-01-01 0:00 UTC);
    params.not_after = datetime!(2045-01-01 0:00 UTC);
    params
}

fn sign(
    params: &CertificateParams,
    key: &rcgen::KeyPair,
    issuer: Option<&Issuer<'static, rcgen::KeyPair>>,
) -> Vec<u8> {
    let certificate = match issuer {
        Some(issuer) => params.signed_by(key, issuer),
        None => params.self_signed(key),
    };
    certificate.unwrap().der().to_vec()
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
    let key = PrivateKey::from_der(identity.key.secret_pkcs8_der()).unwrap();
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
