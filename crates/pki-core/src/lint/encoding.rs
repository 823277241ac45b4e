//! How dates and algorithms are written.

use const_oid::ObjectIdentifier;
use const_oid::db::fips204::{ID_ML_DSA_44, ID_ML_DSA_65, ID_ML_DSA_87};
use const_oid::db::rfc5912::{
    DSA_WITH_SHA_1, ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_EC_PUBLIC_KEY,
    MD_2_WITH_RSA_ENCRYPTION, MD_5_WITH_RSA_ENCRYPTION, RSA_ENCRYPTION, SHA_1_WITH_RSA_ENCRYPTION,
    SHA_256_WITH_RSA_ENCRYPTION, SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use time::OffsetDateTime;
use x509_cert::time::{Time, Validity};
use x509_identity::Certificate;

use super::report::Report;

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
    let fields = Fields::of(certificate.der());
    report.error(
        fields.is_ok_and(|fields| has_proper_times(&fields.validity, certificate)),
        "time-encoding",
        "RFC 5280 4.1.2.5",
        "a date up to 2049 is a UTCTime, a later one a GeneralizedTime, in whole seconds of UTC",
    );
    report.error(
        !BROKEN_HASHES.contains(&certificate.signature_algorithm()),
        "signature-hash",
        "RFC 9155",
        "the signature uses SHA-1 or an older hash",
    );
    let outer = fields.and_then(|fields| AlgorithmIdentifierRef::from_der(fields.algorithm));
    report.error(
        outer.is_ok_and(has_proper_parameters),
        "signature-parameters",
        "RFC 4055 5, RFC 5758 3.2, RFC 8410 3, RFC 9881 2",
        "the signature algorithm has parameters that it must not have, or lacks the NULL of RSA",
    );
    let key = SubjectPublicKeyInfoRef::from_der(certificate.spki_der());
    report.error(
        key.is_ok_and(|key| has_proper_parameters(key.algorithm)),
        "key-parameters",
        "RFC 3279 2.3.1, RFC 5480 2.1.1, RFC 8410 3, RFC 9881 2",
        "the key's algorithm has other parameters than it must have",
    );
}

/// What of a certificate only its encoding shows.
#[derive(Clone, Copy)]
struct Fields<'a> {
    /// Also that within the signed part, as the reader has seen to.
    algorithm: &'a [u8],
    validity: Validity,
}

impl<'a> Fields<'a> {
    /// `tbsCertificate` has version, serialNumber, signature, issuer and validity (RFC 5280 section 4.1). Certificates of
    /// version 1 leave the version out.
    fn of(certificate: &'a [u8]) -> der::Result<Self> {
        let mut outer = SliceReader::new(AnyRef::from_der(certificate)?.value())?;
        let tbs = AnyRef::decode(&mut outer)?;
        let algorithm = outer.tlv_bytes()?;
        let mut fields = SliceReader::new(tbs.value())?;
        if fields.peek_byte() == Some(VERSION_TAG) {
            fields.tlv_bytes()?;
        }
        let _serial_number = fields.tlv_bytes()?;
        let _signature = fields.tlv_bytes()?;
        let _issuer = fields.tlv_bytes()?;
        Ok(Self {
            algorithm,
            validity: Validity::decode(&mut fields)?,
        })
    }
}

fn has_proper_times(validity: &Validity, certificate: &Certificate) -> bool {
    let moments = [certificate.not_before(), certificate.not_after()];
    let times = [validity.not_before, validity.not_after];
    let proper = |(time, moment): (Time, OffsetDateTime)| {
        matches!(time, Time::UtcTime(_)) == (moment.year() < 2050)
    };
    times.into_iter().zip(moments).all(proper)
}

/// NULL for RSA, a named curve for EC keys, nothing for the signature algorithms of curves and for ML-DSA. Others may have
/// what they like.
fn has_proper_parameters(algorithm: AlgorithmIdentifierRef<'_>) -> bool {
    match algorithm.oid {
        RSA_ENCRYPTION
        | SHA_256_WITH_RSA_ENCRYPTION
        | SHA_384_WITH_RSA_ENCRYPTION
        | SHA_512_WITH_RSA_ENCRYPTION => algorithm.parameters.is_some_and(|it| it.is_null()),
        ID_EC_PUBLIC_KEY => algorithm
            .parameters
            .is_some_and(|it| it.tag() == Tag::ObjectIdentifier),
        ECDSA_WITH_SHA_256 | ECDSA_WITH_SHA_384 | ECDSA_WITH_SHA_512 | ID_ED_25519
        | ID_ML_DSA_44 | ID_ML_DSA_65 | ID_ML_DSA_87 => algorithm.parameters.is_none(),
        _ => true,
    }
}

/// `[0] EXPLICIT`
const VERSION_TAG: u8 = 0xa0;

const BROKEN_HASHES: [ObjectIdentifier; 5] = [
    DSA_WITH_SHA_1,
    // ecdsa-with-SHA1, which `const-oid` has no name for
    ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"),
    MD_2_WITH_RSA_ENCRYPTION,
    MD_5_WITH_RSA_ENCRYPTION,
    SHA_1_WITH_RSA_ENCRYPTION,
];
