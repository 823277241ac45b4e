//! The address of a client behind a proxy that passes TLS through: the PROXY protocol, from trusted
//! addresses only.

pub(crate) mod error;

mod header;

#[cfg(fuzzing)]
pub(crate) use self::header::read as read_header;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use tokio::{io::AsyncRead, time::timeout};

use self::error::ProxyProtocolError;

/// Proxies that announce the client's address before the first byte of TLS, by version 1 or 2 of
/// HAProxy's [PROXY protocol]. None by default.
///
/// A connection from a trusted address must begin with a header. Without one it is refused. A
/// connection from any other address that begins with a header is refused, because a header is not
/// TLS. So nobody who can reach the port without the proxy can choose an address.
///
/// The announced address counts for limits, audit events,
/// [`ConnectionIdentity::peer`](crate::ConnectionIdentity::peer) and axum's `ConnectInfo` (unless
/// `into_make_service_with_connect_info` sets that to the address of the proxy). If a header announces
/// no address (`LOCAL`, `UNKNOWN`, a Unix socket), that of the socket is used, as for health checks of
/// the proxy. The header must arrive within [`Limits::first_byte`](crate::Limits::first_byte); the
/// time of the handshake begins after it. Until it has arrived, the connection counts towards the
/// total of unfinished handshakes, but not towards the limit of one address, which all clients of a
/// proxy would share.
///
/// ```
/// # fn configure(builder: mtls_server::MtlsConfigBuilder) -> mtls_server::MtlsConfigBuilder {
/// use std::net::IpAddr;
///
/// use mtls_server::proxy::ProxyProtocol;
///
/// let proxies = [[10, 0, 3, 1], [10, 0, 3, 2]].map(|address| IpAddr::from(address).into());
/// builder.proxy_protocol(ProxyProtocol::trusting(proxies))
/// # }
/// ```
///
/// [PROXY protocol]: https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt
#[derive(Clone, Debug, Default)]
pub struct ProxyProtocol {
    senders: Arc<[IpNet]>,
}

impl ProxyProtocol {
    /// Expects headers from these networks. A single address is a network, too.
    pub fn trusting(senders: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            senders: senders.into_iter().collect(),
        }
    }

    pub(crate) fn trusts(&self, sender: IpAddr) -> bool {
        // A socket for both families shows IPv4 peers as ::ffff:192.0.2.1.
        let sender = sender.to_canonical();
        self.senders.iter().any(|network| network.contains(&sender))
    }
}

/// Reads the header within `limit`, and no byte behind it. `None` if it announces no address.
pub(crate) async fn read<IO>(
    io: &mut IO,
    limit: Duration,
) -> Result<Option<SocketAddr>, ProxyProtocolError>
where
    IO: AsyncRead + Unpin,
{
    timeout(limit, header::read(io))
        .await
        .unwrap_or(Err(ProxyProtocolError::Timeout(limit)))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    #[test]
    fn trust_is_for_the_listed_networks_alone_and_however_a_socket_spells_them() {
        let networks = ["10.0.0.0/8", "2001:db8::/32"].map(|text| text.parse().expect("a network"));
        let proxies = ProxyProtocol::trusting(networks);
        for (sender, trusted) in [
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("::ffff:10.0.0.1", true),
            ("::ffff:11.0.0.0", false),
            ("2001:db8::1", true),
            ("2001:db9::", false),
        ] {
            let sender = sender.parse().expect("an address");
            assert_eq!(proxies.trusts(sender), trusted, "{sender}");
        }
        assert!(!ProxyProtocol::default().trusts(Ipv6Addr::LOCALHOST.into()));
    }
}
