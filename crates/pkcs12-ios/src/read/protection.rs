//! What an algorithm identifier in a file means.

use std::fmt;

use const_oid::ObjectIdentifier;
use pbe::{Pbes2Params, Pbkdf2Params, Pkcs12PbeParams, oid as pbe_oid};
use spki::AlgorithmIdentifierRef;

use super::place::Place;
use crate::asn1::{MacData, Pbmac1Params, oid};

/// How one part of a file is protected by the password.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Protection {
    /// Which part.
    pub place: Place,
    /// How.
    pub scheme: Scheme,
    /// Rounds of key derivation, as far as they can be read; `i64::MAX` and `i64::MIN` stand for all that is beyond
    /// them, too.
    pub iterations: Option<i64>,
    /// The salt, as far as it can be read.
    pub salt: Option<Vec<u8>>,
    /// Octets in the derived key, where the file says: PBKDF2 alone has a place for it.
    pub key_len: Option<i64>,
}

/// The algorithms of a [`Protection`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Scheme {
    /// Encrypted to the holder of a key, and not by the password (RFC 7292 section 4).
    Enveloped,
    /// A MAC by RFC 7292 section 5.1, with this hash.
    Mac {
        /// SHA-1, SHA-256 and so on.
        hash: ObjectIdentifier,
    },
    /// Not encrypted at all.
    None,
    /// One algorithm for derivation and cipher: those of RFC 7292 appendix C.
    Pbes1(ObjectIdentifier),
    /// A derivation and a cipher (RFC 8018 section 6.2).
    Pbes2 {
        /// The pseudorandom function of PBKDF2; none for another derivation.
        prf: Option<Pbkdf2Prf>,
        /// The cipher.
        cipher: ObjectIdentifier,
    },
    /// A MAC whose key comes from PBKDF2 (RFC 9579).
    Pbmac1 {
        /// The pseudorandom function of PBKDF2.
        prf: Pbkdf2Prf,
        /// The HMAC over the file.
        hmac: ObjectIdentifier,
    },
    /// Something else, or parameters that cannot be read.
    Unknown(ObjectIdentifier),
}

/// The pseudorandom function of PBKDF2, and how it is written down: some readers take one spelling alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Pbkdf2Prf {
    /// Left out, which means HMAC with SHA-1.
    Default,
    /// Named, with NULL as its parameters.
    WithNull(ObjectIdentifier),
    /// Named, without parameters.
    WithoutParameters(ObjectIdentifier),
}

impl Protection {
    /// Reads the algorithm that encrypts a part.
    pub(crate) fn of_encryption(algorithm: &AlgorithmIdentifierRef<'_>, place: Place) -> Self {
        let unknown = Self::new(place, Scheme::Unknown(algorithm.oid));
        let read = if algorithm.oid == pbe_oid::PBES2 {
            pbes2(algorithm, place)
        } else if algorithm.oid.parent() == pbe_oid::PBE_3DES.parent() {
            pbes1(algorithm, place)
        } else {
            None
        };
        read.unwrap_or(unknown)
    }

    /// A part in the clear.
    pub(crate) fn none(place: Place) -> Self {
        Self::new(place, Scheme::None)
    }

    /// A part that is encrypted to somebody's public key.
    pub(crate) fn enveloped(place: Place) -> Self {
        Self::new(place, Scheme::Enveloped)
    }

    pub(crate) fn of_mac(mac: &MacData<'_>) -> Self {
        let algorithm = &mac.mac.algorithm;
        if algorithm.oid != oid::PBMAC1 {
            return Self {
                iterations: Some(mac.iterations.0),
                salt: Some(mac.mac_salt.as_bytes().to_vec()),
                ..Self::new(
                    Place::Mac,
                    Scheme::Mac {
                        hash: algorithm.oid,
                    },
                )
            };
        }
        let read = || -> Option<Self> {
            let params: Pbmac1Params<'_> = algorithm.parameters?.decode_as().ok()?;
            let kdf: Pbkdf2Params<'_> = params.key_derivation.parameters?.decode_as().ok()?;
            let hmac = params.authentication.oid;
            let prf = Pbkdf2Prf::of(&kdf);
            Some(Self::new(Place::Mac, Scheme::Pbmac1 { prf, hmac }).with(&kdf))
        };
        read().unwrap_or_else(|| Self::new(Place::Mac, Scheme::Unknown(algorithm.oid)))
    }

    fn new(place: Place, scheme: Scheme) -> Self {
        Self {
            place,
            scheme,
            iterations: None,
            salt: None,
            key_len: None,
        }
    }

    fn with(self, kdf: &Pbkdf2Params<'_>) -> Self {
        Self {
            iterations: Some(kdf.iterations.0),
            salt: Some(kdf.salt.as_bytes().to_vec()),
            key_len: kdf.key_length.map(|len| len.0),
            ..self
        }
    }
}

