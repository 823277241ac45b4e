//! An algorithm that is told as a wrong password (node#40672, mkcert#496, openssl#19167, slicc#578).

use std::path::Path;

use pkcs12_ios::{Objection, Reader};

use crate::files::shell;
use crate::finding::Finding;

/// `reader` does not take the bundle.
pub(crate) fn finding(
    place: String,
    file: &str,
    reader: Reader,
    objections: &[Objection],
    password_file: Option<&Path>,
) -> Finding {
    let id = match reader {
        Reader::OpenSsl3 => "p12-legacy-only",
        Reader::Ios17 | Reader::MacOs14 | Reader::Android13 | Reader::Java8 | Reader::Win2016 => {
            "p12-too-modern"
        }
        _ => "p12-refused",
    };
    let mut reasons: Vec<String> = Vec::new();
    for objection in objections {
        let text = format!("{}: {}", objection.place, objection.sentence);
        if !reasons.contains(&text) {
            reasons.push(text);
        }
    }
    let what = format!("{reader}: the bundle is not read ({}).", reasons.join("; "));
    let password = password_file.map_or_else(String::new, |file| {
        format!(" --password-file {}", shell::path(file))
    });
    Finding::error(id, place, what)
        .why(message(reader))
        .command(format!(
            "mtls p12 convert {file}{password} --to compat --out {file}.new && mv {file}.new {file}"
        ))
}

/// What the reader says, in whose words the password is at fault.
fn message(reader: Reader) -> &'static str {
    match reader {
        Reader::OpenSsl3 => {
            "curl: `could not parse PKCS12 file`; Node: `unsupported`; openssl: `RC2-40-CBC ... unsupported`. The \
             algorithms are from before OpenSSL 3, which reads them with `-legacy` alone."
        }
        Reader::Ios17 | Reader::Ios18 | Reader::MacOs14 => {
            "It says that the password is wrong (errSecAuthFailed, -25293), and the algorithm is the reason."
        }
        Reader::Java8 | Reader::Java17 => {
            "It says `keystore password was incorrect`, and the algorithm is the reason."
        }
        Reader::Android13 | Reader::Android14 => {
            "It asks for the password again and again, and the algorithm is the reason."
        }
        _ => "It says that the password is wrong, and the algorithm is the reason.",
    }
}
