//! The directories of other CA software, read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use pki_store::ImportedCertificate;
use x509_identity::{Certificate, SerialNumber};

use super::index_txt::{self, IndexEntry};
use super::oneline;
use crate::files::read;
use crate::look::{certificates, certificates_of};

/// A CA of other software: its own certificate and key, and what it has issued.
#[derive(Debug)]
pub(crate) struct OtherCa {
    /// Its certificate first, then those above it.
    pub(crate) chain: Vec<Certificate>,
    /// PEM, perhaps encrypted.
    pub(crate) key: PathBuf,
    pub(crate) issued: Vec<ImportedCertificate>,
    /// How many of them are revoked.
    pub(crate) revoked: usize,
    /// The number of its last CRL, where it is known.
    pub(crate) crl_number: Option<u64>,
}

/// Where a kind of software keeps its files.
struct Layout {
    certificate: &'static [&'static str],
    key: &'static [&'static str],
    /// Directories with certificates.
    issued: &'static [&'static str],
    /// Under the directory that is named.
    base: &'static [&'static str],
}

const EASY_RSA: Layout = Layout {
    certificate: &["ca.crt"],
    key: &["private/ca.key"],
    issued: &[
        "certs_by_serial",
        "issued",
        "revoked/certs_by_serial",
        "expired",
        "renewed/issued",
        "renewed/certs_by_serial",
    ],
    // The directory that has `pki` in it, or that one.
    base: &["pki", ""],
};

const OPENSSL_CA: Layout = Layout {
    certificate: &[
        "cacert.pem",
        "ca.crt",
        "ca.pem",
        "certs/ca.cert.pem",
        "certs/ca.crt",
        "certs/intermediate.cert.pem",
    ],
    key: &[
        "private/cakey.pem",
        "private/ca.key",
        "private/ca.key.pem",
        "private/intermediate.key.pem",
        "cakey.pem",
        "ca.key",
    ],
    issued: &["newcerts", "certs"],
    base: &["", "demoCA"],
};

impl OtherCa {
    /// Reads a directory of easy-rsa 3.
    ///
    /// # Errors
    ///
    /// If something is missing, or a certificate that is listed cannot be read.
    pub(crate) fn easy_rsa(directory: &Path) -> Result<Self> {
        Self::read(directory, &EASY_RSA)
    }

    /// Reads a directory as `openssl ca` keeps it.
    ///
    /// # Errors
    ///
    /// As [`easy_rsa`](Self::easy_rsa).
    pub(crate) fn openssl_ca(directory: &Path) -> Result<Self> {
        Self::read(directory, &OPENSSL_CA)
    }

    /// A certificate and its key, without any record of what it has issued.
    ///
    /// # Errors
    ///
    /// If the certificate cannot be read.
    pub(crate) fn alone(certificate: &Path, key: &Path) -> Result<Self> {
        Ok(Self {
            chain: certificates_of(certificate)?,
            key: key.to_owned(),
            issued: Vec::new(),
            revoked: 0,
            crl_number: None,
        })
    }

    fn read(directory: &Path, layout: &Layout) -> Result<Self> {
        let bases = layout.base.iter().map(|base| directory.join(base));
        let mut bases = bases.filter(|base| base.join(INDEX).exists());
        let Some(base) = bases.next() else {
            bail!(
                "{} has no {INDEX}: name the directory that has it",
                directory.display()
            );
        };
        let chain = certificates_of(&one_of(&base, layout.certificate, "the CA's certificate")?)?;
        let [ca, ..] = chain.as_slice() else {
            bail!("the CA has no certificate");
        };
        let index = base.join(INDEX);
        let text = read(&index)?;
        let text = str::from_utf8(&text).map_err(anyhow::Error::from);
        let entries = text
            .and_then(|text| Ok(index_txt::parse(text)?))
            .with_context(|| format!("cannot use {}", index.display()))?;
        let mut found = found(&base, layout.issued, ca)?;
        let mut issued: Vec<_> = entries
            .iter()
            .map(|entry| imported(entry, found.remove(&entry.serial)))
            .collect();
        // What was signed and is not in the index is not forgotten either.
        issued.extend(found.into_values().map(ImportedCertificate::new));
        Ok(Self {
            key: one_of(&base, layout.key, "the CA's key")?,
            issued,
            revoked: entries
                .iter()
                .filter(|entry| entry.revoked.is_some())
                .count(),
            crl_number: crl_number(&base)?,
            chain,
        })
    }
}

fn imported(entry: &IndexEntry, certificate: Option<Certificate>) -> ImportedCertificate {
    let imported = match certificate {
        Some(certificate) => ImportedCertificate::new(certificate),
        None => ImportedCertificate::from_index(
            entry.serial.clone(),
            oneline::subject(&entry.subject),
            entry.not_after,
        ),
    };
    match entry.revoked {
        Some((at, reason)) => imported.revoked(at, reason),
        None => imported,
    }
}

fn one_of(base: &Path, names: &[&str], what: &str) -> Result<PathBuf> {
    let found = names
        .iter()
        .map(|name| base.join(name))
        .find(|path| path.is_file());
    found.with_context(|| {
        let names = names.join(", ");
        format!("{what} is not in {}: looked for {names}", base.display())
    })
}

/// The certificates of the CA in these directories, by their numbers. What is not one is passed over: a request, a key.
fn found(
    base: &Path,
    directories: &[&str],
    ca: &Certificate,
) -> Result<BTreeMap<SerialNumber, Certificate>> {
    let mut found = BTreeMap::new();
    for directory in directories {
        let directory = base.join(directory);
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries {
            let path = entry
                .with_context(|| format!("cannot read {}", directory.display()))?
                .path();
            let certificate = path
                .extension()
                .is_some_and(|it| it == "crt" || it == "pem");
            if !certificate || !path.is_file() {
                continue;
            }
            let Ok(chain) = certificates(&read(&path)?) else {
                continue;
            };
            let Some(leaf) = chain.into_iter().next() else {
                continue;
            };
            let is_of_ca = leaf.names_issuer(ca) && pki_core::verify::is_signed_by(&leaf, ca);
            let is_ca_itself = leaf == *ca;
            if is_of_ca && !is_ca_itself {
                found.insert(leaf.serial().clone(), leaf);
            }
        }
    }
    Ok(found)
}

/// `crlnumber` has the number of the next CRL, in hexadecimal. easy-rsa keeps none, so the last CRL is asked, which
/// may have one.
fn crl_number(base: &Path) -> Result<Option<u64>> {
    let path = base.join("crlnumber");
    if !path.exists() {
        let last = base.join("crl.pem");
        if !last.exists() {
            return Ok(None);
        }
        let crl = pki_core::Crl::from_pem_or_der(&read(&last)?);
        return Ok(crl
            .with_context(|| format!("cannot use {}", last.display()))?
            .number());
    }
    let text = read(&path)?;
    let text = String::from_utf8_lossy(&text);
    let next = u64::from_str_radix(text.trim(), 16).with_context(|| {
        format!(
            "cannot use {}: it is not a hexadecimal number",
            path.display()
        )
    })?;
    Ok(next.checked_sub(1))
}

const INDEX: &str = "index.txt";
