//! The files of an issued certificate.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use pkcs12_ios::{Bundle, Encoding};
use pki_core::{KeyPair, Password, certificate_pem};
use tempfile::TempDir;
use x509_identity::Certificate;
use zeroize::Zeroizing;

use crate::files::{Access, Pending, PendingSet, parent_of, sync_directory};
use crate::interrupt::Unfinished;

/// Where files go, looked at before anything is issued.
#[derive(Debug)]
pub(crate) struct Destination {
    directory: PathBuf,
    /// What becomes the directory, where it is not there yet.
    staging: Option<(TempDir, Unfinished)>,
    /// `server` or `client`.
    stem: &'static str,
}

/// Bundles beside the PEM files.
#[derive(Debug)]
pub(crate) struct Bundles {
    password: Password,
}

impl Bundles {
    /// # Errors
    ///
    /// If the password is one that bundles are not written with; nothing has been issued then.
    pub(crate) fn new(password: Password) -> Result<Self> {
        let text = password.secret_str();
        if text.is_empty() {
            bail!("the password of the bundles is empty");
        }
        if !text.bytes().all(|c| (b' '..=b'~').contains(&c)) {
            bail!(
                "the password of the bundles has a character that is not printable ASCII, which some devices refuse"
            );
        }
        Ok(Self { password })
    }
}

/// What is written.
#[derive(Debug)]
pub(crate) struct IssuedFiles<'a> {
    /// The certificate, and the chain above it without the root.
    pub(crate) presented: Vec<&'a Certificate>,
    pub(crate) roots: Vec<&'a Certificate>,
    /// None where its owner has it.
    pub(crate) key: Option<&'a KeyPair>,
    pub(crate) bundles: Option<Bundles>,
}

impl Destination {
    /// # Errors
    ///
    /// If one of the files is there and may not be replaced, or the directory is a file.
    pub(crate) fn new(
        directory: PathBuf,
        stem: &'static str,
        bundles: bool,
        replace: bool,
    ) -> Result<Self> {
        if directory.exists() && !directory.is_dir() {
            bail!("{} is not a directory", directory.display());
        }
        let mut destination = Self {
            directory,
            staging: None,
            stem,
        };
        if !replace {
            for name in destination.names(bundles) {
                let path = destination.directory.join(&name);
                if path.exists() {
                    bail!(
                        "{} is there already: name another directory with --out, or replace it with --force",
                        path.display()
                    );
                }
            }
        }
        destination.prepare()?;
        Ok(destination)
    }

    /// What cannot be written is noticed now.
    fn prepare(&mut self) -> Result<()> {
        let directory = self.directory.as_path();
        if directory.is_dir() {
            Pending::new(&directory.join(self.stem), Access::Owner)?;
            return Ok(());
        }
        let cannot = || format!("cannot make {}", directory.display());
        fs::create_dir_all(parent_of(directory)).with_context(cannot)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".mtls-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o755));
        }
        let staging = Unfinished::of(|| builder.tempdir_in(parent_of(directory)));
        self.staging = Some(staging.with_context(cannot)?);
        Ok(())
    }

    fn names(&self, bundles: bool) -> Vec<String> {
        let stem = self.stem;
        let mut names = vec![
            format!("{stem}.crt"),
            "ca.crt".to_owned(),
            format!("{stem}.key"),
        ];
        if bundles {
            names.push(format!("{stem}.p12"));
            names.push(format!("{stem}_ios.p12"));
        }
        names
    }

    /// Writes the files: into a new directory as a whole, else in place of those that are there, all or none.
    ///
    /// # Errors
    ///
    /// If one cannot be written.
    pub(crate) fn write(mut self, issued: &IssuedFiles<'_>) -> Result<Vec<PathBuf>> {
        let bundles = self.bundles(issued)?;
        let Some((staging, _unfinished)) = self.staging.take() else {
            return self.write_into(&self.directory, issued, &bundles);
        };
        let written = self.write_into(staging.path(), issued, &bundles)?;
        let cannot = || format!("cannot make {}", self.directory.display());
        fs::rename(staging.path(), &self.directory).with_context(cannot)?;
        let _ = staging.keep();
        sync_directory(parent_of(&self.directory)).with_context(cannot)?;
        let names = written.iter().filter_map(|path| path.file_name());
        Ok(names.map(|name| self.directory.join(name)).collect())
    }

    fn write_into(
        &self,
        directory: &Path,
        issued: &IssuedFiles<'_>,
        bundles: &[(String, Zeroizing<Vec<u8>>)],
    ) -> Result<Vec<PathBuf>> {
        let stem = self.stem;
        let mut files = PendingSet::default();
        let mut add = |name: &str, access: Access, content: &[u8]| {
            files.add(&directory.join(name), access, content)
        };
        if let Some(key) = issued.key {
            let pem = key.secret_pkcs8_pem();
            add(&format!("{stem}.key"), Access::Owner, pem.as_bytes())?;
        }
        for (name, content) in bundles {
            add(name, Access::Owner, content)?;
        }
        let pem = |chain: &[&Certificate]| {
            chain
                .iter()
                .copied()
                .map(certificate_pem)
                .collect::<String>()
        };
        for (name, chain) in [
            ("ca.crt".to_owned(), &issued.roots),
            (format!("{stem}.crt"), &issued.presented),
        ] {
            add(&name, Access::Everybody, pem(chain).as_bytes())?;
        }
        files.finish()
    }

    /// Both kinds: AES-256 for what is new, 3DES for what takes nothing else.
    fn bundles(&self, issued: &IssuedFiles<'_>) -> Result<Vec<(String, Zeroizing<Vec<u8>>)>> {
        let (Some(bundles), Some(key), [leaf, above @ ..]) =
            (&issued.bundles, issued.key, issued.presented.as_slice())
        else {
            return Ok(Vec::new());
        };
        let chain = above.iter().chain(&issued.roots);
        let chain: Vec<_> = chain.map(|certificate| certificate.der()).collect();
        [
            (format!("{}.p12", self.stem), Encoding::Modern),
            (format!("{}_ios.p12", self.stem), Encoding::Compat),
        ]
        .into_iter()
        // No device takes a key of ML-DSA.
        .filter(|(_, encoding)| *encoding == Encoding::Modern || !key.kind().is_ml_dsa())
        .map(|(name, encoding)| {
            let bundle = Bundle::builder(key, leaf.der())
                .chain(&chain)
                .encoding(encoding)
                .build(&bundles.password)
                .context("the bundle cannot be made")?;
            Ok((name, Zeroizing::new(bundle)))
        })
        .collect()
    }
}
