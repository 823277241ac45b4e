//! Encrypted key files, both ways.

use std::fs;

use anyhow::{Context, Result, ensure};
use pki_core::{KeyError, KeyKind, KeyPair, Password};

use super::openssl::{KINDS, openssl};
use crate::report::group::AUTHORITY as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn check(bench: &Bench<'_>, report: &mut Report) {
    for kind in KINDS {
        for (password, expected) in [(RIGHT, Verdict::Accepted), (WRONG, Verdict::Refused)] {
            let case = format!("our encrypted key, {kind}, {password}");
            let seen = opened_by_openssl(bench, kind, password);
            report.push(GROUP, "openssl pkey", &case, expected, seen);
        }
    }
    for (form, arguments) in [
        ("PBKDF2", &["-v2", "aes-256-cbc"][..]),
        ("PBKDF2, a million rounds", &["-iter", "1000000"]),
        ("scrypt", &["-scrypt"]),
    ] {
        for (password, expected) in [(RIGHT, Verdict::Accepted), (WRONG, Verdict::Refused)] {
            let case = format!("a key that OpenSSL encrypted, {form}, {password}");
            let seen = opened_by_us(bench, arguments, password);
            report.push(GROUP, "our reader", &case, expected, seen);
        }
    }
}

/// Whether OpenSSL opens a file of ours, and finds the same key in it.
fn opened_by_openssl(
    bench: &Bench<'_>,
    kind: KeyKind,
    password: &str,
) -> Result<(Verdict, String)> {
    let key = KeyPair::generate(kind)?;
    let pem = key.secret_encrypted_pkcs8_pem(&Password::new(RIGHT))?;
    let (file, public) = (bench.scratch("encrypted.key"), bench.scratch("public.der"));
    fs::write(&file, pem.as_bytes())?;
    let said = openssl(
        bench,
        &[
            "pkey",
            "-in",
            &file.to_string_lossy(),
            "-passin",
            &format!("pass:{password}"),
            "-pubout",
            "-outform",
            "DER",
            "-out",
            &public.to_string_lossy(),
        ],
    )?;
    if !said.success() {
        let is_password = OF_A_WRONG_PASSWORD
            .iter()
            .any(|words| said.stderr.contains(words));
        ensure!(is_password, "openssl pkey: {}", said.reason());
        return Ok((Verdict::Refused, said.reason()));
    }
    let found = fs::read(&public)?;
    ensure!(found == key.public_key_der(), "it found another key");
    Ok((Verdict::Accepted, String::new()))
}

/// Whether we open a file of OpenSSL's, and find the same key in it.
fn opened_by_us(
    bench: &Bench<'_>,
    arguments: &[&str],
    password: &str,
) -> Result<(Verdict, String)> {
    let key = KeyPair::generate(KeyKind::P256)?;
    let (plain, file) = (bench.scratch("plain.key"), bench.scratch("theirs.key"));
    fs::write(&plain, key.secret_pkcs8_pem().as_bytes())?;
    let (plain, file) = (plain.to_string_lossy(), file.to_string_lossy());
    let pass = format!("pass:{RIGHT}");
    let common = [
        "pkcs8", "-topk8", "-in", &plain, "-out", &file, "-passout", &pass,
    ];
    let said = openssl(bench, &[&common, arguments].concat())?;
    ensure!(said.success(), "openssl pkcs8: {}", said.reason());
    let pem = fs::read(&*file).context("reading the key of openssl")?;
    match KeyPair::from_pem(&pem, Some(&Password::new(password))) {
        Ok(read) => {
            ensure!(read.public_key_der() == key.public_key_der(), "another key");
            Ok((Verdict::Accepted, String::new()))
        }
        Err(error @ KeyError::Decrypt) => Ok((Verdict::Refused, error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// What OpenSSL says. One wrong key in 256 leaves what looks like padding, and then no key is found in the rest.
const OF_A_WRONG_PASSWORD: [&str; 3] = [
    "bad decrypt",
    "maybe wrong password",
    "No supported data to decode",
];
const RIGHT: &str = "right password";
const WRONG: &str = "wrong password";
