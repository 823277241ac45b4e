#![cfg_attr(all(feature = "acm-pca", feature = "openbao"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "acm-pca", feature = "openbao")),
    doc = "CAs of somebody else, by the trait [`UpstreamCa`]. The feature `openbao` adds the clients of OpenBao and Vault, \
           `acm-pca` that of AWS Private CA."
)]

#[cfg(feature = "acm-pca")]
pub mod acm_pca;
#[cfg(any(feature = "acm-pca", feature = "openbao"))]
mod client;
mod error;
#[cfg(feature = "openbao")]
pub mod openbao;
#[cfg(any(feature = "acm-pca", feature = "openbao"))]
mod retry;
#[cfg(any(feature = "acm-pca", feature = "openbao"))]
mod serial;
mod upstream;

pub use error::UpstreamError;
pub use upstream::{
    Answering, Listed, Revoked, UpstreamAnswer, UpstreamCa, UpstreamCertificate, UpstreamRequest,
};
