//! CRLs in a file, or in the files of a directory.

use std::path::{Path, PathBuf};

use pki_core::verify::CrlFile;
use sha2::{Digest as _, Sha256};

use super::{
    error::CrlSourceError,
    part::{Part, in_background},
};
use crate::sources::files::{self, FileError};

#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
    is_directory: bool,
    /// What was found the last time.
    last: Vec<Part>,
}

impl Disk {
    pub(super) fn directory(path: PathBuf) -> Self {
        Self {
            path,
            is_directory: true,
            last: Vec::new(),
        }
    }

    pub(super) fn file(path: PathBuf) -> Self {
        Self {
            path,
            is_directory: false,
            last: Vec::new(),
        }
    }

    pub(super) async fn load(&mut self) -> Result<Vec<Part>, CrlSourceError> {
        let (path, is_directory, last) = (self.path.clone(), self.is_directory, self.last.clone());
        let read = move || match is_directory {
            true => read_directory(&path, &last),
            false => Ok(vec![read_file(&path, &last)?]),
        };
        let parts = in_background(read).await?;
        self.last.clone_from(&parts);
        Ok(parts)
    }
}

fn read_file(path: &Path, last: &[Part]) -> Result<Part, FileError> {
    let bytes = files::read(path, files::CRL)?;
    let digest = Sha256::digest(&bytes).into();
    let name = path.display().to_string();
    let crls = match last.iter().find(|part| part.digest == digest) {
        Some(unchanged) => unchanged.crls.clone(),
        None => CrlFile::from_pem_or_der(&bytes)
            .map_err(|error| FileError::of_crl(path, &bytes, error))?,
    };
    Ok(Part { name, digest, crls })
}

fn read_directory(directory: &Path, last: &[Part]) -> Result<Vec<Part>, FileError> {
    let mut parts: Vec<Part> = Vec::new();
    for path in files::listed(directory, files::CRL)? {
        let part = match name_says(&path) {
            Says::Nothing => continue,
            Says::Crl => read_file(&path, last)?,
            Says::Format => match read_file(&path, last) {
                Err(error) if error.holds_something_else() => continue,
                result => result?,
            },
        };
        // `openssl rehash` puts a link beside each file.
        if !parts.iter().any(|known| known.digest == part.digest) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        return Err(FileError::none_in(directory, files::CRL));
    }
    Ok(parts)
}

/// What the name of a file says about what it holds.
#[derive(Debug, PartialEq, Eq)]
enum Says {
    /// A CRL.
    Crl,
    /// Something in PEM or DER.
    Format,
    Nothing,
}

fn name_says(path: &Path) -> Says {
    let hidden = path
        .file_name()
        .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let extension = path.extension().unwrap_or_default().as_encoded_bytes();
    match extension.to_ascii_lowercase().as_slice() {
        _ if hidden => Says::Nothing,
        b"crl" => Says::Crl,
        [b'r', number @ ..] if !number.is_empty() && number.iter().all(u8::is_ascii_digit) => {
            Says::Crl
        }
        b"pem" | b"der" => Says::Format,
        _ => Says::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_read() {
        for (name, says) in [
            ("ca.crl", Says::Crl),
            ("CA.CRL", Says::Crl),
            ("1a2b3c4d.r0", Says::Crl),
            ("1a2b3c4d.r12", Says::Crl),
            ("ca.pem", Says::Format),
            ("ca.der", Says::Format),
            ("1a2b3c4d.0", Says::Nothing),
            ("1a2b3c4d.r", Says::Nothing),
            ("1a2b3c4d.r1b", Says::Nothing),
            ("ca.rb", Says::Nothing),
            ("README", Says::Nothing),
            ("..data", Says::Nothing),
            (".ca.crl", Says::Nothing),
            ("ca.crl~", Says::Nothing),
        ] {
            assert_eq!(name_says(&Path::new("/etc/crl").join(name)), says, "{name}");
        }
    }
}
