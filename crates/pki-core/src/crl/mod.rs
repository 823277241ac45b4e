//! Issuing CRLs. Reading and obeying them is for [`verify`](crate::verify).

mod builder;

pub use builder::{CrlScope, RevocationList, RevocationListError, SignedCrl};
