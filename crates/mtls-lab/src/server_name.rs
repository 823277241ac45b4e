//! A name that the lab's server is reached by.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use x509_identity::SubjectAltName;
use x509_identity::pattern::{ends_in_a_number, is_host_name};

/// An IP address, or a DNS name in ASCII, which may begin with `*.`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerName(Name);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Name {
    Dns(String),
    Ip(IpAddr),
}

/// Why a text is not the name of a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerNameError {
    /// There is nothing.
    #[error("the name is empty")]
    Empty,

    /// It ends in a number, as only addresses do.
    #[error("it ends in a number, as addresses do, and is not an IP address")]
    NotAnAddress,

    /// It is an international name as people write it.
    #[error("it is not ASCII: give its A-label, which begins with xn--")]
    NotAscii,

    /// It is not a host name.
    #[error(
        "it is neither an IP address nor a DNS name: labels of letters, digits, hyphens and underscores, \
         without scheme, port or path"
    )]
    NotAName,
}

impl ServerName {
    pub(crate) fn to_subject_alt_name(&self) -> SubjectAltName {
        match &self.0 {
            Name::Dns(name) => SubjectAltName::Dns(name.clone()),
            Name::Ip(address) => SubjectAltName::Ip(*address),
        }
    }
}

impl FromStr for ServerName {
    type Err = ServerNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse() {
            return Ok(Self(Name::Ip(address)));
        }
        if text.is_empty() {
            return Err(ServerNameError::Empty);
        }
        if !text.is_ascii() {
            return Err(ServerNameError::NotAscii);
        }
        let host = text.strip_prefix("*.").unwrap_or(text);
        if !is_host_name(host) {
            return Err(ServerNameError::NotAName);
        }
        if ends_in_a_number(host) {
            return Err(ServerNameError::NotAnAddress);
        }
        Ok(Self(Name::Dns(text.to_owned())))
    }
}

impl TryFrom<String> for ServerName {
    type Error = ServerNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ServerName> for String {
    fn from(name: ServerName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Name::Dns(name) => name.fmt(f),
            Name::Ip(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ServerNameError::{Empty, NotAName, NotAnAddress, NotAscii};
    use super::*;

    #[test]
    fn an_address_or_a_dns_name_is_read_and_written_as_it_was() {
        for text in [
            "localhost",
            "UPPER.example",
            "*.example.com",
            "my_service",
            "xn--bcher-kva.example",
            "10.1.2.3",
            "::1",
            "a1.example",
            "0x.example",
        ] {
            let name = text.parse::<ServerName>().map(|name| name.to_string());
            assert_eq!(name.as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_neither_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", Empty),
            ("bücher.example", NotAscii),
            ("10.0.0.300", NotAnAddress),
            ("1.2.3", NotAnAddress),
            ("host.0x7f", NotAnAddress),
            ("10.0.0.0/8", NotAName),
            ("localhost:8443", NotAName),
            ("https://x.example/", NotAName),
            ("jane@example.com", NotAName),
            ("a b", NotAName),
            ("x..example", NotAName),
            ("x.example.", NotAName),
            ("*", NotAName),
            ("a.*.example", NotAName),
            ("DNS:a.example", NotAName),
            ("a.example,b.example", NotAName),
        ] {
            assert_eq!(text.parse::<ServerName>(), Err(reason), "{text}");
        }
    }
}
