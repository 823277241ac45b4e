//! OpenBao or Vault behind a CA: as the one that signs, or as the place of its keys.

mod server;
mod transit;
mod upstream;

pub(super) use server::Settings;
pub(crate) use transit::{TransitKeys, TransitPlace};
pub(crate) use upstream::BaoPki;
