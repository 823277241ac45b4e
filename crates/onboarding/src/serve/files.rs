//! Files on their way to a device.

use std::io::{self, ErrorKind};
use std::path::Path;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::notice::notice;

/// The largest file that is sent. Those that the lab makes have a few KiB.
pub(super) const LIMIT: u64 = 1024 * 1024;

/// Devices decide by the type what to do with a file.
pub(super) const CA_MEDIA_TYPE: &str = "application/x-x509-ca-cert";

/// A file as an attachment.
pub(super) fn attachment(
    name: &str,
    media_type: &'static str,
    content: impl Into<Bytes>,
) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_DISPOSITION, disposition),
    ];
    (headers, content.into()).into_response()
}

/// Why a file cannot be sent.
#[derive(Debug)]
pub(super) enum Unavailable {
    Missing,
    TooLarge,
    Unreadable(io::Error),
}

/// A file of the lab's directory. Its name is never taken from a request, so no request can name another file.
pub(super) async fn read(path: &Path) -> Result<Vec<u8>, Unavailable> {
    let file = File::open(path).await.map_err(Unavailable::from_io)?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .await
        .map_err(Unavailable::from_io)?;
    match bytes.len() as u64 > LIMIT {
        true => Err(Unavailable::TooLarge),
        false => Ok(bytes),
    }
}

impl Unavailable {
    fn from_io(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Missing,
            _ => Self::Unreadable(error),
        }
    }

    /// One sentence about the file `name`.
    pub(super) fn notice(&self, name: &str) -> Response {
        let (status, sentence) = match self {
            Self::Missing => (
                StatusCode::NOT_FOUND,
                format!(
                    "{name} is not in the lab: make a new one with cargo xtask gen-certs --force."
                ),
            ),
            Self::TooLarge => (
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("{name} has more than {LIMIT} bytes, so it is not one that the lab made."),
            ),
            Self::Unreadable(error) => {
                tracing::error!(%error, name, "a file of the lab could not be read");
                let why = "The log of the server says why.";
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    format!("{name} could not be read. {why}"),
                )
            }
        };
        notice(status, "No file to download", &sentence)
    }
}
