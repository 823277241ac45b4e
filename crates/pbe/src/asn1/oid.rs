//! Object identifiers of password-based encryption, and the names of those that are not read.

use const_oid::ObjectIdentifier;
pub use const_oid::db::rfc5911::{
    DES_EDE_3_CBC, ID_AES_128_CBC as AES_128_CBC, ID_AES_192_CBC as AES_192_CBC,
    ID_AES_256_CBC as AES_256_CBC, ID_PBKDF_2 as PBKDF2,
};
pub use const_oid::db::rfc5912::{
    ID_SHA_1 as SHA_1, ID_SHA_224 as SHA_224, ID_SHA_256 as SHA_256, ID_SHA_384 as SHA_384,
    ID_SHA_512 as SHA_512,
};
pub use const_oid::db::rfc6268::{
    ID_HMAC_WITH_SHA_224 as HMAC_SHA_224, ID_HMAC_WITH_SHA_256 as HMAC_SHA_256,
    ID_HMAC_WITH_SHA_384 as HMAC_SHA_384, ID_HMAC_WITH_SHA_512 as HMAC_SHA_512,
};

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $oid:literal;)*) => {
        $($(#[$doc])* pub const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($oid);)*
    };
}

oids! {
    /// 1.2.840.113549.1.5.3 `pbeWithMD5AndDES-CBC` (RFC 8018 appendix A.3)
    PBE_MD5_DES = "1.2.840.113549.1.5.3";
    /// 1.2.840.113549.1.5.6 `pbeWithMD5AndRC2-CBC` (RFC 8018 appendix A.3)
    PBE_MD5_RC2 = "1.2.840.113549.1.5.6";
    /// 1.2.840.113549.1.5.10 `pbeWithSHA1AndDES-CBC` (RFC 8018 appendix A.3)
    PBE_SHA1_DES = "1.2.840.113549.1.5.10";
    /// 1.2.840.113549.1.5.11 `pbeWithSHA1AndRC2-CBC` (RFC 8018 appendix A.3)
    PBE_SHA1_RC2 = "1.2.840.113549.1.5.11";
    /// 1.2.840.113549.1.5.13 `id-PBES2` (RFC 8018 appendix A.4)
    PBES2 = "1.2.840.113549.1.5.13";
    /// 1.2.840.113549.2.7 `id-hmacWithSHA1` (RFC 8018 appendix B.1)
    HMAC_SHA_1 = "1.2.840.113549.2.7";
    /// 1.2.840.113549.2.12 `id-hmacWithSHA512-224` (RFC 8018 appendix B.1)
    HMAC_SHA_512_224 = "1.2.840.113549.2.12";
    /// 1.2.840.113549.2.13 `id-hmacWithSHA512-256` (RFC 8018 appendix B.1)
    HMAC_SHA_512_256 = "1.2.840.113549.2.13";
    /// 1.2.840.113549.3.2 `rc2CBC` (RFC 8018 appendix B.2.3)
    RC2_CBC = "1.2.840.113549.3.2";
    /// 1.3.14.3.2.7 `desCBC` (RFC 8018 appendix B.2.1)
    DES_CBC = "1.3.14.3.2.7";
    /// 1.3.6.1.4.1.11591.4.11 `id-scrypt` (RFC 7914 section 7)
    SCRYPT = "1.3.6.1.4.1.11591.4.11";
    /// 1.2.840.113549.1.12.1.3 `pbeWithSHAAnd3-KeyTripleDES-CBC` (RFC 7292 appendix C)
    PBE_3DES = "1.2.840.113549.1.12.1.3";
    /// 1.2.840.113549.1.12.1.4 `pbeWithSHAAnd2-KeyTripleDES-CBC` (RFC 7292 appendix C)
    PBE_2DES = "1.2.840.113549.1.12.1.4";
    /// 1.2.840.113549.1.12.1.5 `pbeWithSHAAnd128BitRC2-CBC` (RFC 7292 appendix C)
    PBE_RC2_128 = "1.2.840.113549.1.12.1.5";
    /// 1.2.840.113549.1.12.1.6 `pbewithSHAAnd40BitRC2-CBC` (RFC 7292 appendix C)
    PBE_RC2_40 = "1.2.840.113549.1.12.1.6";
}

/// `pbeWithSHAAnd128BitRC4 (1.2.840.113549.1.12.1.1)`: an algorithm for an error message, by its name
/// where it has one.
#[must_use]
pub fn describe(oid: &ObjectIdentifier) -> String {
    match name(oid) {
        Some(name) => format!("{name} ({oid})"),
        None => oid.to_string(),
    }
}

/// The name of an algorithm that is known and not read, or that a register knows.
fn name(oid: &ObjectIdentifier) -> Option<&'static str> {
    const NAMED: &[(&str, &str)] = &[
        ("1.2.840.113549.1.12.1.1", "pbeWithSHAAnd128BitRC4"),
        ("1.2.840.113549.1.12.1.2", "pbeWithSHAAnd40BitRC4"),
        ("1.2.840.113549.1.5.1", "pbeWithMD2AndDES-CBC"),
        ("1.2.840.113549.1.5.4", "pbeWithMD2AndRC2-CBC"),
        ("1.2.840.113549.1.5.3", "pbeWithMD5AndDES-CBC"),
        ("1.2.840.113549.1.5.6", "pbeWithMD5AndRC2-CBC"),
        ("1.2.840.113549.1.5.10", "pbeWithSHA1AndDES-CBC"),
        ("1.2.840.113549.1.5.11", "pbeWithSHA1AndRC2-CBC"),
        ("1.2.840.113533.7.66.10", "CAST5-CBC"),
        ("1.2.840.113533.7.66.12", "pbeWithMD5AndCAST5-CBC"),
        ("1.2.840.113549.1.7.2", "signedData"),
        ("1.2.840.113549.2.4", "md4"),
        ("1.2.840.113549.2.2", "md2"),
        ("1.2.840.113549.2.5", "md5"),
        ("1.2.840.113549.2.6", "hmacWithMD5"),
        ("1.2.840.113549.3.4", "RC4"),
        ("1.2.840.113549.3.9", "RC5-CBC"),
        ("1.2.840.113549.3.2", "RC2-CBC"),
        ("1.2.840.113549.3.10", "DES-CDMF"),
        ("1.3.14.3.2.6", "DES-ECB"),
        ("1.3.14.3.2.7", "DES-CBC"),
        ("1.3.14.3.2.17", "DES-EDE"),
        ("1.3.6.1.4.1.11591.4.11", "scrypt"),
        ("1.3.36.3.2.1", "RIPEMD-160"),
        ("1.0.10118.3.0.55", "Whirlpool"),
        ("1.2.156.10197.1.401", "SM3"),
        ("1.2.156.10197.1.401.2", "HMAC-SM3"),
        ("2.16.840.1.101.3.4.2.5", "SHA-512/224"),
        ("2.16.840.1.101.3.4.2.6", "SHA-512/256"),
        ("2.16.840.1.101.3.4.2.7", "SHA3-224"),
        ("2.16.840.1.101.3.4.2.8", "SHA3-256"),
        ("2.16.840.1.101.3.4.2.9", "SHA3-384"),
        ("2.16.840.1.101.3.4.2.10", "SHA3-512"),
        ("2.16.840.1.101.3.4.2.13", "HMAC-SHA3-224"),
        ("2.16.840.1.101.3.4.2.14", "HMAC-SHA3-256"),
        ("2.16.840.1.101.3.4.2.15", "HMAC-SHA3-384"),
        ("2.16.840.1.101.3.4.2.16", "HMAC-SHA3-512"),
        (
            "1.3.6.1.4.1.22554.1.1.2.1.2",
            "BouncyCastle's PBE with SHA-1 and AES-128-CBC",
        ),
        (
            "1.3.6.1.4.1.22554.1.1.2.1.22",
            "BouncyCastle's PBE with SHA-1 and AES-192-CBC",
        ),
        (
            "1.3.6.1.4.1.22554.1.1.2.1.42",
            "BouncyCastle's PBE with SHA-1 and AES-256-CBC",
        ),
        (
            "1.3.6.1.4.1.22554.1.2.1.2.1.2",
            "BouncyCastle's PBE with SHA-256 and AES-128-CBC",
        ),
        (
            "1.3.6.1.4.1.22554.1.2.1.2.1.22",
            "BouncyCastle's PBE with SHA-256 and AES-192-CBC",
        ),
        (
            "1.3.6.1.4.1.22554.1.2.1.2.1.42",
            "BouncyCastle's PBE with SHA-256 and AES-256-CBC",
        ),
        ("1.2.392.200011.61.1.1.1.2", "Camellia-128-CBC"),
        ("1.2.392.200011.61.1.1.1.3", "Camellia-192-CBC"),
        ("1.2.392.200011.61.1.1.1.4", "Camellia-256-CBC"),
        ("1.2.410.200004.1.4", "SEED-CBC"),
        ("1.2.410.200046.1.1.2", "ARIA-128-CBC"),
        ("1.2.410.200046.1.1.7", "ARIA-192-CBC"),
        ("1.2.410.200046.1.1.12", "ARIA-256-CBC"),
        ("1.2.156.10197.1.104.2", "SM4-CBC"),
        ("1.3.6.1.4.1.3029.1.2", "Blowfish-CBC"),
        ("1.3.6.1.4.1.188.7.1.1.2", "IDEA-CBC"),
        ("1.3.6.1.5.5.8.1.1", "HMAC-MD5"),
        ("2.16.840.1.101.3.4.1.1", "AES-128-ECB"),
        ("2.16.840.1.101.3.4.1.3", "AES-128-OFB"),
        ("2.16.840.1.101.3.4.1.4", "AES-128-CFB"),
        ("2.16.840.1.101.3.4.1.21", "AES-192-ECB"),
        ("2.16.840.1.101.3.4.1.23", "AES-192-OFB"),
        ("2.16.840.1.101.3.4.1.24", "AES-192-CFB"),
        ("2.16.840.1.101.3.4.1.41", "AES-256-ECB"),
        ("2.16.840.1.101.3.4.1.43", "AES-256-OFB"),
        ("2.16.840.1.101.3.4.1.44", "AES-256-CFB"),
        ("2.16.840.1.101.3.4.1.6", "AES-128-GCM"),
        ("2.16.840.1.101.3.4.1.26", "AES-192-GCM"),
        ("2.16.840.1.101.3.4.1.46", "AES-256-GCM"),
        ("1.2.643.2.2.21", "GOST 28147-89"),
        ("1.2.643.7.1.1.2.2", "GOST R 34.11-2012 (256 bit)"),
        ("1.2.643.7.1.1.2.3", "GOST R 34.11-2012 (512 bit)"),
        ("1.2.643.7.1.1.4.1", "HMAC of GOST R 34.11-2012 (256 bit)"),
        ("1.2.643.7.1.1.4.2", "HMAC of GOST R 34.11-2012 (512 bit)"),
        ("1.2.643.7.1.1.5.1.1", "Magma-CTR"),
        ("1.2.643.7.1.1.5.2.1", "Kuznyechik-CTR"),
    ];
    NAMED
        .iter()
        .find(|(dotted, _)| ObjectIdentifier::new(dotted).as_ref() == Ok(oid))
        .map(|(_, name)| *name)
        .or_else(|| const_oid::db::DB.by_oid(oid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_has_a_name() {
        for (oid, expected) in [
            ("1.2.840.113533.7.66.10", "CAST5-CBC"),
            ("1.3.6.1.4.1.188.7.1.1.2", "IDEA-CBC"),
            ("2.16.840.1.101.3.4.2.5", "SHA-512/224"),
            ("2.16.840.1.101.3.4.2.6", "SHA-512/256"),
            ("1.2.410.200046.1.1.12", "ARIA-256-CBC"),
            ("1.2.392.200011.61.1.1.1.4", "Camellia-256-CBC"),
            ("1.3.6.1.4.1.11591.4.11", "scrypt"),
            ("1.2.840.113549.1.12.1.1", "pbeWithSHAAnd128BitRC4"),
            ("1.3.14.3.2.7", "DES-CBC"),
        ] {
            let oid = ObjectIdentifier::new_unwrap(oid);
            assert_eq!(describe(&oid), format!("{expected} ({oid})"));
        }
        let nobodys = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.1");
        assert_eq!(describe(&nobodys), "1.3.6.1.4.1.99999.1");
    }
}
