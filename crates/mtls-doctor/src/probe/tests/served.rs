//! Servers of a few lines, each wrong in one way.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{
    DistinguishedName, RootCertStore, ServerConfig, ServerConnection, Stream,
    SupportedProtocolVersion, version,
};
use test_pki::{Ca, Leaf};

/// What a server is made of.
pub(super) struct Served<'a> {
    pub(super) leaf: &'a Leaf,
    pub(super) client_auth: Option<Arc<dyn ClientCertVerifier>>,
    pub(super) versions: &'static [&'static SupportedProtocolVersion],
    pub(super) answer: &'static str,
    /// The connection is closed if more comes at once.
    pub(super) largest_hello: usize,
}

pub(super) static BOTH: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];
pub(super) static OLDER: [&SupportedProtocolVersion; 1] = [&version::TLS12];

impl<'a> Served<'a> {
    /// Requires clients of `client_ca`.
    pub(super) fn requiring(leaf: &'a Leaf, client_ca: &Ca) -> Self {
        Self {
            leaf,
            client_auth: Some(requiring(client_ca, &[])),
            versions: &BOTH,
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
            largest_hello: usize::MAX,
        }
    }

    /// Serves until the test ends; the address.
    pub(super) fn start(self) -> SocketAddr {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match self.client_auth {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let config = builder
            .with_single_cert(self.leaf.chain(), self.leaf.key_der())
            .unwrap();
        let (config, answer, largest) = (Arc::new(config), self.answer, self.largest_hello);
        listen(move |stream| {
            if stream.peek(&mut [0; 4096]).unwrap() > largest {
                return;
            }
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = stream;
            while tls.is_handshaking() {
                if tls.complete_io(&mut stream).is_err() {
                    return;
                }
            }
            let mut tls = Stream::new(&mut tls, &mut stream);
            let mut request = [0; 2048];
            if tls.read(&mut request).is_ok_and(|read| read > 0) {
                tls.write_all(answer.as_bytes()).unwrap();
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        })
    }
}

/// Serves every connection by `each`, until the test ends.
pub(super) fn listen(each: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            each(stream.unwrap());
        }
    });
    address
}

/// Verifies clients by `ca`, and names `more` besides.
pub(super) fn requiring(ca: &Ca, more: &[&Ca]) -> Arc<dyn ClientCertVerifier> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::clone(ca.der())).unwrap();
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
    let builder = match more {
        [] => builder,
        more => builder
            .clear_root_hint_subjects()
            .add_root_hint_subjects(more.iter().map(|ca| subject(ca))),
    };
    builder.build().unwrap()
}

fn subject(ca: &Ca) -> DistinguishedName {
    let ca = x509_identity::Certificate::from_der(ca.der()).unwrap();
    DistinguishedName::from(ca.subject_der().to_vec())
}
