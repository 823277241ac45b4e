//! A connection that says why the server hung up, even while it was being written to.
//!
//! In TLS 1.3 the client is done before the server has judged its certificate, so a refusal arrives
//! late: at the first read, or as a broken pipe while the alert lies unread in the receive buffer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use hyper_util::client::legacy::connect::{Connected, Connection};
use rustls::ClientConnection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::connect::io::{Io, Socket};
use crate::failure::error::Error;
use crate::failure::presented::Presented;

/// How long a failed write looks for the reason. It lies in the receive buffer already: the reset
/// that made the write fail came after it.
const LOOK_FOR_REASON: Duration = Duration::from_secs(1);

/// How long after the handshake a refusal waits for the request that it answers.
///
/// hyper hands a request over after the connection stands. If the refusal is there first, it fails the
/// connection, and the request learns only that there is none ("connection was not ready").
const WAIT_FOR_REQUEST: Duration = Duration::from_millis(100);

/// A connection to a server, made by [`Connector`](crate::Connector).
///
/// Its I/O errors carry an [`Error`](crate::Error), which [`Error::classify`](crate::Error::classify)
/// finds wherever they end up.
#[derive(Debug)]
pub struct TlsStream {
    io: Io,
    /// What the server requested of us, and got.
    presented: Option<Presented>,
    answered: bool,
    writing: Writing,
    early: Vec<u8>,
    /// Until when a refusal waits for the request that it answers; `None` from then on.
    request_due: Option<Pin<Box<Sleep>>>,
    /// The task that waits to read.
    reader: Option<Waker>,
    held: Option<(io::ErrorKind, Error)>,
}

/// What became of our side.
#[derive(Debug)]
enum Writing {
    Open,
    /// A write failed; we look for the reason in what the server sent before.
    Failed {
        error: io::ErrorKind,
        deadline: Pin<Box<Sleep>>,
    },
    /// A write failed and the server had answered: the answer counts, what we write is dropped.
    Moot,
    Over(Error),
}

impl TlsStream {
    pub(crate) fn tls(
        stream: tokio_rustls::client::TlsStream<TcpStream>,
        presented: Option<Presented>,
    ) -> Self {
        Self::with(Io::Tls(Box::new(stream)), presented)
    }

    pub(crate) fn plain(stream: TcpStream) -> Self {
        Self::with(Io::Plain(stream), None)
    }

    fn with(io: Io, presented: Option<Presented>) -> Self {
        Self {
            io,
            answered: false,
            writing: Writing::Open,
            early: Vec::new(),
            request_due: presented
                .is_some()
                .then(|| Box::pin(tokio::time::sleep(WAIT_FOR_REQUEST))),
            presented,
            reader: None,
            held: None,
        }
    }

    /// The TLS session: version, cipher suite, the server's chain. `None` on plain HTTP.
    #[must_use]
    pub fn session(&self) -> Option<&ClientConnection> {
        self.io.session()
    }

    /// What an error, or the end, means at this point of the conversation.
    fn explain(&self, error: io::Error) -> Error {
        let presented = self.presented.as_ref().filter(|_| !self.answered);
        Error::explain(error, presented)
    }

