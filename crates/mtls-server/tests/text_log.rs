//! Audit events as lines of text: no peer can write a field of its own.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use axum::{Router, routing::get};
use mtls_server::{ClientCert, FromClientCert, PeerIdentity, RequireClientCert, Rule, files};
use support::{
    World,
    client::{self, VERSIONS},
    start_with,
};
use test_pki::{
    Ca,
    der::{content, extension, tlv},
};
use tracing_subscriber::{Layer as _, fmt::MakeWriter, layer::SubscriberExt as _};

const FORGED: &str = "m outcome=allowed rule=admins";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Those that were written since the last call.
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(bytes).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// An application that repeats what the certificate says.
struct Known;

#[derive(Debug, thiserror::Error)]
#[error("{0} is not known")]
struct Unknown(String);

impl FromClientCert for Known {
    type Error = Unknown;

    fn from_client_cert(client: &ClientCert) -> Result<Self, Unknown> {
        Err(Unknown(client.common_name().unwrap_or_default().to_owned()))
    }
}

/// What a line says outside of quotes.
fn unquoted(line: &str) -> String {
    let mut rest = line.replace("\\\\", "").replace("\\\"", "");
    while let Some((before, after)) = rest.split_once('"') {
        let (_, after) = after.split_once('"').expect("a quote that is closed");
        rest = format!("{before}\u{1}{after}");
    }
    rest
}

#[tokio::test]
async fn a_name_adds_no_field_to_a_line() {
    let lines = Lines::default();
    let audited = tracing_subscriber::filter::Targets::new()
        .with_target(mtls_server::AUDIT_TARGET, tracing::Level::INFO);
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(lines.clone())
        .with_filter(audited);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let world = World::untracked();
    let app = Router::new()
        .route("/", get(async || "secret"))
        .layer(RequireClientCert::new(
            Rule::common_name("alice").named("alice"),
        ))
        .route("/known", get(async |_: PeerIdentity<Known>| "secret"));
    let server = start_with(world.config(), app).await;
    let mallory = world.ca.client(FORGED);
    let config = client::config(&world, Some(&mallory), VERSIONS[1]);
    let paths = [
        ("/", "403"),
        ("/?m%20outcome=allowed", "403"),
        ("/known", "403"),
    ];
    for (path, status) in paths {
        let answer = client::get(server.local_addr(), config.clone(), path).await;
        assert!(answer.unwrap().starts_with(&format!("HTTP/1.1 {status}")));
    }
    let refused = client::config(&world, Some(&mallory.clone().self_signed()), VERSIONS[1]);
    client::get(server.local_addr(), refused, "/")
        .await
        .unwrap_err();

    let written = lines.take();
    for outcome in ["accepted", "denied", "refused"] {
        let expected = format!("outcome=\"{outcome}\"");
        assert!(
            written.contains(&expected),
            "{expected} is not in {written}"
        );
    }
    for line in written.lines() {
        assert!(line.contains(FORGED), "{line}");
        let said = unquoted(line);
        assert!(!said.contains("outcome=allowed"), "{line}");
        assert!(!said.contains("rule=admins"), "{line}");
    }
}

#[test]
fn the_name_of_a_crl_that_is_not_used_adds_no_field_either() {
    let ca = Ca::root("root");
    let directory = tempfile::tempdir().unwrap();
    let good = ca.crl().write_to(&directory, "ca.crl");
    // One that is not understood, beside the one that is.
    let strange = ca.rewrite(ca.crl().number(2).der(), |tbs| {
        let extensions = tbs.last_mut().unwrap();
        let unknown = extension(&[0x2A, 3, 4], true, &[5, 0]);
        let inner = [content(content(extensions)), &unknown].concat();
        *extensions = tlv(0xA0, tlv(0x30, inner));
    });
    let named = directory.path().join(format!("{FORGED}.crl"));
    std::fs::write(&named, strange).unwrap();

    let lines = Lines::default();
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(lines.clone());
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || files::crls([&good, &named]).unwrap());
    let written = lines.take();
    assert!(written.contains("a CRL is not used"), "{written}");
    assert!(written.contains("critical extension"), "{written}");
    assert!(written.contains(FORGED), "{written}");
    assert!(
        !unquoted(written.trim_end()).contains("outcome="),
        "{written}"
    );
}
