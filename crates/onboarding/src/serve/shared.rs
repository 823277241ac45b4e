//! What the handlers share.

use std::path::PathBuf;

use super::keeper::Keeper;
use super::operator::Offer;
use super::taken::Record;
use crate::page::{Link, Names, PasswordHint};

pub(super) struct Shared {
    pub(super) ca: Ca,
    pub(super) keeper: Keeper,
    pub(super) names: Names,
    pub(super) offer: Option<Offer>,
    pub(super) others: Vec<Link>,
    pub(super) password: PasswordHint,
    pub(super) record: Option<Record>,
}

/// The CA certificate that everybody gets.
#[derive(Clone, Debug)]
pub(super) enum Ca {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl Shared {
    /// What the certificates are for, if all are for one.
    pub(super) fn server(&self) -> Option<&str> {
        self.offer.as_ref()?.server.as_deref()
    }
}
