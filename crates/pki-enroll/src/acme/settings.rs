//! What ACME is offered to whom, and where challenges are tried.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use pki_attest::apple::enterprise_attestation_root;
use x509_identity::Certificate;

/// How ACME is offered. The default asks for an external account binding, and tries challenges in private networks alone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AcmeSettings {
    /// Whether an account needs a key of the external account binding.
    pub external_account: ExternalAccount,
    /// In which networks challenges are tried: those of RFC 1918 and unique local IPv6 addresses (RFC 4193).
    ///
    /// Loopback, link-local, multicast and unspecified addresses, and those at which clouds have services for the machine
    /// itself, are no part of a larger network: they have to be listed themselves. So neither `0.0.0.0/0` nor a private
    /// network reaches what listens on the CA's machine alone, or the metadata service of a cloud.
    pub networks: Vec<IpNet>,
    /// Addresses of names, where they are not what DNS says. `/etc/hosts` has no say in names with a dot in them.
    pub hosts: BTreeMap<String, IpAddr>,
    /// The port of `http-01`: 80.
    pub http_port: u16,
    /// The port of `tls-alpn-01`: 443.
    pub tls_port: u16,
    /// Profiles for managed Apple devices: none. Accounts need no key for them, and order for `permanent-identifier` alone,
    /// proven by `device-attest-01`. Apple attests every device of every organization, so the profile has to say which
    /// common names it certifies: the serial numbers or UDIDs of one's own.
    pub device_profiles: BTreeSet<String>,
    /// The root below which devices are attested: Apple's.
    pub attestation_root: Certificate,
}

/// Whether an account needs a key of the external account binding (RFC 8555 section 7.3.4).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ExternalAccount {
    /// Whoever reaches the CA may have an account, and order whatever it can prove.
    AllowNone,
    /// Each account does.
    #[default]
    Required,
}

impl Default for AcmeSettings {
    fn default() -> Self {
        Self {
            external_account: ExternalAccount::default(),
            networks: private_networks(),
            hosts: BTreeMap::new(),
            http_port: 80,
            tls_port: 443,
            device_profiles: BTreeSet::new(),
            attestation_root: enterprise_attestation_root().clone(),
        }
    }
}

impl AcmeSettings {
    /// Whether challenges are tried at this address.
    pub(super) fn allow(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let special = special_network(address);
        self.networks.iter().any(|network| {
            network.contains(&address) && special.is_none_or(|special| special.contains(network))
        })
    }
}

fn private_networks() -> Vec<IpNet> {
    let v4 = |a, b, length| Ipv4Net::new(Ipv4Addr::new(a, b, 0, 0), length).map(IpNet::V4);
    let local = Ipv6Net::new(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7).map(IpNet::V6);
    [v4(10, 0, 8), v4(172, 16, 12), v4(192, 168, 16), local]
        .into_iter()
        .filter_map(Result::ok)
        .collect()
}

/// The network of addresses that mean the machine itself, its neighbours or nobody, if this is one of it.
fn special_network(address: IpAddr) -> Option<IpNet> {
    SPECIAL
        .iter()
        .filter_map(|text| text.parse::<IpNet>().ok())
        .find(|network| network.contains(&address))
}

const SPECIAL: [&str; 14] = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "fe80::/10",
    "ff00::/8",
    // Metadata, credentials and names for the machine itself. AWS has them within fc00::/7, and Google, too.
    "fd00:ec2::/32",
    "fd20:ce::/32",
    // Azure, Oracle and Alibaba.
    "168.63.129.16/32",
    "192.0.0.192/32",
    "100.100.100.200/32",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn challenges_are_tried_in_the_networks_that_are_listed_and_nowhere_else() {
        let settings = |networks: &[&str]| AcmeSettings {
            networks: networks.iter().map(|it| it.parse().unwrap()).collect(),
            ..AcmeSettings::default()
        };
        let standard = AcmeSettings::default();
        let (all, loopback) = (
            settings(&["0.0.0.0/0", "::/0"]),
            settings(&["127.0.0.0/8", "169.254.1.0/24"]),
        );
        for (address, by_default, by_all, by_loopback) in [
            ("10.1.2.3", true, true, false),
            ("192.168.0.1", true, true, false),
            ("172.16.0.1", true, true, false),
            ("172.32.0.1", false, true, false),
            ("fd00::1", true, true, false),
            ("fd00:ec2::254", false, false, false),
            ("fd20:ce::254", false, false, false),
            ("168.63.129.16", false, false, false),
            ("168.63.129.17", false, true, false),
            ("100.100.100.200", false, false, false),
            ("192.0.0.192", false, false, false),
            ("8.8.8.8", false, true, false),
            ("127.0.0.1", false, false, true),
            ("::ffff:127.0.0.1", false, false, true),
            ("::ffff:10.0.0.1", true, true, false),
            ("169.254.169.254", false, false, false),
            ("169.254.1.7", false, false, true),
            ("0.0.0.0", false, false, false),
            ("::1", false, false, false),
            ("::", false, false, false),
            ("fe80::1", false, false, false),
            ("224.0.0.1", false, false, false),
            ("255.255.255.255", false, false, false),
            ("2001:db8::1", false, true, false),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(standard.allow(address), by_default, "{address}");
            assert_eq!(all.allow(address), by_all, "{address}");
            assert_eq!(loopback.allow(address), by_loopback, "{address}");
        }
    }
}
