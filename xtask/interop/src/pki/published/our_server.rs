//! Our server: how soon after `mtls revoke` it refuses a client, and cuts what that has open.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use axum::http::Uri;
use mtls_client::{ClientIdentity, Connector, TrustAnchors};
use suite::ServerFiles;
use suite::process::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::ca::Ca;
use crate::report::group::PUBLISHED as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn check(bench: &Bench<'_>, ca: &Ca, report: &mut Report) {
    let seen = revoke_while_open(bench, ca);
    // How soon is worth knowing when it succeeds, too.
    if let Ok((_, took)) = &seen {
        println!("        {took}");
    }
    report.push(
        GROUP,
        "our server",
        "revoked while connected",
        Verdict::RefusedInTls,
        seen,
    );
}

fn revoke_while_open(bench: &Bench<'_>, ca: &Ca) -> Result<(Verdict, String)> {
    ca.issue("leaving")?;
    let server = start(bench, ca)?;
    let roots = TrustAnchors::from_pem(&std::fs::read(ca.ca_arg("root.crt"))?)?;
    let (chain, key) = (ca.path("leaving/client.crt"), ca.path("leaving/client.key"));
    let identity = ClientIdentity::from_pem(&std::fs::read(chain)?, &std::fs::read(key)?)?;
    let connector = Connector::builder(roots, identity)
        .alpn(&[b"http/1.1"])
        .build()?;
    let uri: Uri = format!("https://localhost:{}/", server.port()).parse()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut open = connector.connect(&uri).await?;
        open.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await?;
        let mut text = [0; 1024];
        let length = open.read(&mut text).await?;
        ensure!(
            text[..length].starts_with(b"HTTP/1.1 200"),
            "before: no 200"
        );
        let revoking = Instant::now();
        ca.revoke("leaving")?;
        let revoked = Instant::now();
        let mut rest = Vec::new();
        // Reading ends with the connection, whether it is closed or reset.
        let cut = timeout(PATIENCE, open.read_to_end(&mut rest)).await;
        let _ = cut.context("the open connection was not cut")?;
        let cut = revoked.elapsed();
        let refused = match connector.connect(&uri).await {
            Ok(mut stream) => stream.read_u8().await.is_err(),
            Err(_) => true,
        };
        if !refused {
            bail!("a new connection was accepted");
        }
        let took = revoked - revoking;
        let evidence = format!("`mtls revoke` took {took:.0?}, and {cut:.0?} later all was cut");
        Ok((Verdict::RefusedInTls, evidence))
    })
}

/// The example `hello`, which follows the CRLs that the CA publishes.
pub(super) fn start(bench: &Bench<'_>, ca: &Ca) -> Result<Server> {
    let files = ServerFiles {
        cert: ca.path("server/server.crt"),
        key: ca.path("server/server.key"),
        client_ca: ca.ca_arg("root.crt").into(),
        crl: None,
    };
    bench
        .own()?
        .serve_with_crls(&files, &ca.url("/crl/all.pem"))
}

const PATIENCE: Duration = Duration::from_secs(30);
