//! `X-Forwarded-Client-Cert`, as Envoy writes it.
//!
//! Elements are separated by commas, one for each proxy that appended to it; an element has pairs
//! `Key=value`, separated by semicolons. A value with one of these or `=` in it should be in double
//! quotes, and a double quote in it behind a backslash. Envoy itself does so for `Cert`, `Chain` and
//! `Subject` alone: `By`, `URI` and `DNS` are written as they are.

use std::{borrow::Cow, fmt::Write as _};

use x509_identity::{Certificate, SubjectAltName};

use super::{
    chain::{Chain, parse},
    error::ForwardedError,
    escaped_pem,
};
use crate::observe::text::Hex;

/// The certificates of the last element. The other elements must be valid, too.
///
/// A name that Envoy did not quote can pretend to be the end of an element and the beginning of the
/// next one. That is detected: the element that it ends does not contain the whole name then, and so
/// contradicts its certificate.
pub(super) fn read(value: &[u8]) -> Result<Chain, ForwardedError> {
    let text = std::str::from_utf8(value).map_err(ForwardedError::syntax)?;
    let elements = split(text, ',')?;
    if elements.len() > ForwardedError::MAX_CERTIFICATES {
        return Err(ForwardedError::TooMany);
    }
    let mut last = Err(ForwardedError::NoCertificate);
    for element in elements {
        last = Ok(Element::read(element)?.certificates()?);
    }
    last
}

/// What one proxy says about its client. Values that are not compared are not kept.
#[derive(Debug, Default)]
struct Element<'a> {
    cert: Option<Cow<'a, str>>,
    chain: Option<Cow<'a, str>>,
    hash: Option<Cow<'a, str>>,
    uris: Option<Vec<Cow<'a, str>>>,
    dns: Option<Vec<Cow<'a, str>>>,
}

impl<'a> Element<'a> {
    fn read(text: &'a str) -> Result<Self, ForwardedError> {
        let mut element = Self::default();
        for pair in split(text, ';')? {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| ForwardedError::syntax("a pair without `=`"))?;
            let (key, value) = (key.trim_ascii(), unquote(value.trim_ascii())?);
            match key.to_ascii_lowercase().as_str() {
                "cert" => once(&mut element.cert, value)?,
                "chain" => once(&mut element.chain, value)?,
                "hash" => once(&mut element.hash, value)?,
                "uri" => element.uris.get_or_insert_default().push(value),
                "dns" => element.dns.get_or_insert_default().push(value),
                "" => return Err(ForwardedError::syntax("a pair without a key")),
                // By and Subject, and what may come in later versions.
                _ => {}
            }
        }
        Ok(element)
    }

    /// Leaf first.
    fn certificates(self) -> Result<Chain, ForwardedError> {
        let read = |text: Cow<'_, str>| parse(escaped_pem::read(text.as_bytes())?);
        let chain = self.chain.map(read).transpose()?;
        let chain = match (self.cert.map(read).transpose()?, chain) {
            (Some(cert), None) if cert.len() == 1 => cert,
            (Some(cert), Some(chain)) if cert.len() == 1 && cert.first() == chain.first() => chain,
            (Some(_), _) => return Err(ForwardedError::Contradiction { what: "Chain" }),
            (None, Some(chain)) => chain,
            (None, None) => return Err(ForwardedError::NoCertificate),
        };
        let leaf = chain.first().ok_or(ForwardedError::NoCertificate)?;
        let agrees = |what, it| match it {
            true => Ok(()),
            false => Err(ForwardedError::Contradiction { what }),
        };
        if let Some(hash) = self.hash {
            let of_leaf = Hex(leaf.fingerprint_sha256()).to_string();
            agrees("Hash", hash.eq_ignore_ascii_case(&of_leaf))?;
        }
        if let Some(uris) = self.uris {
            agrees("URI", are(&uris, uris_of(leaf)))?;
        }
        if let Some(dns) = self.dns {
            agrees("DNS", are(&dns, dns_of(leaf)))?;
        }
        Ok(chain)
    }
}

