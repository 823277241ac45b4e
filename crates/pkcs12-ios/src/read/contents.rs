//! What the MAC protects: parts, and the bags in them (RFC 7292 sections 4.1 and 4.2).

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode, Reader, SliceReader};
use pbe::{Budget, EncryptedPrivateKeyInfo, PasswordOctets, Scheme};
use pkcs8::PrivateKeyInfoRef;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::archive::{Archive, ArchivedCertificate, ArchivedKey};
use super::attributes::BagAttributes;
use super::ber;
use super::error::ReadError;
use super::limits::Limits;
use super::place::{Limit, Place};
use super::protection::Protection;
use crate::asn1::{CertBag, ContentInfo, EncryptedData, SafeBag, oid};

/// The octets of a `data` content.
pub(crate) fn data_of<'a>(info: &ContentInfo<'a>, place: Place) -> Result<&'a [u8], ReadError> {
    if info.content_type != oid::DATA {
        return Err(ReadError::UnsupportedAlgorithm {
            oid: info.content_type,
            place,
        });
    }
    let octets: &OctetStringRef = info
        .content
        .decode_as()
        .map_err(ReadError::malformed(place))?;
    Ok(octets.as_bytes())
}

/// An archive on its way out of the file.
pub(crate) struct Contents<'p, 'l> {
    archive: Archive,
    bags: usize,
    budget: Budget,
    limits: &'l Limits,
    password: Option<PasswordOctets<'p>>,
    protections: Vec<Protection>,
}

impl<'p, 'l> Contents<'p, 'l> {
    /// Without a password, what is encrypted is passed over.
    pub(crate) fn new(
        limits: &'l Limits,
        password: Option<PasswordOctets<'p>>,
        budget: Budget,
    ) -> Self {
        Self {
            archive: Archive::default(),
            bags: 0,
            budget,
            limits,
            password,
            protections: Vec::new(),
        }
    }

    /// What was read, and how each key and each encrypted part was protected.
    pub(crate) fn into_parts(self) -> (Archive, Vec<Protection>) {
        (self.archive, self.protections)
    }

    /// Reads an `AuthenticatedSafe`: a sequence of parts, each plain or encrypted.
    pub(crate) fn read(&mut self, authenticated_safe: &[u8]) -> Result<(), ReadError> {
        let place = Place::AuthenticatedSafe;
        let der = ber::to_der(authenticated_safe, place, self.limits)?;
        let parts = Vec::<ContentInfo<'_>>::from_der(&der).map_err(ReadError::malformed(place))?;
        for part in parts {
            match part.content_type {
                oid::ENCRYPTED_DATA => {
                    if let Some(plain) = self.decrypt_part(&part)? {
                        self.read_safe_contents(&plain)?;
                    }
                }
                // For the holder of another key, not of the password.
                oid::ENVELOPED_DATA => {}
                _ => self.read_safe_contents(data_of(&part, place)?)?,
            }
        }
        Ok(())
    }

    fn decrypt_part(
        &mut self,
        part: &ContentInfo<'_>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ReadError> {
        let place = Place::EncryptedPart;
        let encrypted: EncryptedData<'_> = part
            .content
            .decode_as()
            .map_err(ReadError::malformed(place))?;
        let info = encrypted.encrypted_content_info;
        if info.content_type != oid::DATA {
            return Err(ReadError::UnsupportedAlgorithm {
                oid: info.content_type,
                place,
            });
        }
        let ciphertext = info.ciphertext().map_err(ReadError::malformed(place))?;
        self.decrypt(&info.algorithm, &ciphertext, place)
    }

