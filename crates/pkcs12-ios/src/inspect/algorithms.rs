//! Which algorithms each reader takes.
//!
//! Apple's rules are those of its published decoders (repository apple-oss-distributions/Security, 61123 for iOS 17 and
//! 61439 to 61901 for iOS 18 and later). Java 17, NSS 3.87, OpenSSL 3.0 and Node 20 were tried. The others are their
//! vendors' word (JDK-8267701, Microsoft's PKCS12_PBES2_EXPORT_PARAMS) and reports of users.

use const_oid::ObjectIdentifier;
use pbe::oid;

use super::objection::Effect;
use super::reader::Reader;
use crate::read::{Pbkdf2Prf, Scheme};
use crate::write::Encoding;

/// Why a reader does not take an algorithm.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) effect: Effect,
    pub(super) why: &'static str,
}

const fn refused(why: &'static str) -> Option<Refusal> {
    let effect = Effect::Refused;
    Some(Refusal { effect, why })
}

const fn unknown(why: &'static str) -> Option<Refusal> {
    let effect = Effect::Unknown;
    Some(Refusal { effect, why })
}

/// What is against the algorithm of a MAC.
pub(super) fn against_mac(scheme: &Scheme, reader: Reader) -> Option<Refusal> {
    let hash = match scheme {
        Scheme::Mac { hash } => *hash,
        Scheme::Pbmac1 { .. } => return against_pbmac1(reader),
        _ => return refused("it has no such MAC"),
    };
    let is_sha2 = [oid::SHA_224, oid::SHA_256, oid::SHA_384, oid::SHA_512].contains(&hash);
    match reader {
        _ if hash == oid::SHA_1 => None,
        Reader::Ios17 => refused("its decoder knows a MAC with SHA-1 alone"),
        Reader::MacOs14 => {
            refused("its decoder derives the MAC's key with SHA-1, whatever the file says")
        }
        _ if reader.has_new_apple_decoder() && !is_sha2 => {
            refused("its decoder knows SHA-1 and SHA-2 alone")
        }
        Reader::Java8 => refused("it has SHA-1 alone for a MAC; update 301 brought SHA-2"),
        Reader::Java17 if !is_sha2 => refused("it has SHA-1 and SHA-2 alone for a MAC"),
        Reader::Win2016 => refused("it has SHA-1 alone for a MAC; Windows 10 1709 brought SHA-2"),
        Reader::Android13 => {
            refused("its PKCS#12 reader has SHA-1 alone for a MAC; Android 14 brought SHA-2")
        }
        Reader::Android14 | Reader::Win1709 if hash != oid::SHA_256 => {
            unknown("SHA-1 and SHA-256 are known to be taken, and of others there is no report")
        }
        // OpenSSL and NSS take MD5 too.
        Reader::Nss | Reader::Node20 | Reader::OpenSsl3 if !is_sha2 && hash != MD5 => {
            unknown("SHA-1, SHA-2 and MD5 are known to be taken, and of others there is no report")
        }
        _ => None,
    }
}

fn against_pbmac1(reader: Reader) -> Option<Refusal> {
    refused(match reader {
        Reader::Java8 | Reader::Java17 => "it does not know PBMAC1; Java 26 does",
        Reader::Node20 | Reader::OpenSsl3 => "it does not know PBMAC1; OpenSSL 3.4 does",
        _ => "it does not know PBMAC1",
    })
}

/// What is against the algorithm of an encrypted part or key.
pub(super) fn against_encryption(scheme: &Scheme, reader: Reader) -> Option<Refusal> {
    match scheme {
        Scheme::None => None,
        Scheme::Pbes1(algorithm) => against_pbes1(*algorithm, reader),
        Scheme::Pbes2 { prf, cipher } => against_pbes2(*prf, *cipher, reader),
        Scheme::Enveloped => refused("it opens with a password alone"),
        _ => refused("it does not know this algorithm"),
    }
}

