//! An attestation object of the format `apple`: certificates, and nothing else that counts.

use minicbor::Decoder;
use minicbor::decode::Error;
use x509_identity::Certificate;

use super::ManagedDeviceRefusal;
use crate::apple::cbor::{certificates, each_key, end, required};

/// An attestation object, read and not judged. Authenticator data may be there and say nothing.
pub(super) struct Object<'a> {
    pub(super) format: &'a str,
    count: u64,
    certificates: Vec<&'a [u8]>,
}

/// A leaf and what is above it. Genuine statements have two certificates.
const FEWEST: u64 = 2;
const MOST: u64 = 4;

impl<'a> Object<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let (mut format, mut chain) = (None, None);
        let mut decoder = Decoder::new(bytes);
        each_key(&mut decoder, |key, decoder| {
            match key {
                "fmt" => format = Some(decoder.str()?),
                "attStmt" => each_key(decoder, |key, decoder| {
                    match key {
                        "x5c" => chain = Some(certificates(decoder, MOST)?),
                        _ => decoder.skip()?,
                    }
                    Ok(())
                })?,
                _ => decoder.skip()?,
            }
            Ok(())
        })?;
        end(&decoder)?;
        let (count, certificates) = required(chain, "x5c")?;
        Ok(Self {
            format: required(format, "fmt")?,
            count,
            certificates,
        })
    }

    /// The leaf first.
    pub(super) fn chain(&self) -> Result<Vec<Certificate>, ManagedDeviceRefusal> {
        if !(FEWEST..=MOST).contains(&self.count) {
            return Err(ManagedDeviceRefusal::CertificateCount { seen: self.count });
        }
        let read = self.certificates.iter().map(|der| {
            Certificate::from_der(der).map_err(ManagedDeviceRefusal::malformed("a certificate"))
        });
        read.collect()
    }
}
