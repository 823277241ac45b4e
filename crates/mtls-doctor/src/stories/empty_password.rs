//! An empty password: two zero bytes for one decoder, none at all for another (home-assistant/iOS#4525).

use std::path::Path;

use crate::files::shell;
use crate::finding::Finding;

/// The bundle opens with an empty password.
pub(crate) fn finding(place: String, file: &str, password_file: Option<&Path>) -> Finding {
    let new = password_file.map_or_else(|| "new-password.txt".to_owned(), shell::path);
    Finding::error("p12-empty-password", place, "The bundle has an empty password.")
        .why(
            "iOS and macOS do not agree with other programs on what an empty password is, and say that it is wrong \
             (-25293); Java takes none. And whoever gets the file has the key.",
        )
        .step(format!("Its new password is in {new} then: one of 32 random letters, unless you write another one there before."))
        .command(format!(
            "(umask 077; grep -qs . {new} || openssl rand -hex 16 > {new}; openssl pkcs12 -in {file} -passin pass: -nodes -out {file}.pem && openssl pkcs12 -export -in {file}.pem \
             -passout file:{new} -out {file}.new) && rm {file}.pem && mv {file}.new {file}"
        ))
}