    fn decrypt(
        &mut self,
        algorithm: &AlgorithmIdentifierRef<'_>,
        ciphertext: &[u8],
        place: Place,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ReadError> {
        self.protections
            .push(Protection::of_encryption(algorithm, place));
        let Some(password) = &mut self.password else {
            return Ok(None);
        };
        Scheme::parse(algorithm, &self.budget)
            .and_then(|scheme| scheme.decrypt(ciphertext, password, &mut self.budget))
            .map(Some)
            .map_err(ReadError::encryption(place))
    }

    fn read_safe_contents(&mut self, safe_contents: &[u8]) -> Result<(), ReadError> {
        let place = Place::SafeContents;
        let der = ber::to_der(safe_contents, place, self.limits)?;
        let list = AnyRef::from_der(&der).map_err(ReadError::malformed(place))?;
        self.read_bags(list)
    }

    /// Nesting is bounded by that of the encoding.
    fn read_bags(&mut self, safe_contents: AnyRef<'_>) -> Result<(), ReadError> {
        let place = Place::SafeContents;
        let list: &der::asn1::SequenceRef = safe_contents
            .decode_as()
            .map_err(ReadError::malformed(place))?;
        let mut reader = SliceReader::new(list.as_bytes()).map_err(ReadError::malformed(place))?;
        while !reader.is_finished() {
            let limits = self.limits;
            self.bags += 1;
            limits.check(Limit::Bags, limits.bags, self.bags)?;
            let bag = SafeBag::decode(&mut reader).map_err(ReadError::malformed(place))?;
            self.read_bag(bag)?;
        }
        Ok(())
    }

    fn read_bag(&mut self, bag: SafeBag<'_>) -> Result<(), ReadError> {
        let attributes = BagAttributes::read(bag.bag_attributes, self.limits)?;
        match bag.bag_id {
            oid::KEY_BAG => {
                let key = bag.bag_value;
                let pkcs8 =
                    der::Encode::to_der(&key).map_err(ReadError::malformed(Place::KeyBag))?;
                self.protections.push(Protection::none(Place::KeyBag));
                self.add_key(Zeroizing::new(pkcs8), attributes)
            }
            oid::SHROUDED_KEY_BAG => {
                let place = Place::KeyBag;
                let encrypted: EncryptedPrivateKeyInfo<'_> = bag
                    .bag_value
                    .decode_as()
                    .map_err(ReadError::malformed(place))?;
                let ciphertext = encrypted.encrypted_data.as_bytes();
                let Some(ber) = self.decrypt(&encrypted.algorithm, ciphertext, place)? else {
                    return Ok(());
                };
                let pkcs8 = ber::to_der(&ber, place, self.limits)?;
                self.add_key(pkcs8, attributes)
            }
            oid::CERT_BAG => self.add_certificate(bag.bag_value, attributes),
            oid::SAFE_CONTENTS_BAG => self.read_bags(bag.bag_value),
            _ => Ok(()),
        }
    }

    fn add_key(
        &mut self,
        pkcs8: Zeroizing<Vec<u8>>,
        attributes: BagAttributes,
    ) -> Result<(), ReadError> {
        let info = PrivateKeyInfoRef::try_from(pkcs8.as_slice()).map_err(|source| {
            ReadError::Malformed {
                place: Place::KeyBag,
                source: source.into(),
            }
        })?;
        let algorithm = info.algorithm.oid;
        self.archive.keys.push(ArchivedKey {
            algorithm,
            attributes,
            pkcs8,
        });
        let limits = self.limits;
        limits.check(Limit::Keys, limits.keys, self.archive.keys.len())
    }

    fn add_certificate(
        &mut self,
        bag_value: AnyRef<'_>,
        attributes: BagAttributes,
    ) -> Result<(), ReadError> {
        let place = Place::CertificateBag;
        let bag: CertBag<'_> = bag_value.decode_as().map_err(ReadError::malformed(place))?;
        if bag.cert_id != oid::X509_CERTIFICATE {
            return Ok(());
        }
        let octets: &OctetStringRef = bag
            .cert_value
            .decode_as()
            .map_err(ReadError::malformed(place))?;
        // What it says, and whether it is one, is for others to judge.
        let der = octets.as_bytes().to_vec();
        self.archive
            .certificates
            .push(ArchivedCertificate { attributes, der });
        let limits = self.limits;
        limits.check(
            Limit::Certificates,
            limits.certificates,
            self.archive.certificates.len(),
        )
    }
}
