//! A lab on disk: written whole or not at all, and kept while it is good.

mod error;
mod inspect;
mod leftovers;
mod old_lab;
mod staging;
mod write;

use std::path::Path;

use time::OffsetDateTime;

use crate::Options;
use crate::lab::Lab;
use crate::manifest::Manifest;

pub use error::DiskError;
pub use inspect::{Unfit, inspect};

/// What [`ensure`] did.
#[derive(Debug)]
pub enum Ensured {
    /// The lab that was there is good; nothing was changed.
    Kept(Manifest),
    /// A new lab was made; the reason is why one that was there could not be kept.
    Made(Manifest, Option<Unfit>),
}

/// Whether a lab that is still good is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Existing {
    /// Kept, if it is complete, made with the same options and good for 30 days more.
    Keep,
    /// Replaced in any case.
    Replace,
}

impl Ensured {
    /// What is there now.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        match self {
            Self::Kept(manifest) | Self::Made(manifest, _) => manifest,
        }
    }
}

/// Sees to it that `directory` holds a good lab, made with `options`.
///
/// A new lab is written beside the old one and then takes its place in one step, so that whatever
/// goes wrong (no right to write, no room, the process killed) leaves the old one whole. Files that
/// are not the lab's stay where they are.
///
/// # Errors
///
/// [`DiskError::NotALab`] if the directory holds something else, and what its other variants say.
pub fn ensure(
    directory: &Path,
    options: &Options,
    existing: Existing,
    now: OffsetDateTime,
) -> Result<Ensured, DiskError> {
    let unfit = match inspect(directory, options, now)? {
        Ok(manifest) if existing == Existing::Keep => return Ok(Ensured::Kept(manifest)),
        Ok(_) => None,
        Err(unfit) => unfit,
    };
    let lab = Lab::make(options, now).map_err(|source| DiskError::Make(Box::new(source)))?;
    let manifest = write::replace(directory, &lab)?;
    Ok(Ensured::Made(manifest, unfit))
}
