//! Accepting TCP connections, whatever happens.

use std::{io, net::SocketAddr, time::Duration};

use tokio::net::{TcpListener, TcpStream};

/// The next connection. What fails on the peer's side is passed over; where the system is out of
/// something, such as file descriptors, it gets some time to recover.
pub(crate) async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // A peer that is gone already shows at the first read.
                let _ = stream.set_nodelay(true);
                return (stream, peer);
            }
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::error!(
                    target: "mtls_server",
                    error = &error as &dyn std::error::Error,
                    "a connection could not be accepted",
                );
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

const PAUSE: Duration = Duration::from_millis(100);

fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}
