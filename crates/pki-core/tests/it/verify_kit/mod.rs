//! Certificates and CRLs for the verifier's tests, good and bad, at one fixed time.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    reason = "shared by several test programs, none of which uses all"
)]

mod lab;

use pki_core::verify::{
    ChainVerifier, ChainVerifierBuilder, CrlSet, Path, Purpose, Revocation, TrustAnchors,
    VerifyError,
};
use rcgen::{
    CertificateParams, CertificateRevocationListParams, CustomExtension, PublicKeyData,
    RevokedCertParams, SigningKey,
};
use rustls_pki_types::UnixTime;
use test_pki::params;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub use lab::{Lab, listed_at};
pub use test_pki::Ca;
pub use test_pki::der::{content, extension, fields, tlv};

pub const NOW: OffsetDateTime = datetime!(2025-06-01 12:00 UTC);

pub fn at(time: OffsetDateTime) -> UnixTime {
    pki_core::verify::unix_time(time)
}

pub fn root_ca(name: &str) -> Ca {
    Ca::root_at(name, NOW)
}

pub fn anchors(root: &Ca) -> TrustAnchors {
    TrustAnchors::from_certs([root.der()]).unwrap()
}

pub fn ca(name: &str) -> CertificateParams {
    params::ca(name, NOW)
}

pub fn client(name: &str) -> CertificateParams {
    with(params::client(name, NOW), for_ten_days)
}

pub fn server(name: &str) -> CertificateParams {
    with(params::server(name, NOW), for_ten_days)
}

fn for_ten_days(params: &mut CertificateParams) {
    params.not_before = NOW - Duration::days(10);
    params.not_after = NOW + Duration::days(10);
}

pub fn leaf(purpose: Purpose, name: &str) -> CertificateParams {
    match purpose {
        Purpose::TlsClient => client(name),
        Purpose::TlsServer => server(name),
    }
}

/// The same with one thing changed.
pub fn with(
    mut params: CertificateParams,
    change: impl FnOnce(&mut CertificateParams),
) -> CertificateParams {
    change(&mut params);
    params
}

/// An extension 2.5.29.`last`.
pub fn custom(last: u64, critical: bool, value: Vec<u8>) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, last], value);
    extension.set_criticality(critical);
    extension
}

pub fn crl_params(number: u64, revoked: &[&CertificateParams]) -> CertificateRevocationListParams {
    let revoked = revoked.iter().map(|params| RevokedCertParams {
        serial_number: params.serial_number.clone().unwrap(),
        revocation_time: NOW - Duration::hours(2),
        reason_code: None,
        invalidity_date: None,
    });
    let mut params = params::crl(number, NOW);
    params.revoked_certs = revoked.collect();
    params
}

pub fn crl_der(ca: &Ca, params: &CertificateRevocationListParams) -> Vec<u8> {
    ca.sign_crl(params).to_vec()
}

pub fn clients(anchors: TrustAnchors) -> ChainVerifierBuilder {
    ChainVerifier::builder(anchors, Purpose::TlsClient)
}

pub fn crls(files: &[&[u8]]) -> Revocation {
    Revocation::new(CrlSet::from_pem_or_der(files).unwrap())
}

/// `ok`, or the code of the refusal.
pub fn verdict(result: &Result<Path, VerifyError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.code(),
    }
}

/// A key of any size that signs nothing: what a certificate with it says is all that matters.
pub struct FakeRsa(Vec<u8>);

impl FakeRsa {
    pub fn new(bits: usize) -> Self {
        let modulus = tlv(
            0x02,
            [&[0x00, 0xC1][..], &vec![0x5B; bits / 8 - 1]].concat(),
        );
        Self(tlv(0x30, [modulus, tlv(0x02, [1, 0, 1])].concat()))
    }
}

impl PublicKeyData for FakeRsa {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }
    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl SigningKey for FakeRsa {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(vec![0x42; self.0.len() - 14])
    }
}
