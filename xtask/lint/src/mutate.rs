//! Certificates with one change, signed again.

use anyhow::Result;
use pki_core::Signer as _;
use test_pki::der::{content, extension, fields, tlv};
use x509_identity::Certificate;

use crate::pki::Pki;
use crate::random::Random;

/// The fields of a TBSCertificate (RFC 5280 section 4.1), each with its tag and length.
pub(crate) struct Tbs {
    /// version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
    pub(crate) fields: Vec<Vec<u8>>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

pub(crate) type Change = fn(&mut Tbs, &mut Random);

/// The certificate after `change`, by the key of the root.
pub(crate) fn changed(
    pki: &Pki,
    certificate: &Certificate,
    change: Change,
    random: &mut Random,
) -> Result<Vec<u8>> {
    let outer = fields(content(certificate.der()));
    let mut parts = fields(content(&outer[0]));
    let extensions = parts.split_off(7);
    let mut tbs = Tbs {
        fields: parts,
        extensions: fields(content(content(&extensions[0]))),
    };
    change(&mut tbs, random);
    let algorithm = tbs.fields[2].clone();
    let mut all = tbs.fields.concat();
    if !tbs.extensions.is_empty() {
        all.extend(tlv(0xa3, tlv(0x30, tbs.extensions.concat())));
    }
    let tbs = tlv(0x30, all);
    let signature = pki.root_key.sign(&tbs)?;
    let signature = tlv(3, [&[0][..], &signature].concat());
    Ok(tlv(0x30, [tbs, algorithm, signature].concat()))
}

impl Tbs {
    pub(crate) fn remove(&mut self, oid: &[u8]) {
        self.extensions.retain(|it| !is_of(it, oid));
    }

    /// In the place of that extension, or at the end.
    pub(crate) fn put(&mut self, oid: &[u8], critical: bool, value: impl AsRef<[u8]>) {
        let new = extension(oid, critical, value.as_ref());
        match self.extensions.iter_mut().find(|it| is_of(it, oid)) {
            Some(old) => *old = new,
            None => self.extensions.push(new),
        }
    }

    /// The same extension with the other criticality, if it is there.
    pub(crate) fn flip(&mut self, oid: &[u8]) {
        let found = self.extensions.iter().find(|it| is_of(it, oid));
        let Some(parts) = found.map(|it| fields(content(it))) else {
            return;
        };
        if let Some(value) = parts.last() {
            let value = content(value).to_vec();
            self.put(oid, parts.len() == 2, value);
        }
    }
}

fn is_of(extension: &[u8], oid: &[u8]) -> bool {
    content(extension).starts_with(&tlv(6, oid))
}
