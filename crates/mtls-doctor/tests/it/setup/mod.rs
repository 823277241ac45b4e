//! A directory with a lab in it, and what the doctor says of files in it.

use std::fs;
use std::path::{Path, PathBuf};

use mtls_doctor::{Options, Password, Report, Role, Target, examine};
use mtls_lab::{Existing, LAB_PASSWORD, ensure};
use tempfile::TempDir;
use time::OffsetDateTime;

/// A directory that is gone after the test.
pub(crate) struct Setup {
    directory: TempDir,
    pub(crate) options: Options,
}

impl Setup {
    /// An empty one.
    pub(crate) fn empty() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            options: Options::new(OffsetDateTime::now_utc()),
        }
    }

    /// One with a lab.
    pub(crate) fn lab() -> Self {
        let mut setup = Self::empty();
        let options = mtls_lab::Options::default();
        ensure(
            &setup.path("lab"),
            &options,
            Existing::Keep,
            setup.options.now,
        )
        .unwrap();
        setup.options.password = Some(Password::new(LAB_PASSWORD));
        setup
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file for its owner alone.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        self.mode(name, 0o600);
        path
    }

    pub(crate) fn mode(&self, name: &str, mode: u32) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    /// `client.crt`, or `ca:root.crt` for a file with a role.
    pub(crate) fn examine(&self, targets: &[&str]) -> Report {
        let target = |text: &&str| {
            let (role, name) = match text.split_once(':') {
                Some(("ca", name)) => (Role::Ca, name),
                Some(("cert", name)) => (Role::Certificate, name),
                Some(("crl", name)) => (Role::Crl, name),
                Some(("key", name)) => (Role::Key, name),
                Some(("p12", name)) => (Role::P12, name),
                _ => (Role::Any, *text),
            };
            Target::file(self.path(name), role)
        };
        let targets: Vec<_> = targets.iter().map(target).collect();
        examine(&targets, &self.options)
    }

    /// The ids of what is found.
    pub(crate) fn ids(&self, targets: &[&str]) -> Vec<&'static str> {
        self.examine(targets)
            .findings()
            .iter()
            .map(|one| one.id)
            .collect()
    }

    /// The first finding is this one.
    #[track_caller]
    pub(crate) fn finds(&self, id: &str, targets: &[&str]) {
        let report = self.examine(targets);
        let found = report.findings().first();
        assert_eq!(
            found.map(|one| one.id),
            Some(id),
            "{targets:?}: {:#?}",
            report.findings()
        );
        for finding in report.findings() {
            assert!(
                !finding.why.is_empty() && !finding.mend.is_empty(),
                "{finding:#?}"
            );
            assert!(
                finding.what.ends_with('.') && finding.what.len() < 400,
                "{finding:#?}"
            );
        }
    }

    /// Nothing is found.
    #[track_caller]
    pub(crate) fn is_healthy(&self, targets: &[&str]) {
        let report = self.examine(targets);
        assert!(
            report.findings().is_empty(),
            "{targets:?}: {:#?}",
            report.findings()
        );
    }
}
