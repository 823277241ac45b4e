//! A lab in memory: all its files, before they are written anywhere.

use time::OffsetDateTime;

use crate::file::LabFile;
use crate::{MakeError, Options, make};

/// All files of a lab, before they are written anywhere.
#[derive(Debug)]
pub struct Lab {
    files: Vec<LabFile>,
    options: Options,
    made: OffsetDateTime,
}

impl Lab {
    /// Makes every key, certificate, bundle and configuration of a lab that begins `now`.
    ///
    /// Takes some milliseconds with elliptic-curve keys and some seconds with RSA.
    ///
    /// # Errors
    ///
    /// [`MakeError`] if a name of `options` cannot be certified, or the password not be used.
    pub fn make(options: &Options, now: OffsetDateTime) -> Result<Self, MakeError> {
        let made = now.replace_nanosecond(0).unwrap_or(now);
        Ok(Self {
            files: make::everything(options, made)?,
            options: options.clone(),
            made,
        })
    }

    /// The files, in the order in which they are listed.
    #[must_use]
    pub fn files(&self) -> &[LabFile] {
        &self.files
    }

    /// What the lab was made with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// When the lab was made.
    #[must_use]
    pub fn made(&self) -> OffsetDateTime {
        self.made
    }
}
