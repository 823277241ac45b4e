//! Why there are no keys.

use std::path::PathBuf;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// An endpoint or a program gave something else than keys.
    #[error("{from} gives no keys of AWS")]
    Answer {
        /// Which one.
        from: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// An endpoint to which no token may be sent.
    #[error("`{}` is not the endpoint of a container: https://, or http:// to this machine or its host", url.escape_debug())]
    Endpoint {
        /// Its URL.
        url: String,
    },

    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },

    /// No file has the profile, or keys for it.
    #[error("the profile `{}` has no keys: aws_access_key_id and aws_secret_access_key, or credential_process", name.escape_debug())]
    NoKeys {
        /// The profile.
        name: String,
    },

    /// A profile that gets its keys in a way that is not known here.
    #[error(
        "the profile `{}` has {setting}, which is not taken: name a program that gives the keys as credential_process, such \
         as `aws configure export-credentials --format process`",
        name.escape_debug()
    )]
    Unsupported {
        /// The profile.
        name: String,
        /// What it has.
        setting: &'static str,
    },
}
