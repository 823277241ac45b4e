//! One request over mutual TLS: the status line and the body, or why there is none.
//!
//! `cargo run --example fetch -- https://localhost:8443/ --ca ca.crt --cert client.crt --key client.key`

mod args;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::Parser as _;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mtls_client::{Connector, Error, PinSet};

use crate::args::{Args, Failure};

#[tokio::main]
async fn main() -> ExitCode {
    match fetch(Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the server answered with success (1xx to 3xx).
async fn fetch(args: Args) -> Result<bool, Failure> {
    // One protocol: the status line is HTTP/1.1's own.
    let mut builder = Connector::builder(args.roots()?, args.identity()?).alpn(&[b"http/1.1"]);
    // The only error is an empty set: no pin was asked for.
    if let Ok(pins) = PinSet::new(args.pin.clone()) {
        builder = builder.pins(pins);
    }
    if let Some(revocation) = args.revocation()? {
        builder = builder.revocation(revocation);
    }
    for resolve in &args.resolve {
        builder = builder.resolve(&resolve.host, resolve.port, resolve.address);
    }
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(builder.build()?);
    let answer = tokio::time::timeout(PATIENCE, async {
        let response = client
            .get(args.url)
            .await
            .map_err(|error| Error::classify(&error))?;
        let (head, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| Error::classify(&error))?
            .to_bytes();
        Ok::<_, Error>((head, body))
    });
    let (head, body) = answer.await.map_err(|error| Error::classify(&error))??;

    let mut out = std::io::stdout().lock();
    writeln!(out, "{:?} {}", head.version, head.status)?;
    out.write_all(&body)?;
    match Error::from_refusal_page(head.status.as_u16(), &body) {
        Some(refused) => Err(refused.into()),
        None => Ok(head.status.as_u16() < 400),
    }
}

/// For the whole exchange; connecting has its own, shorter limit.
const PATIENCE: Duration = Duration::from_secs(60);
