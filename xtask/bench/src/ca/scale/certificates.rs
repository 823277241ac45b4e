//! A million certificates, without signing them.

use anyhow::{Context, Result};
use pki_core::{AllowedSubject, Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use time::OffsetDateTime;
use x509_identity::{Certificate, SubjectAltName};

/// A certificate whose serial number, name and key are overwritten, as the store does not check signatures.
pub(super) struct Template {
    der: Vec<u8>,
    serial: usize,
    key: usize,
    names: Vec<usize>,
}

impl Template {
    pub(super) fn new(authority: &Authority, now: OffsetDateTime) -> Result<Self> {
        let key = KeyPair::generate(KeyKind::P256)?;
        let name = name(0);
        let parameters =
            CertificateParameters::for_key(key.public_key_der(), format!("CN={name}").parse()?)
                .sans([SubjectAltName::Dns(host(0, false))]);
        let profile = Profile::client().with_subject(AllowedSubject::any());
        let issued = authority.issue(&parameters, &profile, now)?;
        let certificate = issued.certificate();
        let der = certificate.der().to_vec();
        let at = |part: &[u8]| {
            let found = der.windows(part.len()).position(|window| window == part);
            found.context("a certificate has its own parts")
        };
        let spki = certificate.spki_der();
        let names = der.windows(name.len()).enumerate();
        Ok(Self {
            serial: at(certificate.serial().as_bytes())?,
            // The end of a point.
            key: at(spki)? + spki.len() - NUMBER,
            names: names
                .filter(|(_, window)| *window == name.as_bytes())
                .map(|(position, _)| position)
                .collect(),
            der,
        })
    }

    /// The certificate of this number; `many` are found by one pattern.
    pub(super) fn certificate(&self, number: u32, many: bool) -> Result<Certificate> {
        let mut der = self.der.clone();
        let octets = number.to_be_bytes();
        let parts = [(self.serial + SERIAL - NUMBER, &octets), (self.key, &octets)];
        for (at, part) in parts {
            put(&mut der, at, part)?;
        }
        for at in &self.names {
            put(&mut der, *at, name(number).as_bytes())?;
        }
        if many {
            let last = self.names.last().context("a name")?;
            put(&mut der, *last, host(number, true).as_bytes())?;
        }
        Ok(Certificate::from_der(&der)?)
    }
}

fn put(der: &mut [u8], at: usize, part: &[u8]) -> Result<()> {
    let place = der.get_mut(at..at + part.len());
    place.context("a part that is there")?.copy_from_slice(part);
    Ok(())
}

/// Its common name.
pub(super) fn name(number: u32) -> String {
    format!("client-{number:07}")
}

/// Its host name.
pub(super) fn host(number: u32, many: bool) -> String {
    let domain = if many { "many" } else { "rest" };
    format!("{}.{domain}.example.org", name(number))
}

/// Octets in a serial number of ours.
const SERIAL: usize = 16;
/// Octets that tell one from another.
const NUMBER: usize = 4;
