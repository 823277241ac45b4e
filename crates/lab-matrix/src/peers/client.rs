//! The client of a case.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::TokioExecutor;
use mtls_client::{ClientIdentity, Connector, PinSet, TlsVersions};
use pki_core::verify::{CrlSet, Revocation};
use x509_identity::Certificate;

use super::files::LabFiles;
use super::without_certificate::ask_without_certificate;
use crate::cases::{Case, Credential, Pin};
use crate::error::MatrixError;

/// The client of a case: how it asks, once.
pub(crate) async fn ask(
    lab: &LabFiles,
    case: &Case,
    versions: TlsVersions,
    server: SocketAddr,
) -> Result<Result<String, mtls_client::Error>, MatrixError> {
    if let Credential::None = case.client.credential {
        let answer = ask_without_certificate(lab, &case.client, versions, server).await?;
        return Ok(answer.map_err(|error| mtls_client::Error::classify(&error)));
    }
    let client = connector(lab, case, versions, server)?;
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(client);
    let url = format!("https://{}:{}/", case.client.host, server.port());
    let url = url.parse().map_err(MatrixError::setup)?;
    Ok(answer_to(client.get(url)).await)
}

/// The body of an answer with success.
async fn answer_to(request: ResponseFuture) -> Result<String, mtls_client::Error> {
    let response = request
        .await
        .map_err(|error| mtls_client::Error::classify(&error))?;
    let status = response.status();
    if !status.is_success() {
        let unexpected = io::Error::new(io::ErrorKind::InvalidData, status.to_string());
        return Err(mtls_client::Error::classify(&unexpected));
    }
    let body = response.into_body().collect().await;
    let body = body.map_err(|error| mtls_client::Error::classify(&error))?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}

fn connector(
    lab: &LabFiles,
    case: &Case,
    versions: TlsVersions,
    server: SocketAddr,
) -> Result<Connector, MatrixError> {
    let client = &case.client;
    let identity = identity(lab, client.credential)?;
    let mut builder = Connector::builder(lab.roots(client.roots)?, identity)
        .tls_versions(versions)
        // Over HTTP/2 the connector holds a refusal back for 100 ms, until the request has been made that fails of it.
        .alpn(&[b"http/1.1"])
        .resolve("localhost", server.port(), server.ip());
    if let Some(crl) = client.crl {
        let crls = CrlSet::from_pem_or_der([lab.read(crl)?]).map_err(MatrixError::setup)?;
        builder = builder.revocation(Revocation::new(crls));
    }
    if let Some(pins) = pins(lab, case)? {
        builder = builder.pins(pins);
    }
    builder.build().map_err(MatrixError::setup)
}

fn identity(lab: &LabFiles, credential: Credential) -> Result<ClientIdentity, MatrixError> {
    match credential {
        Credential::Pem { chain, key } => {
            ClientIdentity::from_pem(&lab.read(chain)?, &lab.read(key)?)
        }
        Credential::Pkcs12(bundle) => {
            ClientIdentity::from_pkcs12(&lab.read(bundle)?, &lab.password)
        }
        Credential::None => ClientIdentity::from_pem(&[], &[]),
    }
    .map_err(MatrixError::setup)
}

fn pins(lab: &LabFiles, case: &Case) -> Result<Option<PinSet>, MatrixError> {
    use mtls_client::Pin as Hash;
    let of_server = || -> Result<Hash, MatrixError> {
        let anchors = lab.roots(case.server.chain)?;
        let leaf: &Arc<Certificate> = anchors
            .certificates()
            .first()
            .ok_or(MatrixError::NoCertificate)?;
        Ok(Hash::of(leaf))
    };
    let unused = || Hash::from_spki_sha256([0; 32]);
    let pins = match case.client.pin {
        Pin::None => return Ok(None),
        Pin::Right => vec![of_server()?],
        Pin::Backup => vec![unused(), of_server()?],
        Pin::Wrong => vec![unused()],
    };
    PinSet::new(pins).map(Some).map_err(MatrixError::setup)
}
