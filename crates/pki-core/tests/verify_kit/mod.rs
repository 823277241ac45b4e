//! Certificates and CRLs for the verifier's tests, good and bad, at one fixed time.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    reason = "shared by several test programs, none of which uses all"
)]

mod lab;

use std::sync::atomic::{AtomicU64, Ordering};

use pki_core::verify::{
    ChainVerifier, ChainVerifierBuilder, CrlSet, Path, Purpose, Revocation, TrustAnchors,
    VerifyError,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PublicKeyData, RevokedCertParams, SerialNumber, SigningKey,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub use lab::{Lab, listed_at};

pub const NOW: OffsetDateTime = datetime!(2025-06-01 12:00 UTC);

pub fn at(time: OffsetDateTime) -> UnixTime {
    pki_core::verify::unix_time(time)
}

/// A CA with everything it needs to issue.
pub struct Ca {
    pub cert: CertificateDer<'static>,
    pub params: CertificateParams,
    pub key: KeyPair,
}

impl Ca {
    pub fn root(name: &str) -> Self {
        Self::self_signed(ca(name), KeyPair::generate().unwrap())
    }

    pub fn self_signed(params: CertificateParams, key: KeyPair) -> Self {
        let cert = params.self_signed(&key).unwrap().der().clone();
        Self { cert, params, key }
    }

    pub fn sub(&self, params: CertificateParams) -> Self {
        self.sub_with_key(params, KeyPair::generate().unwrap())
    }

    pub fn sub_with_key(&self, params: CertificateParams, key: KeyPair) -> Self {
        let cert = params
            .signed_by(&key, &self.issuer())
            .unwrap()
            .der()
            .clone();
        Self { cert, params, key }
    }

    pub fn issue(&self, params: &CertificateParams) -> CertificateDer<'static> {
        self.issue_for(params, &KeyPair::generate().unwrap())
    }

    pub fn issue_for(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> CertificateDer<'static> {
        params.signed_by(key, &self.issuer()).unwrap().der().clone()
    }

    pub fn crl(&self, params: &CertificateRevocationListParams) -> Vec<u8> {
        // rcgen refuses where the issuer lacks cRLSign; that refusal is the verifier's to make.
        let mut issuer = self.params.clone();
        issuer.key_usages.clear();
        params
            .signed_by(&Issuer::from_params(&issuer, &self.key))
            .unwrap()
            .der()
            .to_vec()
    }

    pub fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    pub fn anchors(&self) -> TrustAnchors {
        TrustAnchors::from_certs([&self.cert]).unwrap()
    }

    /// Signs rewritten to-be-signed fields with this CA's key.
    pub fn rewrite(&self, der: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
        rewrite(der, &self.key, change)
    }
}

fn next_serial() -> SerialNumber {
    static NEXT: AtomicU64 = AtomicU64::new(0x1000);
    SerialNumber::from(NEXT.fetch_add(1, Ordering::Relaxed))
}

fn base(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if !name.is_empty() {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params.serial_number = Some(next_serial());
    params.not_before = NOW - Duration::days(10);
    params.not_after = NOW + Duration::days(10);
    params.use_authority_key_identifier_extension = true;
    params
}

pub fn ca(name: &str) -> CertificateParams {
    let mut params = base(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub fn client(name: &str) -> CertificateParams {
    let mut params = base(name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

pub fn server(name: &str) -> CertificateParams {
    let mut params = client(name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names = vec![rcgen::SanType::DnsName(name.try_into().unwrap())];
    params
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

pub fn crl_params(number: u64, revoked: &[&CertificateParams]) -> CertificateRevocationListParams {
    CertificateRevocationListParams {
        this_update: NOW - Duration::hours(1),
        next_update: NOW + Duration::days(1),
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|params| RevokedCertParams {
                serial_number: params.serial_number.clone().unwrap(),
                revocation_time: NOW - Duration::hours(2),
                reason_code: None,
                invalidity_date: None,
            })
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
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
            &[&[0x00, 0xC1][..], &vec![0x5B; bits / 8 - 1]].concat(),
        );
        Self(tlv(0x30, &[modulus, tlv(0x02, &[1, 0, 1])].concat()))
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

/// Takes the fields of what is signed apart, lets them be changed, and signs again with `key`.
pub fn rewrite(der: &[u8], key: &KeyPair, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let outer = fields(content(der));
    let mut tbs = fields(content(&outer[0]));
    change(&mut tbs);
    let tbs = tlv(0x30, &tbs.concat());
    let signature = [vec![0], key.sign(&tbs).unwrap()].concat();
    tlv(
        0x30,
        &[tbs, outer[1].clone(), tlv(0x03, &signature)].concat(),
    )
}

pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    let header = match content.len() {
        0..0x80 => vec![tag, len[3]],
        0x80..0x100 => vec![tag, 0x81, len[3]],
        0x100..0x1_0000 => vec![tag, 0x82, len[2], len[3]],
        0x1_0000..0x100_0000 => vec![tag, 0x83, len[1], len[2], len[3]],
        _ => vec![tag, 0x84, len[0], len[1], len[2], len[3]],
    };
    [header, content.to_vec()].concat()
}

/// One extension.
pub fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical {
        tlv(0x01, &[0xFF])
    } else {
        Vec::new()
    };
    tlv(0x30, &[tlv(0x06, oid), critical, tlv(0x04, value)].concat())
}

pub fn content(der: &[u8]) -> &[u8] {
    let (start, end) = bounds(der);
    &der[start..end]
}

pub fn fields(mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (_, end) = bounds(rest);
        fields.push(rest[..end].to_vec());
        rest = &rest[end..];
    }
    fields
}

fn bounds(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short if short < 0x80 => (2, 2 + usize::from(short)),
        long => {
            let start = 2 + usize::from(long & 0x7F);
            let len = der[2..start]
                .iter()
                .fold(0, |len, byte| len << 8 | usize::from(*byte));
            (start, start + len)
        }
    }
}
