//! Where this computer is on its network.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// The address of this computer on its network, the one that other devices of it can reach. None where there is no
/// network.
///
/// The one from which it would reach the rest of the world comes first. Nothing is sent to find that out.
#[must_use]
pub fn network_address() -> Option<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let addresses: Vec<_> = interfaces
        .iter()
        .filter(|interface| !interface.is_loopback())
        .map(if_addrs::Interface::ip)
        .collect();
    choose(towards_the_world(), &addresses)
}

/// RFC 5737 keeps this address for documentation; a UDP socket that is connected has sent nothing.
fn towards_the_world() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// A private IPv4 address before any other IPv4 address; IPv6 last, since people may have to type it.
fn choose(usual: Option<IpAddr>, addresses: &[IpAddr]) -> Option<IpAddr> {
    let rank = |address: &IpAddr| match address {
        IpAddr::V4(ip) if ip.is_link_local() || ip.is_loopback() || ip.is_unspecified() => None,
        IpAddr::V4(_) if Some(*address) == usual => Some(0),
        IpAddr::V4(ip) if ip.is_private() => Some(1),
        IpAddr::V4(_) => Some(2),
        // A link-local one needs the name of an interface, which differs on each device.
        IpAddr::V6(ip) if ip.is_unicast_link_local() || ip.is_loopback() => None,
        IpAddr::V6(_) => Some(3),
    };
    let ranked = addresses.iter().chain(&usual);
    ranked
        .filter_map(|address| Some((rank(address)?, *address)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, address)| address)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_address_that_others_can_reach_is_chosen() {
        for (usual, addresses, expected) in [
            (
                Some("192.168.1.20"),
                &["172.17.0.1", "192.168.1.20"][..],
                Some("192.168.1.20"),
            ),
            (
                None,
                &["fd00::1", "203.0.113.9", "172.17.0.1"],
                Some("172.17.0.1"),
            ),
            (
                None,
                &["169.254.3.4", "fe80::1", "fd00::1"],
                Some("fd00::1"),
            ),
            (Some("192.168.1.20"), &[], Some("192.168.1.20")),
            (Some("127.0.0.1"), &["fe80::1", "169.254.3.4"], None),
            (None, &[], None),
        ] {
            let parse = |text: &str| text.parse::<IpAddr>().unwrap();
            let addresses: Vec<_> = addresses.iter().map(|text| parse(text)).collect();
            let chosen = choose(usual.map(parse), &addresses);
            assert_eq!(chosen, expected.map(parse), "{addresses:?}");
        }
    }
}
