//! What an applicant asks for: a CSR, and the parameters of a certificate.

mod build;
mod csr;
mod parameters;

pub use build::CsrBuildError;
pub use csr::{CertificateRequest, CsrError, RequestedNames};
pub use parameters::CertificateParameters;
