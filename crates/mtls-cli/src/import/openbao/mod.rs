//! The secrets engine `pki` of OpenBao and Vault, read over HTTP. Both have the same API.

mod issuer;
mod mount;

pub(crate) use mount::{Mount, PAGE};
