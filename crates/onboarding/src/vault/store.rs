//! The directory of links.
//!
//! A link is one file, `NAME.link`: until when it is good, and the package under the link's key. Whoever puts `NAME.taken`
//! beside it first has used it, also where several processes serve one directory. That file stays, with the time.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;

use super::error::{LinkError, VaultError};
use super::package::{KeyFile, Package};
use super::seal::{open, seal};
use super::token::{LinkToken, random_text};

/// A directory of one-time links. Nothing secret is in it without encryption, and no token.
///
/// Several processes may use one directory.
#[derive(Clone, Debug)]
pub struct Vault {
    directory: PathBuf,
}

/// What a link that was not used yet leads to.
#[derive(Debug)]
pub struct Opened {
    /// What somebody gets.
    pub package: Package,
    /// Until when.
    pub until: SystemTime,
}

impl Vault {
    /// The links in `directory`, which is made if need be, for its owner alone.
    ///
    /// # Errors
    ///
    /// [`VaultError::Write`] if it cannot be made.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, VaultError> {
        let directory = directory.into();
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        match builder.create(&directory) {
            Ok(()) => Ok(Self { directory }),
            Err(source) => Err(VaultError::Write {
                path: directory,
                source,
            }),
        }
    }

    /// Makes a link to `package` that is good for `valid_for` from `now` on.
    ///
    /// # Errors
    ///
    /// A [`VaultError`] if it cannot be written; then there is no link.
    pub fn put(
        &self,
        package: &Package,
        valid_for: Duration,
        now: SystemTime,
    ) -> Result<LinkToken, VaultError> {
        self.sweep(now);
        let token = LinkToken::generate()?;
        let until = seconds(now).saturating_add(valid_for.as_secs());
        let mut plain = serde_json::to_vec(package)
            .map(Zeroizing::new)
            .map_err(|source| VaultError::Encode(source.into()))?;
        let sealed = seal(&token.key(), &until.to_be_bytes(), &mut plain)
            .ok_or_else(|| VaultError::Encode("the cipher refused".into()))?;
        let path = self.path(&token, OPEN);
        match write(&path, &sealed) {
            Ok(()) => Ok(token),
            Err(source) => Err(VaultError::Write { path, source }),
        }
    }

    /// What the link leads to, without using it.
    ///
    /// # Errors
    ///
    /// A [`LinkError`] if it leads nowhere.
    pub fn look(&self, token: &LinkToken, now: SystemTime) -> Result<Opened, LinkError> {
        if let Some(at) = self.taken_at(token)? {
            return Err(LinkError::Taken { at });
        }
        let sealed = match read(&self.path(token, OPEN), MAX_LEN) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // Somebody may have taken it in the meantime.
                let taken = self.taken_at(token)?.map(|at| LinkError::Taken { at });
                return Err(taken.unwrap_or(LinkError::Unknown));
            }
            Err(error) => return Err(LinkError::Read(error)),
        };
        let until = time_at(&sealed, 0).ok_or(LinkError::Damaged)?;
        let plain = open(&token.key(), size_of::<u64>(), &sealed).ok_or(LinkError::Damaged)?;
        if now > until {
            return Err(LinkError::Expired);
        }
        let package = serde_json::from_slice(&plain).map_err(|_| LinkError::Damaged)?;
        Ok(Opened { package, until })
    }

    /// A file of the link, and the package that it is in. The link is used up by it: its other files have the same key.
    ///
    /// # Errors
    ///
    /// A [`LinkError`] if it leads nowhere. With [`LinkError::NoSuchFile`] it is not used up.
    pub fn take(
        &self,
        token: &LinkToken,
        file: KeyFile,
        now: SystemTime,
    ) -> Result<(Package, Zeroizing<Vec<u8>>), LinkError> {
        let opened = self.look(token, now)?;
        let content = opened.package.secret_file(file);
        let content = Zeroizing::new(content.ok_or(LinkError::NoSuchFile)?.to_vec());
        let stone = [seconds(opened.until), seconds(now)].map(u64::to_be_bytes);
        let claimed = claim(&self.path(token, TAKEN), stone.as_flattened());
        if !claimed.map_err(LinkError::Read)? {
            return Err(LinkError::Taken { at: now });
        }
        // Nobody gets it any more, whether it can be removed or not.
        let _ = fs::remove_file(self.path(token, OPEN));
        Ok((opened.package, content))
    }

    /// Removes what nobody can use any more. What cannot be removed stays, and is of no use either.
    pub fn sweep(&self, now: SystemTime) {
        let entries = fs::read_dir(&self.directory).into_iter().flatten();
        for path in entries.flatten().map(|entry| entry.path()) {
            let ending = path.extension().and_then(|it| it.to_str());
            if !matches!(ending, Some(OPEN | TAKEN | NEW)) {
                continue;
            }
            let is_over = |until: SystemTime| {
                let forgotten = until.checked_add(REMEMBERED);
                forgotten.is_some_and(|forgotten| now > forgotten)
            };
            let header = read(&path, size_of::<u64>() as u64);
            if header.is_ok_and(|header| time_at(&header, 0).is_some_and(is_over)) {
                let _ = fs::remove_file(&path);
            }
        }
    }

    /// When it was used, if it was.
    fn taken_at(&self, token: &LinkToken) -> Result<Option<SystemTime>, LinkError> {
        match read(&self.path(token, TAKEN), MAX_LEN) {
            Ok(stone) => time_at(&stone, size_of::<u64>())
                .map(Some)
                .ok_or(LinkError::Damaged),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LinkError::Read(error)),
        }
    }

    fn path(&self, token: &LinkToken, ending: &str) -> PathBuf {
        self.directory.join(format!("{}.{ending}", token.id()))
    }
}

const OPEN: &str = "link";
const TAKEN: &str = "taken";
/// What is being written, or was when a process ended.
const NEW: &str = "new";

/// How long after its end a link is told apart from one that never was.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Three small files in Base64.
const MAX_LEN: u64 = 4 << 20;

/// The file, or its first `max_len` octets.
fn read(path: &Path, max_len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(max_len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The file is whole or not there.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = write_beside(path, content)?;
    let written = fs::rename(&beside, path);
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// The same for one of several who try: false for all but the first.
fn claim(path: &Path, content: &[u8]) -> io::Result<bool> {
    let beside = write_beside(path, content)?;
    let claimed = fs::hard_link(&beside, path);
    let _ = fs::remove_file(&beside);
    match claimed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// A file of another name, which is its owner's from its first byte.
fn write_beside(path: &Path, content: &[u8]) -> io::Result<PathBuf> {
    let random = random_text(8).map_err(io::Error::other)?;
    let beside = path.with_extension(format!("{random}.{NEW}"));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&beside)?;
    match file.write_all(content).and_then(|()| file.sync_all()) {
        Ok(()) => Ok(beside),
        Err(error) => {
            let _ = fs::remove_file(&beside);
            Err(error)
        }
    }
}

fn seconds(moment: SystemTime) -> u64 {
    let since = moment.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn time_at(bytes: &[u8], offset: usize) -> Option<SystemTime> {
    let bytes = bytes.get(offset..)?.first_chunk()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::from_be_bytes(*bytes)))
}
