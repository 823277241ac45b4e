//! What servers are configured with: cases of the same roots and CRLs share one server.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use conformance::Case;

/// Roots and CRLs as files, and the cases that are tried with them.
pub(crate) struct Setting {
    /// PEM; the order is that of the case.
    pub(crate) roots: PathBuf,
    /// PEM; none where revocation is not checked.
    pub(crate) crls: Option<PathBuf>,
    /// Places in the list of cases.
    pub(crate) cases: Vec<usize>,
}

impl Setting {
    /// Writes what `cases` need into `directory`.
    pub(crate) fn of_cases(cases: &[Case], directory: &Path) -> Result<Vec<Self>> {
        let mut settings: Vec<Self> = Vec::new();
        let mut places = HashMap::new();
        for (index, case) in cases.iter().enumerate() {
            let place = *places
                .entry((&case.trust_anchors, &case.crls))
                .or_insert(settings.len());
            if place == settings.len() {
                let roots = directory.join(format!("roots-{place}.pem"));
                fs::write(&roots, case.trust_anchors_pem())?;
                let crls = directory.join(format!("crls-{place}.pem"));
                fs::write(&crls, case.crls_pem())?;
                settings.push(Self {
                    roots,
                    crls: (!case.crls.is_empty()).then_some(crls),
                    cases: Vec::new(),
                });
            }
            settings[place].cases.push(index);
        }
        Ok(settings)
    }
}
