//! Object identifiers: the names that PKCS#12 uses, in one place.

use const_oid::ObjectIdentifier;
pub(crate) use const_oid::db::rfc2985::{
    PKCS_9_AT_FRIENDLY_NAME as FRIENDLY_NAME, PKCS_9_AT_LOCAL_KEY_ID as LOCAL_KEY_ID,
};
pub(crate) use const_oid::db::rfc5911::{
    DES_EDE_3_CBC, ID_AES_128_CBC as AES_128_CBC, ID_AES_192_CBC as AES_192_CBC,
    ID_AES_256_CBC as AES_256_CBC, ID_DATA as DATA, ID_ENCRYPTED_DATA as ENCRYPTED_DATA,
    ID_ENVELOPED_DATA as ENVELOPED_DATA, ID_PBKDF_2 as PBKDF2,
};
pub(crate) use const_oid::db::rfc5912::{
    ID_SHA_1 as SHA_1, ID_SHA_224 as SHA_224, ID_SHA_256 as SHA_256, ID_SHA_384 as SHA_384,
    ID_SHA_512 as SHA_512,
};
pub(crate) use const_oid::db::rfc6268::{
    ID_HMAC_WITH_SHA_224 as HMAC_SHA_224, ID_HMAC_WITH_SHA_256 as HMAC_SHA_256,
    ID_HMAC_WITH_SHA_384 as HMAC_SHA_384, ID_HMAC_WITH_SHA_512 as HMAC_SHA_512,
};

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $oid:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($oid);)*
    };
}

oids! {
    /// 1.2.840.113549.1.5.13 `id-PBES2` (RFC 8018 appendix A.4)
    PBES2 = "1.2.840.113549.1.5.13";
    /// 1.2.840.113549.1.5.14 `id-PBMAC1` (RFC 8018 appendix A.5)
    PBMAC1 = "1.2.840.113549.1.5.14";
    /// 1.2.840.113549.2.7 `id-hmacWithSHA1` (RFC 8018 appendix B.1)
    HMAC_SHA_1 = "1.2.840.113549.2.7";
    /// 1.2.840.113549.1.12.1.3 `pbeWithSHAAnd3-KeyTripleDES-CBC` (RFC 7292 appendix C)
    PBE_3DES = "1.2.840.113549.1.12.1.3";
    /// 1.2.840.113549.1.12.1.4 `pbeWithSHAAnd2-KeyTripleDES-CBC` (RFC 7292 appendix C)
    PBE_2DES = "1.2.840.113549.1.12.1.4";
    /// 1.2.840.113549.1.12.1.5 `pbeWithSHAAnd128BitRC2-CBC` (RFC 7292 appendix C)
    PBE_RC2_128 = "1.2.840.113549.1.12.1.5";
    /// 1.2.840.113549.1.12.1.6 `pbewithSHAAnd40BitRC2-CBC` (RFC 7292 appendix C)
    PBE_RC2_40 = "1.2.840.113549.1.12.1.6";
    /// 1.2.840.113549.1.12.10.1.1 `keyBag` (RFC 7292 section 4.2.1)
    KEY_BAG = "1.2.840.113549.1.12.10.1.1";
    /// 1.2.840.113549.1.12.10.1.2 `pkcs8ShroudedKeyBag` (RFC 7292 section 4.2.2)
    SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
    /// 1.2.840.113549.1.12.10.1.3 `certBag` (RFC 7292 section 4.2.3)
    CERT_BAG = "1.2.840.113549.1.12.10.1.3";
    /// 1.2.840.113549.1.12.10.1.6 `safeContentsBag` (RFC 7292 section 4.2.6)
    SAFE_CONTENTS_BAG = "1.2.840.113549.1.12.10.1.6";
    /// 1.2.840.113549.1.9.22.1 `x509Certificate` (RFC 7292 section 4.2.3)
    X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";
}

/// The name of an algorithm that this crate knows and does not use, or that a register knows.
pub(crate) fn name(oid: &ObjectIdentifier) -> Option<&'static str> {
    const REFUSED: &[(&str, &str)] = &[
        ("1.2.840.113549.1.12.1.1", "pbeWithSHAAnd128BitRC4"),
        ("1.2.840.113549.1.12.1.2", "pbeWithSHAAnd40BitRC4"),
        ("1.2.840.113549.1.5.1", "pbeWithMD2AndDES-CBC"),
        ("1.2.840.113549.1.5.3", "pbeWithMD5AndDES-CBC"),
        ("1.2.840.113549.1.5.4", "pbeWithMD2AndRC2-CBC"),
        ("1.2.840.113549.1.5.6", "pbeWithMD5AndRC2-CBC"),
        ("1.2.840.113549.1.5.10", "pbeWithSHA1AndDES-CBC"),
        ("1.2.840.113549.1.5.11", "pbeWithSHA1AndRC2-CBC"),
        ("1.2.840.113549.2.2", "md2"),
        ("1.2.840.113549.2.5", "md5"),
        ("1.3.14.3.2.7", "des-CBC"),
        ("1.3.6.1.4.1.11591.4.11", "scrypt"),
        ("1.2.840.113549.1.7.2", "signedData"),
        ("1.2.643.7.1.1.2.2", "GOST R 34.11-2012 (256 bit)"),
        ("1.2.643.7.1.1.2.3", "GOST R 34.11-2012 (512 bit)"),
    ];
    REFUSED
        .iter()
        .find(|(dotted, _)| ObjectIdentifier::new(dotted).as_ref() == Ok(oid))
        .map(|(_, name)| *name)
        .or_else(|| const_oid::db::DB.by_oid(oid))
}
