//! Patterns for IP addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::error::PatternError;

/// One address (`192.0.2.7`), or a network (`192.0.2.0/24`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct IpPattern(IpNet);

impl IpPattern {
    /// The network; one address is a network of its own.
    pub fn network(&self) -> IpNet {
        self.0
    }

    /// Whether `address` is in the network. An IPv4 network has no IPv6 addresses, IPv4-mapped ones included.
    pub fn matches(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl FromStr for IpPattern {
    type Err = PatternError;

    /// A network with bits beyond its prefix is an error: one of the two is a mistake.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let network = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| PatternError::Address)?;
        if network.trunc() == network {
            Ok(Self(network))
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
            ("10.0.0.0/8", "::ffff:10.0.0.1", false),
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
