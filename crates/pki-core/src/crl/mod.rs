//! Issuing CRLs. Reading and obeying them is for [`verify`](crate::verify).

mod builder;

pub use builder::{CrlBuildError, CrlBuilder, CrlScope, SignedCrl};
