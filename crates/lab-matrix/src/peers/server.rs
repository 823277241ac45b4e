//! The server of a case.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum_server::accept::Accept;
use mtls_server::{ClientCert, MtlsAcceptor, MtlsConfig, Refusal, ServerIdentity, TlsInfo, files};
use pki_core::verify::Revocation;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::files::LabFiles;
use crate::cases::Server;
use crate::error::MatrixError;
use crate::report::innermost_sentence;

/// An `mtls-server` on a free port of this machine.
pub(crate) struct RunningServer {
    pub(crate) address: SocketAddr,
    handle: axum_server::Handle<SocketAddr>,
    refusals: mpsc::UnboundedReceiver<(String, String)>,
}

impl RunningServer {
    pub(crate) async fn start(lab: &LabFiles, server: &Server) -> Result<Self, MatrixError> {
        let identity = ServerIdentity::from_files(lab.path(server.chain), lab.path(server.key))
            .map_err(MatrixError::setup)?;
        let roots =
            files::client_roots(lab.path(server.client_roots)).map_err(MatrixError::setup)?;
        let mut config = MtlsConfig::builder(identity, roots);
        if let Some(crl) = server.crl {
            let crls = files::crls([lab.path(crl)]).map_err(MatrixError::setup)?;
            config = config.revocation(Revocation::new(crls));
        }
        let config = config.build().map_err(MatrixError::setup)?;
        let (sender, refusals) = mpsc::unbounded_channel();
        let acceptor = Reporting {
            inner: MtlsAcceptor::new(config),
            refusals: sender,
        };
        let handle = axum_server::Handle::new();
        let router = Router::new().route("/", get(hello));
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let serving = axum_server::bind(anywhere)
            .acceptor(acceptor)
            .handle(handle.clone())
            .serve(router.into_make_service());
        tokio::spawn(serving);
        let address = handle
            .listening()
            .await
            .ok_or_else(|| MatrixError::setup(io::Error::other("no free port")))?;
        Ok(Self {
            address,
            handle,
            refusals,
        })
    }

    /// Why the server refused the last connection: code and sentence.
    pub(crate) async fn refusal(&mut self) -> Option<(String, String)> {
        tokio::time::timeout(Duration::from_secs(2), self.refusals.recv())
            .await
            .ok()
            .flatten()
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

async fn hello(client: ClientCert, tls: TlsInfo) -> String {
    let name = client.common_name().unwrap_or("nobody");
    format!(
        "Hello {name}: {}, {}, {}",
        tls.version(),
        tls.cipher_suite(),
        tls.key_exchange()
    )
}

/// An acceptor that reports why it refused a connection.
#[derive(Clone)]
struct Reporting {
    inner: MtlsAcceptor,
    refusals: mpsc::UnboundedSender<(String, String)>,
}

impl<S> Accept<TcpStream, S> for Reporting
where
    S: Send + 'static,
    MtlsAcceptor: Accept<TcpStream, S>,
    <MtlsAcceptor as Accept<TcpStream, S>>::Future: Send + 'static,
{
    type Stream = <MtlsAcceptor as Accept<TcpStream, S>>::Stream;
    type Service = <MtlsAcceptor as Accept<TcpStream, S>>::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepted = self.inner.accept(stream, service);
        let refusals = self.refusals.clone();
        Box::pin(async move {
            let outcome = accepted.await;
            if let Err(error) = &outcome
                && let Some(refusal) = error
                    .get_ref()
                    .and_then(|error| error.downcast_ref::<Box<Refusal>>())
            {
                let reason = refusal.reason();
                // Nobody listens any more once the case is decided.
                let _ = refusals.send((reason.code().to_owned(), innermost_sentence(reason)));
            }
            outcome
        })
    }
}
