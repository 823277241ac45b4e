//! Whoever asks for a first certificate, and what may be asked for.

use pki_core::{CertificateParameters, CertificateRequest, Profile};
use pki_store::{Actor, NamePattern, TokenId};
use x509_identity::Certificate;

use super::credential::Grant;
use super::holder::Holder;
use super::names;
use super::refusal::Refusal;

/// Whoever asks, known by a credential.
pub(crate) struct Applicant<'a> {
    /// The same text for the same credential, by which requests are known again.
    pub(crate) requester: Actor,
    /// The same, with the user name if there is one: for the audit log.
    pub(crate) actor: Actor,
    /// The name of the profile that the certificate is issued within.
    pub(crate) profile: String,
    /// The token that one certificate uses up once.
    pub(crate) token: Option<TokenId>,
    /// The lineage of the certificate, if it is one.
    pub(crate) lineage: Option<[u8; 16]>,
    names: Names<'a>,
}

enum Names<'a> {
    Granted(Vec<NamePattern>),
    OfCertificate(&'a Certificate),
}

impl<'a> Applicant<'a> {
    /// By a credential, such as a token.
    pub(crate) fn granted(grant: Grant, user: Option<&str>) -> Self {
        Self {
            actor: with_user(&grant.requester, user),
            requester: grant.requester,
            profile: grant.profile,
            token: grant.token,
            lineage: None,
            names: Names::Granted(grant.names),
        }
    }

    /// By a certificate of the CA, for the names that it has.
    pub(crate) fn certified(holder: &'a Holder<'_>, profile: String) -> Self {
        Self {
            actor: holder.requester.clone(),
            requester: holder.requester.clone(),
            profile,
            token: None,
            lineage: Some(holder.record.lineage),
            names: Names::OfCertificate(holder.client.certificate()),
        }
    }

    /// What a certificate for this CSR should say, if the credential and the profile allow all of it.
    pub(crate) fn parameters(
        &self,
        csr: &CertificateRequest,
        profile: &Profile,
    ) -> Result<CertificateParameters, Refusal> {
        let parameters = match &self.names {
            Names::Granted(names) => names::granted(csr, names, profile)?,
            Names::OfCertificate(present) => names::renewed(csr, present)?,
        };
        // Before it waits for somebody who would have to look for what the CA refuses anyway.
        names::check_profile(&parameters, profile)?;
        Ok(parameters)
    }
}

/// Who asks, and by which name he calls himself.
pub(crate) fn with_user(requester: &Actor, user: Option<&str>) -> Actor {
    match user {
        None | Some("") => requester.clone(),
        Some(user) => Actor::new(format!("{requester} as {user}")),
    }
}
