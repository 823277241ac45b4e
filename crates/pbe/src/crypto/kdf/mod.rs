//! Keys from passwords.

mod legacy;
mod pbkdf2;
mod pkcs12;

pub(crate) use legacy::{Pbes1Hash, evp_bytes_to_key, pbkdf1};
pub(crate) use pbkdf2::blocks as pbkdf2_blocks;
pub use pbkdf2::{pbkdf2, pbkdf2_sha256_together};
pub(crate) use pkcs12::blocks as pkcs12_blocks;
pub use pkcs12::{Purpose, Request, derive};
