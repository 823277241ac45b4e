//! A PKI in a directory, and the example programs that are run beside a test.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(unreachable_pub, reason = "shared between test crates by `mod`")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{client::legacy, rt::TokioExecutor};
use mtls_client::{ClientIdentity, Connector, TrustAnchors};
use test_pki::{Ca, Leaf};
use x509_identity::Certificate;

/// A root, and the files of a server that it vouches for: `server.crt`, `server.key`, `ca.crt` and
/// `ca.crl`, which lists nobody.
pub struct Pki {
    root: Ca,
    directory: tempfile::TempDir,
}

impl Pki {
    pub fn new() -> Self {
        let pki = Self {
            root: Ca::root("Example root"),
            directory: tempfile::tempdir().unwrap(),
        };
        pki.root
            .server("localhost")
            .write_to(&pki.directory, "server");
        pki.root.write_to(&pki.directory, "ca");
        pki.revoke(1, &[]);
        pki
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Replaces the server's certificate and key.
    pub fn present(&self, server: impl FnOnce(&Ca) -> Leaf) {
        server(&self.root).write_to(&self.directory, "server");
    }

    /// Replaces the revocation list.
    pub fn revoke(&self, number: u64, certificates: &[&Certificate]) {
        let serials = certificates
            .iter()
            .map(|it| it.serial().as_bytes().to_vec());
        let list = self.root.crl().number(number).revoke_all(serials);
        list.write_to(&self.directory, "ca");
    }

    /// A server's options for these files, with a port of the system's choice.
    pub fn arguments(&self, more: &[&str]) -> Vec<String> {
        let files = [
            ("--cert", "server.crt"),
            ("--key", "server.key"),
            ("--client-ca", "ca.crt"),
            ("--crl", "ca.crl"),
        ];
        let mut arguments: Vec<String> = files
            .iter()
            .flat_map(|(flag, name)| [(*flag).to_owned(), self.path(name).display().to_string()])
            .collect();
        arguments.extend(
            ["--listen", "127.0.0.1:0"]
                .iter()
                .chain(more)
                .map(|it| (*it).to_owned()),
        );
        arguments
    }

    pub fn client(&self, common_name: &str) -> Client {
        self.client_of(self, common_name)
    }

    /// A client that `issuer` vouches for, and that trusts this server.
    pub fn client_of(&self, issuer: &Self, common_name: &str) -> Client {
        let client = issuer.root.client(common_name);
        let client = client.dns(&format!("{common_name}.test"));
        let (chain, key) = (client.chain_pem(), client.key_pem());
        let identity = ClientIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let roots = TrustAnchors::from_certs([self.root.der()]).unwrap();
        let connector = Connector::builder(roots, identity).build().unwrap();
        Client {
            certificate: Certificate::from_der(client.der()).unwrap(),
            http: legacy::Client::builder(TokioExecutor::new()).build(connector.clone()),
            connector,
        }
    }
}

/// Somebody with a certificate.
pub struct Client {
    pub certificate: Certificate,
    pub http: legacy::Client<Connector, Empty<Bytes>>,
    pub connector: Connector,
}

impl Client {
    /// Status and body, or why there are none.
    pub async fn get(
        &self,
        server: SocketAddr,
        path: &str,
    ) -> Result<(u16, String), mtls_client::Error> {
        self.get_with(server, path, &[]).await
    }

    pub async fn get_with(
        &self,
        server: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(u16, String), mtls_client::Error> {
        let url = format!("https://localhost:{}{path}", server.port());
        let mut request = http::Request::get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.http.request(request.body(Empty::new()).unwrap()).await;
        let answer = answer.map_err(|error| mtls_client::Error::classify(&error))?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| mtls_client::Error::classify(&error))?;
        let text = String::from_utf8(body.to_bytes().to_vec()).unwrap();
        Ok((status, text))
    }
}

/// An example that runs until this is dropped.
pub struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    /// Starts the example of this name. `cargo test` has built it, unless it was told to build one test
    /// alone.
    pub fn start<A: AsRef<std::ffi::OsStr>>(
        example: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let test = std::env::current_exe().unwrap();
        let built = test.ancestors().nth(2).unwrap().join("examples");
        let program = built
            .join(example)
            .with_extension(std::env::consts::EXE_EXTENSION);
        assert!(program.exists(), "run `cargo build --examples` first");
        let mut child = Command::new(program)
            .args(arguments)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, lines) = channel();
        let outputs: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for output in outputs {
            let tell = tell.clone();
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = tell.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// Waits for a line of its output, on either channel, that `wanted` takes.
    pub fn line<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> T {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => match wanted(&line) {
                    Some(found) => return found,
                    None => seen.push(line),
                },
                Err(error) => panic!("{error} after {seen:#?}"),
            }
        }
    }

    /// Sends SIGHUP.
    pub fn hang_up(&self) {
        let kill = Command::new("kill")
            .args(["-HUP", &self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address that follows `before` in a line.
pub fn address_after(line: &str, before: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(before)?;
    let end = rest.find([',', ' ']).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

pub const PATIENCE: Duration = Duration::from_secs(20);
