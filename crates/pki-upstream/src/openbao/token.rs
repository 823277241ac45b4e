//! The token that requests are sent with.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

use pki_core::Password;

use super::error::ApiError;

/// Where the token is. `Debug` does not print it.
#[derive(Clone, Debug)]
pub enum Token {
    /// The first line of this file, which is read for each request: an agent may replace it at any time.
    File(PathBuf),
    /// At hand.
    Text(Password),
}

impl Token {
    /// # Errors
    ///
    /// [`ApiError::Token`] if the file cannot be read, or has no token.
    pub(super) fn read(&self) -> Result<Password, ApiError> {
        let path = match self {
            Self::File(path) => path,
            Self::Text(token) => return Ok(token.clone()),
        };
        let cannot = |source: Box<dyn std::error::Error + Send + Sync>| ApiError::Token {
            path: path.clone(),
            source,
        };
        let mut content = Vec::new();
        let read = File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut content));
        read.map_err(|error| cannot(error.into()))?;
        let token = Password::from_file(&content).map_err(|error| cannot(error.into()))?;
        match token.secret_str().is_empty() {
            true => Err(cannot(io::Error::from(io::ErrorKind::UnexpectedEof).into())),
            false => Ok(token),
        }
    }
}

/// Bytes; tokens of any kind have some hundred at most.
const LIMIT: u64 = 16 << 10;
