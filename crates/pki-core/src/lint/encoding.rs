//! How dates, algorithms and extensions are written.

use const_oid::ObjectIdentifier;
use const_oid::db::fips204::{ID_ML_DSA_44, ID_ML_DSA_65, ID_ML_DSA_87};
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE, ID_CE_FRESHEST_CRL,
    ID_CE_INHIBIT_ANY_POLICY, ID_CE_KEY_USAGE, ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS,
    ID_CE_POLICY_MAPPINGS, ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER,
    ID_PE_AUTHORITY_INFO_ACCESS,
};
use const_oid::db::rfc5912::ID_CE_NO_REV_AVAIL;
use const_oid::db::rfc5912::{
    DSA_WITH_SHA_1, ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_EC_PUBLIC_KEY,
    MD_2_WITH_RSA_ENCRYPTION, MD_5_WITH_RSA_ENCRYPTION, RSA_ENCRYPTION, SHA_1_WITH_RSA_ENCRYPTION,
    SHA_256_WITH_RSA_ENCRYPTION, SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, Reader, SliceReader, Tag, Tagged};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use time::OffsetDateTime;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::time::{Time, Validity};
use x509_identity::{Certificate, KeyUsage};

use super::report::{Report, value};

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
    extensions(certificate, report);
    let key = SubjectPublicKeyInfoRef::from_der(certificate.spki_der());
    report.error(
        key.is_ok_and(|key| has_proper_parameters(key.algorithm)),
        "key-parameters",
        "RFC 3279 2.3.1, RFC 5480 2.1.1, RFC 8410 3, RFC 9881 2",
        "the key's algorithm has other parameters than it must have",
    );
}

/// DER (X.690 section 11): no default value is written, and no zero bits at the end of a list of bits.
fn extensions(certificate: &Certificate, report: &mut Report) {
    let constraints = value(certificate, ID_CE_BASIC_CONSTRAINTS);
    let is_der = |value: &[u8]| {
        BasicConstraints::from_der(value).is_ok_and(|it| it.to_der().is_ok_and(|der| der == value))
    };
    report.error(
        constraints.is_none_or(is_der),
        "basic-constraints-encoding",
        "X.690 11.5",
        "the basic constraints are not DER: a value that is the default is written all the same",
    );
    let usage = value(certificate, ID_CE_KEY_USAGE);
    let is_der = |value: &[u8]| {
        BitStringRef::from_der(value).is_ok_and(|bits| {
            let last = bits.raw_bytes().last();
            last.is_none_or(|last| last.trailing_zeros() == u32::from(bits.unused_bits()))
        })
    };
    // That nothing is allowed is another rule's.
    let allows_nothing = certificate.key_usage().is_some_and(KeyUsage::is_empty);
    report.error(
        allows_nothing || usage.is_none_or(is_der),
        "key-usage-encoding",
        "X.690 11.2.2",
        "the key usage is not DER: its list of bits ends with zeros",
    );
    report.warning(
        certificate
            .critical_extensions()
            .all(|oid| UNDERSTOOD.contains(&oid) || KNOWN_ELSEWHERE.contains(&oid)),
        "critical-extension",
        "RFC 5280 4.2",
        "an extension that few programs understand is critical, so that most refuse the certificate",
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

/// What every verifier understands.
const UNDERSTOOD: [ObjectIdentifier; 7] = [
    ID_CE_BASIC_CONSTRAINTS,
    ID_CE_CERTIFICATE_POLICIES,
    ID_CE_EXT_KEY_USAGE,
    ID_CE_INHIBIT_ANY_POLICY,
    ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS,
    ID_CE_SUBJECT_ALT_NAME,
];

/// What has a rule of its own here.
const KNOWN_ELSEWHERE: [ObjectIdentifier; 9] = [
    ID_CE_AUTHORITY_KEY_IDENTIFIER,
    ID_CE_CRL_DISTRIBUTION_POINTS,
    ID_CE_FRESHEST_CRL,
    ID_CE_NO_REV_AVAIL,
    ID_CE_POLICY_CONSTRAINTS,
    ID_CE_POLICY_MAPPINGS,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
    ID_PE_AUTHORITY_INFO_ACCESS,
    ID_PKIX_OCSP_NOCHECK,
];

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
