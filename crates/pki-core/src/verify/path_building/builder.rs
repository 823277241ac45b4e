//! From a presented chain to a verified path: webpki proposes paths, and each is checked here.

use std::cell::RefCell;
use std::sync::Arc;

use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, VerifiedPath};
use x509_identity::Certificate;

use super::diagnose::Diagnosis;
use super::search::{Search, is_beyond_webpki, is_link_beyond_webpki};
use crate::verify::path::label;
use crate::verify::rules;
use crate::verify::settings::{Settings, Strictness, WEBPKI_MAX_DEPTH};
use crate::verify::time::date_time;
use crate::verify::{Path, VerifyError};

/// One verification under way.
pub(in crate::verify) struct PathBuilder<'a> {
    settings: &'a Settings,
    leaf: Arc<Certificate>,
    presented: &'a [CertificateDer<'a>],
    now: UnixTime,
    outcome: RefCell<Outcome>,
}

#[derive(Default)]
struct Outcome {
    /// Intermediates of candidate paths: each is parsed once, however many paths it is in.
    parsed: Vec<Arc<Certificate>>,
    accepted: Option<Path>,
    refused: Option<VerifyError>,
}

impl<'a> PathBuilder<'a> {
    pub(in crate::verify) fn new(
        settings: &'a Settings,
        leaf: Arc<Certificate>,
        presented: &'a [CertificateDer<'a>],
        now: UnixTime,
    ) -> Self {
        Self {
            settings,
            leaf,
            presented,
            now,
            outcome: RefCell::default(),
        }
    }

    /// Finds a path that is good, or the reason that a person would name.
    pub(in crate::verify) fn run(self, leaf_der: &CertificateDer<'_>) -> Result<Path, VerifyError> {
        let settings = self.settings;
        if self.leaf.version() != 3 {
            return Err(VerifyError::UnsupportedVersion {
                subject: label(&self.leaf),
                version: self.leaf.version(),
            });
        }
        // Clients append the root, or send a certificate twice: neither opens a path of its own.
        let mut intermediates: Vec<CertificateDer<'_>> = Vec::with_capacity(self.presented.len());
        for der in self.presented {
            if der != leaf_der && !intermediates.contains(der) && !settings.anchors.contains(der) {
                intermediates.push(CertificateDer::from(der.as_ref()));
            }
        }
        let result = if is_crowded(&intermediates) || self.has_many_anchors() {
            self.verify_one_by_one(leaf_der)
        } else {
            self.verify_with(leaf_der, &intermediates, settings.anchors.trusted())
        };
        let error = match result {
            Ok(()) => {
                let accepted = self.outcome.into_inner().accepted;
                return Ok(accepted.expect("webpki succeeds only after the hook accepted"));
            }
            Err(error) => error,
        };
        if settings.strictness == Strictness::Strict && !is_exhausted(&error) {
            self.search_beyond_webpki();
        }
        let outcome = self.outcome.into_inner();
        match (outcome.accepted, outcome.refused) {
            (Some(path), _) => Ok(path),
            // There was a path, and a rule refused it: that is the reason, whatever else was tried.
            (None, Some(refused)) => Err(refused),
            (None, None) => Err(Diagnosis {
                anchors: &settings.anchors,
                purpose: settings.purpose,
                leaf: &self.leaf,
                presented: self.presented,
                now: date_time(self.now),
            }
            .explain(error)),
        }
    }

    /// Whether there are many trust anchors of one name, and a presented certificate names it as its issuer.
    fn has_many_anchors(&self) -> bool {
        let anchors = &self.settings.anchors;
        if anchors.trusted().len() <= MAX_FREE_ANCHORS {
            return false;
        }
        let others = self.others();
        let mut presented = std::iter::once(&self.leaf).chain(&others);
        presented.any(|certificate| {
            let named = anchors.named_by(certificate);
            named.take(MAX_FREE_ANCHORS + 1).count() > MAX_FREE_ANCHORS
        })
    }

    /// Has webpki look for a path over `intermediates` to one of `anchors`.
    fn verify_with(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        anchors: &[TrustAnchor<'_>],
    ) -> Result<(), webpki::Error> {
        let settings = self.settings;
        let leaf = EndEntityCert::try_from(leaf)?;
        leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            anchors,
            intermediates,
            self.now,
            settings.purpose.webpki(),
            None,
            Some(&|candidate| self.consider(candidate)),
        )
        .map(|_| ())
    }

    /// Hands webpki one path of good signatures after the other.
    ///
    /// webpki follows names and verifies signatures at the end of a path: nine certificates of one name
    /// have 200,000 paths, a third of a second of work for one handshake.
    fn verify_one_by_one(&self, leaf: &CertificateDer<'_>) -> Result<(), webpki::Error> {
        let others = self.others();
        let settings = self.settings;
        let mut result = Err(webpki::Error::UnknownIssuer);
        // Any depth, so that one that is too deep is called so.
        Search::new(&self.leaf, &settings.anchors, &others, others.len()).paths(|path| {
            if path.intermediates.len() > WEBPKI_MAX_DEPTH {
                result = Err(webpki::Error::MaximumPathDepthExceeded);
                return false;
            }
            let intermediates: Vec<_> = path
                .intermediates
                .iter()
                .map(|certificate| CertificateDer::from(certificate.der()))
                .collect();
            let Some(anchor) = settings.anchors.trusted_as(&path.anchor) else {
                return false;
            };
            result = self.verify_with(leaf, &intermediates, std::slice::from_ref(anchor));
            result.is_ok()
        });
        result
    }

    /// What was presented and can be read, but for leaf and trust anchors.
    fn others(&self) -> Vec<Arc<Certificate>> {
        let anchors = &self.settings.anchors;
        self.presented
            .iter()
            .filter(|der| der.as_ref() != self.leaf.der() && !anchors.contains(der))
            .filter_map(|der| self.parse(der).ok())
            .collect()
    }

    /// Tries the paths that webpki may have passed over, if a certificate in play gives reason to.
    fn search_beyond_webpki(&self) {
        let anchors = &self.settings.anchors;
        let others = self.others();
        let presented = || std::iter::once(&self.leaf).chain(&others);
        let named = presented().flat_map(|certificate| {
            let roots = anchors.named_by(certificate);
            let cas = others.iter().filter(|ca| certificate.names_issuer(ca));
            roots.chain(cas).map(move |issuer| (certificate, issuer))
        });
        if presented().any(|certificate| is_beyond_webpki(certificate))
            || named
                .into_iter()
                .any(|(certificate, issuer)| is_link_beyond_webpki(certificate, issuer))
        {
            Search::new(&self.leaf, anchors, &others, self.settings.max_depth)
                .paths(|path| self.take(Ok(path)));
        }
    }

    /// Checks a candidate path; on refusal webpki goes on to the next.
    fn consider(&self, candidate: &VerifiedPath<'_>) -> Result<(), webpki::Error> {
        if self.take(self.path(candidate)) {
            Ok(())
        } else {
            Err(webpki::Error::UnknownIssuer)
        }
    }

    /// Checks a path; true if it is the one.
    fn take(&self, path: Result<Path, VerifyError>) -> bool {
        let checked = path.and_then(|path| self.check(&path).map(|()| path));
        let mut outcome = self.outcome.borrow_mut();
        match checked {
            Ok(path) => {
                outcome.accepted = Some(path);
                true
            }
            Err(error) => {
                let outweighs = matches!(error, VerifyError::Revoked { .. });
                if outcome.refused.is_none() || outweighs {
                    outcome.refused = Some(error);
                }
                false
            }
        }
    }

    fn check(&self, path: &Path) -> Result<(), VerifyError> {
        let settings = self.settings;
        let now = date_time(self.now);
        if path.intermediates.len() > settings.max_depth {
            return Err(VerifyError::TooDeep {
                subject: label(&path.leaf),
                allowed: settings.max_depth,
            });
        }
        if settings.strictness == Strictness::Strict {
            rules::check(path, settings.purpose, now)?;
        }
        settings.check_exemption(path, now)?;
        settings.check_revocation(path, now)
    }

    fn path(&self, candidate: &VerifiedPath<'_>) -> Result<Path, VerifyError> {
        let anchor = self.settings.anchors.certificate_of(candidate.anchor());
        let intermediates = candidate
            .intermediate_certificates()
            .map(|certificate| self.parse(&certificate.der()))
            .collect::<Result<_, _>>()?;
        Ok(Path {
            leaf: Arc::clone(&self.leaf),
            intermediates,
            anchor: Arc::clone(anchor.expect("webpki chooses among the anchors it was given")),
            without_client_auth_until: None,
        })
    }

    fn parse(&self, der: &CertificateDer<'_>) -> Result<Arc<Certificate>, VerifyError> {
        let mut outcome = self.outcome.borrow_mut();
        if let Some(known) = outcome
            .parsed
            .iter()
            .find(|known| known.der() == der.as_ref())
        {
            return Ok(Arc::clone(known));
        }
        let parsed = Certificate::from_der(der).map(Arc::new).map_err(|source| {
            let position = self.presented.iter().position(|presented| presented == der);
            VerifyError::Malformed {
                position: position.map_or(0, |index| index + 1),
                source,
            }
        })?;
        outcome.parsed.push(Arc::clone(&parsed));
        Ok(parsed)
    }
}

/// Whether there are so many intermediates that the ways through them could be too many.
fn is_crowded(intermediates: &[CertificateDer<'_>]) -> bool {
    intermediates.len() > MAX_FREE_INTERMEDIATES
}

/// Four certificates of one name have 64 paths.
const MAX_FREE_INTERMEDIATES: usize = 4;

/// webpki tries each trust anchor of a name, with a signature check, in whatever order they are.
const MAX_FREE_ANCHORS: usize = 8;

/// Whether webpki gave up for the work that the chain makes, which another search would only add to.
fn is_exhausted(error: &webpki::Error) -> bool {
    matches!(
        error,
        webpki::Error::MaximumSignatureChecksExceeded
            | webpki::Error::MaximumPathBuildCallsExceeded
            | webpki::Error::MaximumNameConstraintComparisonsExceeded
    )
}
