//! Listening sockets: a port of our own, or one that a service manager has opened.

use std::{io, net::SocketAddr, time::Duration};

use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Listens on `address`, with a backlog of 4096 connections that are not accepted yet.
///
/// The backlog of tokio's own `TcpListener::bind` is 128. When more clients connect at once, for
/// example after a restart, the system drops the first packet of the next one, which tries again a
/// second later. Linux limits the backlog to `net.core.somaxconn`, which is 4096.
///
/// # Errors
///
/// What the system says, such as that the port is taken.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As std does: a restarted server gets its port, even if old connections linger on it.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

const BACKLOG: u32 = 4096;

/// The next connection, with `TCP_NODELAY` set. It never fails, so a loop goes on.
///
/// A peer that has gone already is skipped. If the system is out of something, such as file
/// descriptors, this logs an error and tries again after 100 ms.
pub async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
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

/// The listening socket that a service manager has handed over (systemd socket activation). So the port
/// can be below 1024 without privileges, and no connection is lost while the service restarts.
///
/// `None` if there is none: then the caller opens its own. The variables of [`sd_listen_fds`],
/// `LISTEN_FDS` and `LISTEN_PID`, are removed from the environment, as they are not meant for child
/// processes. Call this once, at the start, while no other thread uses the environment.
///
/// ```no_run
/// # async fn listener() -> Result<tokio::net::TcpListener, Box<dyn std::error::Error>> {
/// let listener = match mtls_server::listen::from_environment()? {
///     Some(listener) => listener,
///     None => tokio::net::TcpListener::bind("127.0.0.1:8443").await?,
/// };
/// # Ok(listener)
/// # }
/// ```
///
/// # Errors
///
/// [`ListenError`] if what was handed over is not one listening TCP socket.
///
/// # Panics
///
/// Outside of a tokio runtime.
///
/// [`sd_listen_fds`]: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
pub fn from_environment() -> Result<Option<TcpListener>, ListenError> {
    let mut handed_over = ListenFd::from_env();
    match handed_over.len() {
        0 => return Ok(None),
        1 => {}
        count => return Err(ListenError::TooMany(count)),
    }
    let taken = handed_over.take_tcp_listener(0);
    let Some(listener) = taken.map_err(ListenError::NotListening)? else {
        return Ok(None);
    };
    // A unit with `Accept=yes` hands over a connection, on which every accept would fail.
    #[cfg(target_os = "linux")]
    if !rustix::net::sockopt::socket_acceptconn(&listener).unwrap_or(true) {
        return Err(ListenError::NotListening(
            io::ErrorKind::InvalidInput.into(),
        ));
    }
    listener
        .set_nonblocking(true)
        .and_then(|()| TcpListener::from_std(listener))
        .map(Some)
        .map_err(ListenError::NotListening)
}

/// Why a socket that was handed over cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// It is something else, such as a Unix socket.
    #[error("what the service manager handed over is not a listening TCP socket")]
    NotListening(#[source] io::Error),

    /// Only one can be served, and it is not known which was meant.
    #[error("the service manager handed over {0} sockets: one unit takes one")]
    TooMany(usize),
}
