//! Where a challenge is tried: at addresses that the operator allows.

use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpStream, lookup_host};

use crate::acme::identifier::Identifier;
use crate::acme::problem::{Kind, Problem};
use crate::acme::settings::AcmeSettings;

/// A connection to the host of an identifier, at the first of its addresses that accepts one.
pub(super) async fn connect(
    settings: &AcmeSettings,
    identifier: &Identifier,
    port: u16,
) -> Result<TcpStream, Problem> {
    let addresses = addresses(settings, identifier).await?;
    let mut seen = Vec::new();
    for address in addresses.into_iter().take(MAX_ADDRESSES) {
        let address = SocketAddr::new(address, port);
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => seen.push(format!("{address}: {error}")),
        }
    }
    let detail = format!("there is no connection to {}", seen.join("; "));
    Err(Problem::new(Kind::Connection, detail))
}

/// Those that are allowed, and at least one.
async fn addresses(
    settings: &AcmeSettings,
    identifier: &Identifier,
) -> Result<Vec<IpAddr>, Problem> {
    let found = match identifier {
        Identifier::Ip(address) => vec![*address],
        Identifier::Device(_) => {
            return Err(Problem::malformed("a device is at no address"));
        }
        Identifier::Dns(name) => match settings.hosts.get(name) {
            Some(address) => vec![*address],
            None => resolve(name).await?,
        },
    };
    let (allowed, refused): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|it| settings.allow(*it));
    match allowed.is_empty() {
        false => Ok(allowed),
        true => {
            let refused: Vec<_> = refused.iter().map(ToString::to_string).collect();
            Err(Problem::unauthorized(format!(
                "{} is in no network in which the CA tries challenges",
                refused.join(", ")
            )))
        }
    }
}

async fn resolve(name: &str) -> Result<Vec<IpAddr>, Problem> {
    let failed = |why: String| Problem::new(Kind::Dns, format!("`{name}` has no address: {why}"));
    // A name with a dot at its end is looked up as it is: within a search domain it would be the name of another host.
    let absolute = match name.contains('.') {
        true => format!("{name}."),
        false => name.to_owned(),
    };
    let found = lookup_host((absolute, 0)).await;
    let found = found.map_err(|error| failed(error.to_string()))?;
    let found: Vec<_> = found.map(|it| it.ip()).collect();
    match found.is_empty() {
        false => Ok(found),
        true => Err(failed("the resolver knows none".to_owned())),
    }
}

const MAX_ADDRESSES: usize = 4;
