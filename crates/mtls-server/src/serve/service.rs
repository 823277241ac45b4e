//! What happens to each request before the application sees it, and to each answer after.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    BoxError,
    body::{Body, Bytes, HttpBody},
    extract::ConnectInfo,
    http::{
        HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header,
        uri::Authority,
    },
    response::IntoResponse as _,
};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_http::timeout::TimeoutBody;
use tower_service::Service;

use crate::{
    authorize::require,
    connection::{answers::Flow, identity::ConnectionIdentity, live::End},
    extract::client_cert::ClientCertRejection,
    forwarded,
    problem::problem,
};

/// The application's service on one connection: attaches the connection's identity to each request,
/// and `ConnectInfo<SocketAddr>`.
///
/// Headers that tell of a client certificate are removed, but for those of a proxy that is trusted
/// ([`TrustForwarded`](crate::TrustForwarded)). A request for a host name that asks other things of clients than the connection's own is
/// answered 421. When the client's certificate is no longer good, all requests are answered 403,
/// those that are running too.
#[derive(Clone, Debug)]
pub struct MtlsService<S> {
    inner: S,
    connection: ConnectionIdentity,
}

impl<S> MtlsService<S> {
    pub(crate) fn new(inner: S, connection: ConnectionIdentity) -> Self {
        Self { inner, connection }
    }
}

impl<S, B, R> Service<Request<B>> for MtlsService<S>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let connection = &self.connection;
        forwarded::receive(connection.trust_forwarded(), connection, &mut request);
        let has_body = !request.body().is_end_stream();
        let running = Running::begin(connection.clone(), has_body);
        let closes = request.version() < Version::HTTP_2;
        let tunnels = request.method() == Method::CONNECT;
        connection.attach(request.extensions_mut());
        let peer = ConnectInfo(connection.peer());
        request.extensions_mut().insert(peer);
        let refusal = refusal(connection, &request).map(Box::new);
        let answer = refusal.is_none().then(|| {
            self.inner.call(request.map(|body| match has_body {
                true => Body::new(TimeoutBody::new(connection.live().body, body)),
                false => Body::empty(),
            }))
        });
        Answering {
            answer,
            refusal,
            running: Some(running),
            condemned: None,
            closes,
            tunnels,
        }
    }
}

pin_project! {
    /// The answer to one request: the application's, or 403 as soon as the client's certificate is no
    /// longer good.
    pub struct Answering<F> {
        // `None` where the application is not asked.
        #[pin]
        answer: Option<F>,
        // Boxed, as there is seldom one, and each request's state is as large as this.
        refusal: Option<Box<Response<Body>>>,
        // Until it is answered.
        running: Option<Running>,
        // Made where the application does not answer at once.
        condemned: Option<Pin<Box<dyn Future<Output = End> + Send>>>,
        closes: bool,
        tunnels: bool,
    }
}

impl<F, R, E> Future for Answering<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(Running(connection)) = this.running else {
            return Poll::Pending; // it was answered
        };
        let answer = match this.answer.as_pin_mut().map(|answer| answer.poll(context)) {
            Some(Poll::Ready(answer)) => answer?.map(Body::new),
            Some(Poll::Pending) => {
                let condemned = this.condemned.get_or_insert_with(|| {
                    let connection = connection.clone();
                    Box::pin(async move { connection.live().ended(End::condemns).await })
                });
                ready!(condemned.as_mut().poll(context));
                no_longer_good()
            }
            None => this.refusal.take().map_or_else(no_longer_good, |it| *it),
        };
        let switches = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        if switches || *this.tunnels && answer.status().is_success() {
            connection.live().upgrades();
        }
        let closes = *this.closes && !switches;
        match this.running.take() {
            Some(running) => Poll::Ready(Ok(finish(answer, running, closes))),
            None => Poll::Pending,
        }
    }
}

impl<F> fmt::Debug for Answering<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering").finish_non_exhaustive()
    }
}

/// The answer to a request that the application does not get.
fn refusal<B>(connection: &ConnectionIdentity, request: &Request<B>) -> Option<Response<Body>> {
    if connection.live().ending().is_some_and(End::condemns) {
        return Some(no_longer_good());
    }
    if is_misdirected(connection, request.uri(), request.headers()) {
        return Some(problem(
            StatusCode::MISDIRECTED_REQUEST,
            "misdirected_request",
            "this host asks other things of its clients than the one that this connection is for: \
             connect to it anew",
        ));
    }
    let rule = connection.host().rule.as_ref()?;
    let denied = require::decide(rule, request.extensions()).err()?;
    Some(denied.into_response())
}

/// Whether the request is for a host that would have judged the client otherwise (RFC 9110 section
/// 7.4). Where it names several, each counts.
fn is_misdirected(connection: &ConnectionIdentity, uri: &Uri, headers: &HeaderMap) -> bool {
    if !connection.has_names() {
        return false;
    }
    let differs = |host: &str| connection.has_other_settings(host);
    let named = |value: &HeaderValue| match Authority::try_from(value.as_bytes()) {
        Ok(authority) => differs(authority.host()),
        Err(_) if value.is_empty() => differs(""),
        // The application may read a name in it, any name.
        Err(_) => connection.names_differ(),
    };
    uri.host().is_some_and(differs) || headers.get_all(header::HOST).iter().any(named)
}

fn no_longer_good() -> Response<Body> {
    ClientCertRejection::NoLongerGood.into_response()
}

/// Counts the answer as running until its last byte, and tells the client where the connection ends.
fn finish(mut answer: Response<Body>, running: Running, closes: bool) -> Response<Body> {
    if closes && running.0.live().ending().is_some() {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    answer.map(|inner| {
        let flow = match inner.is_end_stream() {
            true => None,
            false => running.0.live().answers(),
        };
        Body::new(Answer {
            inner,
            flow,
            running,
        })
    })
}

/// A request that is not yet answered in full.
struct Running(ConnectionIdentity);

impl Running {
    fn begin(connection: ConnectionIdentity, has_body: bool) -> Self {
        connection.live().request_begins(has_body);
        Self(connection)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.live().request_ends();
    }
}

/// The body of an answer; its connection counts as busy while this is there.
struct Answer {
    inner: Body,
    flow: Option<Arc<Flow>>,
    running: Running,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        if let Some(flow) = &self.flow {
            match frame {
                Poll::Pending => flow.pauses(),
                Poll::Ready(_) => flow.gives(self.running.0.live().now()),
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
