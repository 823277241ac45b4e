//! `mtls renew`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use pki_core::{CertificateParameters, CertificateRequest, KeyPair};
use pki_store::{CertificateRecord, CertificateState, Filter, Order, Page};
use time::OffsetDateTime;
use x509_identity::{Certificate, SerialNumber};

use super::issued::{Issued, issued_files};
use crate::files::read_secret;
use crate::global::Global;
use crate::home::{OpenCa, actor};
use crate::issue::{Destination, Life};
use crate::look::certificate_of;
use crate::output::{Outcome, Output};

/// Issue a certificate again, with the same names and a new key
///
/// The certificate before it stays valid until it ends or is revoked. What is revoked is not renewed.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls renew api.example.org/server.crt\n  mtls renew 4A01F3 --out new"
)]
pub(crate) struct Renew {
    /// The certificate's file, or its serial number
    #[arg(value_name = "CERT|SERIAL")]
    which: String,

    /// Use this key (PEM, not encrypted) in place of a new one
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// How long it is valid: 24h, 90d [default: as long as the one before, within the profile's limits]
    #[arg(long, value_name = "TIME")]
    life: Option<Life>,

    /// Where the files go [default: the directory of CERT, whose files are replaced]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Renew {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = OpenCa::open_to_issue(global, "renew", &self.which).await?;
        let issued = self.renew(&ca).await;
        let issued = ca.recorded(issued, "renew", &self.which).await?;
        issued.report(out)
    }

    async fn renew(&self, ca: &OpenCa) -> Result<Issued> {
        let now = OffsetDateTime::now_utc();
        let old = self.find(ca, now).await?;
        if old.state == CertificateState::Revoked {
            bail!("the certificate {} is revoked: issue a new one", old.serial);
        }
        let Some(der) = &old.der else {
            bail!(
                "of the certificate {} only the number is known: issue a new one",
                old.serial
            );
        };
        let certificate = Certificate::from_der(der)?;
        let stem = stem(&certificate)?;
        let destination = Destination::new(self.directory()?, stem, false, true)?;
        let profile_name = profile_name(&old, stem);
        let profile = ca.directory().profile(profile_name)?;
        let given = self.key.as_deref().map(read_key).transpose()?;
        let authority = ca.issuing().await?;
        let is_new = given.is_none();
        let key = match given {
            Some(key) => key,
            None => KeyPair::generate(ca.directory().settings().leaf_keys().of_leaf())?,
        };
        let csr = CertificateRequest::build(&key, certificate.subject(), certificate.sans())?;
        let subject = certificate.subject().clone();
        let mut parameters = CertificateParameters::for_key(key.public_key_der(), subject)
            .sans(certificate.sans().to_vec())
            .proven_by(&csr);
        let limits = profile.validity;
        let period = match self.life {
            Some(life) => life.duration(),
            None => period_of(&certificate)
                .clamp(limits.min, limits.max)
                .try_into()?,
        };
        parameters = parameters.validity(period);
        let order =
            Order::new(parameters, &profile, profile_name, actor()).replaces(old.serial.clone());
        let issued = authority.issue(order, now).await?;
        // Whoever has given a key has its file.
        let key = is_new.then_some(&key);
        issued_files(ca, &issued, key, None, destination, profile_name)
    }

    async fn find(&self, ca: &OpenCa, now: OffsetDateTime) -> Result<CertificateRecord> {
        let mut filter = Filter {
            ca: Some(ca.name().to_owned()),
            ..Filter::default()
        };
        let path = Path::new(&self.which);
        if path.exists() {
            filter.fingerprint_sha256 = Some(*certificate_of(path)?.fingerprint_sha256());
        } else {
            let serial = self.which.parse::<SerialNumber>();
            let serial = serial.with_context(|| {
                format!(
                    "`{}` is neither a file nor a serial number",
                    self.which.escape_debug()
                )
            })?;
            filter.serial = Some(serial);
        }
        let found = ca
            .store()
            .certificates(&filter, Page::first(2), now)
            .await?;
        let found = found.into_iter().next();
        found.with_context(|| format!("the CA `{}` has not issued {}", ca.name(), self.which))
    }

    fn directory(&self) -> Result<PathBuf> {
        let path = Path::new(&self.which);
        match (&self.out, path.exists()) {
            (Some(directory), _) => Ok(directory.clone()),
            (None, true) => Ok(path.parent().map(Path::to_owned).unwrap_or_default()),
            (None, false) => bail!("say with --out where the files go"),
        }
    }
}

/// `server` or `client`, by what the certificate is for.
fn stem(certificate: &Certificate) -> Result<&'static str> {
    use pki_core::verify::Purpose;
    let usages = certificate.extended_key_usage().unwrap_or_default();
    if usages.contains(&Purpose::TlsServer.oid()) {
        Ok("server")
    } else if usages.contains(&Purpose::TlsClient.oid()) {
        Ok("client")
    } else {
        bail!(
            "the certificate {} is neither a server's nor a client's",
            certificate.serial()
        )
    }
}

/// Both ends included, as a profile counts.
fn period_of(certificate: &Certificate) -> Duration {
    let seconds = certificate.not_after() - certificate.not_before() + time::Duration::SECOND;
    seconds.unsigned_abs()
}

/// An imported certificate has no profile of ours.
fn profile_name<'a>(record: &'a CertificateRecord, stem: &'a str) -> &'a str {
    match record.profile.as_str() {
        "imported" => stem,
        name => name,
    }
}

fn read_key(path: &Path) -> Result<KeyPair> {
    pki_core::EncodedKey::read(&read_secret(path)?, None)
        .and_then(|key| key.key_pair())
        .with_context(|| format!("cannot use {}", path.display()))
}
