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
        Reader::OpenSsl3 | Reader::Node20 => "p12-legacy-only",
        Reader::Ios17 | Reader::MacOs14 | Reader::Android13 | Reader::Java8 | Reader::Win2016 => {
            "p12-too-modern"
        }
        _ => "p12-refused",
    };
    // The first says enough: the others have the same cause, as a rule.
    let reason = objections
        .first()
        .map(|one| format!("{}: {}", one.place, one.sentence));
    let what = format!(
        "{reader}: the bundle is not read ({}).",
        reason.unwrap_or_default()
    );
    let finding = Finding::error(id, place, what).why(message(reader, objections));
    let is_password = |one: &Objection| one.sentence.contains("other than ASCII");
    if objections.first().is_some_and(is_password) {
        let finding =
            finding.step("Give the bundle a password of letters, digits and signs of ASCII alone.");
        let Some(password) = password_file.map(shell::path) else {
            return finding;
        };
        return finding.command(format!(
            "(umask 077; openssl rand -hex 16 > {password}.new) && mtls p12 convert {file} --password-file {password} \
             --new-password-file {password}.new --to compat --out {file}.new && mv {file}.new {file} && mv {password}.new \
             {password}"
        ));
    }
    let password = password_file.map_or_else(String::new, |file| {
        format!(" --password-file {}", shell::path(file))
    });
    finding.command(format!(
        "mtls p12 convert {file}{password} --to compat --out {file}.new && mv {file}.new {file}"
    ))
}

/// What the reader shows, in whose words the password is at fault.
fn message(reader: Reader, objections: &[Objection]) -> String {
    let shown = objections.iter().find_map(|one| one.message);
    match (reader, shown) {
        (Reader::OpenSsl3 | Reader::Node20, Some(shown)) => format!(
            "It shows {shown}. The algorithms are from before OpenSSL 3, and curl and Node do not read them either."
        ),
        (_, Some(shown)) => format!("It shows {shown}, and the algorithm is the reason."),
        (_, None) => {
            "It says that the password is wrong, and the algorithm is the reason.".to_owned()
        }
    }
}
