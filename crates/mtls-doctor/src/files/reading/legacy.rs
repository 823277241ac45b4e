//! A private key under an encryption that OpenSSL 3 has given up: it is read by its legacy provider alone, which servers
//! and clients do not load.

use std::path::Path;

use der::Decode as _;
use pbe::{EncryptedPrivateKeyInfo, Pbes2Params, oid};
use x509_identity::ObjectIdentifier;
use x509_identity::pem::{self, Label};

use super::item::Item;
use super::text;
use crate::files::shell;
use crate::finding::Finding;
use crate::target::Options;

/// What mends it is known without the password.
pub(crate) fn finding(item: &Item, options: &Options) -> Option<Finding> {
    let algorithm = algorithm(&item.bytes)?;
    let file = shell::path(&item.path);
    let what = format!(
        "The key is encrypted by {algorithm}, which OpenSSL 3 and what is built on it do not read."
    );
    Some(
        Finding::error("key-encryption-algorithm", item.place(), what)
            .why(
                "The algorithm is the reason, not the password. nginx, Apache, HAProxy, curl and Node: `unsupported`, \
                 `digital envelope routines::unsupported`.",
            )
            .command(text::rewritten(&file, &encrypted_again(&file, options.password_file.as_deref()))),
    )
}

/// The command that prints the key under AES-256.
pub(super) fn encrypted_again(file: &str, password: Option<&Path>) -> String {
    const COMMAND: &str = "openssl pkcs8 -topk8 -v2 aes-256-cbc -provider legacy -provider default";
    match password.map(shell::path) {
        // Of one file for both, OpenSSL would take the second line for the new password.
        Some(path) => format!("{COMMAND} -passin file:{path} -passout fd:3 -in {file} 3< {path}"),
        None => format!("{COMMAND} -in {file}"),
    }
}

/// The algorithm, where it is such a one.
fn algorithm(bytes: &[u8]) -> Option<String> {
    if pem::is_der(bytes) {
        return of_pkcs8(pem::der_value(bytes));
    }
    let file = pem::read(bytes).ok()?;
    file.sections().find_map(|section| {
        let cipher = section.dek_info().and_then(|info| info.split(',').next());
        match (section.label(), cipher) {
            (label, Some(cipher)) if label.is_private_key() => GIVEN_UP
                .contains(&cipher.trim())
                .then(|| cipher.trim().to_owned()),
            (Label::EncryptedPrivateKey, None) => of_pkcs8(&section.der().ok()?),
            _ => None,
        }
    })
}

fn of_pkcs8(der: &[u8]) -> Option<String> {
    let info = EncryptedPrivateKeyInfo::from_der(der).ok()?;
    let algorithm = match info.algorithm.oid {
        oid::PBES2 => {
            let parameters = info.algorithm.parameters?;
            let parameters: Pbes2Params<'_> = parameters.decode_as().ok()?;
            parameters.encryption.oid
        }
        other => other,
    };
    OIDS.contains(&algorithm).then(|| oid::describe(&algorithm))
}

/// As OpenSSL's old form of a key calls them.
const GIVEN_UP: [&str; 8] = [
    "BF-CBC",
    "CAST5-CBC",
    "DES-CBC",
    "IDEA-CBC",
    "RC2-40-CBC",
    "RC2-64-CBC",
    "RC2-CBC",
    "SEED-CBC",
];

const OIDS: [ObjectIdentifier; 10] = [
    oid::DES_CBC,
    oid::PBE_MD5_DES,
    oid::PBE_MD5_RC2,
    oid::PBE_RC2_128,
    oid::PBE_RC2_40,
    oid::PBE_SHA1_DES,
    oid::PBE_SHA1_RC2,
    oid::RC2_CBC,
    RC4_128,
    RC4_40,
];

/// `pbeWithSHAAnd128BitRC4` and `pbeWithSHAAnd40BitRC4` (RFC 7292 appendix C).
const RC4_128: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.1");
const RC4_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.2");
