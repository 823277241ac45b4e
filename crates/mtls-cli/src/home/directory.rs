//! The directory with all CAs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::ca::CaDirectory;
use super::name::CaName;
use crate::global::Global;

/// The directory with all CAs, which its owner alone may read.
#[derive(Debug)]
pub(crate) struct Home(PathBuf);

/// The home directory can be read by others, who could try passphrases of the keys in it.
#[derive(Debug, thiserror::Error)]
#[error("others can read the home directory {0}: run `chmod 700 {0}`", path.display())]
pub(crate) struct ExposedHome {
    path: PathBuf,
    is_writable: bool,
}

impl ExposedHome {
    /// Whether others can also change what is in it.
    pub(crate) fn is_writable(&self) -> bool {
        self.is_writable
    }
}

impl Home {
    /// `--home` or `MTLS_HOME`, else `mtls` in the XDG data directory. Nothing is opened or made yet.
    ///
    /// # Errors
    ///
    /// If the user has no home directory.
    pub(crate) fn of(global: &Global) -> Result<Self> {
        if let Some(home) = &global.home {
            return Ok(Self(home.clone()));
        }
        // The XDG base directory specification: relative paths are ignored.
        let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        let data = match data.filter(|path| path.is_absolute()) {
            Some(data) => data,
            None => std::env::home_dir()
                .filter(|home| home.is_absolute())
                .context("you have no home directory: say with --home where the CAs are")?
                .join(".local/share"),
        };
        Ok(Self(data.join("mtls")))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the directory where it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be made, or others may read it.
    pub(crate) fn make(&self) -> Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder
            .create(&self.0)
            .with_context(|| format!("cannot make the home directory {}", self.0.display()))?;
        self.check()
    }

    /// The names of the CAs, sorted.
    ///
    /// # Errors
    ///
    /// If the directory cannot be read, or others may read it.
    pub(crate) fn names(&self) -> Result<Vec<CaName>> {
        let names = self.listed()?;
        if self.0.exists() {
            self.check()?;
        }
        Ok(names)
    }

    fn listed(&self) -> Result<Vec<CaName>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", self.0.display()));
            }
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {}", self.0.display()))?;
            let name = entry.file_name();
            if let Some(Ok(name)) = name.to_str().map(str::parse::<CaName>)
                && entry.path().is_dir()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The CA of that name; without one, the only one, or `default`.
    ///
    /// # Errors
    ///
    /// If there is none, or a name is needed.
    pub(crate) fn ca(&self, name: Option<&str>) -> Result<CaDirectory> {
        self.ca_of(&self.names()?, name)
    }

    /// The same in a home that others can read: only to write down there that it was not used.
    ///
    /// # Errors
    ///
    /// As [`ca`](Self::ca).
    pub(crate) fn ca_of_exposed(&self, name: Option<&str>) -> Result<CaDirectory> {
        self.ca_of(&self.listed()?, name)
    }

    fn ca_of(&self, names: &[CaName], name: Option<&str>) -> Result<CaDirectory> {
        let here = self.0.display();
        let wanted = match (name, names) {
            (_, []) => bail!("there is no CA in {here} yet: make one with `mtls ca init`"),
            (Some(name), all) => match all.iter().find(|one| one.as_str() == name) {
                Some(found) => found,
                None => bail!("there is no CA `{name}` in {here}; there is {}", list(all)),
            },
            (None, [only]) => only,
            (None, several) => match several.iter().find(|one| **one == CaName::default()) {
                Some(default) => default,
                None => bail!(
                    "there are several CAs in {here}: say with --ca which of {}",
                    list(several)
                ),
            },
        };
        CaDirectory::open(self.0.join(wanted.as_str()))
    }

    /// Keys are in it: whoever else may read it could try passphrases.
    fn check(&self) -> Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let here = self.0.display();
            let metadata = fs::metadata(&self.0).with_context(|| format!("cannot read {here}"))?;
            let user = rustix::process::geteuid().as_raw();
            if metadata.uid() != user && user != 0 {
                bail!("the home directory {here} belongs to another user");
            }
            if metadata.mode() & 0o077 != 0 {
                return Err(ExposedHome {
                    path: self.0.clone(),
                    is_writable: metadata.mode() & 0o022 != 0,
                }
                .into());
            }
        }
        Ok(())
    }
}

fn list(names: &[CaName]) -> String {
    let names: Vec<_> = names.iter().map(CaName::as_str).collect();
    names.join(", ")
}
