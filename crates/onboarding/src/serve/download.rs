//! The files that a phone can fetch.

use std::io::{self, ErrorKind};
use std::path::Path;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::notice::notice;

/// A file that the page links to. Its name is never taken from a request, so no request can name another file.
pub(super) struct Download {
    pub(super) name: &'static str,
    media_type: &'static str,
}

/// Phones decide by the type what to do with a file.
pub(super) static DOWNLOADS: [Download; 4] = [
    Download {
        name: "ca.crt",
        media_type: "application/x-x509-ca-cert",
    },
    Download {
        name: "client.mobileconfig",
        media_type: "application/x-apple-aspen-config",
    },
    Download {
        name: "client.p12",
        media_type: "application/x-pkcs12",
    },
    Download {
        name: "client_ios.p12",
        media_type: "application/x-pkcs12",
    },
];

/// The largest file that is sent. Those that the lab makes have a few KiB.
const LIMIT: u64 = 1024 * 1024;

/// Why a file cannot be sent.
enum Unavailable {
    Missing,
    TooLarge,
    Unreadable(io::Error),
}

impl Download {
    pub(super) async fn read(&self, files: &Path) -> Response {
        match read(&files.join(self.name)).await {
            Ok(bytes) => {
                let disposition = format!("attachment; filename=\"{}\"", self.name);
                (
                    [
                        (CONTENT_TYPE, self.media_type.to_owned()),
                        (CONTENT_DISPOSITION, disposition),
                    ],
                    bytes,
                )
                    .into_response()
            }
            Err(reason) => self.unavailable(&reason),
        }
    }

    fn unavailable(&self, reason: &Unavailable) -> Response {
        let name = self.name;
        let (status, sentence) = match reason {
            Unavailable::Missing => (
                StatusCode::NOT_FOUND,
                format!(
                    "{name} is not in the lab: make a new one with cargo xtask gen-certs --force."
                ),
            ),
            Unavailable::TooLarge => (
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("{name} has more than {LIMIT} bytes, so it is not one that the lab made."),
            ),
            Unavailable::Unreadable(error) => {
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

async fn read(path: &Path) -> Result<Vec<u8>, Unavailable> {
    let file = File::open(path).await.map_err(Unavailable::from_io)?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .await
        .map_err(Unavailable::from_io)?;
    if bytes.len() as u64 > LIMIT {
        return Err(Unavailable::TooLarge);
    }
    Ok(bytes)
}

impl Unavailable {
    fn from_io(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Missing,
            _ => Self::Unreadable(error),
        }
    }
}