fn against_pbes1(algorithm: ObjectIdentifier, reader: Reader) -> Option<Refusal> {
    let is_rc2 = [oid::PBE_RC2_40, oid::PBE_RC2_128].contains(&algorithm);
    let is_rc4 = RC4.contains(&algorithm);
    match algorithm {
        oid::PBE_3DES => None,
        oid::PBE_2DES => match reader {
            Reader::MacOs14 | Reader::Node20 | Reader::OpenSsl3 => None,
            Reader::Android13 | Reader::Android14 | Reader::Win1709 | Reader::Win2016 => {
                unknown("3DES with three keys is what is known to be taken")
            }
            Reader::Java8 | Reader::Java17 => refused("Java has no 3DES with two keys"),
            _ => refused("it knows 3DES with three keys alone"),
        },
        _ if (is_rc2 || is_rc4) && reader.is_openssl() => refused(
            "RC2 and RC4 are in OpenSSL's legacy provider, which is not loaded unless asked for (-legacy)",
        ),
        _ if is_rc2 => None,
        _ if is_rc4 => match reader {
            Reader::Android13 | Reader::Android14 | Reader::Win1709 | Reader::Win2016 => {
                unknown("of RC4 there is no report")
            }
            _ => None,
        },
        _ => refused("it does not know this algorithm"),
    }
}

fn against_pbes2(
    prf: Option<Pbkdf2Prf>,
    cipher: ObjectIdentifier,
    reader: Reader,
) -> Option<Refusal> {
    let is_aes = [oid::AES_128_CBC, oid::AES_192_CBC, oid::AES_256_CBC].contains(&cipher);
    match reader {
        Reader::Ios17 => refused("its decoder has no PBES2; iOS 18 brought it"),
        Reader::MacOs14 => refused(
            "its decoder reads the parameters of PBES2 as those of PBES1; macOS 15 brought it",
        ),
        Reader::Android13 => refused(
            "its PKCS#12 reader lost AES with Android 12, and has it again from Android 14 on",
        ),
        Reader::Java8 => refused("it has no PBES2 in PKCS#12; update 301 brought it"),
        Reader::Win2016 => refused("it has no PBES2 in PKCS#12; Windows 10 1709 brought it"),
        _ if prf.is_none() => refused("it derives keys with PBKDF2 alone"),
        _ if reader.has_new_apple_decoder() => against_apple_pbes2(prf, cipher),
        Reader::Java17 => match cipher {
            oid::AES_128_CBC | oid::AES_256_CBC => None,
            _ => refused("of PBES2 it takes AES with 128 or 256 bits alone"),
        },
        Reader::Android14 | Reader::Win1709
            if cipher != oid::AES_256_CBC || prf.map(Pbkdf2Prf::oid) != Some(oid::HMAC_SHA_256) =>
        {
            unknown("AES-256 with HMAC-SHA-256 is what is known to be taken")
        }
        _ if reader.is_openssl() && [oid::DES_CBC, oid::RC2_CBC].contains(&cipher) => refused(
            "DES and RC2 are in OpenSSL's legacy provider, which is not loaded unless asked for (-legacy)",
        ),
        _ if is_aes || cipher == oid::DES_EDE_3_CBC => None,
        _ => unknown("AES and 3DES are what is known to be taken"),
    }
}

/// Its template has one form, and it looks neither at the cipher nor at the function.
fn against_apple_pbes2(prf: Option<Pbkdf2Prf>, cipher: ObjectIdentifier) -> Option<Refusal> {
    match prf {
        Some(Pbkdf2Prf::Default) => refused(
            "its decoder wants the function of PBKDF2 named, which is left out here and means HMAC-SHA-1; it takes \
             HMAC-SHA-256 alone",
        ),
        Some(Pbkdf2Prf::WithoutParameters(_)) => refused(
            "its decoder wants NULL parameters on the function of PBKDF2, and they are left out here",
        ),
        Some(prf) if prf.oid() != oid::HMAC_SHA_256 => {
            refused("its decoder derives the key with HMAC-SHA-256, whatever the file says")
        }
        _ if cipher != oid::AES_256_CBC => {
            refused("its decoder decrypts with AES-256, whatever the file says")
        }
        _ => None,
    }
}

impl Encoding {
    /// The strongest that all of these readers take: [`Compat`](Self::Compat) where there is none, or where one of them
    /// takes nothing else.
    #[must_use]
    pub fn for_readers(readers: &[Reader]) -> Self {
        let mac = Scheme::Mac { hash: oid::SHA_256 };
        let encryption = Scheme::Pbes2 {
            prf: Some(Pbkdf2Prf::WithNull(oid::HMAC_SHA_256)),
            cipher: oid::AES_256_CBC,
        };
        let takes_modern = |reader: &Reader| {
            against_mac(&mac, *reader).is_none()
                && against_encryption(&encryption, *reader).is_none()
        };
        if !readers.is_empty() && readers.iter().all(takes_modern) {
            Self::Modern
        } else {
            Self::Compat
        }
    }
}

const RC4: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.1"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.2"),
];
const MD5: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.5");
