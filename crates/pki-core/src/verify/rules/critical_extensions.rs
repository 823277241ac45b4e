//! Which critical extensions are obeyed.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS, ID_CE_SUBJECT_ALT_NAME,
};
use x509_identity::Certificate;

use super::policies;

/// The first critical extension that neither webpki nor these rules obey.
pub(crate) fn unknown_critical_extension(certificate: &Certificate) -> Option<ObjectIdentifier> {
    const OBEYED: [ObjectIdentifier; 6] = [
        ID_CE_BASIC_CONSTRAINTS,
        ID_CE_CRL_DISTRIBUTION_POINTS,
        ID_CE_EXT_KEY_USAGE,
        ID_CE_KEY_USAGE,
        ID_CE_NAME_CONSTRAINTS,
        ID_CE_SUBJECT_ALT_NAME,
    ];
    certificate
        .extensions()
        .find(|extension| {
            extension.critical
                && !OBEYED.contains(&extension.oid)
                && !policies::OBEYED.contains(&extension.oid)
        })
        .map(|extension| extension.oid)
}
