//! The secrets engine `pki` as an upstream CA.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_core::verify::RevocationReason;
use serde::Deserialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use x509_identity::{Certificate, SerialNumber};

use super::api::{Api, mount_path};
use super::error::ApiError;
use super::names::{Names, extended_usages, usages};
use crate::retry::{Twice, retried};
use crate::serial::with_colons;
use crate::{
    Answering, Listed, Revoked, UpstreamAnswer, UpstreamCa, UpstreamCertificate, UpstreamError,
    UpstreamRequest,
};

/// A mount of the secrets engine `pki`.
///
/// It answers at once. A role has to leave names and key usage to the request: see the README. `no_store` makes
/// certificates that cannot be found again if their answer is lost, and that cannot be revoked by their number.
#[derive(Debug)]
pub struct OpenBaoPki {
    api: Api,
    mount: String,
    role: String,
    roles: BTreeMap<String, String>,
    issuer: Option<String>,
    signing: Signing,
}

/// Which of the two ways of signing is used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Signing {
    /// `sign`: the role limits names and usages, and we send the approved names. The default.
    #[default]
    ByRole,
    /// `sign-verbatim`: subject and names are those of the CSR, and so have to be the approved ones already.
    Verbatim,
}

#[derive(Deserialize)]
struct Signed {
    certificate: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

#[derive(Deserialize)]
struct Stored {
    certificate: String,
    /// Seconds since 1970; 0 for one that is not revoked.
    #[serde(default)]
    revocation_time: i64,
}

impl OpenBaoPki {
    /// The mount at this path, whose `role` signs.
    ///
    /// # Errors
    ///
    /// [`ApiError::Mount`] if one of them cannot be a part of a path.
    pub fn new(api: Api, mount: &str, role: &str) -> Result<Self, ApiError> {
        Ok(Self {
            api: api.timeout(LIMIT),
            mount: mount_path(mount)?,
            role: segment(role)?,
            roles: BTreeMap::new(),
            issuer: None,
            signing: Signing::default(),
        })
    }

    /// Another role for the certificates of this profile.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn role_for(mut self, profile: impl Into<String>, role: &str) -> Result<Self, ApiError> {
        self.roles.insert(profile.into(), segment(role)?);
        Ok(self)
    }

    /// Has this issuer of the mount sign, by its name or id, and not the default one.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn issuer(mut self, reference: &str) -> Result<Self, ApiError> {
        self.issuer = Some(segment(reference)?);
        Ok(self)
    }

    /// Another way of signing than by the role alone.
    #[must_use]
    pub fn signing(mut self, signing: Signing) -> Self {
        self.signing = signing;
        self
    }

    /// The certificate of the issuer that signs, and those above it that the mount knows.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] if the mount has no such issuer, or cannot be asked.
    pub async fn chain(&self) -> Result<Vec<Certificate>, UpstreamError> {
        #[derive(Deserialize)]
        struct Issuer {
            certificate: String,
            #[serde(default)]
            ca_chain: Option<Vec<String>>,
        }
        let reference = self.issuer.as_deref().unwrap_or("default");
        let path = format!("{}/issuer/{reference}", self.mount);
        let found = retried(Twice::Harmless, || self.get::<Issuer>(&path, &[]));
        let issuer = found.await?.ok_or_else(|| UpstreamError::Refused {
            upstream: self.name(),
            said: format!(": it has no issuer `{}`", reference.escape_debug()),
        })?;
        let mut chain = vec![self.read(&issuer.certificate)?];
        for pem in issuer.ca_chain.unwrap_or_default() {
            let above = self.read(&pem)?;
            if !chain.contains(&above) {
                chain.push(above);
            }
        }
        Ok(chain)
    }

    async fn sign(&self, request: &UpstreamRequest) -> Result<UpstreamAnswer, UpstreamError> {
        let unsupported = |reason: String| UpstreamError::Unsupported {
            upstream: self.name(),
            reason,
        };
        let approved = &request.approved;
        let not_after = approved.not_after().format(&Rfc3339);
        let not_after = not_after.map_err(|error| unsupported(error.to_string()))?;
        let mut body = json!({
            "csr": csr_pem(&request.csr_der),
            "format": "pem",
            "not_after": not_after,
        });
        let more = match self.signing {
            Signing::ByRole => {
                let names = Names::of(approved).map_err(unsupported)?;
                json!({
                    "common_name": names.common_name,
                    "alt_names": names.alt_names,
                    "ip_sans": names.ip_sans,
                    "uri_sans": names.uri_sans,
                    "exclude_cn_from_sans": true,
                })
            }
            Signing::Verbatim => json!({
                "key_usage": usages(approved),
                "ext_key_usage": [],
                "ext_key_usage_oids": extended_usages(approved),
            }),
        };
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let path = self.sign_path(&request.profile);
        let asked = retried(Twice::Never, || async {
            let signed = self.api.post::<Signed>(&path, &body).await;
            signed.map_err(|error| error.of(&self.name()))
        });
        let certificate = self.read(&asked.await?.certificate)?;
        Ok(UpstreamAnswer::Issued(Box::new(certificate)))
    }

    fn sign_path(&self, profile: &str) -> String {
        let role = self.roles.get(profile).unwrap_or(&self.role);
        let verb = match self.signing {
            Signing::ByRole => "sign",
            Signing::Verbatim => "sign-verbatim",
        };
        match &self.issuer {
            Some(issuer) => format!("{}/issuer/{issuer}/{verb}/{role}", self.mount),
            None => format!("{}/{verb}/{role}", self.mount),
        }
    }

    async fn revoke(&self, serial: &SerialNumber) -> Result<Revoked, UpstreamError> {
        let path = format!("{}/revoke", self.mount);
        let body = json!({ "serial_number": with_colons(serial) });
        let asked = retried(Twice::Harmless, || async {
            let revoked = self.api.post::<Value>(&path, &body).await;
            revoked.map_err(|error| error.of(&self.name()))
        });
        match asked.await {
            Ok(_) => Ok(Revoked::Done),
            // It says so for a number that it does not know, in words that have changed before.
            Err(refused @ UpstreamError::Refused { .. }) => match self.stored(serial).await? {
                None => Ok(Revoked::Unknown),
                Some(stored) if stored.is_revoked => Ok(Revoked::Done),
                Some(_) => Err(refused),
            },
            Err(error) => Err(error),
        }
    }

    async fn stored(
        &self,
        serial: &SerialNumber,
    ) -> Result<Option<UpstreamCertificate>, UpstreamError> {
        let path = format!("{}/cert/{}", self.mount, with_colons(serial));
        let found = retried(Twice::Harmless, || self.get::<Stored>(&path, &[]));
        let Some(stored) = found.await? else {
            return Ok(None);
        };
        Ok(Some(UpstreamCertificate {
            certificate: self.read(&stored.certificate)?,
            is_revoked: stored.revocation_time != 0,
        }))
    }

    async fn page(&self, after: Option<&str>) -> Result<Option<Listed>, UpstreamError> {
        let path = format!("{}/certs", self.mount);
        let mut query = vec![("list", "true"), ("limit", PAGE)];
        query.extend(after.map(|after| ("after", after)));
        let found = retried(Twice::Harmless, || self.get::<Keys>(&path, &query));
        let keys = found.await?.map(|it| it.keys).unwrap_or_default();
        let last = keys.last().cloned();
        let serials = keys.iter().filter_map(|key| read_serial(key));
        Ok(Some(Listed {
            serials: serials.collect(),
            // Vault knows no pages, and gives the same list again.
            next: last.filter(|last| after.is_none_or(|after| last.as_str() > after)),
        }))
    }

    async fn get<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<T>, UpstreamError> {
        let found = self.api.get(path, query).await;
        found.map_err(|error| error.of(&self.name()))
    }

    fn read(&self, pem: &str) -> Result<Certificate, UpstreamError> {
        Certificate::from_pem(pem.as_bytes()).map_err(|error| UpstreamError::Unclear {
            upstream: self.name(),
            source: error.into(),
        })
    }
}

