//! Is what is there a lab, and can it still be used?

use std::fs;
use std::io;
use std::path::Path;

use pkcs12_ios::{Bundle, Limits};
use time::{Duration, OffsetDateTime};

use super::error::DiskError;
use super::place;
use crate::file::FileKind;
use crate::manifest::{MANIFEST, Manifest, sha256_hex};
use crate::plain_file;
use crate::relative_path::RelativePath;
use crate::{KeyType, Options};

/// Why the lab that is there cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// A file is missing or not as it was made.
    #[error("`{0}` is missing or was changed")]
    Changed(String),

    /// It ends soon.
    #[error("it is good for less than 30 days more")]
    Expiring,

    /// It was made by another version of this program.
    #[error("another version of this program made it")]
    Format,

    /// It has keys of another kind.
    #[error("it has {0} keys")]
    OtherKeys(KeyType),

    /// Its server has other names.
    #[error("its server has other names")]
    OtherNames,

    /// Its bundles have another password.
    #[error("its .p12 files have another password")]
    OtherPassword,
}

/// What a directory holds.
#[derive(Debug)]
pub enum LabState {
    /// Nothing.
    Absent,
    /// A lab that cannot be used.
    Unusable(Unusable),
    /// A lab that is complete, made with the same options and good for 30 days more.
    Usable(Manifest),
}

/// Looks at what `directory` holds, and changes nothing.
///
/// # Errors
///
/// [`DiskError::NotALab`] if the directory holds something else, and what its other variants say.
pub fn inspect(
    directory: &Path,
    options: &Options,
    now: OffsetDateTime,
) -> Result<LabState, DiskError> {
    let directory = &place::resolve(directory)?;
    let text = match plain_file::read(directory, &RelativePath::of_lab(MANIFEST)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return nothing_there(directory),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(DiskError::NotADirectory(directory.to_owned()));
        }
        Err(error) => return Err(DiskError::read(&directory.join(MANIFEST))(error)),
    };
    place::check_own(directory)?;
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&text) else {
        return if is_labs_manifest(&text) {
            Ok(LabState::Unusable(Unusable::Format))
        } else {
            Err(DiskError::NotALab(directory.to_owned()))
        };
    };
    Ok(match unusable(&manifest, directory, options, now)? {
        Some(reason) => LabState::Unusable(reason),
        None => LabState::Usable(manifest),
    })
}

/// An empty or missing directory is as good as none; anything else is not ours to replace.
fn nothing_there(directory: &Path) -> Result<LabState, DiskError> {
    match fs::read_dir(directory) {
        Ok(mut entries) => match entries.next() {
            None => Ok(LabState::Absent),
            Some(_) => Err(DiskError::NotALab(directory.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(LabState::Absent),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(DiskError::NotADirectory(directory.to_owned()))
        }
        Err(error) => Err(DiskError::read(directory)(error)),
    }
}

/// Any version of this program writes these two members.
fn is_labs_manifest(text: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(text)
        .is_ok_and(|value| value.get("version").is_some() && value.get("key_type").is_some())
}

fn unusable(
    manifest: &Manifest,
    directory: &Path,
    options: &Options,
    now: OffsetDateTime,
) -> Result<Option<Unusable>, DiskError> {
    if !manifest.is_current() {
        return Ok(Some(Unusable::Format));
    }
    if manifest.key_type != options.key_type {
        return Ok(Some(Unusable::OtherKeys(manifest.key_type)));
    }
    if manifest.extra_names != options.extra_names {
        return Ok(Some(Unusable::OtherNames));
    }
    if manifest.ends().is_none_or(|ends| ends < now + SOON) {
        return Ok(Some(Unusable::Expiring));
    }
    for file in &manifest.files {
        let changed = || Ok(Some(Unusable::Changed(file.path.to_string())));
        let contents = match plain_file::read(directory, &file.path) {
            Ok(contents) => contents,
            Err(error) if is_another_file(&error) => return changed(),
            Err(error) => return Err(DiskError::read(&directory.join(&file.path))(error)),
        };
        if sha256_hex(&contents) != file.sha256 {
            return changed();
        }
        // The password is written down nowhere; a bundle tells whether it is the same.
        let is_bundle = file.about.kind == FileKind::Pkcs12;
        if is_bundle && Bundle::open(&contents, &options.p12_password, &Limits::default()).is_err()
        {
            return Ok(Some(Unusable::OtherPassword));
        }
    }
    Ok(None)
}

/// Whether there is no file of a lab, but nothing or something else.
fn is_another_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::FileTooLarge
    )
}

const SOON: Duration = Duration::days(30);
