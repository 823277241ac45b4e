//! From a presented chain to a verified path.

use std::cell::RefCell;
use std::sync::Arc;

use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, VerifiedPath};
use x509_identity::Certificate;

use super::path::label;
use super::path_building::{
    Diagnosis, Search, WEBPKI_MAX_DEPTH, constrains_names, is_beyond_webpki,
};
use super::rules;
use super::signature::Signed;
use super::{Path, Purpose, Revocation, TrustAnchors, VerifyError, date_time};

/// Verifies chains for one purpose against one set of roots. Cheap to clone, and immutable: new roots
/// or CRLs are a new verifier.
#[derive(Clone, Debug)]
pub struct ChainVerifier {
    anchors: TrustAnchors,
    purpose: Purpose,
    strictness: Strictness,
    max_depth: usize,
    max_certificates: usize,
    max_bytes: usize,
    revocation: Option<Revocation>,
}

/// How much is judged beyond the path itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// The root is judged too (validity, CA, keyCertSign, pathLen, usage, critical extensions), unless it is
    /// the leaf itself; one of version 1 is a CA because it is trusted as one. All that is presented is a
    /// certificate; the leaf says what it is for (extended key usage), fits (digitalSignature, no CA) and
    /// names somebody; no CA without keyCertSign; no weak key. An absent keyUsage passes.
    #[default]
    Strict,
    /// What webpki asks for and no more: passes expired roots, leaves without extended key usage, and CAs
    /// without keyCertSign. Depth, limits and revocation are judged all the same.
    WebPki,
}

/// Settings of a [`ChainVerifier`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ChainVerifierBuilder {
    verifier: ChainVerifier,
}

impl ChainVerifier {
    /// Starts with the strict defaults and without revocation.
    pub fn builder(anchors: TrustAnchors, purpose: Purpose) -> ChainVerifierBuilder {
        ChainVerifierBuilder {
            verifier: Self {
                anchors,
                purpose,
                strictness: Strictness::default(),
                max_depth: WEBPKI_MAX_DEPTH,
                max_certificates: 10,
                max_bytes: 32 * 1024,
                revocation: None,
            },
        }
    }

    /// The trusted roots.
    #[must_use]
    pub fn anchors(&self) -> &TrustAnchors {
        &self.anchors
    }

    /// The purpose that leaves are judged for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Finds a path from `leaf` over `presented` certificates, in any order and with more than needed,
    /// to a trusted root, and judges it at `now`.
    ///
    /// For [`Purpose::TlsServer`] the name is still to be checked: see [`ChainVerifier::verify_server`].
    ///
    /// # Errors
    ///
    /// [`VerifyError`], the reason that a person would name: that the issuer is not trusted comes before
    /// what the certificate says, and what the certificate says before its revocation.
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
        let attempt = Attempt {
            verifier: self,
            leaf: Arc::new(parsed),
            presented,
            now,
            outcome: RefCell::default(),
        };
        attempt.run(leaf)
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

    /// Judges a path that this verifier found earlier once more, for what time alone changes: validity, and
    /// what its CRLs say and until when they hold. Costs no signature check.
    ///
    /// That is enough to resume a session, and to find the verdict on a chain again, with the same verifier. A
    /// path of another verifier, with other roots or settings, has to be found anew.
    ///
    /// # Errors
    ///
    /// [`VerifyError`]; another path from the same leaf may still be good.
    pub fn recheck(&self, path: &Path, now: UnixTime) -> Result<(), VerifyError> {
        let now = date_time(now);
        rules::judge_time(path, self.strictness, now)?;
        self.check_revocation(path, now)
    }

    fn check_revocation(&self, path: &Path, now: OffsetDateTime) -> Result<(), VerifyError> {
        self.revocation
            .as_ref()
            .map_or(Ok(()), |revocation| revocation.check(path, now))
    }