impl Pbkdf2Prf {
    fn of(kdf: &Pbkdf2Params<'_>) -> Self {
        match kdf.prf {
            None => Self::Default,
            Some(prf) if prf.parameters.is_some_and(|params| params.is_null()) => {
                Self::WithNull(prf.oid)
            }
            Some(prf) => Self::WithoutParameters(prf.oid),
        }
    }

    /// The function: HMAC with SHA-1 where it is left out.
    #[must_use]
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Default => pbe_oid::HMAC_SHA_1,
            Self::WithNull(oid) | Self::WithoutParameters(oid) => oid,
        }
    }
}

fn pbes1(algorithm: &AlgorithmIdentifierRef<'_>, place: Place) -> Option<Protection> {
    let params: Pkcs12PbeParams<'_> = algorithm.parameters?.decode_as().ok()?;
    Some(Protection {
        iterations: Some(params.iterations.0),
        salt: Some(params.salt.as_bytes().to_vec()),
        ..Protection::new(place, Scheme::Pbes1(algorithm.oid))
    })
}

fn pbes2(algorithm: &AlgorithmIdentifierRef<'_>, place: Place) -> Option<Protection> {
    let params: Pbes2Params<'_> = algorithm.parameters?.decode_as().ok()?;
    let cipher = params.encryption.oid;
    if params.key_derivation.oid != pbe_oid::PBKDF2 {
        return Some(Protection::new(place, Scheme::Pbes2 { prf: None, cipher }));
    }
    let kdf: Pbkdf2Params<'_> = params.key_derivation.parameters?.decode_as().ok()?;
    let prf = Some(Pbkdf2Prf::of(&kdf));
    Some(Protection::new(place, Scheme::Pbes2 { prf, cipher }).with(&kdf))
}

/// `3DES`, `AES-256 with PBKDF2 and HMAC-SHA-256`: the words of people, and identifiers for what has none.
impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enveloped => f.write_str("encrypted to a public key"),
            Self::Mac { hash } => write!(f, "HMAC with {}", name(hash)),
            Self::None => f.write_str("not encrypted"),
            Self::Pbes1(oid) => write!(f, "{}", name(oid)),
            Self::Pbes2 { prf, cipher } => match prf {
                Some(Pbkdf2Prf::Default) => {
                    write!(f, "{} with PBKDF2 and HMAC-SHA-1, by default", name(cipher))
                }
                Some(Pbkdf2Prf::WithNull(prf)) => {
                    write!(f, "{} with PBKDF2 and {}", name(cipher), name(prf))
                }
                Some(Pbkdf2Prf::WithoutParameters(prf)) => write!(
                    f,
                    "{} with PBKDF2 and {} without NULL parameters",
                    name(cipher),
                    name(prf)
                ),
                None => write!(f, "{} with another derivation than PBKDF2", name(cipher)),
            },
            Self::Pbmac1 { hmac, .. } => write!(f, "PBMAC1 with {}", name(hmac)),
            Self::Unknown(oid) => write!(f, "{}", pbe_oid::describe(oid)),
        }
    }
}

fn name(oid: &ObjectIdentifier) -> String {
    const NAMES: &[(ObjectIdentifier, &str)] = &[
        (pbe_oid::PBE_3DES, "3DES"),
        (pbe_oid::PBE_2DES, "3DES with two keys"),
        (pbe_oid::PBE_RC2_128, "RC2 with 128 bits"),
        (pbe_oid::PBE_RC2_40, "RC2 with 40 bits"),
        (pbe_oid::AES_128_CBC, "AES-128"),
        (pbe_oid::AES_192_CBC, "AES-192"),
        (pbe_oid::AES_256_CBC, "AES-256"),
        (pbe_oid::DES_EDE_3_CBC, "3DES"),
        (pbe_oid::SHA_1, "SHA-1"),
        (pbe_oid::SHA_224, "SHA-224"),
        (pbe_oid::SHA_256, "SHA-256"),
        (pbe_oid::SHA_384, "SHA-384"),
        (pbe_oid::SHA_512, "SHA-512"),
        (pbe_oid::HMAC_SHA_1, "HMAC-SHA-1"),
        (pbe_oid::HMAC_SHA_224, "HMAC-SHA-224"),
        (pbe_oid::HMAC_SHA_256, "HMAC-SHA-256"),
        (pbe_oid::HMAC_SHA_384, "HMAC-SHA-384"),
        (pbe_oid::HMAC_SHA_512, "HMAC-SHA-512"),
        (pbe_oid::HMAC_SHA_512_224, "HMAC-SHA-512/224"),
        (pbe_oid::HMAC_SHA_512_256, "HMAC-SHA-512/256"),
    ];
    let known = NAMES.iter().find(|(known, _)| known == oid);
    known.map_or_else(|| pbe_oid::describe(oid), |(_, name)| (*name).to_owned())
}
