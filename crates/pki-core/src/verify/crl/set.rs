//! All CRLs that are loaded, by issuer.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use x509_identity::Certificate;

use super::file::{CrlFile, MAX_FILE_LEN};
use super::index::IndexedCrl;
use super::issuer_name::IssuerName;
use super::load_error::CrlLoadError;
use crate::crl::CrlScope;

/// CRLs, read and indexed once. Cheap to clone.
///
/// Complete CRLs of version 1 and 2 are accepted. issuingDistributionPoint is obeyed: a CRL for CA certificates
/// or for user certificates counts for those only, and one with a name counts for certificates that have the same
/// name among their distribution points (or whose issuer it is). Among the CRLs of one issuer and distribution
/// point that the issuer's key signed and whose thisUpdate has come, the highest cRLNumber counts; where numbers
/// are equal, the latest thisUpdate; where that is equal, all of them.
///
/// A delta CRL, or one for some reasons only, adds revocations to the complete CRL beside it. A CRL that is not
/// understood is [set aside](Self::set_aside) where there is a complete one beside it.
///
/// A lookup is one hash, whatever the size. In memory a CRL takes its DER plus 6 to 12 bytes an entry.
#[derive(Clone, Debug)]
pub struct CrlSet {
    pub(super) by_issuer: Arc<ByIssuer>,
    set_aside: Arc<[CrlLoadError]>,
}

/// By the issuer's name.
type ByIssuer = HashMap<IssuerName, Vec<Arc<IndexedCrl>>>;

impl CrlSet {
    /// The most bytes of one file that are read: 64 MiB.
    pub const MAX_FILE_LEN: usize = MAX_FILE_LEN;

    /// Reads the contents of CRL files: each PEM with any number of CRLs, or one DER.
    ///
    /// Signatures are verified later, when the issuer's key is known.
    ///
    /// # Errors
    ///
    /// [`CrlLoadError`], by file and CRL, for the first that cannot be used; a file without a CRL is an error.
    /// So is a CRL that is not complete, or not understood, unless there is a complete one of its issuer.
    pub fn from_pem_or_der<I>(files: I) -> Result<Self, CrlLoadError>
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        let files = files.into_iter().enumerate().map(|(file, bytes)| {
            CrlFile::from_pem_or_der(bytes.as_ref()).map_err(|error| error.in_file(file))
        });
        Self::from_files(files.collect::<Result<Vec<_>, _>>()?)
    }

    /// Puts together what was read one by one. Nothing is read or copied again.
    ///
    /// # Errors
    ///
    /// As [`Self::from_pem_or_der`] for CRLs that are not complete, or not understood.
    pub fn from_files(files: impl IntoIterator<Item = CrlFile>) -> Result<Self, CrlLoadError> {
        let mut by_issuer = ByIssuer::new();
        let mut limited = Vec::new();
        for (file, read) in files.into_iter().enumerate() {
            for (index, crl) in read.crls.into_iter().enumerate() {
                if !crl.is_complete() {
                    limited.push((file, index, crl));
                    continue;
                }
                let of_issuer = by_issuer.entry(crl.issuer().clone()).or_default();
                if !of_issuer.iter().any(|known| known.der() == crl.der()) {
                    of_issuer.push(crl);
                }
            }
        }
        let mut set_aside = Vec::new();
        for (file, index, crl) in limited {
            let beside = by_issuer.get_mut(crl.issuer());
            match beside {
                Some(of_issuer) if crl.header().says_who_is_revoked() => of_issuer.push(crl),
                beside => {
                    let problem = crl.header().problem.clone();
                    let unusable = problem.map(|source| CrlLoadError::Unusable {
                        file,
                        index,
                        source,
                    });
                    match unusable {
                        Some(unusable) if beside.is_none() => return Err(unusable),
                        unusable => set_aside.extend(unusable),
                    }
                }
            }
        }
        if by_issuer.is_empty() {
            return Err(CrlLoadError::Empty);
        }
        for of_issuer in by_issuer.values_mut() {
            of_issuer.sort_by(|a, b| rank(a).cmp(&rank(b)));
        }
        Ok(Self {
            by_issuer: Arc::new(by_issuer),
            set_aside: set_aside.into(),
        })
    }

    /// The CRLs that are not consulted because they are not understood, and why: about other issuers' certificates,
    /// about attribute certificates, or with an unknown critical extension.
    #[must_use]
    pub fn set_aside(&self) -> &[CrlLoadError] {
        &self.set_aside
    }

    pub(super) fn crls(&self) -> impl Iterator<Item = &IndexedCrl> {
        self.by_issuer.values().flatten().map(AsRef::as_ref)
    }

    /// The CRLs whose scope holds `certificate`, those of one distribution point side by side and
    /// the highest number first.
    pub(super) fn covering<'a>(
        &'a self,
        certificate: &'a Certificate,
        role: CrlScope,
    ) -> impl Iterator<Item = &'a IndexedCrl> {
        let of_issuer = self
            .by_issuer
            .get(&IssuerName::of_issuer(certificate))
            .map_or(&[][..], Vec::as_slice);
        of_issuer
            .iter()
            .map(AsRef::as_ref)
            .filter(move |crl| crl.is_for(certificate, role))
    }

    /// Verifies the signatures of this CA's CRLs now rather than in the first handshake.
    pub(in crate::verify) fn verify_ahead(&self, issuer: &Certificate) {
        for crl in self
            .by_issuer
            .get(&IssuerName::of_subject(issuer))
            .into_iter()
            .flatten()
        {
            crl.is_by(issuer);
        }
    }
}

/// Whether they hold the same CRLs, byte by byte.
impl PartialEq for CrlSet {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &[Arc<IndexedCrl>], b: &[Arc<IndexedCrl>]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.der() == b.der())
        };
        Arc::ptr_eq(&self.by_issuer, &other.by_issuer)
            || self.by_issuer.len() == other.by_issuer.len()
                && self.by_issuer.iter().all(|(issuer, lists)| {
                    let others = other.by_issuer.get(issuer);
                    others.is_some_and(|others| same(lists, others))
                })
    }
}

impl Eq for CrlSet {}

/// Sorts complete CRLs before the others, then by distribution point, then the CRL that counts first.
fn rank(crl: &IndexedCrl) -> impl Ord + '_ {
    let point = crl.header().distribution_point.as_ref();
    (
        !crl.is_complete(),
        point.map(|point| &point.der),
        Reverse(crl.age()),
    )
}
