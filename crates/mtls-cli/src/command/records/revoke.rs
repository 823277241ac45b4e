//! `mtls revoke`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use pki_core::verify::RevocationReason;
use pki_core::{EncodedKey, Password};
use pki_store::{CertificateRecord, NamePattern, Selection, Selector};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use super::record::{RecordView, records_table};
use crate::files::{password_of, read_secret};
use crate::global::Global;
use crate::home::{OpenCa, actor};
use crate::look::certificate_of;
use crate::output::{Outcome, Output, hex, note};

/// Revoke certificates, by whatever is known of them
///
/// Without --yes it only lists what would be revoked. A reason of key-compromise revokes all certificates of the key, and
/// blocks it: no certificate is issued for it again, though it may never have had one here (--key, --spki). The servers learn of it from the next CRL: `mtls crl`, or `mtls serve`, which signs one at once.
/// With --passphrase-file a checkpoint of the audit log is signed, too.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls revoke 4A01F3\n  mtls revoke --key stolen.key --reason key-compromise --yes\n  \
                  mtls revoke --name '*.old.example.org' --reason cessation-of-operation --yes"
)]
pub(crate) struct Revoke {
    #[command(flatten)]
    which: Which,

    /// The password of an encrypted --key
    #[arg(long, value_name = "FILE", requires = "key")]
    key_password_file: Option<PathBuf>,

    /// Why
    #[arg(long, value_enum, default_value = "unspecified")]
    reason: Reason,

    /// Revoke them; without it they are only listed
    #[arg(long)]
    yes: bool,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Which {
    /// The serial number
    #[arg(value_name = "SERIAL")]
    serial: Option<SerialNumber>,

    /// The certificate itself
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,

    /// All certificates of a key: its file, private or public
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// All certificates of a key, by the SHA-256 of its SubjectPublicKeyInfo
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    spki: Option<[u8; 32]>,

    /// The certificate with this SHA-256
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    fingerprint: Option<[u8; 32]>,

    /// This certificate, those that it renewed, and those that have renewed it
    #[arg(long, value_name = "SERIAL")]
    lineage: Option<SerialNumber>,

    /// All with a name that matches, as in `mtls list`
    #[arg(long, value_name = "PATTERN")]
    name: Option<NamePattern>,

    /// All that were issued with a profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reason {
    Unspecified,
    /// Somebody else has the key; it is blocked, too
    KeyCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    PrivilegeWithdrawn,
}

impl From<Reason> for RevocationReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Unspecified => Self::Unspecified,
            Reason::KeyCompromise => Self::KeyCompromise,
            Reason::AffiliationChanged => Self::AffiliationChanged,
            Reason::Superseded => Self::Superseded,
            Reason::CessationOfOperation => Self::CessationOfOperation,
            Reason::PrivilegeWithdrawn => Self::PrivilegeWithdrawn,
        }
    }
}

#[derive(Debug, Serialize)]
struct Revoked {
    /// False for a list of what would be.
    revoked: bool,
    certificates: Vec<RecordView>,
    /// The SHA-256 of the key that was named, where no certificate will be issued for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_spki_sha256: Option<String>,
}

impl Revoke {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = OpenCa::open(global).await?;
        let password = self
            .key_password_file
            .as_deref()
            .map(password_of)
            .transpose()?;
        let reason = RevocationReason::from(self.reason);
        let selector = self.which.selector(password.as_ref())?;
        let blocked = match selector {
            Selector::Spki(key) if reason == RevocationReason::KeyCompromise => Some(key),
            _ => None,
        };
        let selection = Selection::of(ca.name(), selector).because(reason);
        let now = OffsetDateTime::now_utc();
        let mut selected = ca.store().select(&selection, now).await?;
        if selected.is_empty() && blocked.is_none() {
            bail!("the CA `{}` has no such certificate", ca.name());
        }
        let has_none = selected.is_empty();
        selected.retain(|record| record.is_changed_by(reason));
        if selected.is_empty() {
            out.line(match has_none {
                true => "no certificate has this key",
                false => "all of these are revoked already",
            })?;
        }
        tell_of_cas(&ca, &selected).await?;
        let revokes = self.yes && (!selected.is_empty() || blocked.is_some());
        let records = if revokes {
            ca.store().revoke(&selection, reason, &actor(), now).await?
        } else {
            selected
        };
        let revoked = Revoked {
            revoked: self.yes,
            certificates: RecordView::all(&records),
            blocked_spki_sha256: blocked.map(|key| hex(&key)),
        };
        if out.is_json() {
            out.json(&revoked)?;
        } else if records.is_empty() && blocked.is_some() {
            out.line(match self.yes {
                true => "the key is blocked: no certificate is issued for it",
                false => "would block the key: run it again with --yes",
            })?;
        } else if !records.is_empty() {
            out.line(records_table(&revoked.certificates))?;
            let count = match records.len() {
                1 => "1 certificate".to_owned(),
                count => format!("{count} certificates"),
            };
            out.line(match self.yes {
                true if ca.has_upstream() => format!("\nrevoked {count}"),
                true => format!("\nrevoked {count}; a running `mtls serve` publishes it at once, and `mtls crl` writes CRLs that say so"),
                false => format!("\nwould revoke {count}: run it again with --yes"),
            })?;
        }
        if revokes && !ca.checkpoint_unasked().await {
            note(
                "the audit log has the revocation, and its next checkpoint will: a running `mtls serve` signs one within a \
                 minute, and otherwise the next command that unlocks the CA's key",
            );
        }
        match revokes && ca.has_upstream() {
            true => told(&ca, now).await,
            false => Ok(Outcome::Done),
        }
    }
}

