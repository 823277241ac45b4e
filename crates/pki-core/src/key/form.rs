//! The forms of a private key.

/// How a private key is encoded, once it is decrypted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Pkcs1,
    Pkcs8,
    Sec1,
}
