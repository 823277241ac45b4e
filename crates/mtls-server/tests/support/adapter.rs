//! The same server by each way there is to run it.

use std::net::SocketAddr;

use axum::Router;
use mtls_server::{MtlsAcceptor, MtlsConfig, MtlsHandle, MtlsListener, PerConnection, http_limits};
use tokio::task::JoinHandle;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Adapter {
    Serve,
    AxumServer,
    AxumServe,
}

pub const ADAPTERS: [Adapter; 3] = [Adapter::Serve, Adapter::AxumServer, Adapter::AxumServe];

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
                let task = tokio::spawn(async { server.finished().await.unwrap() });
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
        };
        Running {
            address,
            handle,
            task,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
