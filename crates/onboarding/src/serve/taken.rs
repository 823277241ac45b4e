//! The use of a link, for those who keep records.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;

use crate::vault::KeyFile;

/// Somebody takes a file by a link.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Taken {
    /// Whose certificate it is.
    pub client: String,
    /// Which file.
    pub file: KeyFile,
    /// From where, as far as it is known.
    pub peer: Option<SocketAddr>,
    /// What the package has for records.
    pub reference: Option<String>,
}

impl Taken {
    pub(super) fn new(
        client: String,
        file: KeyFile,
        peer: Option<SocketAddr>,
        reference: Option<String>,
    ) -> Self {
        Self {
            client,
            file,
            peer,
            reference,
        }
    }
}

pub(super) type Recorded =
    Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send>>;
pub(super) type Record = Box<dyn Fn(Taken) -> Recorded + Send + Sync>;