/// Where there is none, Envoy writes one that is empty.
fn are<'a>(said: &[Cow<'_, str>], names: impl Iterator<Item = &'a str>) -> bool {
    let said = match said {
        [empty] if empty.is_empty() => &[],
        said => said,
    };
    said.iter().map(AsRef::as_ref).eq(names)
}

fn once<'a>(place: &mut Option<Cow<'a, str>>, value: Cow<'a, str>) -> Result<(), ForwardedError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(ForwardedError::syntax("a key twice")),
    }
}

/// The parts between separators that are in no quotes.
fn split(text: &str, separator: char) -> Result<Vec<&str>, ForwardedError> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c => return c == separator && !quoted,
        }
        false
    });
    let parts = parts.collect();
    if quoted {
        return Err(ForwardedError::syntax("a quote without an end"));
    }
    Ok(parts)
}

/// In quotes, `\"` and `\\` stand for their second character. Other backslashes stay: a `Subject`
/// is in RFC 2253 form, which has its own.
fn unquote(value: &str) -> Result<Cow<'_, str>, ForwardedError> {
    let Some(rest) = value.strip_prefix('"') else {
        return match value.contains('"') {
            true => Err(ForwardedError::syntax("a quote within a value")),
            false => Ok(value.into()),
        };
    };
    let (mut text, mut escaped) = (String::with_capacity(rest.len()), false);
    let mut rest = rest.chars();
    for c in rest.by_ref() {
        match c {
            '"' | '\\' if escaped => {
                text.pop();
                text.push(c);
                escaped = false;
            }
            '"' => {
                return match rest.as_str() {
                    "" => Ok(text.into()),
                    _ => Err(ForwardedError::syntax("a value behind its quotes")),
                };
            }
            c => {
                text.push(c);
                escaped = c == '\\';
            }
        }
    }
    Err(ForwardedError::syntax("a quote without an end"))
}

/// One element, in the order of Envoy, which writes `URI` always.
pub(super) fn write(leaf: &Certificate, above: &[&[u8]]) -> String {
    let cert = escaped_pem::write(std::iter::once(leaf.der()));
    let mut element = format!("Hash={};Cert=\"{cert}\"", Hex(leaf.fingerprint_sha256()));
    // Writing to a String cannot fail.
    if !above.is_empty() {
        let chain = escaped_pem::write(above.iter().copied());
        let _ = write!(element, ";Chain=\"{cert}{chain}\"");
    }
    let subject = visible(&leaf.subject().to_string());
    let _ = write!(element, ";Subject=\"{subject}\"");
    let mut uris = uris_of(leaf).peekable();
    if uris.peek().is_none() {
        element.push_str(";URI=");
    }
    for uri in uris {
        let _ = write!(element, ";URI={}", quote(uri));
    }
    for dns in dns_of(leaf) {
        let _ = write!(element, ";DNS={}", quote(dns));
    }
    element
}

/// RFC 4514 2.4, for what no header may hold; quotes are escaped already.
fn visible(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b' '..=b'~' => text.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(text, "\\{byte:02X}")),
        }
    }
    text
}

fn quote(value: &str) -> Cow<'_, str> {
    if !value.contains([',', ';', '=', '"', '\\', ' ']) {
        return value.into();
    }
    let escaped = value.replace('\\', r"\\").replace('"', "\\\"");
    format!("\"{escaped}\"").into()
}

fn uris_of(leaf: &Certificate) -> impl Iterator<Item = &str> {
    leaf.sans().iter().filter_map(|san| match san {
        SubjectAltName::Uri(uri) => Some(uri.as_str()),
        _ => None,
    })
}

fn dns_of(leaf: &Certificate) -> impl Iterator<Item = &str> {
    leaf.sans().iter().filter_map(|san| match san {
        SubjectAltName::Dns(name) => Some(name.as_str()),
        _ => None,
    })
}
