//! Keys from passwords.

mod pbkdf2;
mod pkcs12;

pub(crate) use pbkdf2::{pbkdf2, pbkdf2_sha256_together};
pub(crate) use pkcs12::{Purpose, Request, derive};
