//! From the bytes of a file to the things in it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use pkcs12_ios::{Archive, Limits};
use pki_core::Password;
use x509_identity::Certificate;
use x509_identity::pem::{self, Found, Label, PemFile, Section};

use super::item::Item;
use crate::files::read;

/// Everything that a file holds: PEM, DER, or a bundle whose password is given.
///
/// # Errors
///
/// Where the file is of a kind that is not read here, or its PEM is broken.
pub(crate) fn items(bytes: &[u8], password: Option<&Password>) -> Result<Vec<Item>> {
    if !pem::is_der(bytes) {
        let file = pem::read(bytes)?;
        if file.is_empty() {
            bail!("it holds {}", file.describe());
        }
        return Ok(of_pem(bytes, &file, password));
    }
    let der = pem::der_value(bytes);
    Ok(match Found::of(der) {
        Found::Pkcs12 => return of_bundle(der, password),
        Found::RevocationList => vec![Item::crl(der)],
        Found::CertificateRequest => vec![Item::request(der)],
        Found::PrivateKey | Found::EncryptedPrivateKey => vec![Item::private_key(der, password)],
        Found::PublicKey => vec![Item::public_key(der)],
        Found::Certificate | Found::Der => vec![Item::certificate(der)],
        found => bail!("it holds {found}"),
    })
}

/// The certificates of a PEM file, or the one of a DER file, in their order.
///
/// # Errors
///
/// If there is none, or one cannot be read.
pub(crate) fn certificates(bytes: &[u8]) -> Result<Vec<Certificate>> {
    if pem::is_der(bytes) {
        return Ok(vec![Certificate::from_pem(bytes)?]);
    }
    let file = pem::read(bytes)?;
    let sections = file.only(Label::is_certificate)?;
    if sections.is_empty() {
        bail!(
            "a certificate is expected, and it holds {}",
            file.describe()
        );
    }
    sections
        .iter()
        .map(|section| Ok(Certificate::from_der(&section.der()?)?))
        .collect()
}

/// The certificates of a file, in their order.
///
/// # Errors
///
/// If there is none, or one cannot be read.
pub(crate) fn certificates_of(path: &Path) -> Result<Vec<Certificate>> {
    certificates(&read(path)?).with_context(|| format!("cannot use {}", path.display()))
}

/// The first certificate of a file, which those above it follow.
///
/// # Errors
///
/// As [`certificates_of`].
pub(crate) fn certificate_of(path: &Path) -> Result<Certificate> {
    let first = certificates_of(path)?.into_iter().next();
    first.with_context(|| format!("{} holds no certificate", path.display()))
}

fn of_pem(bytes: &[u8], file: &PemFile, password: Option<&Password>) -> Vec<Item> {
    file.sections()
        .filter(|section| section.label() != Label::Parameters)
        .map(|section| of_section(bytes, &section, password))
        .collect()
}

fn of_section(bytes: &[u8], section: &Section<'_>, password: Option<&Password>) -> Item {
    let label = section.label();
    // The first key of the file, which is all that TLS programs read.
    if label.is_private_key() {
        return Item::private_key(bytes, password);
    }
    let der = match section.der() {
        Ok(der) => der,
        Err(error) => return Item::unreadable(format!("line {}", section.line()), &error),
    };
    match label {
        label if label.is_certificate() => Item::certificate(&der),
        Label::Crl => Item::crl(&der),
        Label::CertificateRequest => Item::request(&der),
        Label::PublicKey => Item::public_key(&der),
        other => Item::unreadable(
            format!("line {}", section.line()),
            &NotShown(format!("{other} is not shown here")),
        ),
    }
}

fn of_bundle(der: &[u8], password: Option<&Password>) -> Result<Vec<Item>> {
    let Some(password) = password else {
        bail!("it is a PKCS#12 bundle: give its password with --password-file");
    };
    let archive = Archive::read(der, password, &Limits::default())?;
    let keys = archive.keys().iter();
    let keys = keys.map(|key| Item::private_key(key.secret_pkcs8_der(), None));
    let certificates = archive.certificates().iter();
    let certificates = certificates.map(|certificate| Item::certificate(certificate.der()));
    Ok(keys.chain(certificates).collect())
}

/// Something that is known by name and not shown.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotShown(String);
