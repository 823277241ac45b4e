//! The verifier that servers and clients call.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_identity::Certificate;

use super::path_building::PathBuilder;
use super::rules;
use super::settings::{Settings, Strictness};
use super::signature::Signed;
use super::time::date_time;
use super::{
    Path, Purpose, Revocation, TrustAnchors, VerifyError, WithoutClientAuth, without_client_auth,
};

/// Verifies chains for one purpose against one set of trust anchors. Cheap to clone, and immutable: new anchors or
/// CRLs are a new verifier.
#[derive(Clone, Debug)]
pub struct ChainVerifier {
    settings: Settings,
    /// For the leaves that [`WithoutClientAuth`] concerns.
    exempting: Option<Settings>,
}

/// Settings of a [`ChainVerifier`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ChainVerifierBuilder {
    settings: Settings,
    without_client_auth: Option<WithoutClientAuth>,
}

impl ChainVerifier {
    /// Starts with the strict defaults and without revocation.
    pub fn builder(anchors: TrustAnchors, purpose: Purpose) -> ChainVerifierBuilder {
        ChainVerifierBuilder {
            settings: Settings::new(anchors, purpose),
            without_client_auth: None,
        }
    }

    /// The trust anchors.
    #[must_use]
    pub fn anchors(&self) -> &TrustAnchors {
        &self.settings.anchors
    }

    /// The purpose that leaves have to be for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.settings.purpose
    }

    /// Finds a path from `leaf` over the other `presented` certificates to a trust anchor, and checks it at `now`.
    /// The certificates may be in any order, and more than are needed.
    ///
    /// For [`Purpose::TlsServer`] the name is still to be checked: see [`ChainVerifier::verify_server`].
    ///
    /// # Errors
    ///
    /// [`VerifyError`] with the reason that a person would name first: that the issuer is not trusted comes before
    /// what is wrong with the certificate, and that before its revocation.
    pub fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        presented: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Path, VerifyError> {
        self.check_size(leaf, presented)?;
        self.check_shape(presented)?;
        let parsed = Certificate::from_der(leaf).map_err(|source| VerifyError::Malformed {
            position: 0,
            source,
        })?;
        let parsed = Arc::new(parsed);
        let run =
            |settings| PathBuilder::new(settings, Arc::clone(&parsed), presented, now).run(leaf);
        let Some((settings, exemption)) = self.exempting(&parsed, now) else {
            return run(&self.settings);
        };
        match run(settings) {
            Ok(mut path) => {
                path.without_client_auth_until = exemption.until(&path);
                Ok(path)
            }
            // The sentence is for a client, which it presents itself as.
            Err(VerifyError::CaAsLeaf { .. } | VerifyError::WrongExtendedKeyUsage { .. }) => {
                run(&self.settings)
            }
            Err(error) => Err(error),
        }
    }

    /// The settings for a leaf that may be accepted without clientAuth.
    fn exempting(
        &self,
        leaf: &Certificate,
        now: UnixTime,
    ) -> Option<(&Settings, &WithoutClientAuth)> {
        let settings = self.exempting.as_ref()?;
        let exemption = settings.exemption.as_deref()?;
        exemption
            .concerns(leaf, date_time(now))
            .then_some((settings, exemption))
    }

    /// As [`ChainVerifier::verify`], and the leaf must be for `name`.
    ///
    /// # Errors
    ///
    /// As there, and [`VerifyError::NameMismatch`].
    pub fn verify_server(
        &self,
        leaf: &CertificateDer<'_>,
        presented: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<Path, VerifyError> {
        let path = self.verify(leaf, presented, now)?;
        path.check_server_name(name)?;
        Ok(path)
    }

    /// Checks a path that this verifier found earlier once more, for what time alone changes: validity, and what
    /// the CRLs say and whether they are current. Costs no signature check.
    ///
    /// That is enough to resume a session, and to use a cached verdict, with the same verifier. A path of another
    /// verifier, with other trust anchors or settings, has to be found again by that one.
    ///
    /// # Errors
    ///
    /// [`VerifyError`]; another path from the same leaf may still be good.
    pub fn recheck(&self, path: &Path, now: UnixTime) -> Result<(), VerifyError> {
        let now = date_time(now);
        rules::check_time(path, self.settings.strictness, now)?;
        if let Some(until) = path.without_client_auth_until() {
            without_client_auth::check_date(path, until, now)?;
        }
        self.settings.check_revocation(path, now)
    }

    /// Whether everything that was presented is a certificate, needed or not (RFC 8446 section 4.4.2).
    fn check_shape(&self, presented: &[CertificateDer<'_>]) -> Result<(), VerifyError> {
        if self.settings.strictness == Strictness::WebPki {
            return Ok(());
        }
        for (index, der) in presented.iter().enumerate() {
            if Signed::from_der(der).is_err()
                && let Err(source) = Certificate::from_der(der)
            {
                let position = index + 1;
                return Err(VerifyError::Malformed { position, source });
            }
        }
        Ok(())
    }

    fn check_size(&self, leaf: &[u8], presented: &[CertificateDer<'_>]) -> Result<(), VerifyError> {
        let certificates = presented.len() + 1;
        let bytes = presented.iter().map(|der| der.len()).sum::<usize>() + leaf.len();
        let settings = &self.settings;
        if certificates > settings.max_certificates || bytes > settings.max_bytes {
            return Err(VerifyError::ChainTooLarge {
                certificates,
                bytes,
                max_certificates: settings.max_certificates,
                max_bytes: settings.max_bytes,
            });
        }
        Ok(())
    }
}

impl ChainVerifierBuilder {
    /// [`Strictness::Strict`] by default.
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.settings.strictness = strictness;
        self
    }

    /// The most intermediates between leaf and trust anchor: 6 by default, which is also the most that webpki
    /// accepts.
    pub fn max_depth(mut self, intermediates: usize) -> Self {
        self.settings.max_depth = intermediates;
        self
    }

    /// The most that is read: 10 certificates, the leaf included, and 32 KiB of DER by default.
    pub fn max_presented(mut self, certificates: usize, bytes: usize) -> Self {
        self.settings.max_certificates = certificates;
        self.settings.max_bytes = bytes;
        self
    }

    /// Checks every path against these CRLs. Without this, revocation is not checked.
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.settings.revocation = Some(revocation);
        self
    }

    /// Accepts what these CAs have issued from clients without clientAuth, each until its date; nobody by default.
    /// Has no effect on a verifier for [`Purpose::TlsServer`].
    pub fn accept_without_client_auth(mut self, cas: WithoutClientAuth) -> Self {
        self.without_client_auth = Some(cas);
        self
    }

    /// The verifier. Signatures of CRLs that the trust anchors issued are verified here, once.
    #[must_use]
    pub fn build(self) -> ChainVerifier {
        let settings = self.settings;
        if let Some(revocation) = &settings.revocation {
            for anchor in settings.anchors.certificates() {
                revocation.crls().verify_ahead(anchor);
            }
        }
        let exemption = self.without_client_auth;
        let exemption = exemption.filter(|_| settings.purpose == Purpose::TlsClient);
        ChainVerifier {
            exempting: exemption.map(|exemption| settings.exempting(exemption)),
            settings,
        }
    }
}
