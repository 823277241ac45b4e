//! Rules for certificates of every role: the plain fields and the key identifiers.

use const_oid::db::rfc5280::{ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_SUBJECT_KEY_IDENTIFIER};
use der::Decode;
use sha1::{Digest, Sha1};
use x509_cert::ext::pkix::AuthorityKeyIdentifier;
use x509_identity::Certificate;

use super::report::{Report, Severity, criticality, value};
use crate::verify::signature::key_bits;

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
    report.error(
        certificate.version() == 3,
        "version",
        "RFC 5280 4.1.2.1",
        "the certificate is not of version 3",
    );
    report.error(
        certificate.serial().is_rfc5280(),
        "serial-number",
        "RFC 5280 4.1.2.2",
        "the serial number is not positive and at most 20 octets long",
    );
    report.error(
        certificate.serial().as_bytes().len() >= 8,
        "serial-entropy",
        "CABF BR 7.1",
        "the serial number is too short to be random",
    );
    report.error(
        !certificate.issuer().is_empty(),
        "issuer",
        "RFC 5280 4.1.2.4",
        "the issuer has no name",
    );
    report.error(
        certificate.not_before() <= certificate.not_after(),
        "validity",
        "RFC 5280 4.1.2.5",
        "the certificate ends before it begins",
    );
    report.error(
        certificate.der().len() <= MAX_LEN,
        "size",
        "JDK jdk.tls.maxHandshakeMessageSize",
        format_args!(
            "the certificate has {} bytes, more than the {MAX_LEN} with which its chain still fits into a handshake",
            certificate.der().len()
        ),
    );
    report.error(
        !certificate.has_unique_ids(),
        "unique-ids",
        "RFC 5280 4.1.2.8",
        "the certificate has a unique identifier, a field that nobody may use any more",
    );
    identifiers(certificate, report);
}

fn identifiers(certificate: &Certificate, report: &mut Report) {
    report.error(
        criticality(certificate, ID_CE_SUBJECT_KEY_IDENTIFIER) != Some(true)
            && criticality(certificate, ID_CE_AUTHORITY_KEY_IDENTIFIER) != Some(true),
        "key-identifier-critical",
        "RFC 5280 4.2.1.1",
        "a key identifier is critical",
    );
    report.warning(
        certificate.subject_key_id().is_some(),
        "subject-key-id",
        "RFC 5280 4.2.1.2",
        "the certificate has no subject key identifier",
    );
    report.error(
        certificate.is_self_issued() || certificate.authority_key_id().is_some(),
        "authority-key-id",
        "RFC 5280 4.2.1.1",
        "the certificate has no authority key identifier",
    );
    if !report.wants(Severity::Warning) {
        return;
    }
    let authority = value(certificate, ID_CE_AUTHORITY_KEY_IDENTIFIER)
        .and_then(|value| AuthorityKeyIdentifier::from_der(value).ok());
    let names_a_certificate = authority.as_ref().is_some_and(|id| {
        id.authority_cert_issuer.is_some() || id.authority_cert_serial_number.is_some()
    });
    report.warning(
        !names_a_certificate,
        "authority-key-id-certificate",
        "CABF BR 7.1.2.11.1",
        "the authority key identifier names one certificate of the CA, and not its key alone",
    );
    if !report.wants(Severity::Notice) {
        return;
    }
    let by_sha1 = key_bits(certificate.spki_der()).map(|bits| Sha1::digest(bits).to_vec());
    report.require(
        certificate.subject_key_id().is_none()
            || by_sha1.is_ok_and(|id| certificate.subject_key_id() == Some(&id)),
        Severity::Notice,
        "subject-key-id-method",
        "RFC 5280 4.2.1.2",
        "the subject key identifier is not the SHA-1 of the key, by which most programs find it",
    );
}

/// Java's TLS, and the server of this project, take 32 KiB of certificates; some of them are those of CAs.
const MAX_LEN: usize = 16 * 1024;
