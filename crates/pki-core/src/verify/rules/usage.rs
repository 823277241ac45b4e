//! Key usage and extended key usage (clientAuth, serverAuth), as the rules for leaves and for CAs compare them.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH};
use x509_identity::{Certificate, KeyUsageBit};

use crate::verify::path::label;
use crate::verify::signature::algorithm_name::algorithm_name;
use crate::verify::{Purpose, VerifyError};

/// A leaf's extended key usage is there, and for this purpose: clientAuth or serverAuth.
pub(super) fn check_usages(leaf: &Certificate, purpose: Purpose) -> Result<(), VerifyError> {
    match leaf.extended_key_usage() {
        None => Err(VerifyError::NoExtendedKeyUsage {
            subject: label(leaf),
            purpose,
        }),
        Some(usages) if !usages.contains(&purpose.oid()) => Err(wrong_usage(leaf, purpose)),
        Some(_) => Ok(()),
    }
}

/// Where there is a key usage, it must have the bit (RFC 5280 section 4.2.1.3).
pub(super) fn require_key_usage(
    certificate: &Certificate,
    needed: KeyUsageBit,
) -> Result<(), VerifyError> {
    if certificate
        .key_usage()
        .is_none_or(|usage| usage.contains(needed))
    {
        return Ok(());
    }
    Err(VerifyError::KeyUsage {
        subject: label(certificate),
        needed,
    })
}

/// Whether a CA that limits its issuance by these usages may issue for the purpose. As in a leaf,
/// anyExtendedKeyUsage does not stand for it: RFC 5280 4.2.1.12 leaves that to us, and OpenSSL and BoringSSL
/// decide the same.
pub(in crate::verify) fn permits(usages: &[ObjectIdentifier], purpose: Purpose) -> bool {
    usages.contains(&purpose.oid())
}

pub(in crate::verify) fn wrong_usage(certificate: &Certificate, purpose: Purpose) -> VerifyError {
    let present = certificate.extended_key_usage().unwrap_or_default().iter();
    let present = present
        .map(|oid| match *oid {
            ID_KP_CLIENT_AUTH => Purpose::TlsClient.usage().to_owned(),
            ID_KP_SERVER_AUTH => Purpose::TlsServer.usage().to_owned(),
            other => algorithm_name(other),
        })
        .collect();
    VerifyError::WrongExtendedKeyUsage {
        subject: label(certificate),
        purpose,
        present,
    }
}
