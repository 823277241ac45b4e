//! Addresses that were given for a host and a port, for reqwest, whose resolver learns of no port.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{ClientBuilder, Proxy, Url};

use crate::handshake::context::HandshakeContext;
use crate::handshake::sessions::HostAndPort;

/// Has the connections of `builder` dial `addresses`, each for its host and port alone.
///
/// `ClientBuilder::resolve` overrides a host for all of its ports, and keeps one address for each host. reqwest asks
/// its proxies with the URL that is dialled before it resolves the host, so a proxy that is never used tells the port.
pub(super) fn with_addresses(
    builder: ClientBuilder,
    addresses: &HashMap<HostAndPort, IpAddr>,
) -> ClientBuilder {
    if addresses.is_empty() {
        return builder;
    }
    let resolver = Resolver(Arc::new(addresses.clone()));
    builder
        .proxy(Proxy::custom(note_port))
        .dns_resolver(Arc::new(resolver))
}

fn note_port(dialled: &Url) -> Option<Url> {
    if let Some(port) = dialled.port_or_known_default() {
        HandshakeContext::note_port(port);
    }
    None
}

#[derive(Debug)]
struct Resolver(Arc<HashMap<HostAndPort, IpAddr>>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_ascii_lowercase();
        let given = HandshakeContext::port().and_then(|port| self.0.get(&(host.clone(), port)));
        let given = given.copied();
        Box::pin(async move {
            // reqwest puts the URL's port in the place of 0.
            let found: Vec<_> = match given {
                Some(address) => vec![SocketAddr::new(address, 0)],
                None => tokio::net::lookup_host((host, 0)).await?.collect(),
            };
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
