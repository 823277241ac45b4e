//! The TLS stream of an accepted client.

use std::{
    fmt,
    future::poll_fn,
    io, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncBufRead as _, AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use crate::connection::{
    connections::{ConnectionPermit, Connections, Cut},
    identity::ConnectionIdentity,
};

/// An encrypted stream to an accepted client.
///
/// It ends by itself when the client's certificate is no longer good, or when a limit on time is
/// reached. Then a read finds the end of the stream, and a write fails.
pub struct MtlsStream<IO>(Arc<Wire<IO>>);

struct Wire<IO> {
    held: Mutex<Held<IO>>,
    connection: ConnectionIdentity,
    _permit: ConnectionPermit,
}

/// Behind a lock, so that a connection can be closed while its owner sleeps. Nobody else locks it.
struct Held<IO> {
    stream: Stream<IO>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

enum Stream<IO> {
    /// Nobody may read or write until it is decided what the connection speaks.
    Sealed(TlsStream<IO>),
    Open(TlsStream<IO>),
    Closed,
}

impl<IO> MtlsStream<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// A sealed stream.
    pub(crate) fn new(
        stream: TlsStream<IO>,
        connection: ConnectionIdentity,
        permit: ConnectionPermit,
        connections: &Arc<Connections>,
    ) -> Self {
        let wire = Arc::new_cyclic(|socket: &Weak<Wire<IO>>| {
            connections.watch(&permit, connection.clone(), socket.clone());
            let held = Held {
                stream: Stream::Sealed(stream),
                reader: None,
                writer: None,
            };
            Wire {
                held: Mutex::new(held),
                connection,
                _permit: permit,
            }
        });
        Self(wire)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> MtlsStream<IO> {
    /// Another handle to the same stream, for an HTTP connection that may be dropped before the stream
    /// ends.
    pub(crate) fn lend(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    /// Waits until there is something to read; false at the end of the stream.
    pub(crate) async fn readable(&self) -> bool {
        poll_fn(|context| {
            let mut held = self.0.lock();
            let Stream::Open(stream) = &mut held.stream else {
                return Poll::Ready(false);
            };
            let filled = Pin::new(stream).poll_fill_buf(context);
            if filled.is_pending() {
                remember(&mut held.reader, context);
                return Poll::Pending;
            }
            filled.map(|bytes| bytes.is_ok_and(|bytes| !bytes.is_empty()))
        })
        .await
    }
}

impl<IO> MtlsStream<IO> {
    /// Who is at the other end.
    pub fn identity(&self) -> &ConnectionIdentity {
        &self.0.connection
    }

    /// Lets it be read and written.
    pub(crate) fn open(&self) {
        let mut held = self.0.lock();
        held.stream = match mem::replace(&mut held.stream, Stream::Closed) {
            Stream::Sealed(stream) => Stream::Open(stream),
            other => other,
        };
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send> MtlsStream<IO> {
    /// Closes it at once.
    pub(crate) fn close(&self) {
        self.0.cut();
    }
}

impl<IO> Stream<IO> {
    /// What reading finds where nothing can be read.
    fn end(&self) -> io::Result<()> {
        if !matches!(self, Self::Sealed(_)) {
            return Ok(());
        }
        tracing::error!(
            target: "mtls_server",
            "a connection of MtlsListener is served without PerConnection: it is closed",
        );
        Err(io::Error::other("the stream is sealed"))
    }
}

impl<IO> Wire<IO> {
    fn lock(&self) -> MutexGuard<'_, Held<IO>> {
        // Only rustls or the socket can panic under the lock; the stream is not used after that.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    /// Writes, flushes or ends the stream, and notes whether the peer takes what is written.
    fn write<T>(
        &self,
        context: &mut Context<'_>,
        how: impl FnOnce(Pin<&mut TlsStream<IO>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let mut held = self.lock();
        let Stream::Open(stream) = &mut held.stream else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let written = how(Pin::new(stream), context);
        if written.is_pending() {
            remember(&mut held.writer, context);
            self.connection.state().stalls();
        } else {
            self.connection.state().flows();
        }
        written
    }
}

impl<IO> Wire<IO> {
    /// Notes how much was written.
    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = written {
            self.connection.state().sent(count);
        }
        written
    }
}

impl<IO> Cut for Wire<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
{
    fn cut(&self) {
        let mut held = self.lock();
        let stream = mem::replace(&mut held.stream, Stream::Closed);
        let wakers = [held.reader.take(), held.writer.take()];
        drop(held);
        if let Stream::Sealed(mut stream) | Stream::Open(mut stream) = stream {
            // As far as the socket takes it at once. close_notify tells the peer that this is the end
            // of the stream, and that nobody cut it short.
            let mut context = Context::from_waker(Waker::noop());
            let _ = Pin::new(&mut stream).poll_shutdown(&mut context);
        }
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

fn remember(place: &mut Option<Waker>, context: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(context.waker()),
        None => *place = Some(context.waker().clone()),
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for MtlsStream<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut held = self.0.lock();
        let Stream::Open(stream) = &mut held.stream else {
            return Poll::Ready(held.stream.end());
        };
        let before = buffer.filled().len();
        let read = Pin::new(stream).poll_read(context, buffer);
        if read.is_pending() {
            remember(&mut held.reader, context);
        } else if let Some(bytes @ [_, ..]) = buffer.filled().get(before..) {
            self.0.connection.state().received(bytes);
        }
        read
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for MtlsStream<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self
            .0
            .write(context, |stream, context| stream.poll_write(context, bytes));
        self.0.note(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.0.write(context, |stream, context| {
            stream.poll_write_vectored(context, slices)
        });
        self.0.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        true // as rustls' own stream
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0
            .write(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0
            .write(context, |stream, context| stream.poll_shutdown(context))
    }
}

impl<IO> fmt::Debug for MtlsStream<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MtlsStream")
            .field("peer", &self.identity().peer())
            .finish_non_exhaustive()
    }
}
