//! What the MAC protects: parts, and the bags in them (RFC 7292 sections 4.1 and 4.2).

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode, Reader, SliceReader};
use pkcs8::PrivateKeyInfoRef;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::archive::{Archive, ArchivedCertificate, ArchivedKey, BagAttributes};
use crate::asn1::{CertBag, ContentInfo, EncryptedData, EncryptedPrivateKeyInfo, SafeBag, oid};
use crate::ber;
use crate::error::{Limit, Place, ReadError};
use crate::limits::KdfBudget;
use crate::password::PasswordOctets;
use crate::scheme::Scheme;

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
    budget: KdfBudget<'l>,
    password: PasswordOctets<'p>,
}

impl<'p, 'l> Contents<'p, 'l> {
    pub(crate) fn new(password: PasswordOctets<'p>, budget: KdfBudget<'l>) -> Self {
        Self {
            archive: Archive::default(),
            bags: 0,
            budget,
            password,
        }
    }

    pub(crate) fn into_archive(self) -> Archive {
        self.archive
    }

    /// Reads an `AuthenticatedSafe`: a sequence of parts, each plain or encrypted.
    pub(crate) fn read(&mut self, authenticated_safe: &[u8]) -> Result<(), ReadError> {
        let place = Place::AuthenticatedSafe;
        let der = ber::to_der(authenticated_safe, place, self.budget.limits())?;
        let parts = Vec::<ContentInfo<'_>>::from_der(&der).map_err(ReadError::malformed(place))?;
        for part in parts {
            match part.content_type {
                oid::ENCRYPTED_DATA => {
                    let plain = self.decrypt_part(&part)?;
                    self.read_safe_contents(&plain)?;
                }
                // For the holder of another key, not of the password.
                oid::ENVELOPED_DATA => {}
                _ => self.read_safe_contents(data_of(&part, place)?)?,
            }
        }
        Ok(())
    }

