//! Object identifiers of PKCS#12, but for those of its encryption, which `pbe` has.

use const_oid::ObjectIdentifier;
pub(crate) use const_oid::db::rfc2985::{
    PKCS_9_AT_FRIENDLY_NAME as FRIENDLY_NAME, PKCS_9_AT_LOCAL_KEY_ID as LOCAL_KEY_ID,
};
pub(crate) use const_oid::db::rfc5911::{
    ID_DATA as DATA, ID_ENCRYPTED_DATA as ENCRYPTED_DATA, ID_ENVELOPED_DATA as ENVELOPED_DATA,
};

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $oid:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($oid);)*
    };
}

oids! {
    /// 1.2.840.113549.1.5.14 `id-PBMAC1` (RFC 8018 appendix A.5)
    PBMAC1 = "1.2.840.113549.1.5.14";
    /// 1.2.840.113549.1.12.10.1.1 `keyBag` (RFC 7292 section 4.2.1)
    KEY_BAG = "1.2.840.113549.1.12.10.1.1";
    /// 1.2.840.113549.1.12.10.1.2 `pkcs8ShroudedKeyBag` (RFC 7292 section 4.2.2)
    SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
    /// 1.2.840.113549.1.12.10.1.3 `certBag` (RFC 7292 section 4.2.3)
    CERT_BAG = "1.2.840.113549.1.12.10.1.3";
    /// 1.2.840.113549.1.12.10.1.4 `crlBag` (RFC 7292 section 4.2.4)
    CRL_BAG = "1.2.840.113549.1.12.10.1.4";
    /// 1.2.840.113549.1.12.10.1.5 `secretBag` (RFC 7292 section 4.2.5)
    SECRET_BAG = "1.2.840.113549.1.12.10.1.5";
    /// 1.2.840.113549.1.12.10.1.6 `safeContentsBag` (RFC 7292 section 4.2.6)
    SAFE_CONTENTS_BAG = "1.2.840.113549.1.12.10.1.6";
    /// 1.2.840.113549.1.9.22.1 `x509Certificate` (RFC 7292 section 4.2.3)
    X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";
    /// 1.2.840.113549.1.9.22.2 `sdsiCertificate` (RFC 7292 section 4.2.3)
    SDSI_CERTIFICATE = "1.2.840.113549.1.9.22.2";
}
