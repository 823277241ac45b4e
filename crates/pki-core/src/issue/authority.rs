//! An authority: a CA certificate, the chain above it, and the key that signs.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName, KeyUsageBit};

use super::IssueError;
use super::issuer_facts::IssuerFacts;
use super::judge::{Approved, Context, judge, judge_request};
use super::key_elsewhere::KeyElsewhere;
use super::prepared::Prepared;
use super::tbs::build_tbs;
use crate::lint::Finding;
use crate::pem::{self, Label};
use crate::{CertificateParameters, KeyBlocklist, Profile, Role, Signer};

/// A certificate authority.
///
/// Everything it issues goes one way: the profile turns parameters into to-be-signed bytes, the
/// judge reads those bytes back and approves or refuses them, and only what was approved is signed.
pub struct Authority {
    chain: Arc<[Certificate]>,
    signer: Box<dyn Signer>,
    blocked: KeyBlocklist,
}

/// A certificate that was just signed, with the chain that leads to its root.
#[derive(Clone, Debug)]
pub struct Issued {
    certificate: Certificate,
    issuers: Arc<[Certificate]>,
}

impl Authority {
    /// Makes a root: a CA that signs itself, valid from `now` for the profile's default period.
    ///
    /// # Errors
    ///
    /// [`IssueError::Refused`] if the profile is not a root's or does not allow the key.
    pub fn root(
        subject: DistinguishedName,
        signer: impl Signer + 'static,
        profile: &Profile,
        now: OffsetDateTime,
    ) -> Result<Self, IssueError> {
        let parameters = CertificateParameters::for_key(signer.public_key_der(), subject);
        let name = parameters.subject.to_der();
        let facts = IssuerFacts {
            name_der: &name,
            key_id: None,
            algorithm: signer.algorithm(),
            not_after: None,
        };
        let tbs = build_tbs(&parameters, profile, &facts, now)?;
        let context = Context {
            profile,
            issuers: &[],
            blocked: &KeyBlocklist::default(),
            is_key_checked: false,
            algorithm: facts.algorithm,
            now,
        };
        let approved = judge(tbs, &context)?;
        let certificate = sign(&signer, approved)?;
        Ok(Self {
            chain: Arc::new([certificate]),
            signer: Box::new(signer),
            blocked: KeyBlocklist::default(),
        })
    }

    /// Takes up a CA that exists: its own certificate first, then those above it.
    ///
    /// # Errors
    ///
    /// [`IssueError::KeyMismatch`] if the key is another's, [`IssueError::NotACa`] if the
    /// certificate may not sign.
    pub fn new(chain: Vec<Certificate>, signer: impl Signer + 'static) -> Result<Self, IssueError> {
        let certificate = chain.first().ok_or(IssueError::NoCertificate)?;
        let subject = || certificate.subject().to_string();
        if certificate.spki_der() != signer.public_key_der() {
            return Err(IssueError::KeyMismatch { subject: subject() });
        }
        if !certificate.is_ca() {
            return Err(IssueError::NotACa {
                subject: subject(),
                reason: "basicConstraints do not say CA",
            });
        }
        if certificate
            .key_usage()
            .is_some_and(|usage| !usage.contains(KeyUsageBit::KeyCertSign))
        {
            return Err(IssueError::NotACa {
                subject: subject(),
                reason: "its key usage lacks keyCertSign",
            });
        }
        Ok(Self {
            chain: chain.into(),
            signer: Box::new(signer),
            blocked: KeyBlocklist::default(),
        })
    }

    /// Takes up a CA whose key is somewhere else, as that of another CA software: its own certificate first, then those
    /// above it.
    ///
    /// It prepares certificates, and [checks](Self::check_returned) what comes back for them. It signs nothing.
    ///
    /// # Errors
    ///
    /// [`IssueError::NotACa`] if the certificate may not sign, [`IssueError::KeyKind`] if its key is of a kind that no
    /// certificate is issued by.
    pub fn without_key(chain: Vec<Certificate>) -> Result<Self, IssueError> {
        let certificate = chain.first().ok_or(IssueError::NoCertificate)?;
        let key = KeyElsewhere::of(certificate).ok_or_else(|| IssueError::KeyKind {
            found: certificate.public_key_algorithm().to_string(),
        })?;
        Self::new(chain, key)
    }

    /// The same authority, which certifies none of these keys; none is blocked by default.
    #[must_use]
    pub fn with_blocked_keys(mut self, blocked: KeyBlocklist) -> Self {
        self.blocked = blocked;
        self
    }

    /// Takes up a CA that exists: PEM with its own certificate first, then those above it.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`IssueError::Chain`] if the certificates cannot be read.
    pub fn from_pem(chain: &[u8], signer: impl Signer + 'static) -> Result<Self, IssueError> {
        let file = pem::read(chain).map_err(IssueError::chain)?;
        let certificates = file
            .sections()
            .filter(|section| section.label() == Label::Certificate)
            .map(|section| {
                let der = section.der().map_err(IssueError::chain)?;
                Certificate::from_der(&der).map_err(IssueError::chain)
            });
        Self::new(certificates.collect::<Result<_, _>>()?, signer)
    }

