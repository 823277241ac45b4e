//! The table `[attestation]` of a profile, and the files that it names.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};
use pki_attest::android::StatusList;
use pki_enroll::{AttestationPolicy, AttestationRequirement, AttestationSources, StatusListSource};
use toml::{Table, Value};
use x509_identity::Certificate;

use crate::files::read;
use crate::look::certificates_of;
use crate::output::note;

/// What devices have to prove, and where the files for that are.
#[derive(Debug)]
pub(crate) struct AttestationTable {
    pub(crate) policy: AttestationPolicy,
    /// Roots of a simulator, in place of Apple's and Google's.
    apple_root: Option<PathBuf>,
    android_roots: Option<PathBuf>,
    /// Google's list of withdrawn certificates, which somebody fetches.
    android_status: Option<PathBuf>,
}

impl AttestationTable {
    pub(super) fn read(mut table: Table) -> Result<Self> {
        let mut path = |name: &str| match table.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(PathBuf::from(text))),
            Some(_) => bail!("{name} is not a path"),
        };
        Ok(Self {
            apple_root: path("apple_root")?,
            android_roots: path("android_roots")?,
            android_status: path("android_status")?,
            policy: table.try_into()?,
        })
    }

    /// What is asked for, with the files, whose paths are relative to `directory`.
    ///
    /// # Errors
    ///
    /// If no device could meet it, or roots cannot be read. The list may come later.
    pub(super) fn requirement(&self, directory: &Path) -> Result<AttestationRequirement> {
        let certificates = |path: &PathBuf| {
            let path = directory.join(path);
            let found = certificates_of(&path)?;
            match found.is_empty() {
                true => bail!("{} has no certificate", path.display()),
                false => Ok::<Vec<Certificate>, anyhow::Error>(found),
            }
        };
        let mut sources = AttestationSources::default();
        if let Some(path) = &self.apple_root {
            let found = certificates(path)?;
            let [only] = <[Certificate; 1]>::try_from(found)
                .map_err(|_| anyhow::anyhow!("{} has several certificates", path.display()))?;
            sources.apple_root = only;
        }
        if let Some(path) = &self.android_roots {
            sources.android_roots = certificates(path)?;
        }
        if let Some(path) = &self.android_status {
            let file = StatusFile::new(directory.join(path));
            let name = file.path.display().to_string();
            sources.android_status = Some(StatusListSource::new(name, move || file.newest()));
        }
        Ok(AttestationRequirement::new(self.policy.clone(), sources)?)
    }
}

/// The list in a file. The moment at which the file was written is the one at which it was fetched.
struct StatusFile {
    path: PathBuf,
    read: Mutex<Read>,
}

#[derive(Default)]
struct Read {
    written: Option<(SystemTime, u64)>,
    list: Option<Arc<StatusList>>,
}

impl StatusFile {
    fn new(path: PathBuf) -> Self {
        let read = Mutex::default();
        Self { path, read }
    }

    /// It is read again when it was written again. What cannot be read is no list, and is said once.
    fn newest(&self) -> Option<Arc<StatusList>> {
        let mut last = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let written = std::fs::metadata(&self.path)
            .ok()
            .and_then(|it| Some((it.modified().ok()?, it.len())));
        if written.is_none() || written != last.written {
            let list = match written {
                Some((at, _)) => self.list(at),
                None => Err(anyhow::anyhow!("cannot read {}", self.path.display())),
            };
            let was_there = last.list.is_some() || last.written.is_none();
            last.written = written.or(Some((SystemTime::UNIX_EPOCH, 0)));
            last.list = match list {
                Ok(list) => Some(Arc::new(list)),
                Err(error) => {
                    if was_there {
                        note(format!("no Android device is accepted: {error:#}"));
                    }
                    None
                }
            };
        }
        last.list.clone()
    }

    fn list(&self, written: SystemTime) -> Result<StatusList> {
        let list = StatusList::from_json(&read(&self.path)?, written.into());
        list.with_context(|| format!("cannot use {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use super::*;

    const GOOD: &str = r#"
        kinds = ["apple-app-attest", "apple-assertion", "android-key"]
        minimum = { binding = "csr-hash", keeper = "trusted-environment" }
        credential = "evidence"
        names = ["cn:{device_id}"]
        android_status = "status.json"
        [apple]
        apps = ["1234567890.com.example.app"]
        environments = ["production"]
        categories = { only-or-missing = ["app-store"] }
        [android]
        keeper = "TRUSTED_ENVIRONMENT"
        os_patch_level = 202509
        packages = [{ name = "com.example.app", signer = "ab" }]
        status_max_age_hours = 48
    "#;

    #[test]
    fn a_table_says_what_devices_have_to_prove_and_nothing_else() {
        let read = |text: &str| AttestationTable::read(toml::from_str(text).unwrap());
        let table = read(GOOD).unwrap();
        assert_eq!(table.policy.android.os_patch_level, Some(202_509));
        let directory = tempfile::tempdir().unwrap();
        table.requirement(directory.path()).unwrap();
        for (from, to) in [
            ("kinds = ", "kind = "),
            ("android_status = \"status.json\"", "android_status = 7"),
            ("\"android-key\"", "\"android\""),
            ("os_patch_level", "patch_level"),
            ("apps = ", "more = 1\napps = "),
            ("binding = \"csr-hash\", ", ""),
            ("\"evidence\"", "\"none\""),
        ] {
            let wrong = GOOD.replace(from, to);
            assert_ne!(wrong, GOOD);
            assert!(read(&wrong).is_err(), "{wrong}");
        }
        let wrong = GOOD.replace("android_status = \"status.json\"", "");
        let table = read(&wrong).unwrap();
        assert!(table.requirement(directory.path()).is_err());
        let wrong = format!("apple_root = \"none.pem\"\n{GOOD}");
        let table = read(&wrong).unwrap();
        assert!(table.requirement(directory.path()).is_err());
    }

    #[test]
    fn a_list_is_read_again_when_it_was_written_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("status.json");
        let file = StatusFile::new(path.clone());
        assert!(file.newest().is_none());
        let write = |text: &str, at: SystemTime| {
            std::fs::write(&path, text).unwrap();
            let written = std::fs::File::options().append(true).open(&path).unwrap();
            written.set_modified(at).unwrap();
        };
        let first = SystemTime::now() - Duration::from_secs(60);
        write(r#"{"entries":{}}"#, first);
        let list = file.newest().unwrap();
        assert!(Arc::ptr_eq(&list, &file.newest().unwrap()));
        write(r#"{"entries":{}}"#, first + Duration::from_secs(1));
        assert!(!Arc::ptr_eq(&list, &file.newest().unwrap()));
        write("not JSON", first + Duration::from_secs(2));
        assert!(file.newest().is_none());
    }
}
