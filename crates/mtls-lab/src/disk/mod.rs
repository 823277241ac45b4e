//! A lab on disk: written whole or not at all, and left as it is while it can be used.

mod error;
mod inspect;
mod leftovers;
mod old_lab;
mod place;
mod staging;
mod write;

use std::path::Path;

use time::OffsetDateTime;

use crate::Options;
use crate::lab::Lab;
use crate::manifest::Manifest;

pub use error::DiskError;
pub use inspect::{LabState, Unusable, inspect};

/// What [`ensure`] did.
#[derive(Debug)]
pub enum Ensured {
    /// The lab that was there can be used; nothing was changed.
    Kept(Manifest),
    /// A new lab was made, where there was one because of this.
    Made(Manifest, Option<Unusable>),
}

/// What becomes of a lab that can still be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Existing {
    /// It is left as it is.
    Keep,
    /// It is replaced.
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

/// Sees to it that `directory` holds a lab that can be used, made with `options`.
///
/// A new lab is written beside the old one and then takes its place in one step, so that whatever
/// goes wrong (no right to write, no room, the process killed) leaves the old one whole. Files that
/// are not the lab's stay where they are. If `directory` is a symbolic link, the lab is where it leads.
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
    let directory = &place::resolve(directory)?;
    let reason = match inspect(directory, options, now)? {
        LabState::Usable(manifest) if existing == Existing::Keep => {
            return Ok(Ensured::Kept(manifest));
        }
        LabState::Usable(_) | LabState::Absent => None,
        LabState::Unusable(reason) => Some(reason),
    };
    let lab = Lab::make(options, now).map_err(|source| DiskError::Make(Box::new(source)))?;
    let manifest = write::replace(directory, &lab)?;
    Ok(Ensured::Made(manifest, reason))
}
