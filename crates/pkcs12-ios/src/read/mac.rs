//! The MAC over a file: HMAC by RFC 7292 section 5.1, and PBMAC1 by RFC 9579.

use aws_lc_rs::hmac;
use pbe::{
    Budget, Derivation, Digest, PasswordOctets, Pbkdf2, Purpose, Request, derive, parameters,
};

use crate::asn1::{MacData, Pbmac1Params, oid};

use super::error::ReadError;
use super::limits::Limits;
use super::place::{Limit, Place};

/// A MAC whose parameters have been judged.
pub(crate) struct Mac<'a> {
    key: MacKey<'a>,
    expected: &'a [u8],
}

enum MacKey<'a> {
    Pbmac1 {
        hmac: Digest,
        kdf: Pbkdf2<'a>,
        len: usize,
    },
    Pkcs12 {
        digest: Digest,
        salt: &'a [u8],
        iterations: u32,
    },
}

impl<'a> Mac<'a> {
    pub(crate) fn parse(
        data: &MacData<'a>,
        limits: &Limits,
        budget: &Budget,
    ) -> Result<Self, ReadError> {
        let place = Place::Mac;
        let algorithm = &data.mac.algorithm;
        let key = if algorithm.oid == oid::PBMAC1 {
            let params: Pbmac1Params<'_> =
                parameters(algorithm).map_err(ReadError::encryption(place))?;
            let oid = params.authentication.oid;
            let hmac =
                Digest::of_hmac(oid).ok_or(ReadError::UnsupportedAlgorithm { oid, place })?;
            let kdf = Pbkdf2::parse(&params.key_derivation, budget)
                .map_err(ReadError::encryption(place))?;
            // RFC 9579 section 4 wants the length to be there. A short key could be searched for.
            let len = kdf.key_len().filter(|len| (20..=64).contains(len)).ok_or(
                ReadError::UnsupportedParameters {
                    place,
                    reason: "the key length is not 20 to 64",
                },
            )?;
            MacKey::Pbmac1 { hmac, kdf, len }
        } else {
            let digest = Digest::of_hash(algorithm.oid).ok_or(ReadError::UnsupportedAlgorithm {
                oid: algorithm.oid,
                place,
            })?;
            let salt = data.mac_salt.as_bytes();
            limits.check(Limit::SaltLen, limits.salt_len, salt.len())?;
            let iterations = budget
                .accept(data.iterations)
                .map_err(ReadError::encryption(place))?;
            MacKey::Pkcs12 {
                digest,
                salt,
                iterations,
            }
        };
        Ok(Self {
            key,
            expected: data.mac.digest.as_bytes(),
        })
    }

    /// Charges `budget` with what [`verify`](Self::verify) costs at least, before it is done.
    pub(crate) fn charge(&self, budget: &mut Budget) -> Result<(), ReadError> {
        let cost = match &self.key {
            MacKey::Pbmac1 { kdf, len, .. } => kdf.cost(*len),
            MacKey::Pkcs12 {
                digest,
                salt,
                iterations,
            } => request(*digest, &[], salt, *iterations).cost(*digest),
        };
        budget
            .charge(cost)
            .map_err(ReadError::encryption(Place::Mac))
    }

    /// The derivation of its key, where that gains from being done beside others.
    pub(crate) fn derivation(&self) -> Option<Derivation> {
        match self.key {
            MacKey::Pbmac1 { .. } => None,
            MacKey::Pkcs12 {
                digest,
                salt,
                iterations,
            } => Derivation::of_mac(digest, salt, iterations),
        }
    }

