//! The same server by each way there is to run it.

use std::net::SocketAddr;

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use mtls_server::{
    ConnectionAcceptor, MtlsAcceptor, MtlsConfig, MtlsHandle, MtlsListener, PerConnection,
    http_limits,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Adapter {
    Serve,
    AxumServer,
    AxumServe,
    /// As somebody outside of the crate writes one.
    Hyper,
}

pub const ADAPTERS: [Adapter; 4] = [
    Adapter::Serve,
    Adapter::AxumServer,
    Adapter::AxumServe,
    Adapter::Hyper,
];

/// Runs until it is dropped.
pub struct Running {
    pub address: SocketAddr,
    pub handle: MtlsHandle,
    task: JoinHandle<()>,
}

impl Adapter {
    pub async fn start(self, config: MtlsConfig, router: Router) -> Running {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let tcp = mtls_server::listen::bind(loopback).unwrap();
        let address = tcp.local_addr().unwrap();
        let (handle, task) = match self {
            Self::Serve => {
                let server = mtls_server::serve(tcp, router, config).unwrap();
                let handle = server.handle();
                let task = tokio::spawn(async move { server.finished().await.unwrap() });
                (handle, task)
            }
            Self::AxumServer => {
                let acceptor = MtlsAcceptor::new(config);
                let handle = acceptor.handle();
                let server = axum_server::Server::<SocketAddr>::from_listener(tcp);
                let mut server = server.acceptor(acceptor);
                http_limits(server.http_builder());
                let service = router.into_make_service();
                (
                    handle,
                    tokio::spawn(async { server.serve(service).await.unwrap() }),
                )
            }
            Self::AxumServe => {
                let listener = MtlsListener::new(tcp, config).unwrap();
                let handle = listener.handle();
                let server = axum::serve(listener, PerConnection(router));
                (handle, tokio::spawn(async { server.await.unwrap() }))
            }
            Self::Hyper => {
                let acceptor = ConnectionAcceptor::new(config);
                let handle = acceptor.handle();
                (handle, tokio::spawn(accept_all(tcp, acceptor, router)))
            }
        };
        Running {
            address,
            handle,
            task,
        }
    }
}

async fn accept_all(listener: TcpListener, acceptor: ConnectionAcceptor, router: Router) {
    while let Ok((tcp, peer)) = listener.accept().await {
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(serve_one(tcp, peer, acceptor, router));
    }
}

async fn serve_one(tcp: TcpStream, peer: SocketAddr, acceptor: ConnectionAcceptor, router: Router) {
    let Ok(accepted) = acceptor.accept(tcp, peer).await else {
        return;
    };
    let (stream, service) = accepted.into_http(router);
    let mut http = auto::Builder::new(TokioExecutor::new());
    http_limits(&mut http);
    let service = TowerToHyperService::new(service);
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    // What ends a connection is the peer's business.
    let _ = connection.await;
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
