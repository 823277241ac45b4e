//! What the MAC protects: parts, and the bags in them (RFC 7292 sections 4.1 and 4.2).

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode, Reader, SliceReader};
use pbe::{
    Budget, Derivation, EncryptedPrivateKeyInfo, PasswordOctets, PbeError, Pbes2Params, Scheme,
};
use pkcs8::PrivateKeyInfoRef;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::archive::{Archive, ArchivedCertificate, ArchivedKey, SkippedBag};
use super::attributes::BagAttributes;
use super::ber;
use super::error::ReadError;
use super::limits::Limits;
use super::part::{Bag, BagContent, Opened, Part};
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

/// What becomes of a part or a key whose protection is not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refused {
    /// It is noted, and reading goes on.
    Note,
    /// Reading ends.
    Stop,
}

/// What is read of a file, on its way out of it.
pub(crate) struct Contents<'p, 'l> {
    pub(super) archive: Archive,
    bags: usize,
    budget: Budget,
    /// Those of what was passed over for want of a password.
    pub(super) derivations: Vec<Derivation>,
    limits: &'l Limits,
    pub(super) parts: Vec<Part>,
    pub(super) password: Option<PasswordOctets<'p>>,
    refused: Refused,
}

impl<'p, 'l> Contents<'p, 'l> {
    /// Without a password, what is encrypted is passed over, and `budget` charged with what it would have cost.
    pub(super) fn new(
        limits: &'l Limits,
        password: Option<PasswordOctets<'p>>,
        budget: Budget,
        refused: Refused,
    ) -> Self {
        Self {
            archive: Archive::default(),
            bags: 0,
            budget,
            derivations: Vec::new(),
            limits,
            parts: Vec::new(),
            password,
            refused,
        }
    }

    /// Reads an `AuthenticatedSafe`: a sequence of parts, each plain or encrypted.
    pub(super) fn read(&mut self, authenticated_safe: &[u8]) -> Result<(), ReadError> {
        let place = Place::AuthenticatedSafe;
        let der = ber::to_der(authenticated_safe, place, self.limits)?;
        let parts = Vec::<ContentInfo<'_>>::from_der(&der).map_err(ReadError::malformed(place))?;
        for part in parts {
            let part = self.read_part(&part)?;
            self.parts.push(part);
        }
        Ok(())
    }

    fn read_part(&mut self, part: &ContentInfo<'_>) -> Result<Part, ReadError> {
        let place = Place::EncryptedPart;
        match part.content_type {
            oid::ENCRYPTED_DATA => self.read_encrypted(part),
            // For the holder of another key, not of the password.
            oid::ENVELOPED_DATA => Ok(Part {
                protection: Protection::enveloped(place),
                opened: Opened::No(ReadError::UnsupportedAlgorithm {
                    oid: part.content_type,
                    place,
                }),
                bags: Vec::new(),
            }),
            _ => {
                let bags = self.read_safe_contents(data_of(part, Place::AuthenticatedSafe)?)?;
                Ok(Part {
                    protection: Protection::none(Place::SafeContents),
                    opened: Opened::Yes,
                    bags,
                })
            }
        }
    }

    fn read_encrypted(&mut self, part: &ContentInfo<'_>) -> Result<Part, ReadError> {
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
        let protection = Protection::of_encryption(&info.algorithm, place);
        let (opened, bags) = match self.decrypt(&info.algorithm, &ciphertext, place)? {
            Ok(plain) => (Opened::Yes, self.read_decrypted(&plain)?),
            Err(closed) => (closed, Vec::new()),
        };
        Ok(Part {
            protection,
            opened,
            bags,
        })
    }

    /// The octets that were encrypted, or why they stay so.
    fn decrypt(
        &mut self,
        algorithm: &AlgorithmIdentifierRef<'_>,
        ciphertext: &[u8],
        place: Place,
    ) -> Result<Result<Zeroizing<Vec<u8>>, Opened>, ReadError> {
        let result = refuse_scrypt(algorithm)
            .and_then(|()| Scheme::parse(algorithm, &self.budget))
            .and_then(|scheme| match &mut self.password {
                Some(password) => scheme
                    .decrypt(ciphertext, password, &mut self.budget)
                    .map(Some),
                None => {
                    self.derivations.extend(scheme.derivation());
                    scheme.charge(&mut self.budget).map(|()| None)
                }
            })
            .map_err(ReadError::encryption(place));
        match result {
            Ok(Some(plain)) => Ok(Ok(plain)),
            Ok(None) => Ok(Err(Opened::WithoutPassword)),
            Err(error) if self.refused == Refused::Note && error.is_about_protection() => {
                Ok(Err(Opened::No(error)))
            }
            Err(error) => Err(error),
        }
    }

    /// The bags of a decrypted part, after what they cost has been added up.
    fn read_decrypted(&mut self, plain: &[u8]) -> Result<Vec<Bag>, ReadError> {
        if self.refused == Refused::Stop {
            let budget = self.budget.clone();
            Contents::new(self.limits, None, budget, Refused::Stop).read_safe_contents(plain)?;
        }
        self.read_safe_contents(plain)
    }

    fn read_safe_contents(&mut self, safe_contents: &[u8]) -> Result<Vec<Bag>, ReadError> {
        let place = Place::SafeContents;
        let der = ber::to_der(safe_contents, place, self.limits)?;
        let list = AnyRef::from_der(&der).map_err(ReadError::malformed(place))?;
        self.read_bags(list)
    }