    /// Compares in constant time, and leaves in `password` the form that was right.
    pub(crate) fn verify(
        &self,
        content: &[u8],
        password: &mut PasswordOctets<'_>,
        budget: &mut Budget,
    ) -> Result<(), ReadError> {
        let compare = |key: &hmac::Key| {
            hmac::verify(key, content, self.expected).map_err(|_| ReadError::MacMismatch)
        };
        match &self.key {
            MacKey::Pbmac1 { hmac, kdf, len } => {
                let key = kdf
                    .derive(password.utf8(), *len, budget)
                    .map_err(ReadError::encryption(Place::Mac))?;
                compare(&hmac::Key::new(hmac.hmac(), &key))
            }
            MacKey::Pkcs12 {
                digest,
                salt,
                iterations,
            } => password.find_form(|password| {
                if let Some(key) = self.derivation().and_then(|it| budget.secret_prepared(&it)) {
                    return compare(&hmac::Key::new(digest.hmac(), &key));
                }
                self.charge(budget)?;
                // RFC 7292 section 5.1: the key is as long as the hash.
                let request = request(*digest, password.utf16(), salt, *iterations);
                let key = derive(*digest, &[request]);
                compare(&hmac::Key::new(digest.hmac(), &key[0]))
            }),
        }
    }
}

fn request<'a>(digest: Digest, password: &'a [u8], salt: &'a [u8], iterations: u32) -> Request<'a> {
    Request {
        purpose: Purpose::MacKey,
        password,
        salt,
        iterations,
        len: digest.output_len(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test says what it expects by unwrapping it"
    )]

    use der::asn1::{Any, AnyRef, OctetStringRef};
    use pbe::{Count, Pbkdf2Params, pbkdf2};
    use spki::AlgorithmIdentifierRef;

    use super::*;
    use crate::asn1::DigestInfo;

    const CONTENT: &[u8] = b"authenticated safe";

    fn with_null(oid: const_oid::ObjectIdentifier) -> AlgorithmIdentifierRef<'static> {
        AlgorithmIdentifierRef {
            oid,
            parameters: Some(AnyRef::NULL),
        }
    }

    /// Verifies a PBMAC1 made with a key of `real` octets, while the file says `said`.
    fn pbmac1(real: usize, said: Option<i64>, password: &str) -> Result<(), ReadError> {
        let key = pbkdf2(Digest::Sha512, b"right", b"salt", 2, real);
        let tag = hmac::sign(&hmac::Key::new(Digest::Sha256.hmac(), &key), CONTENT);
        let kdf = Any::encode_from(&Pbkdf2Params {
            salt: OctetStringRef::new(b"salt").unwrap(),
            iterations: 2.into(),
            key_length: said.map(Count),
            prf: Some(with_null(Digest::Sha512.hmac_oid())),
        })
        .unwrap();
        let params = Any::encode_from(&Pbmac1Params {
            key_derivation: AlgorithmIdentifierRef {
                oid: pbe::oid::PBKDF2,
                parameters: Some(kdf.to_ref()),
            },
            authentication: with_null(Digest::Sha256.hmac_oid()),
        })
        .unwrap();
        let data = MacData {
            mac: DigestInfo {
                algorithm: AlgorithmIdentifierRef {
                    oid: oid::PBMAC1,
                    parameters: Some(params.to_ref()),
                },
                digest: OctetStringRef::new(tag.as_ref()).unwrap(),
            },
            // Neither counts for PBMAC1 (RFC 9579 section 5).
            mac_salt: OctetStringRef::new(b"unused").unwrap(),
            iterations: 1.into(),
        };
        let limits = Limits::default();
        let mut budget = Budget::new(limits.of_key_derivation());
        Mac::parse(&data, &limits, &budget)?.verify(
            CONTENT,
            &mut PasswordOctets::new(password),
            &mut budget,
        )
    }

    #[test]
    fn pbmac1_wants_a_key_length_of_20_to_64() {
        for len in [20, 32, 64] {
            assert!(pbmac1(len, Some(len as i64), "right").is_ok(), "{len}");
            let refused = pbmac1(len, Some(len as i64), "wrong");
            assert!(matches!(refused, Err(ReadError::MacMismatch)), "{len}");
        }
        for said in [None, Some(-1), Some(0), Some(19), Some(65), Some(i64::MAX)] {
            let refused = pbmac1(32, said, "right");
            assert!(
                matches!(refused, Err(ReadError::UnsupportedParameters { .. })),
                "{said:?}"
            );
        }
    }
}
