//! The connector's settings as a reqwest client.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf};
use rustls::time_provider::TimeProvider;
use tower::Layer;
use tower_service::Service;

use super::{redirect, resolve};
use crate::connect::connector::{Connector, PlainHttp};
use crate::failure::error::Source;
use crate::handshake::context::HandshakeContext;

/// How long a new connection waits for the server's verdict on our certificate, which TLS 1.3 does not confirm. A server that sends a session ticket, or its HTTP/2 settings, ends the wait at once.
///
/// A refusal that comes between the handshake and the request is lost in hyper: the request fails
/// with "channel closed". One that comes later reaches the request. So this need not cover the way
/// to a far server, only a near server's verification.
const WAIT_FOR_VERDICT: Duration = Duration::from_millis(10);

impl Connector {
    /// The builder of a reqwest client with these settings, for `https://` only. Add what else you need.
    ///
    /// [`Error::from_reqwest`](crate::Error::from_reqwest) explains its errors.
    ///
    /// The certificate is for the servers that are asked, and so are the request's body and headers:
    ///
    /// - A redirect is followed within its origin (scheme, host and port), ten times. To another origin it is an error
    ///   of the kind [`Redirect`](crate::ErrorKind::Redirect), and nothing is sent there. Who sets
    ///   [`ClientBuilder::redirect`](reqwest::ClientBuilder::redirect) to something else presents the certificate to
    ///   whatever server that policy follows to.
    /// - No proxy is used: `HTTPS_PROXY` and the settings of the operating system are not read.
    ///   [`ClientBuilder::proxy`](reqwest::ClientBuilder::proxy) adds one. A proxy whose own URL is `https://` is
    ///   verified as any server is, and presented the certificate if it requests one.
    /// - The addresses of [`ConnectorBuilder::resolve`](crate::ConnectorBuilder::resolve) are dialled for their host
    ///   and port alone. [`ClientBuilder::no_proxy`](reqwest::ClientBuilder::no_proxy) and
    ///   [`ClientBuilder::dns_resolver`](reqwest::ClientBuilder::dns_resolver) switch them off.
    ///
    /// Such a client goes on using its pooled connections after [`set_identity`](Self::set_identity) and the other
    /// replacements, as long as they are busy and for 90 s more. If that is too long, make the client by
    /// [`rotating`](Self::rotating): reqwest gives no access to its pool.
    ///
    /// reqwest makes its own TLS streams, so a refusal that arrives late can be lost in two cases: the server judges
    /// for longer than 10 ms and then hangs up without an alert, or the alert meets a request on its way. Such an error
    /// is [`ErrorKind::Protocol`](crate::ErrorKind::Protocol). hyper-util's client on this connector finds the reason
    /// in these cases, too.
    ///
    /// For the same reason a new connection takes 10 ms longer in TLS 1.3, if the server requests our certificate and
    /// sends neither session tickets nor HTTP/2 settings.
    pub fn reqwest(&self) -> reqwest::ClientBuilder {
        let settings = self.inner();
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured((*settings.config).clone())
            .https_only(settings.plain_http == PlainHttp::Refused)
            .connect_timeout(settings.timeout)
            .tcp_nodelay(true)
            .no_proxy()
            .redirect(redirect::within_origin())
            .connector_layer(Watched(Arc::clone(&settings.config.time_provider)));
        resolve::with_addresses(builder, &settings.resolve)
    }
}

/// Runs each of reqwest's handshakes in a [`HandshakeContext`], so that its error can be explained in full.
#[derive(Clone, Debug)]
struct Watched(Arc<dyn TimeProvider>);

impl<S> Layer<S> for Watched {
    type Service = WatchedService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WatchedService {
            inner,
            clock: Arc::clone(&self.0),
        }
    }
}

#[derive(Clone, Debug)]
struct WatchedService<S> {
    inner: S,
    clock: Arc<dyn TimeProvider>,
}

impl<S, R> Service<R> for WatchedService<S>
where
    S: Service<R, Error = Source>,
    S::Future: Send + 'static,
    S::Response: Read + Send + Unpin + 'static,
{
    type Response = S::Response;
    type Error = Source;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Source>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Source>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let context = Arc::new(HandshakeContext::new(Arc::clone(&self.clock)));
        let connecting = context.enter(|| self.inner.call(request));
        Box::pin(async move {
            let outcome = context
                .run(async {
                    let mut connection = connecting.await?;
                    verdict(&mut connection).await?;
                    Ok(connection)
                })
                .await;
            outcome.map_err(|error: Source| context.explain(error).into())
        })
    }
}

/// Reads nothing, which still lets rustls see whatever alert has come.
async fn verdict(connection: &mut (impl Read + Unpin)) -> io::Result<()> {
    let verdict = poll_fn(|cx| {
        if !HandshakeContext::verdict_is_due() {
            return Poll::Ready(Ok(()));
        }
        let mut nothing = ReadBuf::new(&mut []);
        match Pin::new(&mut *connection).poll_read(cx, nothing.unfilled()) {
            Poll::Pending if !HandshakeContext::verdict_is_due() => Poll::Ready(Ok(())),
            outcome => outcome,
        }
    });
    tokio::time::timeout(WAIT_FOR_VERDICT, verdict)
        .await
        .unwrap_or(Ok(()))
}
