//! An empty password: two zero bytes for one decoder, none at all for another (home-assistant/iOS#4525).

use crate::finding::Finding;

/// The bundle opens with an empty password.
pub(crate) fn finding(place: String, file: &str) -> Finding {
    Finding::error("p12-empty-password", place, "The bundle has an empty password.")
        .why(
            "iOS and macOS do not agree with other programs on what an empty password is, and say that it is wrong \
             (-25293); Java takes none. And whoever gets the file has the key.",
        )
        .step("Choose a password, and write it to a file `new-password.txt` that only you can read.")
        .command(format!(
            "(umask 077; openssl pkcs12 -in {file} -passin pass: -nodes -out {file}.pem && openssl pkcs12 -export -in {file}.pem \
             -passout file:new-password.txt -out {file}.new) && rm {file}.pem && mv {file}.new {file}"
        ))
}
