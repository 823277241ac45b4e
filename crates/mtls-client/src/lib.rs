//! A TLS client that always shows its certificate, and says why it was refused.

mod attempt;
mod classify;
mod connector;
mod error;
mod identity;
mod pin;
mod refusal;
mod reqwest;
mod stream;
mod verifier;

pub use connector::{ConfigError, Connector, ConnectorBuilder, TlsVersions};
pub use error::{Error, ErrorKind};
pub use identity::{ClientIdentity, IdentityError};
pub use pin::{Pin, PinError, PinSet};
pub use stream::TlsStream;
