//! The CRLs and OCSP responders that certificates name: reachable, fresh, of the right issuer?

mod fetch;
mod source;

pub(super) use fetch::fetch;
pub(super) use source::{Kind, RevocationProblem, RevocationSource, Status, check_crl};
