//! Why something of ACME was not done.

use x509_identity::SerialNumber;

use super::store::StoreError;

/// An account or an order that was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcmeError {
    /// Another order renews the certificate already.
    #[error("certificate {serial} is renewed by another order already")]
    AlreadyReplaced {
        /// The certificate.
        serial: SerialNumber,
    },

    /// The key of the external account binding is not good, or not any more.
    #[error("the external account key is {state}")]
    Key {
        /// The state that it is in.
        state: &'static str,
    },

    /// The account has another key by now than the one that asks.
    #[error("the account has another key by now")]
    KeyChanged,

    /// Another account has this key.
    #[error("another account has this key")]
    KeyTaken,

    /// It is not in the state for that.
    #[error("it is {state}")]
    State {
        /// The state that it is in.
        state: &'static str,
    },

    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),

    /// More orders of the account are open than may be.
    #[error("{limit} orders of the account are open already")]
    TooManyOrders {
        /// How many may be.
        limit: u32,
    },
}
