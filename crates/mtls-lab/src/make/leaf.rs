//! Keys, and leaves that are issued as the recipe does it: key, request, certificate.

use std::collections::VecDeque;
use std::thread;

use pki_core::{
    Authority, CertificateParameters, CertificateRequest, Issued, KeyError, KeyPair, Profile,
};
use time::OffsetDateTime;
use x509_identity::{DistinguishedName, SubjectAltName};

use super::csr;
use super::error::MakeError;
use crate::file::{FileKind, LabFile, Verdict};
use crate::options::KeyType;

/// The keys of a lab, made ahead by all cores: with RSA they are nearly all of the work.
pub(super) struct Keys {
    of_cas: VecDeque<KeyPair>,
    of_leaves: VecDeque<KeyPair>,
    key_type: KeyType,
}

impl Keys {
    pub(super) fn generate(key_type: KeyType) -> Result<Self, KeyError> {
        let kinds = [key_type.of_cas(); CA_KEYS]
            .into_iter()
            .chain([key_type.of_leaves(); LEAF_KEYS]);
        let kinds: Vec<_> = kinds.collect();
        let workers = thread::available_parallelism().map_or(1, usize::from);
        // Dealt out in turn, so that each worker gets its share of the slow ones.
        let share = |worker: usize| -> Result<Vec<(usize, KeyPair)>, KeyError> {
            let mine = kinds.iter().enumerate().skip(worker).step_by(workers);
            mine.map(|(index, kind)| Ok((index, KeyPair::generate(*kind)?)))
                .collect()
        };
        let mut keys = thread::scope(|scope| {
            let running: Vec<_> = (0..workers)
                .map(|worker| scope.spawn(move || share(worker)))
                .collect();
            let mut keys = Vec::new();
            for worker in running {
                keys.extend(worker.join().expect("making a key does not panic")?);
            }
            Ok::<_, KeyError>(keys)
        })?;
        keys.sort_by_key(|(index, _)| *index);
        let mut of_cas: VecDeque<_> = keys.into_iter().map(|(_, key)| key).collect();
        let of_leaves = of_cas.split_off(CA_KEYS);
        Ok(Self {
            of_cas,
            of_leaves,
            key_type,
        })
    }

    /// A key for a CA.
    pub(super) fn ca(&mut self) -> Result<KeyPair, KeyError> {
        self.of_cas
            .pop_front()
            .map_or_else(|| KeyPair::generate(self.key_type.of_cas()), Ok)
    }

    /// A key for a leaf.
    pub(super) fn leaf(&mut self) -> Result<KeyPair, KeyError> {
        self.of_leaves
            .pop_front()
            .map_or_else(|| KeyPair::generate(self.key_type.of_leaves()), Ok)
    }
}

/// How many keys of each kind a lab has.
const CA_KEYS: usize = 6;
const LEAF_KEYS: usize = 22;

/// A key and the certificate that was issued for its request.
pub(super) struct Leaf {
    pub(super) key: KeyPair,
    pub(super) csr: String,
    pub(super) issued: Issued,
}

impl Leaf {
    /// Makes a request for `subject` and `sans`, and has it signed.
    pub(super) fn issue(
        authority: &Authority,
        profile: &Profile,
        key: KeyPair,
        subject: &DistinguishedName,
        sans: &[SubjectAltName],
        now: OffsetDateTime,
    ) -> Result<Self, MakeError> {
        let csr = csr::request(&key, subject, sans)?;
        let request = CertificateRequest::from_pem(csr.as_bytes())?;
        let issued = authority.issue(&CertificateParameters::from_csr(&request), profile, now)?;
        Ok(Self { key, csr, issued })
    }

    /// `DIR/NAME.crt`, `.key` and `.csr`.
    pub(super) fn files(&self, directory: &str, name: &str, verdict: Verdict) -> Vec<LabFile> {
        let certificate = self.issued.certificate();
        let path = |ending: &str| format!("{directory}/{name}.{ending}");
        vec![
            LabFile::new(path("crt"), FileKind::Certificate, self.issued.pem())
                .of(certificate)
                .expected(verdict),
            key_file(path("key"), &self.key).of(certificate),
            LabFile::new(path("csr"), FileKind::CertificateRequest, self.csr.as_str())
                .of(certificate),
        ]
    }
}

pub(super) fn key_file(path: String, key: &KeyPair) -> LabFile {
    LabFile::new(
        path,
        FileKind::PrivateKey,
        key.secret_pkcs8_pem().as_bytes(),
    )
}
