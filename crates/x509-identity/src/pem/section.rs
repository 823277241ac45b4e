//! One section and its content.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

use super::{Label, PemError, scan::Span, trusted};

/// A section of a PEM file.
#[derive(Clone, Copy)]
pub struct Section<'t> {
    label: Label,
    line: usize,
    body: &'t [u8],
}

impl<'t> Section<'t> {
    pub(super) fn new(text: &'t [u8], span: &Span) -> Self {
        Self {
            label: span.label,
            line: span.line,
            body: &text[span.body.clone()],
        }
    }

    /// What it says that it is.
    #[must_use]
    pub fn label(&self) -> Label {
        self.label
    }

    /// The line of its `-----BEGIN`, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Whether it is encrypted in the form of RFC 1421 (`Proc-Type: 4,ENCRYPTED`), OpenSSL's old
    /// one. What [`der`](Self::der) gives is then still encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        let (headers, _) = headers(self.body);
        let mut lines = headers.split(|byte| matches!(byte, b'\n' | b'\r'));
        lines.any(|line| {
            let line = line.trim_ascii();
            line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED")
        })
    }

    /// How it is encrypted, where [it is](Self::is_encrypted): a cipher and its initialisation vector,
    /// the value of `DEK-Info` (RFC 1421 section 4.6.1.3).
    #[must_use]
    pub fn dek_info(&self) -> Option<&'t str> {
        let (headers, _) = headers(self.body);
        headers
            .split(|byte| matches!(byte, b'\n' | b'\r'))
            .find_map(|line| line.trim_ascii().strip_prefix(b"DEK-Info:"))
            .and_then(|value| str::from_utf8(value).ok())
            .map(str::trim)
    }

    /// Its content: one DER value. A `TRUSTED CERTIFICATE` gives the certificate alone.
    ///
    /// # Errors
    ///
    /// [`PemError::Base64`] and [`PemError::Empty`]; [`PemError::Rejected`] for a certificate that is
    /// marked as not trusted.
    pub fn der(&self) -> Result<Zeroizing<Vec<u8>>, PemError> {
        let (_, body) = headers(self.body);
        let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
        base64.extend(body.iter().filter(|byte| !byte.is_ascii_whitespace()));
        if base64.is_empty() {
            return Err(PemError::Empty { line: self.line });
        }
        let text = str::from_utf8(&base64).map_err(|_| self.not_base64(body))?;
        let der = Base64::decode_vec(text).map_err(|_| self.not_base64(body))?;
        let der = Zeroizing::new(der);
        match self.label {
            Label::TrustedCertificate => trusted::certificate(&der, self.line),
            _ => Ok(der),
        }
    }

    fn not_base64(&self, body: &[u8]) -> PemError {
        let hint = if body.windows(2).any(|two| two == br"\n") {
            r": it has `\n` written out where a line should end"
        } else if body.iter().any(|byte| *byte == b'*' || *byte == b'.') {
            ": part of it is left out"
        } else {
            ""
        };
        PemError::Base64 {
            line: self.line,
            hint,
        }
    }
}

/// Without the content, which may be a key.
impl fmt::Debug for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section")
            .field("label", &self.label)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// Header fields of RFC 1421 section 4.4, which an empty line ends, and what follows them.
fn headers(body: &[u8]) -> (&[u8], &[u8]) {
    // Base64 has no colon.
    if !body.contains(&b':') {
        return (&[], body);
    }
    let ends = |blank: &[u8]| body.windows(blank.len()).position(|it| it == blank);
    let end = [&b"\n\n"[..], b"\r\n\r\n", b"\n\r\n", b"\r\r"]
        .into_iter()
        .filter_map(|blank| ends(blank).map(|at| at + blank.len()))
        .min();
    // Some writers leave the empty line out: the last line with a colon is a header, too.
    let end = end.unwrap_or_else(|| {
        let colon = body.iter().rposition(|byte| *byte == b':').unwrap_or(0);
        let rest = body[colon..].iter().position(|byte| *byte == b'\n');
        rest.map_or(body.len(), |at| colon + at)
    });
    body.split_at(end)
}
