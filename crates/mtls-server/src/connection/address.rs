//! What counts as one address where connections are counted.

use std::net::{IpAddr, Ipv6Addr};

/// What counts as one address where something is limited by address, here and in services of one's own: an IPv4 address, or
/// the first of an IPv6 /64, since one host owns all of it. An IPv4 address that is mapped into IPv6 is an IPv4 address.
#[must_use]
pub fn address_bucket(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_network_count_together_and_mapped_ipv4_as_ipv4() {
        let same = |a: &str, b: &str| {
            let parse = |text: &str| address_bucket(text.parse().expect("a literal address"));
            parse(a) == parse(b)
        };
        assert!(same("2001:db8::1", "2001:db8::2"));
        assert!(!same("2001:db8:0:1::1", "2001:db8:0:2::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