    /// Whether everything that was presented is a certificate, needed or not (RFC 8446 section 4.4.2).
    fn check_shape(&self, presented: &[CertificateDer<'_>]) -> Result<(), VerifyError> {
        if self.strictness == Strictness::WebPki {
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
        if certificates > self.max_certificates || bytes > self.max_bytes {
            return Err(VerifyError::ChainTooLarge {
                certificates,
                bytes,
                max_certificates: self.max_certificates,
                max_bytes: self.max_bytes,
            });
        }
        Ok(())
    }
}

impl ChainVerifierBuilder {
    /// [`Strictness::Strict`] by default.
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.verifier.strictness = strictness;
        self
    }

    /// The most intermediates between leaf and root: 6 by default, which is also the most that webpki takes.
    pub fn max_depth(mut self, intermediates: usize) -> Self {
        self.verifier.max_depth = intermediates;
        self
    }

    /// The most that is looked at: 10 certificates, the leaf included, and 32 KiB of DER by default.
    pub fn max_presented(mut self, certificates: usize, bytes: usize) -> Self {
        self.verifier.max_certificates = certificates;
        self.verifier.max_bytes = bytes;
        self
    }

    /// Looks every path up in these CRLs. Without, revocation is not checked.
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.verifier.revocation = Some(revocation);
        self
    }

    /// The verifier. Signatures of CRLs that the roots issued are verified here, once.
    #[must_use]
    pub fn build(self) -> ChainVerifier {
        let verifier = self.verifier;
        if let Some(revocation) = &verifier.revocation {
            for anchor in verifier.anchors.certificates() {
                revocation.crls().verify_ahead(anchor);
            }
        }
        verifier
    }
}

