//! What the handlers share.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use super::keeper::Keeper;
use super::offer::Offer;
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
#[derive(Clone)]
pub(super) enum Ca {
    Bytes(Vec<u8>),
    Current(Arc<CurrentCa>),
    File(PathBuf),
}

/// What is the CA certificate now.
pub(super) type CurrentCa = dyn Fn() -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> + Send + Sync;

impl Shared {
    /// What the certificates are for, if all are for one.
    pub(super) fn server(&self) -> Option<&str> {
        self.offer.as_ref()?.server.as_deref()
    }
}
