//! Reading a file: what is in it, and whether that is what belongs there.

use std::path::Path;

use pki_core::{CertificateRequest, Crl, EncodedKey, KeyError};
use tls_identity::{FileError, Found, read_file};
use x509_identity::Certificate;
use x509_identity::pem::{self, Label, PemError};

use super::{bundle, key, legacy, mangled, text, wrong_kind};
use crate::finding::Finding;
use crate::report::Report;
use crate::target::{Options, Role};

use super::item::{Item, Key};

/// Reads a file, and reports what is wrong with it alone. `None` where nothing is left to look at.
pub(crate) fn item(
    path: &Path,
    role: Role,
    options: &Options,
    report: &mut Report,
) -> Option<Item> {
    let place = path.display().to_string();
    let bytes = match read_file(path, MAX_LEN) {
        Ok(bytes) => bytes,
        Err(error) => {
            report.finding(unreadable(&place, &error));
            return None;
        }
    };
    let mut item = Item::new(path, role, bytes);
    match mangled::of(&item.bytes) {
        Some(form) => report.finding(mangled::finding(&item, form)),
        None => report.findings_of(text::findings(&item)),
    }
    report.findings_of(key::exposed(&item));
    let read = match pem::is_der(&item.bytes) {
        true => der(&mut item, options, report),
        false => pem_file(&mut item, options, report),
    };
    read.then_some(item)
}

fn unreadable(place: &str, error: &FileError) -> Finding {
    let what = format!("The file cannot be used: {error}.");
    let why = "Whoever is configured with this path does not start, or presents nothing.";
    match error {
        FileError::Missing(_) => Finding::error("file-missing", place, "The file does not exist.")
            .why(why)
            .step("Correct the path, or put the file there."),
        FileError::Directory => Finding::error("file-is-directory", place, what)
            .why(why)
            .step("Name the file in it."),
        _ => Finding::error("file-unreadable", place, what)
            .why(why)
            .step("Let the user who runs the program read it, or name the right file."),
    }
}

fn der(item: &mut Item, options: &Options, report: &mut Report) -> bool {
    let found = Found::of(&item.bytes);
    if found == Found::Pkcs12 {
        if !matches!(item.role, Role::Any | Role::P12) {
            report.finding(wrong_kind::bundle(item));
            return false;
        }
        return bundle::read(item, options, report);
    }
    if item.role == Role::P12 {
        report.finding(wrong_kind::not_a_bundle(item, found));
        return false;
    }
    let value = pem::der_value(&item.bytes);
    match found {
        Found::Certificate => match Certificate::from_der(value) {
            Ok(certificate) => {
                item.certificates.push(certificate);
                item.sections.push(1);
            }
            Err(error) => {
                report.finding(malformed(&item.place(), "certificate", &error));
                return false;
            }
        },
        Found::RevocationList => match Crl::from_der(value) {
            Ok(crl) => item.crls.push(crl),
            Err(error) => {
                report.finding(malformed(&item.place(), "CRL", &error));
                return false;
            }
        },
        Found::PrivateKey | Found::EncryptedPrivateKey => {
            if !private_key(item, options, report) {
                return false;
            }
        }
        Found::Truncated => {
            report.finding(wrong_kind::cut_off(item));
            return false;
        }
        Found::CertificateRequest if item.role == Role::Any => {
            report.fact(item.place(), "a certificate signing request");
            return false;
        }
        other => {
            report.finding(wrong_kind::other(item, other));
            return false;
        }
    }
    if let Some(finding) = wrong_kind::of(item) {
        report.finding(finding);
        return false;
    }
    report.findings_of(wrong_kind::der(item, found));
    true
}

