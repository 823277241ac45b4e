//! Names and certificates made by hand, so that they can be wrong in one place.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "shared by several test programs, none of which uses all of it"
)]

pub(crate) use test_pki::der::tlv;

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts.concat())
}

/// An OBJECT IDENTIFIER from its dotted form.
pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    tlv(
        0x06,
        x509_identity::ObjectIdentifier::new(dotted)
            .unwrap()
            .as_bytes(),
    )
}

/// A Name with one RDN for each list of (type, encoded value).
pub(crate) fn name(rdns: &[&[(&str, Vec<u8>)]]) -> Vec<u8> {
    let rdns: Vec<Vec<u8>> = rdns
        .iter()
        .map(|rdn| {
            let attributes: Vec<u8> = rdn
                .iter()
                .flat_map(|(kind, value)| sequence(&[&oid(kind), value]))
                .collect();
            tlv(0x31, attributes)
        })
        .collect();
    tlv(0x30, rdns.concat())
}

/// A Name with a single commonName.
pub(crate) fn common_name(value: Vec<u8>) -> Vec<u8> {
    name(&[&[("2.5.4.3", value)]])
}

/// The parts of a certificate, each of which a test may replace.
pub(crate) struct Parts {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) inner_algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) unique_ids: Vec<u8>,
    pub(crate) extensions: Option<Vec<Vec<u8>>>,
    pub(crate) after_extensions: Vec<u8>,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            version: tlv(0xa0, tlv(0x02, [2])),
            serial: tlv(0x02, [1]),
            inner_algorithm: sequence(&[&oid("1.2.840.10045.4.3.2")]),
            issuer: common_name(tlv(0x0c, "ca")),
            validity: sequence(&[&tlv(0x17, "260101000000Z"), &tlv(0x17, "270101000000Z")]),
            subject: common_name(tlv(0x0c, "leaf")),
            spki: ed25519_spki(),
            unique_ids: Vec::new(),
            extensions: None,
            after_extensions: Vec::new(),
        }
    }
}

impl Parts {
    pub(crate) fn der(&self) -> Vec<u8> {
        let extensions = self
            .extensions
            .as_ref()
            .map(|list| tlv(0xa3, tlv(0x30, list.concat())));
        let tbs = sequence(&[
            &self.version,
            &self.serial,
            &self.inner_algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.spki,
            &self.unique_ids,
            &extensions.unwrap_or_default(),
            &self.after_extensions,
        ]);
        let algorithm = sequence(&[&oid("1.2.840.10045.4.3.2")]);
        sequence(&[&tbs, &algorithm, &tlv(0x03, [0, 1, 2, 3])])
    }
}

pub(crate) fn ed25519_spki() -> Vec<u8> {
    sequence(&[
        &sequence(&[&oid("1.3.101.112")]),
        &tlv(0x03, [[0].as_slice(), &[7; 32]].concat()),
    ])
}

/// An Extension; `critical` is the encoded BOOLEAN or nothing.
pub(crate) fn extension(kind: &str, critical: &[u8], value: impl AsRef<[u8]>) -> Vec<u8> {
    sequence(&[&oid(kind), critical, &tlv(0x04, value)])
}

/// A certificate with this one extension.
pub(crate) fn with_extension(kind: &str, value: impl AsRef<[u8]>) -> Vec<u8> {
    Parts {
        extensions: Some(vec![extension(kind, &[], value)]),
        ..Parts::default()
    }
    .der()
}

/// A certificate with these GeneralNames as its subject alternative names.
pub(crate) fn with_sans(names: &[Vec<u8>]) -> Vec<u8> {
    with_extension("2.5.29.17", tlv(0x30, names.concat()))
}
