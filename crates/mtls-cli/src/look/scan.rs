//! All certificates in files, in directories and of servers, and what could not be looked into.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use pkcs12_ios::{Archive, Limits};
use pki_core::Password;
use serde::Serialize;
use x509_identity::Certificate;
use x509_identity::pem::{self, Found, Label};
use zeroize::Zeroizing;

use super::source::Source;
use crate::files;

/// Certificates that were found together: those of one file, or of one server.
#[derive(Debug)]
pub(crate) struct Group {
    /// The file or the URL.
    pub(crate) place: String,
    /// In their order.
    pub(crate) certificates: Vec<Certificate>,
}

/// Something that may hold certificates and was not looked into.
#[derive(Debug, Serialize)]
pub(crate) struct Skipped {
    pub(crate) place: String,
    pub(crate) reason: String,
    /// Whether it was named, and not found below a directory.
    #[serde(skip)]
    pub(crate) named: bool,
}

/// Looks into one source. Below a directory, files that hold no certificate are passed over.
pub(crate) fn scan(
    source: &Source,
    passwords: &[Password],
    groups: &mut Vec<Group>,
    skipped: &mut Vec<Skipped>,
) {
    let mut take = |place: String, found: Result<Vec<Certificate>>, named: bool| match found {
        Ok(certificates) if certificates.is_empty() && !named => {}
        Ok(certificates) if certificates.is_empty() => skipped.push(Skipped {
            place,
            reason: "it holds no certificate".to_owned(),
            named,
        }),
        Ok(certificates) => groups.push(Group {
            place,
            certificates,
        }),
        Err(error) => skipped.push(Skipped {
            place,
            reason: reason(&error),
            named,
        }),
    };
    match source {
        Source::File(path) if path.is_dir() => {
            let (files, unread) = files::below(path);
            for path in files {
                take(path.display().to_string(), of_file(&path, passwords), false);
            }
            for (path, error) in unread {
                take(path.display().to_string(), Err(error.into()), false);
            }
        }
        Source::File(path) => {
            take(source.to_string(), of_named(path, passwords), true);
        }
        Source::Stdin => {
            let found = source.bytes().and_then(|bytes| of_bytes(&bytes, passwords));
            take(source.to_string(), found, true);
        }
        Source::Server(url) => take(url.clone(), of_server(source), true),
    }
}

/// The sentence and its causes, on one line.
fn reason(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            let separator = if text.is_empty() { "" } else { ": " };
            text = format!("{text}{separator}{cause}");
        }
    }
    text
}

fn of_server(source: &Source) -> Result<Vec<Certificate>> {
    let server = source.server()?.context("it is not a server")?;
    let presented = server.presented()?;
    let read = presented.iter().map(|der| Ok(Certificate::from_der(der)?));
    read.collect()
}

/// As [`of_named`], of a file that nobody has named: a long one holds no certificates worth the time.
fn of_file(path: &Path, passwords: &[Password]) -> Result<Vec<Certificate>> {
    match path.metadata() {
        Ok(metadata) if metadata.len() > LARGEST => Ok(Vec::new()),
        _ => of_named(path, passwords),
    }
}

fn of_named(path: &Path, passwords: &[Password]) -> Result<Vec<Certificate>> {
    let bytes: Zeroizing<Vec<u8>> = files::read_secret(path)?;
    of_bytes(&bytes, passwords)
}

/// As much as [`files::read_secret`] reads.
const LARGEST: u64 = 1 << 20;

fn of_bytes(bytes: &[u8], passwords: &[Password]) -> Result<Vec<Certificate>> {
    if JAVA_KEYSTORES.iter().any(|magic| bytes.starts_with(magic)) {
        bail!(
            "it is a keystore of Java: convert it with keytool -importkeystore -deststoretype pkcs12"
        );
    }
    if !pem::is_der(bytes) {
        return of_pem(bytes);
    }
    let der = pem::der_value(bytes);
    match Found::of(der) {
        Found::Certificate => Ok(vec![Certificate::from_der(der)?]),
        Found::Pkcs12 => of_bundle(der, passwords),
        Found::Container => {
            bail!(
                "it is a PKCS#7 container: convert it with openssl pkcs7 -inform der -print_certs"
            )
        }
        _ => Ok(Vec::new()),
    }
}

/// What JKS and JCEKS begin with.
const JAVA_KEYSTORES: [[u8; 4]; 2] = [[0xFE, 0xED, 0xFE, 0xED], [0xCE; 4]];

fn of_pem(bytes: &[u8]) -> Result<Vec<Certificate>> {
    // Not `Found::of`: a certificate's key may be in the same file.
    const END: &[u8] = b"CERTIFICATE-----";
    if !bytes.windows(END.len()).any(|window| window == END) {
        return Ok(Vec::new());
    }
    let file = pem::read(bytes)?;
    let mut certificates = Vec::new();
    for section in file.sections() {
        // Whatever else is in the file is not looked at.
        if Label::is_certificate(section.label()) {
            certificates.push(Certificate::from_der(&section.der()?)?);
        }
    }
    Ok(certificates)
}

fn of_bundle(der: &[u8], passwords: &[Password]) -> Result<Vec<Certificate>> {
    let mut last = None;
    for password in passwords {
        match Archive::read(der, password, &Limits::default()) {
            Ok(archive) => {
                let certificates = archive.certificates().iter();
                return certificates
                    .map(|one| Ok(Certificate::from_der(one.der())?))
                    .collect();
            }
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) => Err(error.into()),
        None => bail!("it is a PKCS#12 bundle: give its password with --password-file"),
    }
}
