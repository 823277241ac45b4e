//! What each reader shows where it does not take a file.
//!
//! Those of Java, Node, NSS and OpenSSL were seen. Apple's are the codes of its decoders, and those of Android and
//! Windows are what their users report.

use super::reader::Reader;

/// What fails in a reader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    /// The MAC: its algorithm, or the password in another form.
    Mac,
    /// There is no MAC.
    NoMac,
    /// An algorithm that encrypts.
    Encryption,
    /// A bag, an attribute or a key that it does not know.
    Content,
    /// A password with other characters than ASCII.
    UnicodePassword,
}

/// The words, where they are known.
pub(super) fn of(reader: Reader, failure: Failure) -> Option<&'static str> {
    match (reader, failure) {
        (Reader::Ios17 | Reader::Ios18 | Reader::Ios26 | Reader::MacOs15, Failure::Mac) => {
            Some("errSecAuthFailed (-25293), the code of a wrong password")
        }
        (Reader::Ios17 | Reader::Ios18 | Reader::Ios26 | Reader::MacOs15, _) => {
            Some("errSecDecode (-26275), \"unable to decode the provided data\"")
        }
        (Reader::MacOs14, Failure::Mac | Failure::NoMac) => {
            Some("\"MAC verification failed during PKCS12 import (wrong password?)\"")
        }
        (Reader::Android13 | Reader::Android14, Failure::Mac | Failure::Encryption) => {
            Some("that the password is wrong")
        }
        (Reader::Win2016 | Reader::Win1709, Failure::Mac | Failure::Encryption) => {
            Some("\"The password you entered is incorrect\"")
        }
        (Reader::Java8, Failure::Mac) => Some(
            "\"Integrity check failed: java.security.NoSuchAlgorithmException: Algorithm HmacPBESHA256 not available\"",
        ),
        (Reader::Java17, Failure::Mac) => Some(
            "\"Integrity check failed: java.security.NoSuchAlgorithmException: Algorithm HmacPBE... not available\"",
        ),
        (Reader::Java8 | Reader::Java17, Failure::UnicodePassword) => {
            Some("\"keystore password was incorrect\"")
        }
        (Reader::Java17, Failure::Encryption) => Some(
            "\"PBE parameter parsing error: expecting the object identifier for AES cipher\", or that the key cannot be \
             recovered",
        ),
        (Reader::OpenSsl3, Failure::Encryption) => {
            Some("\"Error outputting keys and certificates ... unsupported\"")
        }
        (Reader::OpenSsl3, Failure::Mac) => {
            Some("\"Mac verify error: invalid password?\" or \"unknown digest algorithm\"")
        }
        (Reader::Node20, Failure::Encryption | Failure::Mac) => {
            Some("\"Unsupported PKCS12 PFX data\" (ERR_CRYPTO_UNSUPPORTED_OPERATION)")
        }
        (Reader::Node20, Failure::NoMac) => Some("\"mac absent\""),
        (Reader::Nss, Failure::Mac) => {
            Some("SEC_ERROR_BAD_PASSWORD, \"The security password entered is incorrect\"")
        }
        (Reader::Nss, Failure::NoMac) => {
            Some("SEC_ERROR_BAD_DER, \"improperly formatted DER-encoded message\"")
        }
        (Reader::Nss, Failure::Encryption | Failure::Content) => Some(
            "SEC_ERROR_PKCS12_UNABLE_TO_IMPORT_KEY, \"Error attempting to import private key\"",
        ),
        _ => None,
    }
}
