//! What every check has at hand: the programs that judge, our own programs, a lab, and servers to ask.

pub(crate) mod headers;
pub(crate) mod lab;
pub(crate) mod own;
pub(crate) mod whoami;

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use suite::{Home, Peers, Profile};

use self::own::Own;

/// What every check needs.
pub(crate) struct Bench<'a> {
    pub(crate) peers: &'a Peers,
    /// For Java classes, keys, passwords: things that are not of the lab.
    pub(crate) scratch: tempfile::TempDir,
    own: OnceCell<Result<Own, String>>,
    mtls: OnceCell<Result<PathBuf, String>>,
}

impl<'a> Bench<'a> {
    /// With these programs, and an empty directory.
    pub(crate) fn new(peers: &'a Peers) -> Result<Self> {
        Ok(Self {
            peers,
            scratch: tempfile::tempdir()?,
            own: OnceCell::new(),
            mtls: OnceCell::new(),
        })
    }

    /// Our server and client, built when first asked for.
    pub(crate) fn own(&self) -> Result<&Own> {
        once(&self.own, Own::build)
    }

    /// The `mtls` command, built when first asked for.
    pub(crate) fn mtls(&self) -> Result<&Path> {
        once(&self.mtls, || suite::mtls(Profile::Dev)).map(PathBuf::as_path)
    }

    /// A new home of that command.
    pub(crate) fn home(&self) -> Result<Home> {
        Home::make(self.mtls()?)
    }

    pub(crate) fn scratch(&self, file: &str) -> PathBuf {
        self.scratch.path().join(file)
    }

    /// Writes a file there, and says where it is.
    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) -> Result<String> {
        let path = self.scratch(file);
        fs::write(&path, text)?;
        Ok(path.to_string_lossy().into_owned())
    }
}

/// What is built once, or why it could not be.
fn once<T>(cell: &OnceCell<Result<T, String>>, build: impl FnOnce() -> Result<T>) -> Result<&T> {
    let built = cell.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    built.as_ref().map_err(|why| anyhow::anyhow!("{why}"))
}
