//! What certificates, CRLs and OCSP messages write and read alike.

mod date;
mod extension;
mod general_name;
mod seal;

pub(crate) use date::asn1_time;
pub(crate) use extension::{distribution_point_name, extension};
pub(crate) use general_name::{general_name, uri};
pub(crate) use seal::seal;
