//! Patterns for IP addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

use super::error::PatternError;

/// One address (`192.0.2.7`), or a network (`192.0.2.0/24`).
///
/// An IPv4-mapped IPv6 address (`::ffff:192.0.2.7`, RFC 4291 section 2.5.5.2) is also the IPv4
/// address that it stands for. It matches the networks of both. A network of such addresses is the
/// IPv4 network.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct IpPattern(IpNet);

impl IpPattern {
    /// The network; one address is a network of its own.
    pub fn network(&self) -> IpNet {
        self.0
    }

    /// Whether `address` is in the network.
    pub fn matches(&self, address: IpAddr) -> bool {
        self.0.contains(&address) || self.0.contains(&address.to_canonical())
    }
}

impl From<IpNet> for IpPattern {
    /// Takes a network without regard to bits beyond its prefix.
    fn from(network: IpNet) -> Self {
        let network = network.trunc();
        let mapped = match network {
            IpNet::V4(_) => None,
            IpNet::V6(net) => net.addr().to_ipv4_mapped().and_then(|address| {
                let length = net.prefix_len().checked_sub(MAPPED_PREFIX_LEN)?;
                Ipv4Net::new(address, length).ok()
            }),
        };
        Self(mapped.map_or(network, IpNet::V4))
    }
}

/// `::ffff:0:0/96`.
const MAPPED_PREFIX_LEN: u8 = 96;

impl FromStr for IpPattern {
    type Err = PatternError;

    /// A network with bits beyond its prefix is an error: one of the two is a mistake.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let network = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| PatternError::Address)?;
        if network.trunc() == network {
            Ok(network.into())
        } else {
            Err(PatternError::HostBits)
        }
    }
}

impl fmt::Display for IpPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_network_holds_its_own_addresses() {
        for (pattern, address, matches) in [
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("10.0.0.0/8", "::ffff:11.0.0.1", false),
            ("10.0.0.0/8", "::10.0.0.1", false),
            ("::/0", "::ffff:10.0.0.1", true),
            ("::/0", "10.0.0.1", false),
            ("2001:db8::/32", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ] {
            let read: IpPattern = pattern.parse().unwrap();
            assert_eq!(read.to_string(), pattern);
            assert_eq!(
                read.matches(address.parse().unwrap()),
                matches,
                "{pattern} {address}"
            );
        }
    }

    #[test]
    fn a_network_of_mapped_addresses_is_the_ipv4_network() {
        for (text, printed) in [
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
        ] {
            let read: IpPattern = text.parse().unwrap();
            assert_eq!(read.to_string(), printed);
            assert!(read.matches("10.0.0.1".parse().unwrap()), "{text}");
            assert!(read.matches("::ffff:a00:1".parse().unwrap()), "{text}");
            assert!(!read.matches("::1".parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_network_ends_where_its_prefix_does() {
        for (text, error) in [
            ("10.0.0.1/8", PatternError::HostBits),
            ("2001:db8::1/32", PatternError::HostBits),
            ("", PatternError::Address),
            ("10.0.0", PatternError::Address),
            ("10.0.0.0/33", PatternError::Address),
            ("10.0.0.300", PatternError::Address),
            ("localhost", PatternError::Address),
        ] {
            assert_eq!(text.parse::<IpPattern>(), Err(error), "{text}");
        }
    }
}
