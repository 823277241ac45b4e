//! What the files hold, for whoever looks at more than files.

use tls_identity::Identity;
use x509_identity::Certificate;

/// What was given in files.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// What one side presents, where certificate and key are there and belong together.
    pub(crate) identity: Option<Identity>,
    /// The CA certificates that were given as such.
    pub(crate) ca: Vec<Certificate>,
    /// Each CRL (DER) that can be read.
    pub(crate) crls: Vec<Vec<u8>>,
}
