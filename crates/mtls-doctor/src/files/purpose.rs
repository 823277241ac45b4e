//! What a certificate is presented for.

use std::path::Path;

use pki_core::verify::Purpose;
use x509_identity::{Certificate, SubjectAltName};

use crate::target::Options;

/// What a certificate is presented for, as far as anything says so: what was asked, how its file is called, its extended
/// key usages, its names. The first is the one to report by.
pub(crate) fn of(certificate: &Certificate, path: &Path, options: &Options) -> Vec<Purpose> {
    if let Some(purpose) = options.purpose {
        return vec![purpose];
    }
    let usages = certificate.extended_key_usage().unwrap_or_default();
    let says = |purpose: &Purpose| usages.contains(&purpose.oid());
    let both = [Purpose::TlsClient, Purpose::TlsServer];
    let said: Vec<_> = both.into_iter().filter(says).collect();
    // A file called `client.crt` whose certificate is for servers alone is not what its owner believes.
    let believed = of_name(path).or_else(|| of_names(certificate));
    match (believed, said.as_slice()) {
        (Some(believed), said) if !said.contains(&believed) => vec![believed],
        // Good for both, and of one of them the file has the name.
        (Some(believed), [_, _]) if of_name(path).is_some() => vec![believed],
        (None, []) => vec![Purpose::TlsClient],
        _ => said,
    }
}

/// What the name of a file says: `client.crt`, `my-server.pem`.
pub(crate) fn of_name(path: &Path) -> Option<Purpose> {
    let stem = path.file_stem()?.to_str()?.to_ascii_lowercase();
    let has = |wanted: &str| {
        let mut words = stem.split(|letter: char| !letter.is_ascii_alphabetic());
        words.any(|word| word == wanted)
    };
    match (has("client"), has("server")) {
        (true, false) => Some(Purpose::TlsClient),
        (false, true) => Some(Purpose::TlsServer),
        _ => None,
    }
}

/// What alternative names say: a server has addresses, and nobody dials a mailbox.
fn of_names(certificate: &Certificate) -> Option<Purpose> {
    let has = |kind: fn(&SubjectAltName) -> bool| certificate.sans().iter().any(kind);
    let address = has(|name| matches!(name, SubjectAltName::Ip(_)));
    let host = address || has(|name| matches!(name, SubjectAltName::Dns(_)));
    let person = has(|name| matches!(name, SubjectAltName::Email(_) | SubjectAltName::Uri(_)));
    match (address, host, person) {
        (true, _, false) => Some(Purpose::TlsServer),
        (_, false, true) => Some(Purpose::TlsClient),
        _ => None,
    }
}
