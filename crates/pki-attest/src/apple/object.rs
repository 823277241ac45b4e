//! An attestation object (WebAuthn section 6.5.4), as App Attest fills it.

use minicbor::Decoder;
use minicbor::decode::Error;
use x509_identity::Certificate;

use super::AppleRefusal;
use super::cbor::{certificates, each_key, end, required};

/// An attestation object, read and not judged.
pub(super) struct Object<'a> {
    pub(super) format: &'a str,
    pub(super) statement: Statement<'a>,
    pub(super) authenticator_data: &'a [u8],
}

/// Who vouches for the key.
pub(super) struct Statement<'a> {
    /// How many certificates there are.
    count: u64,
    /// The first of them.
    certificates: Vec<&'a [u8]>,
    pub(super) receipt: &'a [u8],
}

/// A leaf and an intermediate, and one more would be too many.
const CERTIFICATES: u64 = 2;

impl<'a> Object<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let (mut format, mut statement, mut data) = (None, None, None);
        let mut decoder = Decoder::new(bytes);
        each_key(&mut decoder, |key, decoder| {
            match key {
                "fmt" => format = Some(decoder.str()?),
                "attStmt" => statement = Some(Statement::read(decoder)?),
                "authData" => data = Some(decoder.bytes()?),
                _ => decoder.skip()?,
            }
            Ok(())
        })?;
        end(&decoder)?;
        Ok(Self {
            format: required(format, "fmt")?,
            statement: required(statement, "attStmt")?,
            authenticator_data: required(data, "authData")?,
        })
    }
}

impl<'a> Statement<'a> {
    fn read(decoder: &mut Decoder<'a>) -> Result<Self, Error> {
        let (mut chain, mut receipt) = (None, None);
        each_key(decoder, |key, decoder| {
            match key {
                "x5c" => chain = Some(certificates(decoder, CERTIFICATES)?),
                "receipt" => receipt = Some(decoder.bytes()?),
                _ => decoder.skip()?,
            }
            Ok(())
        })?;
        let (count, certificates) = required(chain, "x5c")?;
        Ok(Self {
            count,
            certificates,
            receipt: required(receipt, "receipt")?,
        })
    }

    /// The leaf and Apple's intermediate.
    pub(super) fn certificates(&self) -> Result<[Certificate; 2], AppleRefusal> {
        let (CERTIFICATES, [leaf, intermediate]) = (self.count, self.certificates.as_slice())
        else {
            return Err(AppleRefusal::CertificateCount { seen: self.count });
        };
        let read =
            |der: &[u8], what| Certificate::from_der(der).map_err(AppleRefusal::malformed(what));
        Ok([
            read(leaf, "the certificate of the key")?,
            read(intermediate, "the certificate of Apple's intermediate")?,
        ])
    }
}
