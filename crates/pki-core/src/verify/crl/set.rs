//! All CRLs that are loaded, by issuer.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;

use const_oid::db::rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS;
use der::asn1::AnyRef;
use der::{Decode, Encode, Tag, TagNumber, Tagged};
use x509_cert::ext::pkix::CrlDistributionPoints;
use x509_cert::ext::pkix::name::DistributionPointName;
use x509_identity::Certificate;

use super::CrlFile;
use super::header::Covers;
use super::index::{Crl, CrlError};

/// Revocation lists, read and indexed once. Cheap to clone.
///
/// Complete CRLs of version 1 and 2 are taken. issuingDistributionPoint is obeyed: a list for CA
/// or for user certificates counts for those only, and one with a name counts for certificates that give
/// the same name as their distribution point (or whose issuer it is). Of several lists of one issuer and
/// distribution point the highest cRLNumber counts (the later thisUpdate where numbers are equal, all
/// where that is equal, too), among those that have begun and that the issuer's key signed.
///
/// A delta CRL, or one for some reasons only, beside a complete list of its issuer adds to who is
/// revoked. One that is not understood is [set aside](Self::set_aside) there.
///
/// A lookup is one hash, whatever the size. In memory a list takes its DER plus 6 to 12 bytes an entry.
#[derive(Clone, Debug)]
pub struct CrlSet {
    pub(super) by_issuer: Arc<ByIssuer>,
    set_aside: Arc<[CrlLoadError]>,
}

/// By the DER of the issuer's name.
type ByIssuer = HashMap<Box<[u8]>, Vec<Arc<Crl>>>;

impl CrlSet {
    /// The most bytes of one file that are read: 64 MiB.
    pub const MAX_FILE_LEN: usize = 64 * 1024 * 1024;

