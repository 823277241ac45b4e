//! OCSP responses, good and bad, written byte by byte: nothing of what reads them makes them.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "shared by several test programs, none of which uses all"
)]

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, SigningKey};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;
use x509_identity::Certificate;

use crate::verify_kit::{NOW, client, content, fields, tlv, with};

/// What a response says. Every field can be changed before it is signed.
pub struct UnsignedResponse {
    pub status: u8,
    pub response_type: Vec<u8>,
    pub responder_id: Vec<u8>,
    pub responses: Vec<Single>,
    pub extensions: Vec<Vec<u8>>,
    pub algorithm: Vec<u8>,
    pub certs: Vec<Vec<u8>>,
}

#[derive(Clone)]
pub struct Single {
    pub cert_id: Vec<u8>,
    pub status: Vec<u8>,
    pub this_update: OffsetDateTime,
    pub next_update: Option<OffsetDateTime>,
    pub extensions: Vec<Vec<u8>>,
}

impl UnsignedResponse {
    /// Good, of an hour ago, until tomorrow, by the issuer itself.
    pub fn good(certificate: &Certificate, issuer: &Certificate) -> Self {
        Self {
            status: 0,
            response_type: BASIC.to_vec(),
            responder_id: by_name(issuer),
            responses: vec![Single {
                cert_id: sha1_id(certificate, issuer),
                status: GOOD.to_vec(),
                this_update: NOW - time::Duration::hours(1),
                next_update: Some(NOW + time::Duration::days(1)),
                extensions: Vec::new(),
            }],
            extensions: Vec::new(),
            algorithm: ECDSA_SHA256.to_vec(),
            certs: Vec::new(),
        }
    }

    pub fn signed_by(&self, key: &KeyPair) -> Vec<u8> {
        let responses: Vec<_> = self.responses.iter().map(Single::der).collect();
        let tbs = tlv(
            0x30,
            [
                self.responder_id.clone(),
                generalized(NOW),
                tlv(0x30, responses.concat()),
                extensions(0xA1, &self.extensions),
            ]
            .concat(),
        );
        let signature = [vec![0], key.sign(&tbs).unwrap()].concat();
        let certs = match self.certs.as_slice() {
            [] => Vec::new(),
            certs => tlv(0xA0, tlv(0x30, certs.concat())),
        };
        let basic = tlv(
            0x30,
            [tbs, self.algorithm.clone(), tlv(0x03, &signature), certs].concat(),
        );
        let bytes = tlv(
            0x30,
            [tlv(0x06, &self.response_type), tlv(0x04, &basic)].concat(),
        );
        tlv(0x30, [tlv(0x0A, [self.status]), tlv(0xA0, &bytes)].concat())
    }
}

impl Single {
    fn der(&self) -> Vec<u8> {
        let next_update = self.next_update.map(|time| tlv(0xA0, generalized(time)));
        tlv(
            0x30,
            [
                self.cert_id.clone(),
                self.status.clone(),
                generalized(self.this_update),
                next_update.unwrap_or_default(),
                extensions(0xA1, &self.extensions),
            ]
            .concat(),
        )
    }
}

fn extensions(tag: u8, list: &[Vec<u8>]) -> Vec<u8> {
    match list {
        [] => Vec::new(),
        list => tlv(tag, tlv(0x30, list.concat())),
    }
}

pub fn revoked(date: OffsetDateTime, reason: Option<u8>) -> Vec<u8> {
    let reason = reason.map(|code| tlv(0xA0, tlv(0x0A, [code])));
    tlv(
        0xA1,
        [generalized(date), reason.unwrap_or_default()].concat(),
    )
}

pub fn by_name(responder: &Certificate) -> Vec<u8> {
    tlv(0xA1, responder.subject_der())
}

pub fn by_key(responder: &Certificate) -> Vec<u8> {
    tlv(0xA2, tlv(0x04, Sha1::digest(key_bits(responder))))
}

pub fn sha1_id(certificate: &Certificate, issuer: &Certificate) -> Vec<u8> {
    let hash = |bytes: &[u8]| Sha1::digest(bytes).to_vec();
    cert_id(SHA1, hash, certificate, issuer)
}

pub fn sha256_id(certificate: &Certificate, issuer: &Certificate) -> Vec<u8> {
    let hash = |bytes: &[u8]| Sha256::digest(bytes).to_vec();
    cert_id(SHA256, hash, certificate, issuer)
}

fn cert_id(
    algorithm: &[u8],
    hash: impl Fn(&[u8]) -> Vec<u8>,
    certificate: &Certificate,
    issuer: &Certificate,
) -> Vec<u8> {
    tlv(
        0x30,
        [
            tlv(0x30, [tlv(0x06, algorithm), tlv(0x05, [])].concat()),
            tlv(0x04, hash(issuer.subject_der())),
            tlv(0x04, hash(key_bits(issuer))),
            tlv(0x02, certificate.serial().as_bytes()),
        ]
        .concat(),
    )
}

fn key_bits(certificate: &Certificate) -> &[u8] {
    let spki = content(certificate.spki_der());
    let algorithm = fields(spki)[0].len();
    &content(&spki[algorithm..])[1..]
}

fn generalized(time: OffsetDateTime) -> Vec<u8> {
    let format = format_description!("[year][month][day][hour][minute][second]Z");
    tlv(0x18, time.format(format).unwrap().as_bytes())
}

/// A certificate that may answer for the CA that issues it.
pub fn delegate(name: &str) -> CertificateParams {
    with(client(name), |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    })
}

pub const GOOD: &[u8] = &[0x80, 0];
pub const UNKNOWN: &[u8] = &[0x82, 0];
/// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1
pub const BASIC: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 48, 1, 1];
/// id-pkix-ocsp-nonce, 1.3.6.1.5.5.7.48.1.2
pub const NONCE: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 48, 1, 2];
/// id-pkix-ocsp-nocheck, 1.3.6.1.5.5.7.48.1.5
pub const NOCHECK: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 5];
/// Of nobody.
pub const UNHEARD_OF: &[u8] = &[0x2B, 6, 1, 4, 1, 0x83, 0xA9, 0x3A, 1];
const SHA1: &[u8] = &[0x2B, 14, 3, 2, 26];
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// ecdsa-with-SHA256, as an AlgorithmIdentifier
const ECDSA_SHA256: &[u8] = &[0x30, 10, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2];
/// ecdsa-with-SHA1
pub const ECDSA_SHA1: &[u8] = &[0x30, 9, 6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1];
