//! An application with tests of its own: handlers without TLS, and the whole server with certificates of `test-pki`.
//!
//! ```sh
//! cargo test -p integrations --example tested
//! ```

use std::process::ExitCode;

use axum::{Router, routing::get};
use clap::Parser;
use examples::{ServerFiles, finish, print, stop_wanted};
use mtls_server::ClientCert;

/// Greets whoever presents a certificate.
#[derive(Parser)]
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
    let server = mtls_server::serve(listener, app(), files.load().await?)?;
    print(&format!("listening on https://{}\n", server.local_addr()))?;
    stop_wanted().await?;
    server
        .graceful_shutdown(std::time::Duration::from_secs(10))
        .await?;
    Ok(ExitCode::SUCCESS)
}

fn app() -> Router {
    Router::new().route("/", get(hello))
}

async fn hello(client: ClientCert) -> String {
    format!("Hello {}\n", client.common_name().unwrap_or("stranger"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use mtls_client::{ClientIdentity, Connector, Error, TrustAnchors};
    use mtls_server::{
        MockClientCert, MtlsConfig, ServerIdentity,
        verify::{CrlSet, Revocation},
    };
    use test_pki::{Ca, Crl, Leaf};
    use tokio::net::TcpListener;
    use tower::ServiceExt as _;

    use super::*;

    /// The handler alone, without a socket.
    #[tokio::test]
    async fn a_client_is_greeted_by_its_name() {
        let alice = Ca::root("Test root").client("alice");
        let as_alice = app().layer(MockClientCert::from_der(alice.der()).unwrap());
        for (app, status) in [
            (as_alice, StatusCode::OK),
            (
                app().layer(MockClientCert::anonymous()),
                StatusCode::FORBIDDEN,
            ),
        ] {
            let request = Request::get("/").body(Body::empty()).unwrap();
            assert_eq!(app.oneshot(request).await.unwrap().status(), status);
        }
    }

    /// The whole server, and a real client.
    #[tokio::test]
    async fn only_good_certificates_are_let_in() {
        let ca = Ca::root("Test root");
        let (alice, bob) = (ca.client("alice"), ca.client("bob"));
        let url = start(&ca, &ca.crl().revoke(&bob)).await;
        for (client, kind) in [
            (&alice, None),
            (&bob, Some("identity-rejected")),
            (&ca.client("carol").expired(), Some("identity-rejected")),
            (
                &Ca::root("Test root").client("alice"),
                Some("identity-rejected"),
            ),
        ] {
            let got = ask(&ca, client, &url).await;
            let found = got.as_ref().err().map(|error| error.kind().as_str());
            assert_eq!(found, kind, "{got:?}");
        }
        assert_eq!(ask(&ca, &alice, &url).await.unwrap(), "Hello alice\n");
    }

    async fn start(ca: &Ca, crl: &Crl) -> String {
        let server = ca.server("localhost");
        let (chain, key) = (server.chain_pem(), server.key_pem());
        let identity = ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let crls = CrlSet::from_pem_or_der([crl.der()]).unwrap();
        let config = MtlsConfig::builder(identity, TrustAnchors::from_certs([ca.der()]).unwrap())
            .revocation(Revocation::new(crls))
            .build()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = mtls_server::serve(listener, app(), config).unwrap();
        format!("https://localhost:{}/", server.local_addr().port())
    }

    async fn ask(ca: &Ca, client: &Leaf, url: &str) -> Result<String, Error> {
        let (chain, key) = (client.chain_pem(), client.key_pem());
        let identity = ClientIdentity::from_pem(chain.as_bytes(), key.as_bytes())?;
        let roots = TrustAnchors::from_certs([ca.der()]).unwrap();
        let client = Connector::builder(roots, identity).build().unwrap();
        let client = client.reqwest().build().map_err(Error::from_reqwest)?;
        let answer = client.get(url).send().await.map_err(Error::from_reqwest)?;
        answer.text().await.map_err(Error::from_reqwest)
    }
}
