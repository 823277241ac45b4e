use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use const_oid::ObjectIdentifier;

use crate::name::fmt_hex;
use crate::pattern::DnsPattern;
use crate::tlv::{self, Fields, SEQUENCE, Tlv, constructed_context, context};
use crate::{DistinguishedName, ParseError};

/// One subject alternative name (RFC 5280 4.2.1.6).
///
/// `Display` is the value alone, without its kind. Names of the text kinds are ASCII as in the
/// certificate (a DNS name is in A-labels, and its case is kept), never empty, and free of NUL and
/// other control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectAltName {
    /// dNSName. May be a wildcard.
    Dns(String),
    /// iPAddress.
    Ip(IpAddr),
    /// rfc822Name.
    Email(String),
    /// uniformResourceIdentifier.
    Uri(String),
    /// directoryName.
    DirectoryName(DistinguishedName),
    /// otherName, x400Address, ediPartyName or registeredID.
    Other {
        /// Which of these, as [`SubjectAltName::kind`] says it.
        kind: &'static str,
        /// The type of an otherName, or the registered identifier.
        oid: Option<ObjectIdentifier>,
        /// The value of an otherName; otherwise the whole name. DER.
        der: Vec<u8>,
    },
    /// A name that cannot be read, such as an empty dNSName or a URI beyond ASCII. It names nobody.
    /// A rule about names of its kind cannot be decided.
    Unreadable {
        /// Which kind it is of, as [`SubjectAltName::kind`] says it.
        kind: &'static str,
        /// The whole name. DER.
        der: Vec<u8>,
    },
}

impl SubjectAltName {
    /// The kind in a word, for logs and JSON: `dns`, `ip`, `email`, `uri`, `directory-name`,
    /// `other-name`, `x400-address`, `edi-party-name`, `registered-id`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::Ip(_) => "ip",
            Self::Email(_) => "email",
            Self::Uri(_) => "uri",
            Self::DirectoryName(_) => "directory-name",
            Self::Other { kind, .. } | Self::Unreadable { kind, .. } => kind,
        }
    }

    /// Whether it is the name of `host`, a host name or an address with or without brackets, as clients compare them
    /// (RFC 9525 section 6).
    pub fn is_of_host(&self, host: &str) -> bool {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        match (self, address) {
            (Self::Ip(own), Ok(address)) => *own == address,
            (Self::Dns(name), Err(_)) => {
                let pattern = name.parse::<DnsPattern>();
                pattern.is_ok_and(|pattern| pattern.matches(host))
            }
            _ => false,
        }
    }

    /// Reads the value of a subjectAltName extension: of a certificate, or of a request for one.
    ///
    /// # Errors
    ///
    /// [`ParseError`] where the list is empty or malformed, or holds a text with a NUL or another control
    /// character, or an address of neither 4 nor 16 octets. A text that is empty or not ASCII is
    /// [`Unreadable`](Self::Unreadable).
    pub fn list_from_extension(value: &[u8]) -> Result<Vec<Self>, ParseError> {
        let mut fields = Fields::within(value, SEQUENCE, WHAT)?;
        let mut names = Vec::new();
        while !fields.is_empty() {
            names.push(Self::from_general_name(fields.next()?)?);
        }
        if names.is_empty() {
            Err(ParseError::Empty { what: WHAT })
        } else {
            Ok(names)
        }
    }

    /// Reads one GeneralName.
    pub(crate) fn from_general_name(name: Tlv<'_>) -> Result<Self, ParseError> {
        Ok(match name.tag {
            OTHER_NAME => {
                let mut fields = Fields::new(name.value, "otherName")?;
                let oid = fields.object_identifier()?;
                let value = fields.required(constructed_context(0))?;
                fields.finish()?;
                Self::Other {
                    kind: "other-name",
                    oid: Some(oid),
                    der: value.value.to_vec(),
                }
            }
            RFC822_NAME => Self::text(name, Self::Email, "email", "rfc822Name")?,
            DNS_NAME => Self::text(name, Self::Dns, "dns", "dNSName")?,
            X400_ADDRESS => Self::Other {
                kind: "x400-address",
                oid: None,
                der: name.der.to_vec(),
            },
            DIRECTORY_NAME => Self::DirectoryName(DistinguishedName::from_der(name.value)?),
            EDI_PARTY_NAME => Self::Other {
                kind: "edi-party-name",
                oid: None,
                der: name.der.to_vec(),
            },
            UNIFORM_RESOURCE_IDENTIFIER => {
                Self::text(name, Self::Uri, "uri", "uniformResourceIdentifier")?
            }
            IP_ADDRESS => Self::Ip(ip(name.value)?),
            REGISTERED_ID => {
                let oid = tlv::object_identifier(name.value, "registeredID")?;
                Self::Other {
                    kind: "registered-id",
                    oid: Some(oid),
                    der: name.der.to_vec(),
                }
            }
            found => {
                return Err(ParseError::UnexpectedTag {
                    what: "GeneralName",
                    expected: DNS_NAME,
                    found,
                });
            }
        })
    }

    /// An IA5String of one kind.
    fn text(
        name: Tlv<'_>,
        read: fn(String) -> Self,
        kind: &'static str,
        what: &'static str,
    ) -> Result<Self, ParseError> {
        let octets = name.value;
        match octets.iter().find(|octet| octet.is_ascii_control()) {
            Some(0) => return Err(ParseError::EmbeddedNul { what }),
            Some(control) => {
                let code = u32::from(*control);
                return Err(ParseError::ControlCharacter { what, code });
            }
            None => {}
        }
        Ok(if !octets.is_empty() && octets.is_ascii() {
            read(octets.iter().copied().map(char::from).collect())
        } else {
            let der = name.der.to_vec();
            Self::Unreadable { kind, der }
        })
    }
}

