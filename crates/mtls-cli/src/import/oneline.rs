//! Subjects as `X509_NAME_oneline` prints them: `/C=DE/O=Example/CN=alice`.

use x509_identity::{Attribute, DistinguishedName, Rdn};

/// A subject of `index.txt` as a name.
///
/// The form does not say where a value ends that has a slash in it: what follows a slash and is not the name of an
/// attribute belongs to the value. What is not a name at all becomes a common name, so that a search finds it.
pub(crate) fn subject(text: &str) -> DistinguishedName {
    parse(text).unwrap_or_else(|| as_common_name(text))
}

fn parse(text: &str) -> Option<DistinguishedName> {
    let text = text.strip_prefix('/')?;
    let mut attributes: Vec<(&str, String)> = Vec::new();
    for part in text.split('/') {
        match part.split_once('=') {
            Some((kind, value)) if is_type(kind) => attributes.push((kind, unescaped(value))),
            _ => {
                let (_, value) = attributes.last_mut()?;
                value.push('/');
                value.push_str(&unescaped(part));
            }
        }
    }
    let mut builder = DistinguishedName::builder();
    for (kind, value) in attributes {
        let oid = type_named(kind)?;
        let attribute = Attribute::new(oid, value).ok()?;
        builder = builder.rdn(Rdn::new(vec![attribute]).ok()?);
    }
    builder.build().ok()
}

fn is_type(kind: &str) -> bool {
    !kind.is_empty()
        && kind
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
}

fn type_named(kind: &str) -> Option<x509_identity::ObjectIdentifier> {
    Attribute::type_named(kind).or_else(|| kind.parse().ok())
}

/// `\xC3\xA4` is what OpenSSL prints for bytes beyond ASCII.
fn unescaped(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        match after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn as_common_name(text: &str) -> DistinguishedName {
    if text.is_empty() {
        return DistinguishedName::default();
    }
    let printable: String = text.chars().filter(|c| !c.is_control()).take(64).collect();
    DistinguishedName::builder()
        .common_name(printable)
        .build()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_openssl_prints_is_a_name_again() {
        for (text, name) in [
            ("/CN=alice", "CN=alice"),
            ("/C=DE/O=Example/CN=alice", "CN=alice,O=Example,C=DE"),
            ("/O=A/B Ltd/CN=x", "CN=x,O=A/B Ltd"),
            ("/O=M\\xC3\\xBCller/CN=x", "CN=x,O=Müller"),
            ("alice", "CN=alice"),
            ("/unknownType=x", "CN=/unknownType=x"),
            ("", ""),
        ] {
            assert_eq!(subject(text).to_string(), name, "{text}");
        }
    }
}
