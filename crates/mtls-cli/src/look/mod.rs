//! What a file holds, and what a server presents.

mod certificate;
mod crl;
mod item;
mod scan;
mod sections;
mod server;
mod source;

pub(crate) use certificate::{NameView, name_of};
pub(crate) use item::Item;
pub(crate) use scan::{Group, Skipped, scan};
pub(crate) use sections::{certificate_of, certificates, certificates_of, items};
pub(crate) use server::ServerUrl;
pub(crate) use source::Source;