fn pem_file(item: &mut Item, options: &Options, report: &mut Report) -> bool {
    let bytes = item.bytes.clone();
    if item.role == Role::P12 {
        report.finding(wrong_kind::not_a_bundle(item, Found::of(&bytes)));
        return false;
    }
    let file = match pem::read(&bytes) {
        Ok(file) => file,
        Err(error) => {
            report.finding(damaged(&item.place(), &error));
            return false;
        }
    };
    if file.is_empty() {
        let found = Found::of(&bytes);
        report.finding(wrong_kind::other(item, found));
        return false;
    }
    let (mut requests, mut keys, mut unread) = (0, 0, 0);
    for (index, section) in file.sections().enumerate() {
        let label = section.label();
        if label.is_private_key() {
            keys += 1;
            continue;
        }
        if label == Label::CertificateRequest {
            requests += 1;
            if let Err(error) = CertificateRequest::from_pem(&bytes) {
                let what = format!("certificate request at line {}", section.line());
                report.finding(malformed(&item.place(), &what, &error));
                return false;
            }
        }
        if label == Label::Container {
            report.finding(wrong_kind::other(item, Found::Container));
            return false;
        }
        if !label.is_certificate() && label != Label::Crl {
            continue;
        }
        let der = match section.der() {
            Ok(der) => der,
            Err(error) => {
                report.finding(damaged(&item.place(), &error));
                return false;
            }
        };
        if label == Label::Crl {
            match Crl::from_der(&der) {
                Ok(crl) => item.crls.push(crl),
                Err(error) => {
                    unread += 1;
                    report.finding(malformed(&item.place(), "CRL", &error));
                }
            }
        } else {
            match Certificate::from_der(&der) {
                Ok(certificate) => {
                    item.certificates.push(certificate);
                    item.sections.push(index + 1);
                }
                Err(error) => {
                    unread += 1;
                    let what = format!("certificate at line {}", section.line());
                    report.finding(malformed(&item.place(), &what, &error));
                }
            }
        }
    }
    if keys > 1 {
        report.finding(
            Finding::warning(
                "several-keys",
                item.place(),
                format!("The file has {keys} private keys, and every reader takes the first."),
            )
            .why("The others are never used.")
            .step("Keep the key that belongs to the certificate."),
        );
    }
    if keys > 0 && !private_key(item, options, report) && item.certificates.is_empty() {
        return false;
    }
    let holds_nothing = item.certificates.is_empty() && item.crls.is_empty() && item.key.is_none();
    // What is in it was told, and why it is of no use.
    if holds_nothing && unread > 0 {
        return false;
    }
    if let Some(finding) = wrong_kind::of(item) {
        report.finding(finding);
        return false;
    }
    if holds_nothing {
        if item.role != Role::Any {
            report.finding(wrong_kind::other(item, Found::of(&bytes)));
        } else if requests > 0 {
            report.fact(item.place(), "a certificate signing request");
        } else {
            report.fact(item.place(), file.describe());
        }
        return false;
    }
    true
}

/// Whether the key could be read; a wrong kind of file is not the key's fault.
fn private_key(item: &mut Item, options: &Options, report: &mut Report) -> bool {
    let legacy = legacy::finding(item, options);
    let is_legacy = legacy.is_some();
    report.findings_of(legacy);
    let read = EncodedKey::read(&item.bytes, options.password.as_ref());
    let read = read.and_then(|encoded| {
        let public = encoded.public_key_der()?;
        Ok(Key { encoded, public })
    });
    match read {
        Ok(key) => {
            item.key = Some(key);
            true
        }
        Err(KeyError::Encrypted) => {
            report.fact(item.place(), "a private key, encrypted by a password");
            report.question(key::password_question(item));
            false
        }
        Err(KeyError::UnsupportedEncryption { .. }) if is_legacy => false,
        Err(error) => {
            report.finding(key::unreadable(item, &error, options));
            false
        }
    }
}

fn malformed(place: &str, what: &str, error: &dyn std::error::Error) -> Finding {
    let mut text = format!("The {what} cannot be read: {error}");
    if let Some(cause) = error.source() {
        text.push_str(&format!(" ({cause})"));
    }
    text.push('.');
    Finding::error("malformed", place, text)
        .why("Every reader refuses it, most with the text of their ASN.1 decoder alone: `nested asn1 error`.")
        .step("Take it again from where it was issued.")
}

fn damaged(place: &str, error: &PemError) -> Finding {
    let what = format!("The PEM file is damaged: {error}.");
    Finding::error("pem-damaged", place, what)
        .why("OpenSSL and what is built on it: `bad base64 decode`, `bad end line`, `no start line`.")
        .step("Take the file again from where it was issued, or mend the line that is named.")
}

/// A CRL of a large CA has some tens of megabytes.
const MAX_LEN: u64 = 64 << 20;
