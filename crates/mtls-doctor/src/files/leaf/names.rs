//! The names of a server's certificate: whether clients can dial them, and the host that is asked for is one.

use std::net::IpAddr;

use x509_identity::pattern::DnsPattern;
use x509_identity::{Certificate, SubjectAltName};

use super::Case;
use crate::finding::Finding;

impl Case<'_> {
    /// The name or address that a client dials.
    pub(super) fn host(&self, host: &str) -> Option<Finding> {
        let names: Vec<String> = self
            .leaf
            .sans()
            .iter()
            .filter(|name| is_host(name))
            .map(|name| match name {
                SubjectAltName::Dns(text) if text.parse::<IpAddr>().is_ok() => {
                    format!("{text} as a DNS name, which no address is compared with")
                }
                other => other.to_string(),
            })
            .collect();
        // That there are none is reported already.
        if names.is_empty() || is_for(self.leaf, host) {
            return None;
        }
        let what = format!(
            "The certificate is not for {host}, only for {}.",
            names.join(", ")
        );
        let finding = Finding::error("name-mismatch", self.place, what).why(
            "curl: `no alternative certificate subject name matches target host name`; Chrome: ERR_CERT_COMMON_NAME_INVALID; Go: \
             `certificate is valid for ..., not ...`; rustls: `not valid for name`.",
        );
        Some(self.reissue.mends(finding))
    }

    /// DNS names that no client can dial.
    pub(super) fn unusable_names(&self) -> Option<Finding> {
        let is_usable =
            |text: &str| text.parse::<DnsPattern>().is_ok() && text.parse::<IpAddr>().is_err();
        let unusable: Vec<&str> = self
            .leaf
            .sans()
            .iter()
            .filter_map(|name| match name {
                SubjectAltName::Dns(text) if !is_usable(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let first = unusable.first()?;
        let others = self.leaf.sans().iter().filter(|name| is_host(name)).count() > unusable.len();
        let what = format!(
            "The DNS name \"{}\" in the certificate is not a host name.",
            first.escape_debug()
        );
        let finding = match others {
            true => Finding::warning("name-not-a-host", self.place, what),
            false => Finding::error("name-not-a-host", self.place, what),
        };
        let finding = finding.why(
            "A DNS name has no scheme, port, path or dot at its end, and an address is a name of its own kind (iPAddress): \
             clients compare it with nothing. curl: `no alternative certificate subject name matches`; Chrome: \
             ERR_CERT_COMMON_NAME_INVALID; Go: `certificate is not valid for any names`.",
        );
        Some(self.reissue.mends(finding))
    }
}

/// Whether a client that dials `host` takes the certificate.
pub(crate) fn is_for(leaf: &Certificate, host: &str) -> bool {
    leaf.sans().iter().any(|name| name.is_of_host(host))
}

fn is_host(name: &SubjectAltName) -> bool {
    matches!(name, SubjectAltName::Dns(_) | SubjectAltName::Ip(_))
}
