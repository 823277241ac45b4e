//! SPIFFE IDs, and the one in an X.509-SVID.

mod id;
mod svid;

pub(crate) use id::{SCHEME, check_segment, check_trust_domain};
pub use id::{SpiffeId, SpiffeIdError};
pub use svid::SvidError;
pub(crate) use svid::id_in;