    /// Nesting is bounded by that of the encoding.
    fn read_bags(&mut self, safe_contents: AnyRef<'_>) -> Result<Vec<Bag>, ReadError> {
        let place = Place::SafeContents;
        let list: &der::asn1::SequenceRef = safe_contents
            .decode_as()
            .map_err(ReadError::malformed(place))?;
        let mut reader = SliceReader::new(list.as_bytes()).map_err(ReadError::malformed(place))?;
        let mut bags = Vec::new();
        while !reader.is_finished() {
            let limits = self.limits;
            self.bags += 1;
            limits.check(Limit::Bags, limits.bags, self.bags)?;
            let bag = SafeBag::decode(&mut reader).map_err(ReadError::malformed(place))?;
            bags.push(self.read_bag(bag)?);
        }
        Ok(bags)
    }

    fn read_bag(&mut self, bag: SafeBag<'_>) -> Result<Bag, ReadError> {
        let attributes = BagAttributes::read(bag.bag_attributes, self.limits)?;
        let content = match bag.bag_id {
            oid::KEY_BAG => {
                let key = bag.bag_value;
                let pkcs8 =
                    der::Encode::to_der(&key).map_err(ReadError::malformed(Place::KeyBag))?;
                BagContent::Key {
                    protection: Protection::none(Place::KeyBag),
                    opened: Opened::Yes,
                    key: Some(self.add_key(Zeroizing::new(pkcs8), &attributes)?),
                }
            }
            oid::SHROUDED_KEY_BAG => self.read_shrouded_key(bag.bag_value, &attributes)?,
            oid::CERT_BAG => self.read_certificate(bag.bag_value, &attributes)?,
            oid::SAFE_CONTENTS_BAG => BagContent::Bags(self.read_bags(bag.bag_value)?),
            other => self.skip(other, &attributes),
        };
        Ok(Bag {
            attributes,
            content,
        })
    }

    fn read_shrouded_key(
        &mut self,
        bag_value: AnyRef<'_>,
        attributes: &BagAttributes,
    ) -> Result<BagContent, ReadError> {
        let place = Place::KeyBag;
        let encrypted: EncryptedPrivateKeyInfo<'_> =
            bag_value.decode_as().map_err(ReadError::malformed(place))?;
        let ciphertext = encrypted.encrypted_data.as_bytes();
        let protection = Protection::of_encryption(&encrypted.algorithm, place);
        let (opened, key) = match self.decrypt(&encrypted.algorithm, ciphertext, place)? {
            Ok(plain) => {
                let pkcs8 = ber::to_der(&plain, place, self.limits)?;
                (Opened::Yes, Some(self.add_key(pkcs8, attributes)?))
            }
            Err(closed) => (closed, None),
        };
        Ok(BagContent::Key {
            protection,
            opened,
            key,
        })
    }

    fn add_key(
        &mut self,
        pkcs8: Zeroizing<Vec<u8>>,
        attributes: &BagAttributes,
    ) -> Result<usize, ReadError> {
        let info = PrivateKeyInfoRef::try_from(pkcs8.as_slice()).map_err(|source| {
            ReadError::Malformed {
                place: Place::KeyBag,
                source: source.into(),
            }
        })?;
        let algorithm = info.algorithm.oid;
        let index = self.archive.keys.len();
        self.archive.keys.push(ArchivedKey {
            algorithm,
            attributes: attributes.clone(),
            pkcs8,
        });
        let limits = self.limits;
        limits.check(Limit::Keys, limits.keys, index + 1)?;
        Ok(index)
    }

    fn read_certificate(
        &mut self,
        bag_value: AnyRef<'_>,
        attributes: &BagAttributes,
    ) -> Result<BagContent, ReadError> {
        let place = Place::CertificateBag;
        let bag: CertBag<'_> = bag_value.decode_as().map_err(ReadError::malformed(place))?;
        if bag.cert_id != oid::X509_CERTIFICATE {
            return Ok(self.skip(bag.cert_id, attributes));
        }
        let octets: &OctetStringRef = bag
            .cert_value
            .decode_as()
            .map_err(ReadError::malformed(place))?;
        let index = self.archive.certificates.len();
        self.archive.certificates.push(ArchivedCertificate {
            attributes: attributes.clone(),
            // What it says, and whether it is one, is for others to judge.
            der: octets.as_bytes().to_vec(),
        });
        let limits = self.limits;
        limits.check(Limit::Certificates, limits.certificates, index + 1)?;
        Ok(BagContent::Certificate(index))
    }

    fn skip(&mut self, oid: const_oid::ObjectIdentifier, attributes: &BagAttributes) -> BagContent {
        let index = self.archive.skipped.len();
        let attributes = attributes.clone();
        self.archive.skipped.push(SkippedBag { attributes, oid });
        BagContent::Skipped(index)
    }
}

/// No writer of bundles is known that uses it, and its memory is the file's to choose.
fn refuse_scrypt(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<(), PbeError> {
    let parameters = algorithm
        .parameters
        .filter(|_| algorithm.oid == pbe::oid::PBES2);
    let kdf = parameters
        .and_then(|parameters| parameters.decode_as::<Pbes2Params<'_>>().ok())
        .map(|parameters| parameters.key_derivation.oid);
    match kdf {
        Some(oid) if oid == pbe::oid::SCRYPT => Err(PbeError::UnsupportedAlgorithm { oid }),
        _ => Ok(()),
    }
}
