//! How algorithms are called in sentences.

use const_oid::ObjectIdentifier;
use const_oid::db::DB;

/// The name of an algorithm, or its dotted object identifier.
pub(crate) fn algorithm_name(oid: ObjectIdentifier) -> String {
    if oid == ECDSA_WITH_SHA1 {
        return "ecdsa-with-SHA1".to_owned();
    }
    DB.by_oid(&oid)
        .map_or_else(|| oid.to_string(), str::to_owned)
}

/// `ecdsa-with-SHA1` (RFC 5758 section 3.2), which `const-oid` has no name for.
const ECDSA_WITH_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");
