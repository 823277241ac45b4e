//! What happens to each request before the application sees it (headers, identity, 403, and 421 as `authority` decides),
//! and to each response after.

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
    http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header},
};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_http::timeout::TimeoutBody;
use tower_service::Service;

use crate::{
    authorize::decide::decide,
    connection::{end::End, identity::ConnectionIdentity, responses::Flow, stream::MtlsStream},
    extract::{
        client_cert::ClientCertRejection,
        problem::{Form, GrpcCode, Problem},
    },
    forwarded::{
        received::{receive, receive_trailers},
        trailers::StrippedTrailers,
    },
    handshake::accepted::AcceptedConnection,
    observe::audit::AboutRequest,
    serve::authority,
};

/// The application's service for one connection. Every request of the connection goes through it.
///
/// It attaches the [`ConnectionIdentity`] and `ConnectInfo<SocketAddr>` to each request. It removes
/// headers that claim a client certificate, unless a trusted proxy wrote them
/// ([`TrustForwarded`](crate::proxy::TrustForwarded)). It answers 403 to a request that the rule of the
/// virtual host denies, and 421 to one for a virtual host with other settings. When the client is
/// no longer good, it answers 403 to all requests, even to those that are running. Requests of gRPC
/// (`content-type: application/grpc`) are answered `PERMISSION_DENIED` instead, or
/// `UNAUTHENTICATED` where there is no certificate, or it is no longer good; also where an extractor of this
/// crate rejects one.
#[derive(Clone, Debug)]
pub struct MtlsService<S> {
    inner: S,
    connection: ConnectionIdentity,
}

impl<S> MtlsService<S> {
    /// The service that belongs to this stream, which can be read from now on.
    pub(crate) fn open<IO>(stream: &MtlsStream<IO>, inner: S) -> Self {
        stream.open();
        let connection = stream.identity().clone();
        Self { inner, connection }
    }
}

impl<IO> AcceptedConnection<IO> {
    /// The stream for an HTTP server, and the service for its requests, which calls `inner`.
    ///
    /// Give every request of this stream to this service and to no other. This service gives
    /// requests their identity, removes headers that claim one, and answers 403 and 421. See
    /// [`MtlsService`].
    ///
    /// `inner` is any tower service of requests with an [`axum::body::Body`], such as an
    /// [`axum::Router`]. [`http_limits`](crate::http_limits) sets the limits that hyper needs.
    ///
    /// ```no_run
    /// use std::convert::Infallible;
    ///
    /// use axum::{
    ///     body::Body,
    ///     http::{Request, Response},
    /// };
    /// use hyper_util::{
    ///     rt::{TokioExecutor, TokioIo},
    ///     server::conn::auto::Builder,
    ///     service::TowerToHyperService,
    /// };
    /// use mtls_server::{AcceptedConnection, http_limits};
    /// use tokio::net::TcpStream;
    /// use tower::service_fn;
    ///
    /// async fn hello(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    ///     Ok(Response::new(Body::from("hello")))
    /// }
    ///
    /// async fn serve(accepted: AcceptedConnection<TcpStream>) {
    ///     let (stream, service) = accepted.into_http(service_fn(hello));
    ///     let mut http = Builder::new(TokioExecutor::new());
    ///     http_limits(&mut http);
    ///     let service = TowerToHyperService::new(service);
    ///     // What ends a connection is the client's business, or has an audit event.
    ///     let _ = http.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
    /// }
    /// ```
    pub fn into_http<S>(self, inner: S) -> (MtlsStream<IO>, MtlsService<S>) {
        let stream = self.into_sealed();
        let service = MtlsService::open(&stream, inner);
        (stream, service)
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
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let connection = &self.connection;
        let (client, peer) = (connection.client(), connection.peer());
        receive(connection.trust_forwarded(), client, peer, &mut request);
        let has_body = !request.body().is_end_stream();
        let running = Running::begin(connection.clone(), has_body);
        let closes = request.version() < Version::HTTP_2;
        if !closes {
            connection.state().multiplexes();
        }
        let tunnels = request.method() == Method::CONNECT;
        connection.attach(request.extensions_mut());
        let form = Form::of(request.headers());
        let refusal = refusal(connection, &request, form).map(Box::new);
        let answer = refusal.is_none().then(|| {
            self.inner.call(request.map(|body| match has_body {
                true => {
                    let body = TimeoutBody::new(connection.state().body, body);
                    let connection = connection.clone();
                    let strip = move |trailers: &mut HeaderMap| {
                        let (client, peer) = (connection.client(), connection.peer());
                        receive_trailers(connection.trust_forwarded(), client, peer, trailers);
                    };
                    Body::new(StrippedTrailers::new(body, strip))
                }
                false => Body::empty(),
            }))
        });
        ResponseFuture {
            answer,
            refusal,
            running: Some(running),
            terminated: None,
            form,
            closes,
            tunnels,
        }
    }
}

