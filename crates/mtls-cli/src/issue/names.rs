//! Names on the command line: `dns:a.example`, and the NAME that a certificate is issued for.

use std::net::IpAddr;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use x509_identity::pattern::{ends_in_a_number, is_host_name};
use x509_identity::{DistinguishedName, SubjectAltName};

/// An alternative name on the command line: `dns:`, `ip:`, `email:` or `uri:` and the name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AltName(SubjectAltName);

/// Why a text is not an alternative name.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotAnAltName(String);

impl AltName {
    pub(crate) fn into_name(self) -> SubjectAltName {
        self.0
    }
}

impl FromStr for AltName {
    type Err = NotAnAltName;

    fn from_str(text: &str) -> Result<Self, NotAnAltName> {
        let wrong = |reason: &str| NotAnAltName(reason.to_owned());
        let (kind, value) = text
            .split_once(':')
            .ok_or_else(|| wrong("write it as dns:NAME, ip:ADDRESS, email:ADDRESS or uri:URI"))?;
        if value.is_empty() {
            return Err(wrong("the name is empty"));
        }
        if !value.is_ascii() {
            return Err(wrong(
                "the name is not ASCII: write a host name in its xn-- form, and %-encode a URI",
            ));
        }
        if value.bytes().any(|c| c.is_ascii_control()) {
            return Err(wrong("the name has a control character in it"));
        }
        let value = value.to_owned();
        Ok(Self(match kind {
            "dns" => SubjectAltName::Dns(value),
            "email" => SubjectAltName::Email(value),
            "ip" => SubjectAltName::Ip(
                value
                    .parse()
                    .map_err(|_| wrong("it is not an IP address"))?,
            ),
            "uri" => SubjectAltName::Uri(value),
            _ => return Err(wrong("the kinds of names are dns, ip, email and uri")),
        }))
    }
}

/// What a server's certificate says of NAME: a host name (with a wildcard perhaps) or an IP address.
///
/// # Errors
///
/// If it is neither.
pub(crate) fn names_of_server(name: &str) -> Result<(DistinguishedName, Vec<SubjectAltName>)> {
    let san = match name.parse::<IpAddr>() {
        Ok(address) => SubjectAltName::Ip(address),
        // `10.0.0.300` is meant as an address.
        Err(_)
            if is_host_name(name.strip_prefix("*.").unwrap_or(name)) && !ends_in_a_number(name) =>
        {
            SubjectAltName::Dns(name.to_owned())
        }
        Err(_) => bail!(
            "`{}` is neither a host name nor an IP address",
            name.escape_debug()
        ),
    };
    // A common name has 64 characters at most (RFC 5280 appendix A.1), a host name up to 253.
    let subject = if name.len() <= 64 {
        common_name(name)?
    } else {
        DistinguishedName::default()
    };
    Ok((subject, vec![san]))
}

/// What a client's certificate says of NAME: a common name.
///
/// # Errors
///
/// If it cannot be one.
pub(crate) fn names_of_client(name: &str) -> Result<DistinguishedName> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        bail!("`{}` is not a name for a client", name.escape_debug());
    }
    common_name(name)
}

fn common_name(name: &str) -> Result<DistinguishedName> {
    DistinguishedName::builder()
        .common_name(name)
        .build()
        .with_context(|| format!("`{}` cannot be a common name", name.escape_debug()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_name_has_a_kind() {
        for (text, good) in [
            ("dns:a.example", true),
            ("ip:10.0.0.1", true),
            ("ip:::1", true),
            ("email:a@b.example", true),
            ("uri:spiffe://example.org/a", true),
            ("a.example", false),
            ("dns:", false),
            ("dns:a\u{0}b", false),
            ("dns:ä.example", false),
            ("ip:a", false),
            ("dn:CN=a", false),
        ] {
            assert_eq!(text.parse::<AltName>().is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn a_server_is_a_host_or_an_address() {
        for (name, kind) in [
            ("a.example", Some("dns")),
            ("localhost", Some("dns")),
            ("*.a.example", Some("dns")),
            ("127.0.0.1", Some("ip")),
            ("::1", Some("ip")),
            ("a b", None),
            ("a\u{0}b", None),
            ("10.0.0.300", None),
            ("*.1", None),
            ("", None),
        ] {
            let names = names_of_server(name).ok();
            let found = names.as_ref().map(|(_, sans)| sans[0].kind());
            assert_eq!(found, kind, "{name:?}");
        }
        let long = format!("{}.example", "a".repeat(60));
        assert!(names_of_server(&long).unwrap().0.is_empty());
        assert!(names_of_client("alice").is_ok());
        for bad in ["", " ", "a\u{0}b"] {
            assert!(names_of_client(bad).is_err(), "{bad:?}");
        }
    }
}