    /// Issues a certificate with these `parameters` within `profile`, valid from `now`: [`prepare`](Self::prepare) and
    /// [`sign`](Self::sign) in one.
    ///
    /// # Errors
    ///
    /// As these two.
    pub fn issue(
        &self,
        parameters: &CertificateParameters,
        profile: &Profile,
        now: OffsetDateTime,
    ) -> Result<Issued, IssueError> {
        self.sign(self.prepare(parameters, profile, now)?)
    }

    /// Builds and judges the certificate that [`sign`](Self::sign) will sign, valid from `now`.
    ///
    /// Whoever keeps a record of certificates writes it now: after this nothing but the signature is added.
    ///
    /// A root prepares another certificate of itself by a profile of the role root, for parameters
    /// [`for_ca`](CertificateParameters::for_ca) of its own.
    ///
    /// # Errors
    ///
    /// [`IssueError::Refused`] names each rule that the certificate would break, and
    /// [`IssueError::OutlivesIssuer`] a validity period that is too long for this authority.
    pub fn prepare(
        &self,
        parameters: &CertificateParameters,
        profile: &Profile,
        now: OffsetDateTime,
    ) -> Result<Prepared, IssueError> {
        let issuer = self.certificate();
        let is_of_itself = profile.role == Role::Root;
        if is_of_itself {
            self.check_is_own(parameters)?;
        }
        let facts = IssuerFacts {
            name_der: issuer.subject_der(),
            key_id: issuer.subject_key_id(),
            algorithm: self.signer.algorithm(),
            not_after: (!is_of_itself).then_some(issuer.not_after()),
        };
        judge_request(parameters, profile)?;
        let tbs = build_tbs(parameters, profile, &facts, now)?;
        let issuers = if is_of_itself { &[] } else { &self.chain[..] };
        let context = Context {
            profile,
            issuers,
            blocked: &self.blocked,
            is_key_checked: parameters.checked_key.is_some(),
            algorithm: facts.algorithm,
            now,
        };
        let approved = judge(tbs, &context)?;
        Ok(Prepared {
            approved,
            issuer_spki: issuer.spki_der().to_vec(),
        })
    }

    /// A root has no issuer that could be asked about it, and only its own key signs it.
    fn check_is_own(&self, parameters: &CertificateParameters) -> Result<(), IssueError> {
        let own = self.certificate();
        if own.is_self_issued() && parameters.public_key == own.spki_der() {
            return Ok(());
        }
        let sentence = "only a root itself signs a root, with its own key";
        let finding = Finding::policy("issuer", sentence.to_owned());
        Err(IssueError::Refused(vec![finding]))
    }

    /// Signs what this authority has prepared, as it is.
    ///
    /// # Errors
    ///
    /// [`IssueError::KeyMismatch`] for what another authority has prepared, [`IssueError::Sign`] if the signer refuses.
    pub fn sign(&self, prepared: Prepared) -> Result<Issued, IssueError> {
        let issuer = self.certificate();
        if prepared.issuer_spki != issuer.spki_der() {
            return Err(IssueError::KeyMismatch {
                subject: prepared.unsigned().issuer().to_string(),
            });
        }
        let certificate = sign(self.signer.as_ref(), prepared.approved)?;
        Ok(Issued {
            certificate,
            issuers: Arc::clone(&self.chain),
        })
    }

    /// This authority's own certificate.
    ///
    /// # Panics
    ///
    /// Never: an authority is not made without one.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        self.chain
            .first()
            .expect("an authority is made with its certificate")
    }

    /// This authority's certificate and those above it.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The same, shared with this authority.
    #[must_use]
    pub fn shared_chain(&self) -> Arc<[Certificate]> {
        Arc::clone(&self.chain)
    }

    /// Whether its key signs [at once](Signer::is_quick).
    #[must_use]
    pub fn signs_quickly(&self) -> bool {
        self.signer.is_quick()
    }

    pub(crate) fn signer(&self) -> &dyn Signer {
        self.signer.as_ref()
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("subject", self.certificate().subject())
            .finish_non_exhaustive()
    }
}

impl Issued {
    /// The certificate itself.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificate alone.
    #[must_use]
    pub fn into_certificate(self) -> Certificate {
        self.certificate
    }

    /// The certificates that a peer needs besides its trusted root: leaf first, the root left out.
    pub fn presented(&self) -> impl Iterator<Item = &Certificate> {
        presented(&self.certificate, &self.issuers)
    }

    /// The certificate as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        certificate_pem(&self.certificate)
    }

    /// [`presented`](Self::presented) as one PEM file, which servers call the full chain.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        self.presented().map(certificate_pem).collect()
    }
}

/// The certificates that a peer needs besides its trusted root: `certificate` and those of its `issuers` that others have
/// signed.
pub fn presented<'a>(
    certificate: &'a Certificate,
    issuers: &'a [Certificate],
) -> impl Iterator<Item = &'a Certificate> {
    let intermediates = issuers.iter().filter(|issuer| !issuer.is_self_issued());
    std::iter::once(certificate).chain(intermediates)
}

/// A certificate as PEM (RFC 7468 section 5).
#[must_use]
pub fn certificate_pem(certificate: &Certificate) -> String {
    certificate.pem().to_owned()
}

/// The only way to a signature on a certificate.
fn sign(signer: &dyn Signer, approved: Approved) -> Result<Certificate, IssueError> {
    let signature = signer.sign(approved.message()).map_err(IssueError::Sign)?;
    approved.signed(&signature)
}