pin_project! {
    /// The response to one request: the application's, or 403 as soon as the client's certificate is no
    /// longer good.
    pub struct ResponseFuture<F> {
        // `None` where the application is not called.
        #[pin]
        answer: Option<F>,
        // Boxed, as there is seldom one, and each request's state is as large as this.
        refusal: Option<Box<Response<Body>>>,
        // Until there is a response.
        running: Option<Running>,
        // Made when the application does not respond at once.
        terminated: Option<Pin<Box<dyn Future<Output = End> + Send>>>,
        form: Form,
        closes: bool,
        tunnels: bool,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
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
            Some(Poll::Ready(answer)) => this.form.of_response(answer?.map(Body::new)),
            Some(Poll::Pending) => {
                let terminated = this.terminated.get_or_insert_with(|| {
                    let connection = connection.clone();
                    Box::pin(async move { connection.state().ended(End::terminates).await })
                });
                ready!(terminated.as_mut().poll(context));
                no_longer_good(*this.form)
            }
            None => {
                let refusal = this.refusal.take();
                refusal.map_or_else(|| no_longer_good(*this.form), |it| *it)
            }
        };
        let goes_on = match answer.status() {
            StatusCode::SWITCHING_PROTOCOLS => true,
            status => *this.tunnels && status.is_success(),
        };
        if goes_on {
            match *this.closes {
                true => connection.state().upgrades(),
                // One stream alone.
                false => connection.state().tunnels(),
            }
        }
        let closes = *this.closes && !goes_on;
        match this.running.take() {
            Some(running) => Poll::Ready(Ok(finish(answer, running, closes))),
            None => Poll::Pending,
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// The response to a request that does not reach the application.
fn refusal<B>(
    connection: &ConnectionIdentity,
    request: &Request<B>,
    form: Form,
) -> Option<Response<Body>> {
    if connection.state().ending().is_some_and(End::terminates) {
        return Some(no_longer_good(form));
    }
    if authority::is_misdirected(connection, request.uri(), request.headers()) {
        let problem = Problem {
            status: StatusCode::MISDIRECTED_REQUEST,
            kind: "misdirected_request",
            detail:
                "this host asks other things of its clients than the one that this connection is \
                     for: connect to it anew"
                    .into(),
            grpc: GrpcCode::PermissionDenied,
        };
        return Some(problem.response(form));
    }
    let rule = connection.policy().rule.as_ref()?;
    let about = AboutRequest::new(request.method(), request.uri(), request.extensions());
    let peer = connection.peer();
    let denied = decide(rule, Some(about), connection.client(), peer).err()?;
    Some(ClientCertRejection::from(denied).response(form))
}

fn no_longer_good(form: Form) -> Response<Body> {
    ClientCertRejection::NoLongerGood.response(form)
}

/// Counts the request as running until the last byte of its response, and tells an HTTP/1 client that
/// the connection is about to end.
fn finish(mut answer: Response<Body>, running: Running, closes: bool) -> Response<Body> {
    let state = running.0.state();
    state.answers();
    if closes && state.ending().is_some() {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    answer.map(|inner| {
        let flow = match inner.is_end_stream() {
            true => None,
            false => running.0.state().response_begins(),
        };
        Body::new(Answer {
            inner,
            flow,
            _running: running,
        })
    })
}

/// A request whose response is not complete.
struct Running(ConnectionIdentity);

impl Running {
    fn begin(connection: ConnectionIdentity, has_body: bool) -> Self {
        connection.state().request_begins(has_body);
        Self(connection)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state().request_ends();
    }
}

/// The body of a response. Its connection counts as busy until this is dropped.
struct Answer {
    inner: Body,
    flow: Option<Arc<Flow>>,
    _running: Running,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        let Some(flow) = &self.flow else {
            return frame;
        };
        match frame {
            Poll::Pending => {
                flow.pauses();
                Poll::Pending
            }
            Poll::Ready(frame) => {
                let given = |frame: Frame<Bytes>| frame.map_data(|bytes| flow.gives(bytes));
                Poll::Ready(frame.map(|frame| frame.map(given)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