impl UpstreamCa for OpenBaoPki {
    fn name(&self) -> String {
        self.to_string()
    }

    fn chain(&self) -> Answering<'_, Vec<Certificate>> {
        Box::pin(Self::chain(self))
    }

    fn issue<'a>(&'a self, request: &'a UpstreamRequest) -> Answering<'a, UpstreamAnswer> {
        Box::pin(self.sign(request))
    }

    /// It never answers that something is pending.
    fn collect<'a>(&'a self, _: &'a str) -> Answering<'a, UpstreamAnswer> {
        let error = UpstreamError::Unsupported {
            upstream: self.name(),
            reason: "it answers at once, and has no request that waits".to_owned(),
        };
        Box::pin(std::future::ready(Err(error)))
    }

    /// It takes no reason.
    fn revoke<'a>(
        &'a self,
        serial: &'a SerialNumber,
        _: RevocationReason,
    ) -> Answering<'a, Revoked> {
        Box::pin(self.revoke(serial))
    }

    fn list<'a>(&'a self, after: Option<&'a str>) -> Answering<'a, Option<Listed>> {
        Box::pin(self.page(after))
    }

    fn certificate<'a>(
        &'a self,
        serial: &'a SerialNumber,
    ) -> Answering<'a, Option<UpstreamCertificate>> {
        Box::pin(self.stored(serial))
    }
}

/// `OpenBao at https://bao.example.org:8200, mount pki`.
impl fmt::Display for OpenBaoPki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenBao at {}, mount {}", self.api.server(), self.mount)
    }
}

/// One part of a path.
fn segment(text: &str) -> Result<String, ApiError> {
    let name = mount_path(text)?;
    match name.contains('/') || name != text {
        true => Err(ApiError::Mount {
            path: text.to_owned(),
        }),
        false => Ok(name),
    }
}

fn read_serial(text: &str) -> Option<SerialNumber> {
    text.replace('-', ":").parse().ok()
}

fn csr_pem(der: &[u8]) -> String {
    let lines = STANDARD.encode(der);
    let lines = lines.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN CERTIFICATE REQUEST-----\n{lines}\n-----END CERTIFICATE REQUEST-----\n")
}

/// For one of up to three requests: all of them together take less than a reservation in a store counts.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(8);

/// Serial numbers on a page.
const PAGE: &str = "500";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn serial_numbers_are_written_as_the_api_has_them() {
        for (serial, text) in [("1F", "1f"), ("A01F3", "0a:01:f3"), ("00A1", "a1")] {
            let serial: SerialNumber = serial.parse().unwrap();
            assert_eq!(with_colons(&serial), text);
            assert_eq!(read_serial(text).unwrap(), serial);
        }
        assert_eq!(read_serial("../config"), None);
    }

    #[test]
    fn roles_and_issuers_are_one_part_of_a_path() {
        for (text, good) in [
            ("web", true),
            ("a.b-c", true),
            ("a/b", false),
            ("..", false),
            ("", false),
        ] {
            assert_eq!(segment(text).is_ok(), good, "{text}");
        }
    }
}
