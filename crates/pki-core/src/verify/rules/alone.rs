//! What is wrong with a leaf whoever has issued it: what a person can see without the peer's trust anchors.

use rustls_pki_types::UnixTime;
use x509_identity::{Certificate, SubjectAltName};

use super::{critical_extension, leaf, usage, validity, version};
use crate::verify::path::label;
use crate::verify::signature::{has_accepted_algorithm, weak_key, weak_signature};
use crate::verify::time::date_time;
use crate::verify::{Purpose, VerifyError};

/// Why [`ChainVerifier`](crate::verify::ChainVerifier) would refuse `certificate` for `purpose` at `now`, with any
/// trust anchors: validity, version, usages, names, key and signature algorithm. Empty if it would not.
///
/// For a program that looks at its own certificate before a peer does. Its issuer, its revocation and the names that
/// a client dials are not looked at; a server that names no host at all is.
#[must_use]
pub fn problems_of_leaf(
    certificate: &Certificate,
    purpose: Purpose,
    now: UnixTime,
) -> Vec<VerifyError> {
    let mut problems = Vec::new();
    let mut check = |outcome: Result<(), VerifyError>| problems.extend(outcome.err());
    check(validity::check_validity(certificate, date_time(now)));
    check(version(certificate));
    // Before version 3 nothing says what a certificate is for, and a CA's says that it is a CA's.
    if certificate.version() == 3 {
        check(critical_extension(certificate));
        check(leaf::check_position(certificate, purpose));
        if !certificate.is_ca() {
            check(usage::check_usages(certificate, purpose));
            check(leaf::check_key_usage(certificate));
            check(leaf::check_names(certificate));
            check(server_names(certificate, purpose));
        }
    }
    if let Some(key) = weak_key(certificate) {
        let subject = label(certificate);
        check(Err(VerifyError::WeakKey { subject, key }));
    }
    if !has_accepted_algorithm(certificate) {
        check(Err(weak_signature(certificate)));
    }
    problems
}

/// A server is dialled by a DNS name or an address (RFC 9525 section 2).
fn server_names(certificate: &Certificate, purpose: Purpose) -> Result<(), VerifyError> {
    let is_host =
        |name: &SubjectAltName| matches!(name, SubjectAltName::Dns(_) | SubjectAltName::Ip(_));
    match purpose {
        Purpose::TlsServer if !certificate.sans().iter().any(is_host) => {
            Err(VerifyError::NoServerName {
                subject: label(certificate),
            })
        }
        _ => Ok(()),
    }
}