    /// Reads the contents of CRL files: each PEM with any number of CRLs, or one DER.
    ///
    /// Signatures are verified later, when the issuer's key is known.
    ///
    /// # Errors
    ///
    /// [`CrlLoadError`], by file and CRL, for the first that cannot be used, a file without a CRL included.
    /// One that is not complete, or not understood, is an error unless another list of its issuer is.
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
    /// As [`Self::from_pem_or_der`] for lists that are not complete, or not understood.
    pub fn from_files(files: impl IntoIterator<Item = CrlFile>) -> Result<Self, CrlLoadError> {
        let mut by_issuer = ByIssuer::new();
        let mut limited = Vec::new();
        for (file, lists) in files.into_iter().enumerate() {
            for (index, crl) in lists.crls.into_iter().enumerate() {
                if !crl.is_complete() {
                    limited.push((file, index, crl));
                    continue;
                }
                let of_issuer = by_issuer.entry(crl.issuer_der().into()).or_default();
                if !of_issuer.iter().any(|known| known.der() == crl.der()) {
                    of_issuer.push(crl);
                }
            }
        }
        let mut set_aside = Vec::new();
        for (file, index, crl) in limited {
            let beside = by_issuer.get_mut(crl.issuer_der());
            match beside {
                Some(of_issuer) if crl.header.says_who_is_revoked() => of_issuer.push(crl),
                beside => {
                    let problem = crl.header.problem.clone();
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

    /// The lists that are not consulted, since they cannot be understood, and why: of other issuers'
    /// certificates, of attribute certificates, or with an unknown critical extension.
    #[must_use]
    pub fn set_aside(&self) -> &[CrlLoadError] {
        &self.set_aside
    }

    pub(super) fn lists(&self) -> impl Iterator<Item = &Crl> {
        self.by_issuer.values().flatten().map(AsRef::as_ref)
    }

    /// The lists whose scope holds `certificate`, those of one distribution point side by side and
    /// the highest number first.
    pub(super) fn covering<'a>(
        &'a self,
        certificate: &'a Certificate,
        role: Covers,
    ) -> impl Iterator<Item = &'a Crl> {
        let of_issuer = self
            .by_issuer
            .get(certificate.issuer_der())
            .map_or(&[][..], Vec::as_slice);
        of_issuer
            .iter()
            .map(AsRef::as_ref)
            .filter(move |crl| in_scope(crl, certificate, role))
    }

    /// Verifies the signatures of this CA's lists now rather than in the first handshake.
    pub(in crate::verify) fn verify_ahead(&self, issuer: &Certificate) {
        for crl in self
            .by_issuer
            .get(issuer.subject_der())
            .into_iter()
            .flatten()
        {
            crl.is_by(issuer);
        }
    }
}

/// Whether they hold the same lists, byte by byte.
impl PartialEq for CrlSet {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &[Arc<Crl>], b: &[Arc<Crl>]| {
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

/// Why CRL files cannot be used. Positions count from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlLoadError {
    /// No file was given.
    #[error("no CRL was given")]
    Empty,

    /// A file holds no CRL.
    #[error("CRL file {file} holds no CRL: it takes PEM (BEGIN X509 CRL) or one DER CRL")]
    NoCrl {
        /// Its position.
        file: usize,
    },

    /// A PEM section is cut off or not base64.
    #[error("PEM section {index} of CRL file {file} is broken")]
    Pem {
        /// The file's position.
        file: usize,
        /// The section's.
        index: usize,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// A file is larger than [`CrlSet::MAX_FILE_LEN`].
    #[error("CRL file {file} has {len} bytes, at most 67108864 are read")]
    TooLarge {
        /// Its position.
        file: usize,
        /// Its length in bytes.
        len: usize,
    },

    /// A CRL cannot be used.
    #[error("CRL {index} of file {file} cannot be used")]
    Unusable {
        /// The file's position.
        file: usize,
        /// The CRL's position in it.
        index: usize,
        /// Why not.
        source: CrlError,
    },
}

impl CrlLoadError {
    /// The position of the file at fault, if there is one.
    #[must_use]
    pub fn file(&self) -> Option<usize> {
        match self {
            Self::Empty => None,
            Self::NoCrl { file }
            | Self::Pem { file, .. }
            | Self::TooLarge { file, .. }
            | Self::Unusable { file, .. } => Some(*file),
        }
    }

    /// The same about a file in another position.
    fn in_file(mut self, position: usize) -> Self {
        match &mut self {
            Self::Empty => {}
            Self::NoCrl { file }
            | Self::Pem { file, .. }
            | Self::TooLarge { file, .. }
            | Self::Unusable { file, .. } => *file = position,
        }
        self
    }
}

/// Sorts complete lists before the others, then by distribution point, then the list that counts first.
fn rank(crl: &Crl) -> impl Ord + '_ {
    let point = crl.header.distribution_point.as_ref();
    (
        !crl.is_complete(),
        point.map(|point| &point.der),
        Reverse(crl.age()),
    )
}

fn in_scope(crl: &Crl, certificate: &Certificate, role: Covers) -> bool {
    let Some(point) = &crl.header.distribution_point else {
        return true;
    };
    if point.covers != Covers::All && point.covers != role {
        return false;
    }
    let Some(names) = &point.names else {
        return true;
    };
    // RFC 5280 6.3.3 (b)(2)(i), and for a certificate that names no distribution point, or none of
    // these, as at the end of 6.3.3: its issuer's name takes the place of one.
    let own = distribution_points(certificate);
    names
        .iter()
        .any(|name| own.contains(name) || is_directory_name(name, certificate.issuer_der()))
}

/// The DER of each GeneralName of the certificate's distribution points.
fn distribution_points(certificate: &Certificate) -> Vec<Vec<u8>> {
    certificate
        .extensions()
        .find(|extension| extension.oid == ID_CE_CRL_DISTRIBUTION_POINTS)
        .and_then(|extension| CrlDistributionPoints::from_der(extension.value).ok())
        .into_iter()
        .flat_map(|points| points.0)
        .filter_map(|point| match point.distribution_point {
            Some(DistributionPointName::FullName(names)) => Some(names),
            _ => None,
        })
        .flatten()
        .filter_map(|name| name.to_der().ok())
        .collect()
}

/// Whether a GeneralName is the directoryName `name`.
fn is_directory_name(general_name: &[u8], name: &[u8]) -> bool {
    let read = AnyRef::from_der(general_name);
    read.is_ok_and(|read| read.tag() == DIRECTORY_NAME && read.value() == name)
}

const DIRECTORY_NAME: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(4),
};
