//! Certificates of proxies and of those who would like to be somebody else, and what they would write.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use time::{Duration, OffsetDateTime};

use crate::clients::curl::{self, Shown};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

/// A client certificate of the CA of `same-ca`.
pub(super) struct Person {
    /// Without an ending: `.crt`, `.key`, and `.pem` with both.
    pub(super) files: PathBuf,
    pem: String,
}

impl Person {
    pub(super) fn new(bench: &Bench<'_>, lab: &Lab, name: &str, uri: Option<&str>) -> Result<Self> {
        let read =
            |file| fs::read_to_string(lab.path(file)).with_context(|| format!("reading {file}"));
        let issuer = KeyPair::from_pem(&read("same-ca/ca.key")?)?;
        let issuer = Issuer::from_ca_cert_pem(&read("same-ca/ca.crt")?, issuer)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = OffsetDateTime::now_utc() - Duration::hours(1);
        params.not_after = OffsetDateTime::now_utc() + Duration::days(1);
        if let Some(uri) = uri {
            params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
        }
        let key = KeyPair::generate()?;
        let pem = params.signed_by(&key, &issuer)?.pem();
        let files = bench.scratch(name);
        let key = key.serialize_pem();
        fs::write(files.with_extension("crt"), &pem)?;
        fs::write(files.with_extension("key"), &key)?;
        fs::write(files.with_extension("pem"), format!("{pem}{key}"))?;
        // rcgen ends lines as RFC 7468 allows; the headers are about those of openssl.
        let pem = pem.replace("\r\n", "\n");
        Ok(Self { files, pem })
    }

    pub(super) fn shown(&self) -> Shown {
        let file = |ending| self.files.with_extension(ending);
        curl::pem(
            &file("crt").to_string_lossy(),
            &file("key").to_string_lossy(),
        )
    }

    /// The header that would say so in each form: name and value.
    pub(super) fn headers(&self) -> [(&'static str, String); 5] {
        let (der, escaped) = (base64(&self.pem), escaped(&self.pem));
        [
            ("Client-Cert", format!(":{der}:")),
            ("X-Forwarded-Client-Cert", format!("Cert=\"{escaped}\"")),
            ("X-SSL-Client-Cert", escaped),
            ("X-Forwarded-Tls-Client-Cert", der.clone()),
            ("X-SSL-Client-DER", der),
        ]
    }

    /// An alternative name that ends an element of XFCC, if nobody quotes it, and begins this
    /// person's.
    pub(super) fn as_element(&self) -> String {
        let [_, (_, element), ..] = self.headers();
        format!("urn:mallory,{element}")
    }
}

/// The lines between those of PEM.
pub(super) fn base64(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

/// As nginx and Envoy do.
fn escaped(pem: &str) -> String {
    [
        ("\n", "%0A"),
        (" ", "%20"),
        ("+", "%2B"),
        ("/", "%2F"),
        ("=", "%3D"),
    ]
    .iter()
    .fold(pem.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Undoes [`escaped`], and joins the lines, so that any form has the base64 of its certificate in it.
pub(super) fn unescaped(text: &str) -> String {
    [
        ("%0A", ""),
        ("%20", " "),
        ("%2B", "+"),
        ("%2F", "/"),
        ("%3D", "="),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

pub(super) struct People {
    /// The certificate of the proxy that is trusted.
    pub(super) edge: Person,
    /// A client of the same CA, who is no proxy.
    pub(super) mallory: Person,
    /// Whom nobody may pass for.
    pub(super) admin: Person,
    /// One whose alternative name is made to look like the words of a proxy.
    pub(super) forger: Person,
}

impl People {
    pub(super) fn new(bench: &Bench<'_>, lab: &Lab) -> Result<Self> {
        let admin = Person::new(bench, lab, "admin", None)?;
        let element = admin.as_element();
        Ok(Self {
            edge: Person::new(bench, lab, "edge", None)?,
            mallory: Person::new(bench, lab, "mallory", None)?,
            forger: Person::new(bench, lab, "forger", Some(&element))?,
            admin,
        })
    }
}

/// The headers that would say that it is this person.
pub(super) fn lines(person: &Person) -> Vec<String> {
    let line = |(name, value): (&str, String)| format!("{name}: {value}");
    person.headers().map(line).to_vec()
}
