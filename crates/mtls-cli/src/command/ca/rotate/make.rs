//! CA certificates below a root that is there.

use anyhow::Result;
use pki_core::{CertificateParameters, Profile, certificate_pem};
use pki_store::{CertificateAuthority, Idempotency, IssuerRole, NewIssuer, Order};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::super::subject;
use crate::files::write_public;
use crate::home::{CaKey, OpenCa, actor};
use crate::output::hex;

/// A root that issues CAs.
pub(super) struct Above<'a> {
    pub(super) key: CaKey,
    pub(super) authority: &'a CertificateAuthority,
}

/// Makes the issuing CA `key` below a root, and adds it to the store. It is not in use yet.
///
/// What an interrupted rotation has made already is found and taken.
pub(super) async fn issuing_ca(
    ca: &OpenCa,
    above: &Above<'_>,
    key: CaKey,
    now: OffsetDateTime,
) -> Result<()> {
    let directory = ca.directory();
    let crl_url = directory.settings().crl_url(key);
    if let Some(crl_url) = &crl_url {
        directory.check_profiles(key, crl_url)?;
    }
    let first = directory.certificate(CaKey::FIRST_ROOT)?;
    let subject = subject::issuing(first.subject(), key.number)?;
    let kind = directory.settings().key_type.of_issuing_ca();
    let pair = ca.next_key(key, kind)?;
    let parameters = CertificateParameters::for_key(pair.public_key_der(), subject);
    let certificate = above
        .issue(ca, parameters, Profile::issuing_ca(), "issuing-ca", now)
        .await?;
    write_public(
        &directory.certificate_path(key),
        certificate_pem(&certificate).as_bytes(),
    )?;
    let chain = vec![certificate, above.certificate().clone()];
    let mut issuer = NewIssuer::new(ca.name(), IssuerRole::Issuing, chain);
    issuer.crl_url = crl_url;
    ca.store().add_issuer(issuer, &actor(), now).await?;
    Ok(())
}

impl Above<'_> {
    pub(super) fn certificate(&self) -> &Certificate {
        self.authority.issuer().certificate()
    }

    /// Issues the certificate of a CA, which ends with the root at the latest; the same one, if this was interrupted.
    pub(super) async fn issue(
        &self,
        ca: &OpenCa,
        parameters: CertificateParameters,
        mut profile: Profile,
        profile_name: &str,
        now: OffsetDateTime,
    ) -> Result<Certificate> {
        profile.crl_distribution_points = self
            .authority
            .issuer()
            .crl_url
            .clone()
            .into_iter()
            .collect();
        let certificate = ca.directory().settings().certificate_url(self.key);
        profile.ca_issuers = certificate.into_iter().collect();
        let key = hex(&Sha256::digest(parameters.public_key_der()));
        let request = Idempotency {
            key: format!("rotate {} {key}", self.key.name()),
            payload_sha256: Sha256::digest(parameters.subject().to_der()).into(),
        };
        let order = Order::new(
            parameters.end_with_issuer(),
            &profile,
            profile_name,
            actor(),
        );
        let issued = self
            .authority
            .issue(order.idempotency(request), now)
            .await?;
        Ok(issued.certificate)
    }
}
