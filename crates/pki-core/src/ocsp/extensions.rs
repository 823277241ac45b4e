//! What the extensions of requests and responses have to be (RFC 6960 section 4.4).

use const_oid::ObjectIdentifier;
use const_oid::db::rfc6960::ID_PKIX_OCSP_NONCE;
use x509_cert::ext::Extensions;

/// What is wrong with them.
pub(super) enum ExtensionFault {
    Duplicate(ObjectIdentifier),
    TooMany,
    UnknownCritical(ObjectIdentifier),
}

/// Each at most once, and none critical but the nonce.
pub(super) fn check_extensions(extensions: Option<&Extensions>) -> Result<(), ExtensionFault> {
    let list = extensions.map_or(&[][..], Vec::as_slice);
    if list.len() > MAX_EXTENSIONS {
        return Err(ExtensionFault::TooMany);
    }
    for (position, extension) in list.iter().enumerate() {
        let oid = extension.extn_id;
        if list[..position]
            .iter()
            .any(|earlier| earlier.extn_id == oid)
        {
            return Err(ExtensionFault::Duplicate(oid));
        }
        if extension.critical && oid != ID_PKIX_OCSP_NONCE {
            return Err(ExtensionFault::UnknownCritical(oid));
        }
    }
    Ok(())
}

/// The search for repetitions is quadratic.
const MAX_EXTENSIONS: usize = 16;
