//! A million certificates, without signing them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use pki_core::{
    AllowedNames, AllowedSubject, Authority, CertificateParameters, KeyKind, KeyPair, Profile,
};
use time::OffsetDateTime;
use x509_identity::{Certificate, SerialNumber, SubjectAltName};

/// A certificate in which serial number, name and key are overwritten: the store does not check signatures.
pub(super) struct Template {
    der: Vec<u8>,
    /// Where these parts are.
    serial: usize,
    key: usize,
    common_name: usize,
    host: usize,
}

impl Template {
    /// That of this directory, made if there is none yet.
    pub(super) fn of(directory: &Path, authority: &Authority) -> Result<Self> {
        let file = directory.join("template.der");
        if !file.exists() {
            let key = KeyPair::generate(KeyKind::P256)?;
            let subject = format!("CN={}", name(0)).parse()?;
            let parameters = CertificateParameters::for_key(key.public_key_der(), subject)
                .sans([SubjectAltName::Dns(host(0, false))]);
            let mut profile = Profile::client().with_subject(AllowedSubject::any());
            profile.names = AllowedNames::any();
            let issued = authority.issue(&parameters, &profile, OffsetDateTime::now_utc())?;
            fs::write(&file, issued.certificate().der())?;
        }
        let der = fs::read(&file)?;
        let certificate = Certificate::from_der(&der)?;
        let at = |part: &[u8]| {
            let found = der.windows(part.len()).position(|window| window == part);
            found.context("a certificate has its own parts")
        };
        let spki = certificate.spki_der();
        Ok(Self {
            serial: at(certificate.serial().as_bytes())? + SERIAL - NUMBER,
            // The end of a point, which is on no curve then.
            key: at(spki)? + spki.len() - NUMBER,
            common_name: at(name(0).as_bytes())?,
            host: at(host(0, false).as_bytes())?,
            der,
        })
    }

    /// The certificate of this number. Those of `many` have names that one pattern finds.
    pub(super) fn certificate(&self, number: u32, many: bool) -> Result<Certificate> {
        let mut der = self.der.clone();
        let octets = number.to_be_bytes();
        put(&mut der, self.serial, &octets)?;
        put(&mut der, self.key, &octets)?;
        put(&mut der, self.common_name, name(number).as_bytes())?;
        put(&mut der, self.host, host(number, many).as_bytes())?;
        Ok(Certificate::from_der(&der)?)
    }
}

/// A serial number as long as those that are issued.
pub(super) fn serial(number: u32) -> SerialNumber {
    let number = number.to_be_bytes();
    let mut octets = [0x5a; SERIAL];
    for (to, from) in octets.iter_mut().rev().zip(number.iter().rev()) {
        *to = *from;
    }
    SerialNumber::from_integer_octets(&octets)
}

fn put(der: &mut [u8], at: usize, part: &[u8]) -> Result<()> {
    let place = der.get_mut(at..at + part.len());
    place.context("a part that is there")?.copy_from_slice(part);
    Ok(())
}

/// A common name, always as long.
pub(super) fn name(number: u32) -> String {
    format!("client-{number:07}")
}

fn host(number: u32, many: bool) -> String {
    let domain = if many { "many" } else { "rest" };
    format!("host-{number:07}.{domain}.example.org")
}

/// The pattern for those of `many`.
pub(super) const MANY: &str = "*.many.example.org";

/// Octets in a serial number of ours.
const SERIAL: usize = 16;
/// Octets that tell one from another.
const NUMBER: usize = 4;
