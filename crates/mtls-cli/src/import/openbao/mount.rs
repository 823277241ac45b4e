//! One mount of the secrets engine `pki`: its issuers, what they have issued, and their CRLs.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use pki_core::verify::RevocationReason;
use pki_store::ImportedCertificate;
use pki_upstream::openbao::{Api, mount_path};
use serde::Deserialize;
use time::OffsetDateTime;
use x509_identity::{Certificate, SerialNumber};

use super::issuer::MountIssuer;
use crate::look::certificates;

/// A mount, such as `pki`.
#[derive(Debug)]
pub(crate) struct Mount {
    api: Api,
    /// Without slashes at its ends.
    name: String,
}

/// Certificates of one page.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What each issuer has issued, by its position.
    pub(crate) issued: BTreeMap<usize, Vec<ImportedCertificate>>,
    pub(crate) revoked: usize,
    /// Certificates of none of the issuers.
    pub(crate) foreign: usize,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

#[derive(Deserialize)]
struct IssuerData {
    issuer_id: String,
    certificate: String,
    #[serde(default)]
    ca_chain: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct CrlData {
    #[serde(default)]
    crl: String,
}

#[derive(Deserialize)]
struct CertificateData {
    certificate: String,
    /// Seconds since 1970; 0 for one that is not revoked.
    #[serde(default)]
    revocation_time: i64,
}

impl Mount {
    pub(crate) fn new(api: Api, name: &str) -> Result<Self> {
        let name = mount_path(name)?;
        Ok(Self { api, name })
    }

    /// All issuers, and first the one that is called `chosen`: a name, an id, or `default`.
    ///
    /// # Errors
    ///
    /// If there is none of that name, or the token may not see them.
    pub(crate) async fn issuers(&self, chosen: &str) -> Result<Vec<MountIssuer>> {
        let first = self.issuer(chosen).await?;
        let first = first.with_context(|| {
            format!(
                "the mount `{}` has no issuer `{}`",
                self.name,
                chosen.escape_debug()
            )
        })?;
        let (id, first) = first;
        let mut issuers = vec![first];
        for key in self.list("issuers", &[]).await? {
            if key == id {
                continue;
            }
            // One that was deleted meanwhile is none of the mount's any more.
            let Some((_, issuer)) = self.issuer(&key).await? else {
                continue;
            };
            if issuers.iter().all(|it| it.own() != issuer.own()) {
                issuers.push(issuer.beside(&issuers));
            }
        }
        Ok(issuers)
    }

    /// An issuer with its id.
    async fn issuer(&self, reference: &str) -> Result<Option<(String, MountIssuer)>> {
        let path = format!("{}/issuer/{reference}", self.name);
        let Some(data) = self.api.get::<IssuerData>(&path, &[]).await? else {
            return Ok(None);
        };
        let cannot = || format!("the issuer `{}` cannot be used", reference.escape_debug());
        let own = certificates(data.certificate.as_bytes()).with_context(cannot)?;
        let Some(own) = own.into_iter().next() else {
            bail!(
                "the issuer `{}` has no certificate",
                reference.escape_debug()
            );
        };
        let mut chain = vec![own];
        for pem in data.ca_chain.unwrap_or_default() {
            for above in certificates(pem.as_bytes()).with_context(cannot)? {
                if !chain.contains(&above) {
                    chain.push(above);
                }
            }
        }
        let mut issuer = MountIssuer::new(chain);
        // Complete CRLs and delta CRLs are numbered together.
        for kind in ["crl", "crl/delta"] {
            let path = format!("{}/issuer/{reference}/{kind}", self.name);
            if let Some(data) = self.api.get::<CrlData>(&path, &[]).await? {
                issuer.read_crl(&data.crl).with_context(cannot)?;
            }
        }
        Ok(Some((data.issuer_id, issuer)))
    }

    /// The next serial numbers of what was issued, after the one that was the last of the page before. Vault knows no pages, and
    /// returns them all.
    ///
    /// # Errors
    ///
    /// If the token may not see them.
    pub(crate) async fn page(&self, after: Option<&str>) -> Result<Vec<String>> {
        let limit = PAGE.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(after.map(|after| ("after", after)));
        self.list("certs", &query).await
    }

    async fn list(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<String>> {
        let query = [&[("list", "true")], query].concat();
        let path = format!("{}/{path}", self.name);
        let listed = self.api.get::<Keys>(&path, &query).await?;
        Ok(listed.map(|it| it.keys).unwrap_or_default())
    }

    /// The certificates with these numbers. What an issuer's CRL says of them is used up.
    ///
    /// # Errors
    ///
    /// If one cannot be read: it could not be revoked.
    pub(crate) async fn read(
        &self,
        serials: &[String],
        issuers: &mut [MountIssuer],
    ) -> Result<Found> {
        let read = stream::iter(serials).map(|serial| self.certificate(serial));
        let read: Vec<_> = read.buffered(AT_ONCE).try_collect().await?;
        let mut found = Found::default();
        for (certificate, revoked_at) in read.into_iter().flatten() {
            if issuers.iter().any(|issuer| *issuer.own() == certificate) {
                continue;
            }
            let mut known = issuers.iter_mut().enumerate();
            let Some((by, issuer)) = known.find(|(_, it)| it.has_issued(&certificate)) else {
                found.foreign += 1;
                continue;
            };
            let listed = issuer.revoked.remove(certificate.serial());
            let revoked = match (listed, revoked_at) {
                (Some(entry), _) => Some((entry.date, entry.reason)),
                (None, Some(at)) => Some((at, RevocationReason::Unspecified)),
                (None, None) => None,
            };
            let mut imported = ImportedCertificate::new(certificate);
            if let Some((at, reason)) = revoked {
                imported = imported.revoked(at, reason);
                found.revoked += 1;
            }
            found.issued.entry(by).or_default().push(imported);
        }
        Ok(found)
    }

    /// A certificate, and since when it is revoked. `None` for one that was tidied up meanwhile.
    async fn certificate(
        &self,
        serial: &str,
    ) -> Result<Option<(Certificate, Option<OffsetDateTime>)>> {
        // What is put into a path has to be a number.
        let cannot = || format!("the certificate `{}` cannot be used", serial.escape_debug());
        let number = serial.replace('-', ":");
        number.parse::<SerialNumber>().with_context(cannot)?;
        let path = format!("{}/cert/{number}", self.name);
        let Some(data) = self.api.get::<CertificateData>(&path, &[]).await? else {
            return Ok(None);
        };
        let read = certificates(data.certificate.as_bytes()).with_context(cannot)?;
        let revoked = match data.revocation_time {
            0 => None,
            at => Some(OffsetDateTime::from_unix_timestamp(at).with_context(cannot)?),
        };
        Ok(read.into_iter().next().map(|it| (it, revoked)))
    }
}

/// Serial numbers that are asked for at once.
pub(crate) const PAGE: usize = 500;

/// Requests that are under way at once.
const AT_ONCE: usize = 8;
