//! Plain hyper over mutual TLS: any tower service behind the checks of each request.
//!
//! ```sh
//! cargo run --example hyper_server -- --cert server.crt --key server.key --client-ca ca.crt
//! curl --cacert ca.crt --cert client.crt --key client.key https://127.0.0.1:8443/
//! ```

use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use axum::body::Body;
use clap::Parser;
use examples::{LOG_HELP, ServerFiles, finish, print, reload_on_hangup, stop_wanted};
use http::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use mtls_server::{ClientCert, ConnectionAcceptor, ConnectionIdentity, http_limits, listen};
use tokio::net::TcpStream;
use tower::service_fn;

/// Says who is asking, and with which headers.
#[derive(Parser)]
#[command(after_help = LOG_HELP)]
struct Options {
    #[command(flatten)]
    files: ServerFiles,
}

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(Options::parse())).await
}

async fn run(Options { files }: Options) -> anyhow::Result<ExitCode> {
    let listener = files.listen()?;
    let acceptor = ConnectionAcceptor::new(files.load().await?);
    reload_on_hangup(acceptor.handle())?;
    print(&format!(
        "listening on https://{}\n",
        listener.local_addr()?
    ))?;
    let accept_all = async {
        loop {
            let (tcp, peer) = listen::accept(&listener).await;
            tokio::spawn(serve(acceptor.clone(), tcp, peer));
        }
    };
    tokio::select! {
        () = accept_all => {}
        stop = stop_wanted() => stop?,
    }
    acceptor.shut_down(Duration::from_secs(10));
    while acceptor.handle().connection_count() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(acceptor: ConnectionAcceptor, tcp: TcpStream, peer: SocketAddr) {
    // Whoever is refused has an audit event already.
    let Ok(accepted) = acceptor.accept(tcp, peer).await else {
        return;
    };
    let (stream, service) = accepted.into_http(service_fn(answer));
    let mut http = auto::Builder::new(TokioExecutor::new());
    http_limits(&mut http);
    let service = TowerToHyperService::new(service);
    // What ends a connection is the client's business, or has an audit event, too.
    let _ = http
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .await;
}

async fn answer(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let connection = request.extensions().get::<ConnectionIdentity>();
    let client = connection.and_then(ConnectionIdentity::client);
    let name = client.and_then(ClientCert::common_name);
    let headers: Vec<_> = request.headers().keys().map(|it| it.as_str()).collect();
    let text = format!(
        "Hello {}, your headers: {}\n",
        name.unwrap_or("anonymous"),
        headers.join(" ")
    );
    Ok(Response::new(Body::from(text)))
}