/// Whoever checks the CRL of the root refuses all that such a CA has issued.
async fn tell_of_cas(ca: &OpenCa, selected: &[CertificateRecord]) -> Result<()> {
    for issuer in ca.store().issuers().await? {
        let fingerprint = Some(*issuer.certificate().fingerprint_sha256());
        if selected
            .iter()
            .any(|it| it.fingerprint_sha256 == fingerprint)
        {
            note(format!(
                "{} is a CA: with it goes all that it has issued. `mtls ca rotate` makes another first",
                issuer.certificate().subject()
            ));
        }
    }
    Ok(())
}

/// Has the upstream CA revoke what is revoked here. Until it has, its CRL and its OCSP responder know nothing of that.
async fn told(ca: &OpenCa, now: OffsetDateTime) -> Result<Outcome> {
    let settled = async { anyhow::Ok(ca.issuing().await?.settle(now).await?) };
    let why = match settled.await {
        Ok(settled) if settled.untold == 0 => {
            note("the upstream CA has revoked it, and publishes it with its next CRL");
            return Ok(Outcome::Done);
        }
        Ok(settled) => format!(
            "{} of its certificates are not revoked there",
            settled.untold
        ),
        Err(error) => format!("{error:#}"),
    };
    note(format!(
        "the upstream CA does not know it yet ({why}): a running `mtls serve` tells it again, and so does the next `mtls revoke`"
    ));
    Ok(Outcome::Found)
}

impl Which {
    fn selector(&self, password: Option<&Password>) -> Result<Selector> {
        if let Some(serial) = &self.serial {
            return Ok(Selector::Serial(serial.clone()));
        }
        if let Some(path) = &self.cert {
            let leaf = certificate_of(path)?;
            return Ok(Selector::Fingerprint(*leaf.fingerprint_sha256()));
        }
        if let Some(path) = &self.key {
            return Ok(Selector::Spki(hash_of_key(path, password)?));
        }
        if let Some(hash) = self.spki {
            return Ok(Selector::Spki(hash));
        }
        if let Some(hash) = self.fingerprint {
            return Ok(Selector::Fingerprint(hash));
        }
        if let Some(serial) = &self.lineage {
            return Ok(Selector::Lineage(serial.clone()));
        }
        if let Some(pattern) = &self.name {
            return Ok(Selector::Name(pattern.clone()));
        }
        if let Some(profile) = &self.profile {
            return Ok(Selector::Profile(profile.clone()));
        }
        bail!("say which certificate")
    }
}

/// The SHA-256 of the public key in a file, which may be a private key, a public one, or a certificate.
fn hash_of_key(path: &Path, password: Option<&Password>) -> Result<[u8; 32]> {
    use x509_identity::pem::{self, Label};
    let bytes = read_secret(path)?;
    let cannot = || format!("cannot use {}", path.display());
    if !pem::is_der(&bytes) {
        let file = pem::read(&bytes).with_context(cannot)?;
        let mut sections = file.sections();
        if let Some(public) = sections.find(|section| section.label() == Label::PublicKey) {
            return Ok(Sha256::digest(public.der().with_context(cannot)?.as_slice()).into());
        }
    }
    let key = EncodedKey::read(&bytes, password).and_then(|key| key.public_key_der());
    Ok(Sha256::digest(key.with_context(cannot)?).into())
}

fn sha256(text: &str) -> Result<[u8; 32], &'static str> {
    let digits = text.replace(':', "");
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("it is not hexadecimal");
    }
    let octets = base16ct::mixed::decode_vec(digits).ok();
    let hash = octets.and_then(|octets| octets.try_into().ok());
    hash.ok_or("a SHA-256 has 64 hexadecimal digits")
}
