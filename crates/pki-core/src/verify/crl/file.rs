//! The CRLs of one file, read and indexed.

use std::sync::Arc;

use super::index::IndexedCrl;
use super::load_error::CrlLoadError;
use crate::pem::{self, Label};

/// The CRLs of one file or answer, read and indexed. Cheap to clone.
///
/// A program that loads CRLs from several places, again and again, keeps one of these for each place and puts them
/// together with [`CrlSet::from_files`](super::CrlSet::from_files). What has not changed is not read again, and its
/// signatures are not verified again.
#[derive(Clone, Debug)]
pub struct CrlFile {
    pub(super) crls: Vec<Arc<IndexedCrl>>,
}

impl CrlFile {
    /// Reads PEM with any number of CRLs, or one DER.
    ///
    /// # Errors
    ///
    /// As [`CrlSet::from_pem_or_der`](super::CrlSet::from_pem_or_der), for a file in position 0. That a CRL is not
    /// complete is an error only where CRLs are put together.
    pub fn from_pem_or_der(bytes: &[u8]) -> Result<Self, CrlLoadError> {
        let file = 0;
        if bytes.len() > MAX_FILE_LEN {
            return Err(CrlLoadError::TooLarge {
                file,
                len: bytes.len(),
            });
        }
        let usable = |index, der: &[u8]| {
            IndexedCrl::from_der(der)
                .map(Arc::new)
                .map_err(|source| CrlLoadError::Unusable {
                    file,
                    index,
                    source,
                })
        };
        if pem::is_der(bytes) {
            let crls = vec![usable(0, pem::der_value(bytes))?];
            return Ok(Self { crls });
        }
        let broken = |source| CrlLoadError::Pem { file, source };
        let read = pem::read(bytes).map_err(broken)?;
        let sections = read.only(|label| label == Label::Crl).map_err(broken)?;
        let crls = sections
            .iter()
            .enumerate()
            .map(|(index, section)| usable(index, &section.der().map_err(broken)?))
            .collect::<Result<Vec<_>, _>>()?;
        if crls.is_empty() {
            let found = read.describe();
            Err(CrlLoadError::NoCrl { file, found })
        } else {
            Ok(Self { crls })
        }
    }

    /// Whether a [`ChainVerifier`](crate::verify::ChainVerifier) that uses these CRLs has found the signature of
    /// each to be its issuer's. Before that, anybody may have made them.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.crls.iter().all(|crl| crl.is_confirmed())
    }
}

/// Far above a million entries.
pub(super) const MAX_FILE_LEN: usize = 64 * 1024 * 1024;