impl fmt::Display for SubjectAltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(text) | Self::Email(text) | Self::Uri(text) => f.write_str(text),
            Self::Ip(address) => address.fmt(f),
            Self::DirectoryName(name) => name.fmt(f),
            Self::Other {
                kind: "registered-id",
                oid: Some(oid),
                ..
            } => oid.fmt(f),
            Self::Other {
                oid: Some(oid),
                der,
                ..
            } => {
                write!(f, "{oid}=")?;
                fmt_hex(f, der)
            }
            Self::Other { oid: None, der, .. } | Self::Unreadable { der, .. } => fmt_hex(f, der),
        }
    }
}

fn ip(octets: &[u8]) -> Result<IpAddr, ParseError> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        Ok(Ipv4Addr::from(v4).into())
    } else if let Ok(v6) = <[u8; 16]>::try_from(octets) {
        Ok(Ipv6Addr::from(v6).into())
    } else {
        Err(ParseError::IpAddressLength(octets.len()))
    }
}

const WHAT: &str = "subjectAltName";

const OTHER_NAME: u8 = constructed_context(0);
const RFC822_NAME: u8 = context(1);
const DNS_NAME: u8 = context(2);
const X400_ADDRESS: u8 = constructed_context(3);
const DIRECTORY_NAME: u8 = constructed_context(4);
const EDI_PARTY_NAME: u8 = constructed_context(5);
const UNIFORM_RESOURCE_IDENTIFIER: u8 = context(6);
const IP_ADDRESS: u8 = context(7);
const REGISTERED_ID: u8 = context(8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_a_host_of_its_own_kind() {
        let dns = |name: &str| SubjectAltName::Dns(name.into());
        let ip = |text: &str| SubjectAltName::Ip(text.parse().expect("an address"));
        for (name, host, expected) in [
            (dns("a.example.org"), "A.example.org", true),
            (dns("*.example.org"), "a.example.org", true),
            (dns("*.example.org"), "a.b.example.org", false),
            (dns("a.example.org"), "a.example.org.evil", false),
            (dns("127.0.0.1"), "127.0.0.1", false),
            (ip("127.0.0.1"), "127.0.0.1", true),
            (ip("::1"), "[::1]", true),
            (ip("::1"), "0:0::1", true),
            (ip("127.0.0.1"), "localhost", false),
            (SubjectAltName::Uri("https://a".into()), "a", false),
        ] {
            assert_eq!(name.is_of_host(host), expected, "{name} {host}");
        }
    }
}
