//! Identifiers: what a certificate is ordered for.

use std::net::IpAddr;

use pki_store::AcmeIdentifier;
use x509_identity::SubjectAltName;
use x509_identity::pattern::is_host_name;

use super::problem::Kind;

/// An identifier that can be ordered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Identifier {
    /// A host name, in lower case (RFC 8555 section 7.1.4).
    Dns(String),
    /// An address (RFC 8738).
    Ip(IpAddr),
    /// A device, by a number that stays the same for it (RFC 4043).
    Device(String),
}

impl Identifier {
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn read(identifier: &AcmeIdentifier) -> Result<Self, (Kind, String)> {
        let value = identifier.value.as_str();
        let rejected = |detail: String| Err((Kind::RejectedIdentifier, detail));
        match identifier.kind.as_str() {
            "dns" if value.starts_with("*.") => rejected(format!(
                "`{value}` is proven by dns-01 alone, which is not offered; order host names"
            )),
            "dns" if is_host_name(value) && value.parse::<IpAddr>().is_err() => {
                Ok(Self::Dns(value.to_ascii_lowercase()))
            }
            "dns" => rejected(format!("`{value}` is not a host name")),
            "ip" => match value.parse::<IpAddr>() {
                Ok(address) if address.to_string() == value => Ok(Self::Ip(address)),
                _ => rejected(format!("`{value}` is not an IP address in its usual form")),
            },
            "permanent-identifier" => match is_device(value) {
                true => Ok(Self::Device(value.to_owned())),
                false => rejected(format!(
                    "`{value}` is not a serial number or UDID of 1 to 64 letters, digits and hyphens"
                )),
            },
            kind => Err((
                Kind::UnsupportedIdentifier,
                format!("identifiers of type `{kind}` are not offered here"),
            )),
        }
    }

    /// The challenges that prove it.
    pub(super) fn challenges(&self) -> &'static [&'static str] {
        match self {
            Self::Dns(_) | Self::Ip(_) => &[HTTP_01, TLS_ALPN_01],
            Self::Device(_) => &[DEVICE_ATTEST_01],
        }
    }

    /// As it is stored and sent.
    pub(super) fn record(&self) -> AcmeIdentifier {
        let (kind, value) = match self {
            Self::Dns(name) => ("dns", name.clone()),
            Self::Ip(address) => ("ip", address.to_string()),
            Self::Device(number) => ("permanent-identifier", number.clone()),
        };
        AcmeIdentifier {
            kind: kind.to_owned(),
            value,
        }
    }

    /// The alternative name that it becomes. A device is named by the common name.
    pub(super) fn san(&self) -> Option<SubjectAltName> {
        match self {
            Self::Dns(name) => Some(SubjectAltName::Dns(name.clone())),
            Self::Ip(address) => Some(SubjectAltName::Ip(*address)),
            Self::Device(_) => None,
        }
    }
}

/// What Apple's serial numbers and UDIDs are, within what a common name has room for.
fn is_device(value: &str) -> bool {
    (1..=64).contains(&value.len())
        && value
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}

/// RFC 8555 section 8.3.
pub(super) const HTTP_01: &str = "http-01";
/// draft-ietf-acme-device-attest.
pub(super) const DEVICE_ATTEST_01: &str = "device-attest-01";
/// RFC 8737.
pub(super) const TLS_ALPN_01: &str = "tls-alpn-01";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_has_one_form() {
        for (kind, value, read) in [
            ("dns", "api.example.org", Ok("api.example.org")),
            ("dns", "API.Example.org", Ok("api.example.org")),
            ("dns", "*.example.org", Err(Kind::RejectedIdentifier)),
            ("dns", "127.0.0.1", Err(Kind::RejectedIdentifier)),
            ("dns", "a..b", Err(Kind::RejectedIdentifier)),
            ("dns", "a.example.org/x", Err(Kind::RejectedIdentifier)),
            ("dns", "", Err(Kind::RejectedIdentifier)),
            ("ip", "10.0.0.1", Ok("10.0.0.1")),
            ("ip", "2001:db8::1", Ok("2001:db8::1")),
            ("ip", "2001:db8:0::1", Err(Kind::RejectedIdentifier)),
            ("ip", "10.0.0.01", Err(Kind::RejectedIdentifier)),
            ("permanent-identifier", "C02XL0ABJGH5", Ok("C02XL0ABJGH5")),
            (
                "permanent-identifier",
                "C02 XL",
                Err(Kind::RejectedIdentifier),
            ),
            ("permanent-identifier", "", Err(Kind::RejectedIdentifier)),
            ("email", "a@example.org", Err(Kind::UnsupportedIdentifier)),
        ] {
            let identifier = AcmeIdentifier {
                kind: kind.to_owned(),
                value: value.to_owned(),
            };
            let found = Identifier::read(&identifier);
            let found = found.map(|it| it.record().value).map_err(|it| it.0);
            assert_eq!(found, read.map(str::to_owned), "{kind} {value}");
        }
    }
}
