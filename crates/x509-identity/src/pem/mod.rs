//! PEM files, as other programs write them (RFC 7468).
//!
//! One reader for certificates, CRLs, certificate requests and keys, on both sides. It takes what
//! OpenSSL and curl take: a byte order mark, UTF-16, text around and between the sections,
//! indentation, files joined without a line break between them. What it does not do is lose a
//! section without a word: each `-----BEGIN` and each `-----END` belongs to a section that is
//! returned, or is an error that names its line.
//!
//! ```
//! use x509_identity::pem::{self, Label};
//!
//! # fn main() -> Result<(), pem::PemError> {
//! let file = "issued by hand
//! -----BEGIN CERTIFICATE-----
//! MAA=
//! -----END CERTIFICATE-----
//! ";
//! let file = pem::read(file.as_bytes())?;
//! for section in file.sections() {
//!     assert_eq!((section.label(), section.line()), (Label::Certificate, 2));
//!     assert_eq!(*section.der()?, [0x30, 0x00]);
//! }
//! # Ok(())
//! # }
//! ```

mod der_value;
mod encoding;
mod error;
mod found;
mod label;
mod scan;
mod section;
mod trusted;

pub use der_value::{der_value, is_der};
pub use error::PemError;
pub use found::Found;
pub use label::Label;
pub use section::Section;

use std::fmt;

use zeroize::Zeroizing;

/// The sections of a PEM file, in their order.
pub struct PemFile {
    /// UTF-8 or anything like it; a key may be in it.
    text: Zeroizing<Vec<u8>>,
    spans: Vec<scan::Span>,
}

/// Finds all sections of a file.
///
/// The content of a section is decoded when it is [asked for](Section::der).
///
/// # Errors
///
/// [`PemError`] names the line of a section that is not whole, or whose label is not known. A file
/// without any section is not an error.
pub fn read(bytes: &[u8]) -> Result<PemFile, PemError> {
    let text = encoding::text(bytes)?;
    let spans = scan::spans(&text)?;
    Ok(PemFile { text, spans })
}

impl PemFile {
    /// All sections.
    pub fn sections(&self) -> impl Iterator<Item = Section<'_>> {
        let text = self.text.as_slice();
        self.spans.iter().map(move |span| Section::new(text, span))
    }

    /// The sections with these labels. Use it where an overlooked section must be an error, as with
    /// certificates and CRLs. Sections of other things may be between them.
    ///
    /// # Errors
    ///
    /// [`PemError::Container`] if there is a container, in which more of them may be.
    pub fn only(&self, wanted: fn(Label) -> bool) -> Result<Vec<Section<'_>>, PemError> {
        let mut sections = self.sections();
        match sections.find(|section| section.label() == Label::Container) {
            Some(container) => Err(PemError::Container {
                line: container.line(),
            }),
            None => Ok(self
                .sections()
                .filter(|section| wanted(section.label()))
                .collect()),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// What the file holds, in words: `a certificate and 2 CRLs`, or what may be wrong with a file
    /// that holds no section at all.
    #[must_use]
    pub fn describe(&self) -> String {
        if self.is_empty() {
            return found::describe(&self.text);
        }
        label::describe(self.spans.iter().map(|span| span.label))
    }
}

impl fmt::Debug for PemFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sections()).finish()
    }
}
