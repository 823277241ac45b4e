//! What a gateway tells its upstream about the client of a connection.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, HttpBody as _},
    extract::Request,
    http::HeaderMap,
    response::Response,
};
use futures_util::future::Either;
use tower::Layer;
use tower_service::Service;

use crate::{
    extract::{client_cert, problem::Form},
    forwarded::{format::ForwardedFormat, names, trailers::StrippedTrailers},
    peer::client_cert::ClientCert,
};

/// A layer for a gateway that tells an upstream who the client of this connection is. Put it before
/// the handler that forwards the request with its headers.
///
/// First, it removes every header that could claim a client certificate, whoever wrote it. It
/// removes those in trailers and their mention in `Connection`, too. Then it writes the certificate
/// of the connection. For an anonymous client it writes nothing. The upstream must accept these
/// headers from the gateway only, for example by requiring the gateway's own client certificate.
///
/// If the client is itself a proxy, the upstream is told about the proxy. A
/// [`ForwardedClientCert`](crate::proxy::ForwardedClientCert) is not forwarded again.
///
/// An upstream of this crate reads them with [`TrustForwarded`](crate::proxy::TrustForwarded).
///
/// ```
/// use axum::{Router, extract::Request, response::Response};
/// use mtls_server::proxy::ForwardIdentity;
///
/// async fn forward(request: Request) -> Response {
///     // Give `request` to an HTTP client.
///     # let _ = request;
///     # Response::default()
/// }
///
/// let gateway: Router = Router::new()
///     .fallback(forward)
///     .layer(ForwardIdentity::rfc9440().with_chain());
/// ```
#[derive(Clone, Debug)]
pub struct ForwardIdentity {
    formats: Arc<Vec<ForwardedFormat>>,
    with_chain: bool,
}

impl ForwardIdentity {
    /// Writes headers of this form.
    pub fn new(format: ForwardedFormat) -> Self {
        Self {
            formats: Arc::new(vec![format]),
            with_chain: false,
        }
    }

    /// [`ForwardedFormat::rfc9440`].
    pub fn rfc9440() -> Self {
        Self::new(ForwardedFormat::rfc9440())
    }

    /// [`ForwardedFormat::envoy_xfcc`]: `Hash`, `Cert`, `Subject`, `URI` and `DNS`; one element.
    pub fn envoy_xfcc() -> Self {
        Self::new(ForwardedFormat::envoy_xfcc())
    }

    /// [`ForwardedFormat::nginx_escaped_pem`].
    pub fn nginx_escaped_pem() -> Self {
        Self::new(ForwardedFormat::nginx_escaped_pem())
    }

    /// [`ForwardedFormat::traefik`].
    pub fn traefik() -> Self {
        Self::new(ForwardedFormat::traefik())
    }

    /// Writes headers of this form, too.
    #[must_use]
    pub fn and(mut self, format: ForwardedFormat) -> Self {
        Arc::make_mut(&mut self.formats).push(format);
        self
    }

    /// Also writes the issuers between the certificate and the trust anchor: some kilobytes in each
    /// request. They are left out by default.
    #[must_use]
    pub fn with_chain(mut self) -> Self {
        self.with_chain = true;
        self
    }

    /// Removes and writes headers as the layer does, for a gateway that builds the request to the
    /// upstream itself. Trailers that it sends are to be given to [`strip`](Self::strip).
    pub fn apply(&self, client: Option<&ClientCert>, headers: &mut HeaderMap) {
        names::strip(headers, &self.formats);
        names::strip_connection_options(headers, &self.formats);
        let Some(client) = client else { return };
        for format in self.formats.iter() {
            format.write(client, self.with_chain, headers);
        }
    }
}

impl ForwardIdentity {
    /// Removes all headers that claim a client certificate, and writes none: for trailers.
    pub fn strip(&self, headers: &mut HeaderMap) {
        names::strip(headers, &self.formats);
    }
}

impl<S> Layer<S> for ForwardIdentity {
    type Service = ForwardIdentityService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let identity = self.clone();
        ForwardIdentityService { identity, inner }
    }
}

/// The service of [`ForwardIdentity`].
#[derive(Clone, Debug)]
pub struct ForwardIdentityService<S> {
    identity: ForwardIdentity,
    inner: S,
}

impl<S> Service<Request> for ForwardIdentityService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        // Without an acceptor the client is not known, which does not mean that it is anonymous.
        let client = match client_cert::find(request.extensions()) {
            Ok(client) => client.cloned(),
            Err(rejection) => {
                let response = rejection.response(Form::of(request.headers()));
                return Either::Left(ready(Ok(response)));
            }
        };
        self.identity.apply(client.as_ref(), request.headers_mut());
        if !request.body().is_end_stream() {
            let identity = self.identity.clone();
            request = request.map(|body| {
                let strip = move |trailers: &mut HeaderMap| identity.strip(trailers);
                Body::new(StrippedTrailers::new(body, strip))
            });
        }
        Either::Right(self.inner.call(request))
    }
}
