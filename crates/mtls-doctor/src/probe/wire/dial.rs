//! TCP.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use crate::probe::observation::NotReached;

/// The addresses of a host. The resolver has no time limit of its own, so it is asked from a thread, which ends by
/// itself.
pub(in crate::probe) fn addresses(
    host: &str,
    port: u16,
    until: Instant,
) -> Result<Vec<SocketAddr>, NotReached> {
    let (sender, receiver) = mpsc::channel();
    let asked = host.to_owned();
    thread::spawn(move || {
        let found = (asked.as_str(), port).to_socket_addrs();
        // Nobody may be waiting any more.
        let _ = sender.send(found.map(|found| found.take(MAX_ADDRESSES).collect::<Vec<_>>()));
    });
    let wait = until.saturating_duration_since(Instant::now());
    match receiver.recv_timeout(wait) {
        Ok(Ok(found)) if !found.is_empty() => Ok(found),
        Ok(Ok(_)) => Err(NotReached::NoAddress {
            said: "it has no address".to_owned(),
        }),
        Ok(Err(error)) => Err(NotReached::NoAddress {
            said: error.to_string(),
        }),
        Err(_) => Err(NotReached::NoAddress {
            said: "the resolver did not answer in time".to_owned(),
        }),
    }
}

/// Connects to the first of these addresses that takes a connection.
pub(in crate::probe) fn dial(
    addresses: &[SocketAddr],
    until: Instant,
) -> Result<(TcpStream, SocketAddr), NotReached> {
    let mut last = NotReached::Silent;
    for (index, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        // An address that swallows everything leaves time for the others.
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(1);
        if share.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => return Ok((stream, *address)),
            Err(error) => last = not_reached(&error),
        }
    }
    Err(last)
}

fn not_reached(error: &io::Error) -> NotReached {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => NotReached::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => NotReached::Silent,
        _ => NotReached::Other {
            said: error.to_string(),
        },
    }
}

const MAX_ADDRESSES: usize = 8;
