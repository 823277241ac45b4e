//! One section and its content.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

use super::der_value::{der_value, is_der};
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
        for line in body.split(u8::is_ascii_whitespace) {
            base64.extend_from_slice(line);
        }
        if base64.is_empty() {
            return Err(PemError::Empty { line: self.line });
        }
        let text = str::from_utf8(&base64).map_err(|_| self.not_base64(body))?;
        let der = Base64::decode_vec(text).map_err(|_| self.not_base64(body))?;
        let der = Zeroizing::new(der);
        if self.label == Label::TrustedCertificate {
            return trusted::certificate(&der, self.line);
        }
        // A line break behind the value was encoded along with it. An encrypted key may end in anything.
        let is_value = matches!(
            self.label,
            Label::Certificate | Label::Crl | Label::CertificateRequest
        );
        let len = der_value(&der).len();
        match der[len..].iter().all(u8::is_ascii_whitespace) {
            true if is_value && is_der(&der) => Ok(Zeroizing::new(der[..len].to_vec())),
            _ => Ok(der),
        }
    }

    fn not_base64(&self, body: &[u8]) -> PemError {
        let has = |byte: u8| body.contains(&byte);
        let mut lines = body.split(|byte| *byte == b'\n');
        let visible = body.iter().filter(|byte| !byte.is_ascii_whitespace());
        let hint = if body.windows(2).any(|two| two == br"\n") {
            r": it has `\n` written out where a line should end"
        } else if has(b'*') || has(b'.') {
            ": part of it is left out"
        } else if lines.any(|line| line.first() == Some(&b'>')) {
            ": its lines begin with `>`, as in the answer to a mail"
        } else if !body.is_ascii() {
            ": it has a character in it that is not ASCII, such as a non-breaking space"
        } else if has(b'-') || has(b'_') {
            ": it has `-` or `_` in it, as base64 for URLs has for `+` and `/`"
        } else if soft_line_breaks(body) > 1 {
            ": its lines end with `=`, as in a mail that was not decoded"
        } else if visible.count() % 4 != 0 {
            ": its end is missing, or a character of it"
        } else {
            ""
        };
        PemError::Base64 {
            line: self.line,
            hint,
        }
    }
}

/// Those of quoted-printable (RFC 2045 section 6.7), in which a line goes on behind a `=` at its end.
fn soft_line_breaks(body: &[u8]) -> usize {
    let is_break = |two: &&[u8]| matches!(two, [b'=', b'\n' | b'\r']);
    body.windows(2).filter(is_break).count()
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
