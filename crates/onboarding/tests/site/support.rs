//! A lab with files, asked over HTTP.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use onboarding::{Names, PasswordHint, Site, Vault, document};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// A public password.
pub(crate) const PASSWORD: &str = "everybody knows";

pub(crate) const SECRET: &str = "the private key";

pub(crate) const KEY_FILES: [(&str, &str); 3] = [
    ("client.mobileconfig", "application/x-apple-aspen-config"),
    ("client.p12", "application/x-pkcs12"),
    ("client_ios.p12", "application/x-pkcs12"),
];

/// Whoever sits at the computer, and somebody else on its network.
pub(crate) const HERE: &str = "127.0.0.1:50000";
pub(crate) const THERE: &str = "192.0.2.99:50000";

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// A lab with its files, and with keys beside them that nobody may get.
pub(crate) struct Lab {
    directory: TempDir,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let lab = Self { directory };
        fs::create_dir(lab.files()).unwrap();
        for name in [
            "ca.crt",
            "client.mobileconfig",
            "client.p12",
            "client_ios.p12",
        ] {
            fs::write(lab.files().join(name), content(name)).unwrap();
        }
        for path in ["ca.key", "client.key"] {
            fs::write(lab.files().join(path), SECRET).unwrap();
        }
        fs::write(lab.path().join("manifest.json"), SECRET).unwrap();
        lab
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn files(&self) -> std::path::PathBuf {
        self.path().join("same-ca")
    }

    pub(crate) fn vault(&self) -> Vault {
        Vault::open(self.path().join("links")).unwrap()
    }

    pub(crate) fn site(&self) -> Site {
        self.site_with(PasswordHint::Public(PASSWORD.to_owned()))
    }

    pub(crate) fn site_with(&self, password: PasswordHint) -> Site {
        let results = document("Results", "<body><a href=\"/\">Back</a></body>");
        Site::of_directory(self.files(), names(), password, self.vault()).page(
            "/matrix",
            "Results of the tests",
            results,
        )
    }

    /// A running site.
    pub(crate) fn serve(&self) -> Served {
        Served(self.site().router())
    }
}

pub(crate) fn content(name: &str) -> Vec<u8> {
    format!("{name}\0content").into_bytes()
}

pub(crate) fn names() -> Names {
    Names {
        ca: "The Root".to_owned(),
        client: "the-client".to_owned(),
        profile: "The Profile".to_owned(),
        service: "the tests".to_owned(),
    }
}

pub(crate) struct Served(pub(crate) Router);

impl Served {
    /// As whoever sits at the computer.
    pub(crate) async fn here(&self, path: &str) -> Answer {
        let request = Request::get(path).header("host", "127.0.0.1:8080");
        self.ask(HERE, request).await
    }

    /// As somebody on the network.
    pub(crate) async fn there(&self, path: &str) -> Answer {
        self.ask(THERE, Request::get(path).header("host", "192.0.2.7:8080"))
            .await
    }

    pub(crate) async fn with(&self, method: Method, path: &str) -> Answer {
        self.ask(THERE, Request::builder().method(method).uri(path))
            .await
    }

    pub(crate) async fn ask(&self, peer: &str, request: axum::http::request::Builder) -> Answer {
        let mut request = request.body(Body::empty()).unwrap();
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.0.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, 4 << 20).await.unwrap().to_vec(),
        }
    }

    /// The path of the link that whoever sits at the computer sees.
    pub(crate) async fn link(&self) -> String {
        let page = self.here("/").await.text();
        let (_, rest) = page.split_once("href=\"/get/").unwrap();
        let (token, _) = rest.split_once('"').unwrap();
        format!("/get/{token}")
    }
}