    fn decrypt_part(&mut self, part: &ContentInfo<'_>) -> Result<Zeroizing<Vec<u8>>, ReadError> {
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
    ) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let scheme = Scheme::parse(algorithm, place, &self.budget)?;
        scheme.decrypt(ciphertext, &mut self.password, place, &mut self.budget)
    }

    fn read_safe_contents(&mut self, safe_contents: &[u8]) -> Result<(), ReadError> {
        let place = Place::SafeContents;
        let der = ber::to_der(safe_contents, place, self.budget.limits())?;
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
            let limits = self.budget.limits();
            self.bags += 1;
            limits.check(Limit::Bags, limits.bags, self.bags)?;
            let bag = SafeBag::decode(&mut reader).map_err(ReadError::malformed(place))?;
            self.read_bag(bag)?;
        }
        Ok(())
    }

    fn read_bag(&mut self, bag: SafeBag<'_>) -> Result<(), ReadError> {
        let attributes = BagAttributes::read(bag.bag_attributes, self.budget.limits())?;
        match bag.bag_id {
            oid::KEY_BAG => {
                let key = bag.bag_value;
                let pkcs8 =
                    der::Encode::to_der(&key).map_err(ReadError::malformed(Place::KeyBag))?;
                self.add_key(Zeroizing::new(pkcs8), attributes)
            }
            oid::SHROUDED_KEY_BAG => {
                let place = Place::KeyBag;
                let encrypted: EncryptedPrivateKeyInfo<'_> = bag
                    .bag_value
                    .decode_as()
                    .map_err(ReadError::malformed(place))?;
                let ciphertext = encrypted.encrypted_data.as_bytes();
                let ber = self.decrypt(&encrypted.algorithm, ciphertext, place)?;
                let pkcs8 = ber::to_der(&ber, place, self.budget.limits())?;
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
        let limits = self.budget.limits();
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
        // What it says is for others to judge; here it has to be one encoded value.
        AnyRef::from_der(octets.as_bytes()).map_err(ReadError::malformed(place))?;
        let der = octets.as_bytes().to_vec();
        self.archive
            .certificates
            .push(ArchivedCertificate { attributes, der });
        let limits = self.budget.limits();
        limits.check(
            Limit::Certificates,
            limits.certificates,
            self.archive.certificates.len(),
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test says what it expects by unwrapping it"
    )]

    use const_oid::ObjectIdentifier;
    use der::Encode;
    use der::asn1::{Any, OctetString};
    use pki_core::Password;
    use spki::AlgorithmIdentifierRef;

    use crate::asn1::{Pbes2Params, Pbkdf2Params, Pfx};
    use crate::limits::Limits;

    use super::*;

    const SECRET_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.5");

    /// A file without a MAC: `bags` bags of one type, each with a key that costs `iterations`.
    fn without_mac(bag_id: ObjectIdentifier, bags: usize, iterations: i64) -> Vec<u8> {
        let kdf = Any::encode_from(&Pbkdf2Params {
            salt: OctetStringRef::new(b"saltsalt").unwrap(),
            iterations,
            key_length: None,
            prf: None,
        })
        .unwrap();
        let iv = Any::encode_from(&OctetString::new([0; 16]).unwrap()).unwrap();
        let algorithm = |oid, params| AlgorithmIdentifierRef {
            oid,
            parameters: Some(params),
        };
        let pbes2 = Any::encode_from(&Pbes2Params {
            key_derivation: algorithm(oid::PBKDF2, kdf.to_ref()),
            encryption: algorithm(oid::AES_256_CBC, iv.to_ref()),
        })
        .unwrap();
        let key = Any::encode_from(&EncryptedPrivateKeyInfo {
            algorithm: algorithm(oid::PBES2, pbes2.to_ref()),
            encrypted_data: OctetStringRef::new(&[0; 16]).unwrap(),
        })
        .unwrap();
        let bags: Vec<_> = (0..bags)
            .map(|_| SafeBag {
                bag_id,
                bag_value: key.to_ref(),
                bag_attributes: None,
            })
            .collect();
        wrap(&wrap_list(&bags.to_der().unwrap()))
    }

    fn wrap_list(safe_contents: &[u8]) -> Vec<u8> {
        let octets = Any::encode_from(&OctetString::new(safe_contents).unwrap()).unwrap();
        vec![ContentInfo {
            content_type: oid::DATA,
            content: octets.to_ref(),
        }]
        .to_der()
        .unwrap()
    }

    fn wrap(authenticated_safe: &[u8]) -> Vec<u8> {
        let octets = Any::encode_from(&OctetString::new(authenticated_safe).unwrap()).unwrap();
        let auth_safe = ContentInfo {
            content_type: oid::DATA,
            content: octets.to_ref(),
        };
        Pfx {
            version: 3,
            auth_safe,
            mac_data: None,
        }
        .to_der()
        .unwrap()
    }

    fn read(file: &[u8], limits: &Limits) -> Result<Archive, ReadError> {
        Archive::read(file, &Password::new("password"), limits)
    }

    #[test]
    fn secret_bags_cost_nothing() {
        // Six of these cost p12-keystore 0.4.1 two thirds of a second, without any password.
        let file = without_mac(SECRET_BAG, 6, 1_000_000);
        assert!(matches!(
            read(&file, &Limits::default()),
            Err(ReadError::MacMissing)
        ));
        let archive = read(&file, &Limits::default().allow_missing_mac()).unwrap();
        assert!(archive.keys().is_empty() && archive.certificates().is_empty());
    }

    #[test]
    fn the_first_bag_that_cannot_be_read_ends_the_reading() {
        let limits = Limits::default().allow_missing_mac();
        let file = without_mac(oid::SHROUDED_KEY_BAG, 64, 10);
        let place = Place::KeyBag;
        assert!(
            matches!(read(&file, &limits), Err(ReadError::DecryptFailed { place: p }) if p == place)
        );
        for iterations in [0, -1, 1_000_001, i64::MIN, i64::MAX] {
            let file = without_mac(oid::SHROUDED_KEY_BAG, 1, iterations);
            assert!(matches!(
                read(&file, &limits),
                Err(ReadError::IterationsOutOfRange { got, .. }) if got == iterations
            ));
        }
    }

    #[test]
    fn bags_are_counted_even_if_they_are_passed_over() {
        let limits = Limits::default().allow_missing_mac();
        assert!(read(&without_mac(SECRET_BAG, 64, 1), &limits).is_ok());
        let refused = read(&without_mac(SECRET_BAG, 65, 1), &limits);
        assert!(matches!(
            refused,
            Err(ReadError::LimitExceeded {
                what: Limit::Bags,
                limit: 64,
                got: 65
            })
        ));
    }

    #[test]
    fn lists_of_bags_nest_as_deep_as_the_encoding_may() {
        let nested = |levels: usize| {
            let mut list = Any::encode_from(&Vec::<SafeBag<'_>>::new()).unwrap();
            for _ in 0..levels {
                let bag = SafeBag {
                    bag_id: oid::SAFE_CONTENTS_BAG,
                    bag_value: list.to_ref(),
                    bag_attributes: None,
                };
                list = Any::encode_from(&vec![bag]).unwrap();
            }
            wrap(&wrap_list(&list.to_der().unwrap()))
        };
        let limits = Limits::default().allow_missing_mac();
        assert!(read(&nested(5), &limits).is_ok());
        let refused = read(&nested(6), &limits);
        assert!(matches!(
            refused,
            Err(ReadError::LimitExceeded {
                what: Limit::Nesting,
                ..
            })
        ));
    }

    #[test]
    fn a_file_of_another_version_is_refused() {
        let mut file = without_mac(SECRET_BAG, 0, 1);
        let version = file.windows(3).position(|at| at == [2, 1, 3]).unwrap() + 2;
        file[version] = 4;
        let refused = read(&file, &Limits::default());
        assert!(matches!(refused, Err(ReadError::BadVersion { got: 4 })));
    }
}
