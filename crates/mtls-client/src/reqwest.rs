//! The connector's settings as a reqwest client.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::Layer;
use tower_service::Service;

use crate::attempt::Attempt;
use crate::connector::{Connector, PlainHttp};
use crate::error::Source;

impl Connector {
    /// A reqwest client with these settings, `https://` only, ready for more.
    ///
    /// [`Error::from_reqwest`](crate::Error::from_reqwest) explains its errors.
    ///
    /// reqwest makes its own TLS streams. A server that refuses our certificate while a large body is
    /// being written may therefore show as a broken connection ([`ErrorKind::Protocol`]); hyper-util's
    /// client on this connector finds the alert.
    ///
    /// [`ErrorKind::Protocol`]: crate::ErrorKind::Protocol
    #[must_use]
    pub fn reqwest(&self) -> reqwest::ClientBuilder {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured((*self.rustls_config()).clone())
            .https_only(self.plain_http() == PlainHttp::Refused)
            .connect_timeout(self.timeout())
            .tcp_nodelay(true)
            .connector_layer(Watched);
        for ((host, port), address) in self.resolve() {
            builder = builder.resolve(host, SocketAddr::new(*address, *port));
        }
        builder
    }
}

/// Runs each of reqwest's handshakes as an [`Attempt`], so that its error can be told in full.
#[derive(Clone, Debug)]
struct Watched;

impl<S> Layer<S> for Watched {
    type Service = WatchedService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WatchedService(inner)
    }
}

#[derive(Clone, Debug)]
struct WatchedService<S>(S);

impl<S, R> Service<R> for WatchedService<S>
where
    S: Service<R, Error = Source>,
    S::Future: Send + 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = Source;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Source>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Source>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let connecting = self.0.call(request);
        Box::pin(async move {
            let (outcome, attempt) = Attempt::watch(connecting).await;
            outcome.map_err(|error| attempt.explain(error).into())
        })
    }
}