    fn poll_read_explained(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<usize, (io::ErrorKind, Error)>> {
        let before = buf.filled().len();
        let outcome = self.io.socket().poll_read(cx, buf);
        let read = buf.filled().len() - before;
        Poll::Ready(match ready!(outcome) {
            Ok(())
                if read == 0
                    && self.presented.is_some()
                    && !self.answered
                    && buf.remaining() > 0 =>
            {
                let end = io::ErrorKind::UnexpectedEof;
                Err((end, self.explain(end.into())))
            }
            Ok(()) => {
                if read > 0 {
                    self.answered = true;
                    self.request_due = None;
                }
                Ok(read)
            }
            Err(error) => Err((error.kind(), self.explain(error))),
        })
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.early.is_empty() {
            let length = self.early.len().min(buf.remaining());
            buf.put_slice(&self.early[..length]);
            self.early.drain(..length);
            return Poll::Ready(Ok(()));
        }
        if self.held.is_some() {
            return self.poll_held(cx);
        }
        match ready!(self.poll_read_explained(cx, buf)) {
            Ok(0) if matches!(self.writing, Writing::Moot) => {
                self.writing = Writing::Over(self.explain(io::ErrorKind::BrokenPipe.into()));
                Poll::Ready(Ok(()))
            }
            Ok(_) => Poll::Ready(Ok(())),
            Err(refusal) => {
                // What is written now goes nowhere, and must not fail before the reason is read.
                self.writing = Writing::Moot;
                self.held = Some(refusal);
                self.poll_held(cx)
            }
        }
    }

    /// The refusal that came, once the request it answers has had time to be made.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(due) = &mut self.request_due {
            ready!(due.as_mut().poll(cx));
            self.request_due = None;
        }
        let Some((kind, error)) = &self.held else {
            return Poll::Ready(Ok(()));
        };
        self.writing = Writing::Over(error.clone());
        Poll::Ready(Err(io::Error::new(*kind, error.clone())))
    }

    /// After a failed write: reads what the server had said before it hung up.
    fn poll_reason(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Writing::Failed { error, .. } = self.writing else {
            return Poll::Ready(());
        };
        let mut chunk = [0; 4096];
        let mut buf = ReadBuf::new(&mut chunk);
        let found = match self.poll_read_explained(cx, &mut buf) {
            Poll::Pending => {
                let Writing::Failed { deadline, .. } = &mut self.writing else {
                    return Poll::Ready(());
                };
                ready!(deadline.as_mut().poll(cx));
                Writing::Over(self.explain(error.into()))
            }
            Poll::Ready(Ok(0)) => Writing::Over(self.explain(error.into())),
            Poll::Ready(Ok(_)) => {
                self.early.extend_from_slice(buf.filled());
                Writing::Moot
            }
            Poll::Ready(Err((kind, reason))) if self.request_due.is_some() => {
                self.held = Some((kind, reason));
                Writing::Moot
            }
            Poll::Ready(Err((_, reason))) => Writing::Over(reason),
        };
        self.writing = found;
        self.wake_reader();
        Poll::Ready(())
    }

    fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// HTTP/1 writes nothing before its request; HTTP/2 begins with a preface of its own.
    fn note_written(&mut self) {
        if self.request_due.is_some() && !self.io.is_http2() {
            self.request_due = None;
            self.wake_reader();
        }
    }

    /// Does `write`, and if it fails finds out why.
    fn poll_write_explained<T>(
        &mut self,
        cx: &mut Context<'_>,
        dropped: T,
        write: impl FnOnce(Pin<&mut dyn Socket>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Writing::Open = self.writing {
            match ready!(write(self.io.socket(), cx)) {
                Ok(done) => return Poll::Ready(Ok(done)),
                Err(error) => {
                    let deadline = Box::pin(tokio::time::sleep(LOOK_FOR_REASON));
                    self.writing = Writing::Failed {
                        error: error.kind(),
                        deadline,
                    };
                }
            }
        }
        ready!(self.poll_reason(cx));
        Poll::Ready(match &self.writing {
            Writing::Over(error) => Err(io::Error::new(io::ErrorKind::BrokenPipe, error.clone())),
            _ => Ok(dropped),
        })
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = this.poll_answer(cx, buf);
        if outcome.is_pending()
            && !this
                .reader
                .as_ref()
                .is_some_and(|known| known.will_wake(cx.waker()))
        {
            this.reader = Some(cx.waker().clone());
        }
        outcome
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.note_written();
        this.poll_write_explained(cx, buf.len(), |io, cx| io.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all = bufs.iter().map(|buf| buf.len()).sum();
        let this = self.get_mut();
        this.note_written();
        this.poll_write_explained(cx, all, |io, cx| io.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut()
            .poll_write_explained(cx, (), |io, cx| io.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().io.socket().poll_shutdown(cx)
    }
}

impl Connection for TlsStream {
    fn connected(&self) -> Connected {
        let connected = Connected::new();
        if self.io.is_http2() {
            connected.negotiated_h2()
        } else {
            connected
        }
    }
}