/// Whether there are so many intermediates that the ways through them could be too many.
fn is_crowded(intermediates: &[CertificateDer<'_>]) -> bool {
    intermediates.len() > MAX_FREE_INTERMEDIATES
}

/// Four certificates of one name have 64 paths.
const MAX_FREE_INTERMEDIATES: usize = 4;

/// webpki tries each root of a name, with a signature check, in whatever order they are.
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

/// One verification under way.
struct Attempt<'a> {
    verifier: &'a ChainVerifier,
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

impl Attempt<'_> {
    fn run(self, leaf_der: &CertificateDer<'_>) -> Result<Path, VerifyError> {
        let verifier = self.verifier;
        if self.leaf.version() != 3 {
            return Err(VerifyError::UnsupportedVersion {
                subject: label(&self.leaf),
                version: self.leaf.version(),
            });
        }
        // Clients append the root, or send a certificate twice: neither opens a path of its own.
        let mut intermediates: Vec<CertificateDer<'_>> = Vec::with_capacity(self.presented.len());
        for der in self.presented {
            if der != leaf_der && !intermediates.contains(der) && !verifier.anchors.contains(der) {
                intermediates.push(CertificateDer::from(der.as_ref()));
            }
        }
        let result = if is_crowded(&intermediates) || self.has_many_anchors() {
            self.verify_one_by_one(leaf_der)
        } else {
            self.verify_with(leaf_der, &intermediates, verifier.anchors.trusted())
        };
        let error = match result {
            Ok(()) => {
                let accepted = self.outcome.into_inner().accepted;
                return Ok(accepted.expect("webpki succeeds only after the hook accepted"));
            }
            Err(error) => error,
        };
        if verifier.strictness == Strictness::Strict && !is_exhausted(&error) {
            self.search_beyond_webpki();
        }
        let outcome = self.outcome.into_inner();
        match (outcome.accepted, outcome.refused) {
            (Some(path), _) => Ok(path),
            // The path was good, the judgement was not: that is the reason, whatever else was tried.
            (None, Some(refused)) => Err(refused),
            (None, None) => Err(Diagnosis {
                anchors: &verifier.anchors,
                purpose: verifier.purpose,
                leaf: &self.leaf,
                presented: self.presented,
                now: date_time(self.now),
            }
            .explain(error)),
        }
    }

    /// Whether there are many roots of a name that something presented gives as its issuer's.
    fn has_many_anchors(&self) -> bool {
        let anchors = &self.verifier.anchors;
        if anchors.trusted().len() <= MAX_FREE_ANCHORS {
            return false;
        }
        let others = self.others();
        let mut presented = std::iter::once(&self.leaf).chain(&others);
        presented.any(|certificate| {
            let named = anchors.named(certificate.issuer_der());
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
        let verifier = self.verifier;
        let leaf = EndEntityCert::try_from(leaf)?;
        leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            anchors,
            intermediates,
            self.now,
            verifier.purpose.webpki(),
            None,
            Some(&|candidate| self.consider(candidate)),
        )
        .map(|_| ())
    }

    /// Hands webpki one path of good signatures after the other.
    ///
    /// webpki follows names and verifies signatures at the end of a path: nine certificates of one name
    /// have 200,000 paths, a third of a second of work for whoever asks.
    fn verify_one_by_one(&self, leaf: &CertificateDer<'_>) -> Result<(), webpki::Error> {
        let others = self.others();
        let verifier = self.verifier;
        let mut result = Err(webpki::Error::UnknownIssuer);
        // Any depth, so that one that is too deep is called so.
        Search::new(&self.leaf, &verifier.anchors, &others, others.len()).paths(|path| {
            if path.intermediates.len() > WEBPKI_MAX_DEPTH {
                result = Err(webpki::Error::MaximumPathDepthExceeded);
                return false;
            }
            let intermediates: Vec<_> = path
                .intermediates
                .iter()
                .map(|certificate| CertificateDer::from(certificate.der()))
                .collect();
            let Some(anchor) = verifier.anchors.trusted_as(&path.anchor) else {
                return false;
            };
            result = self.verify_with(leaf, &intermediates, std::slice::from_ref(anchor));
            result.is_ok()
        });
        result
    }

    /// What was presented and can be read, but for leaf and roots.
    fn others(&self) -> Vec<Arc<Certificate>> {
        let anchors = &self.verifier.anchors;
        self.presented
            .iter()
            .filter(|der| der.as_ref() != self.leaf.der() && !anchors.contains(der))
            .filter_map(|der| self.parse(der).ok())
            .collect()
    }

    /// Tries the paths that webpki may have passed over, if a certificate in play gives reason to.
    fn search_beyond_webpki(&self) {
        let anchors = &self.verifier.anchors;
        let others = self.others();
        let roots = anchors.certificates().iter().filter(|root| {
            let names_it = |below: &Certificate| below.issuer_der() == root.subject_der();
            names_it(&self.leaf) || others.iter().any(|other| names_it(other))
        });
        let leaf = std::iter::once(&self.leaf);
        if leaf
            .chain(&others)
            .any(|presented| is_beyond_webpki(presented))
            || roots.into_iter().any(|root| constrains_names(root))
        {
            Search::new(&self.leaf, anchors, &others, self.verifier.max_depth)
                .paths(|path| self.take(Ok(path)));
        }
    }

    /// Judges a candidate path; on refusal webpki goes on to the next.
    fn consider(&self, candidate: &VerifiedPath<'_>) -> Result<(), webpki::Error> {
        if self.take(self.path(candidate)) {
            Ok(())
        } else {
            Err(webpki::Error::UnknownIssuer)
        }
    }

    /// Judges a path; true if it is the one.
    fn take(&self, path: Result<Path, VerifyError>) -> bool {
        let judged = path.and_then(|path| self.judge(&path).map(|()| path));
        let mut outcome = self.outcome.borrow_mut();
        match judged {
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

    fn judge(&self, path: &Path) -> Result<(), VerifyError> {
        let verifier = self.verifier;
        let now = date_time(self.now);
        if path.intermediates.len() > verifier.max_depth {
            return Err(VerifyError::TooDeep {
                subject: label(&path.leaf),
                allowed: verifier.max_depth,
            });
        }
        if verifier.strictness == Strictness::Strict {
            rules::judge(path, verifier.purpose, now)?;
        }
        verifier.check_revocation(path, now)
    }

    fn path(&self, candidate: &VerifiedPath<'_>) -> Result<Path, VerifyError> {
        let anchor = self.verifier.anchors.certificate_of(candidate.anchor());
        let intermediates = candidate
            .intermediate_certificates()
            .map(|certificate| self.parse(&certificate.der()))
            .collect::<Result<_, _>>()?;
        Ok(Path {
            leaf: Arc::clone(&self.leaf),
            intermediates,
            anchor: Arc::clone(anchor.expect("webpki chooses among the roots it was given")),
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
