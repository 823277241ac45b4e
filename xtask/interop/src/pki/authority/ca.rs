//! A CA of two certificates.

use anyhow::Result;
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName};

/// A root and the CA below it.
pub(super) struct Ca {
    pub(super) root: Authority,
    pub(super) issuing: Authority,
}

impl Ca {
    pub(super) fn make(common_name: &str, now: OffsetDateTime) -> Result<Self> {
        let key = KeyPair::generate(KeyKind::P256)?;
        let root = Authority::root(name(common_name)?, key, &Profile::root(), now)?;
        let key = KeyPair::generate(KeyKind::P256)?;
        let below = name(&format!("{common_name} issuing"))?;
        let parameters = CertificateParameters::for_key(key.public_key_der(), below);
        let issued = root.issue(&parameters, &Profile::issuing_ca(), now)?;
        let chain = vec![issued.certificate().clone(), root.certificate().clone()];
        let issuing = Authority::new(chain, key)?;
        Ok(Self { root, issuing })
    }

    pub(super) fn client(&self, profile: &Profile, now: OffsetDateTime) -> Result<Certificate> {
        let key = KeyPair::generate(KeyKind::P256)?;
        let subject = DistinguishedName::builder()
            .common_name("client1")
            .build()?;
        let parameters = CertificateParameters::for_key(key.public_key_der(), subject);
        let issued = self.issuing.issue(&parameters, profile, now)?;
        Ok(issued.certificate().clone())
    }
}

pub(super) fn name(common_name: &str) -> Result<DistinguishedName> {
    let name = DistinguishedName::builder()
        .organization("Évil, Ltd")
        .common_name(common_name);
    Ok(name.build()?)
}
