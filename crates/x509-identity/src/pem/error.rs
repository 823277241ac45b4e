//! Why a PEM file cannot be read.

/// A section that is not whole, or not known. Lines count from 1.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// A character that base64 (RFC 4648 section 4) does not have, or too few of them.
    #[error("the section at line {line} is not base64{hint}")]
    Base64 {
        /// Where the section begins.
        line: usize,
        /// What it looks like instead; empty, or a clause.
        hint: &'static str,
    },

    /// A container of certificates and CRLs among sections of which each counts.
    #[error(
        "the section at line {line} is a PKCS#7 container: put its certificates in its place, as `openssl pkcs7 -print_certs` prints them"
    )]
    Container {
        /// Where the section begins.
        line: usize,
    },

    /// DER between sections, or behind them, where it would be taken for text.
    #[error(
        "what follows the section that ends at line {line} is DER: convert it to PEM, as `openssl x509 -inform DER` and `openssl crl -inform DER` do"
    )]
    Der {
        /// The line of the `-----END` before it.
        line: usize,
    },

    /// A section without any content.
    #[error("the section at line {line} is empty")]
    Empty {
        /// Where the section begins.
        line: usize,
    },

    /// A label that no program is known to write: misspelled, most likely. Or that of something else
    /// than X.509, which the sentence then names.
    #[error(
        "line {line} begins a section `{label}`, {}",
        super::label::about(label)
    )]
    Label {
        /// The line of `-----BEGIN`.
        line: usize,
        /// What it says, cut off where it is long.
        label: String,
    },

    /// `BEGIN` or `END` that is not `-----BEGIN LABEL-----` or `-----END LABEL-----`: a dash too
    /// few, or dashes of a word processor.
    #[error(
        "line {line} looks like the {which} of a section and is not written `-----{which} LABEL-----`"
    )]
    Marker {
        /// Where it stands.
        line: usize,
        /// `BEGIN` or `END`.
        which: &'static str,
    },

    /// The end of a section names another label than its beginning.
    #[error("the section `{begin}` at line {line} ends as `{end}`")]
    Mismatch {
        /// Where the section begins.
        line: usize,
        /// The label of its `-----BEGIN`.
        begin: String,
        /// The label of its `-----END`.
        end: String,
    },

    /// Text in UTF-16 beside text that is not, as PowerShell's `>>` makes it.
    #[error("one part of the file is UTF-16 and another is not: save all of it as UTF-8")]
    PartlyUtf16,

    /// A certificate of OpenSSL's `TRUSTED CERTIFICATE` that is marked as not to be trusted for
    /// something.
    #[error(
        "the certificate at line {line} is marked as rejected by its owner: take it out of the file"
    )]
    Rejected {
        /// Where the section begins.
        line: usize,
    },

    /// A section that begins and does not end before the next one, or before the file.
    #[error(
        "the section `{label}` at line {line} does not end: the file was cut off, or a line is missing"
    )]
    Unclosed {
        /// Where the section begins.
        line: usize,
        /// Its label.
        label: String,
    },

    /// `-----END` of a section that did not begin.
    #[error("a section `{label}` ends at line {line} and did not begin")]
    Unopened {
        /// The line of `-----END`.
        line: usize,
        /// Its label.
        label: String,
    },

    /// Text in UTF-16 with half of a character in it.
    #[error("the file is UTF-16 and damaged: save it as UTF-8")]
    Utf16,
}
