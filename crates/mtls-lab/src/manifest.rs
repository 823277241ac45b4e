//! `manifest.json`: what a lab on disk is, so that programs and the next run can tell.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::file::{About, FileKind, LabFile, Verdict};
use crate::lab::Lab;
use crate::options::KeyType;
use crate::plain_file;
use crate::relative_path::RelativePath;
use crate::server_name::ServerName;

/// Every file of a lab, and what the lab was made with.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Manifest {
    /// The version of this format.
    pub version: u32,
    /// When the lab was made.
    #[serde(with = "time::serde::rfc3339")]
    pub made: OffsetDateTime,
    /// The kind of its keys.
    pub key_type: KeyType,
    /// The server's names besides the usual ones.
    pub extra_names: Vec<ServerName>,
    /// Its files.
    pub files: Vec<Entry>,
}

/// One file of a lab.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Entry {
    /// Its place below the lab's directory.
    pub path: RelativePath,
    /// SHA-256 of its contents, in lower-case hex.
    pub sha256: String,
    /// What it is.
    #[serde(flatten)]
    pub about: About,
}

/// The manifest's own place.
pub const MANIFEST: &str = "manifest.json";

impl Manifest {
    pub(crate) fn of(lab: &Lab) -> Self {
        Self {
            version: VERSION,
            made: lab.made(),
            key_type: lab.options().key_type,
            extra_names: lab.options().extra_names.clone(),
            files: lab.files().iter().map(Entry::of).collect(),
        }
    }

    /// The manifest of the lab in `directory`; `None` if there is no lab that this version can read.
    #[must_use]
    pub fn read(directory: &Path) -> Option<Self> {
        let text = plain_file::read(directory, &RelativePath::of_lab(MANIFEST)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Whether this is a format that this version of the crate writes.
    pub(crate) fn is_current(&self) -> bool {
        self.version == VERSION
    }

    /// When the lab ends: the first end of a file that has to be accepted, of a CA or of a CRL.
    #[must_use]
    pub fn ends(&self) -> Option<OffsetDateTime> {
        let counts = |about: &&About| {
            let is_needed = matches!(about.kind, FileKind::CaCertificate | FileKind::Crl);
            is_needed || about.expected == Some(Verdict::Accepted)
        };
        self.files
            .iter()
            .map(|file| &file.about)
            .filter(counts)
            .filter_map(|about| about.not_after)
            .min()
    }

    /// The directories that the files are in, parents before children.
    pub(crate) fn directories(&self) -> BTreeSet<&str> {
        let paths = self.files.iter().map(|file| &file.path);
        paths.flat_map(RelativePath::parents).collect()
    }
}

impl Entry {
    fn of(file: &LabFile) -> Self {
        Self {
            path: RelativePath::of_lab(file.path()),
            sha256: sha256_hex(file.secret_contents()),
            about: file.about().clone(),
        }
    }
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

const VERSION: u32 = 1;
