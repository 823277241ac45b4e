//! `mtls serve`: what it publishes, and how it starts and stops.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::Place;
use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take that is expected to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `mtls serve`, which is killed at the end.
struct Served {
    child: Child,
    address: SocketAddr,
}

impl Served {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let listen = ["serve", "--listen", "127.0.0.1:0"];
        let mut command = place.command(&[&listen, arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("serving http://").unwrap();
        Self {
            address: address.parse().unwrap(),
            child,
        }
    }

    /// Status and body.
    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: ca\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        let end = response
            .windows(4)
            .position(|it| it == b"\r\n\r\n")
            .unwrap();
        let status = str::from_utf8(&response[9..12]).unwrap().parse().unwrap();
        (status, response[end + 4..].to_vec())
    }

    fn text(&self, path: &str) -> String {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}");
        String::from_utf8(body).unwrap()
    }

    /// Whether it ends well when it is told to.
    fn stop(mut self) -> bool {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::TERM).unwrap();
        self.child.wait().unwrap().success()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn place() -> Place {
    let place = Place::new();
    place.write("passphrase", "correct horse\n");
    let init = ["ca", "init", "--url", "http://ca.example:8080"];
    place.run(&[&WITH[..], &init].concat()).ok();
    place
}

const WITH: [&str; 2] = ["--passphrase-file", "passphrase"];

#[test]
fn everything_is_published_and_a_revocation_follows() {
    let place = place();
    place
        .run(&[&WITH[..], &["issue", "client", "alice"]].concat())
        .ok();
    let served = Served::start(&place, &WITH);
    for path in [
        "/crl/default-issuing-0.crl",
        "/crl/default-root-0.crl",
        "/ca/default-issuing.crt",
        "/ca/default-root.crt",
    ] {
        let (status, body) = served.get(path);
        assert_eq!((status, body[0]), (200, 0x30), "{path}");
    }
    let before = served.text("/crl/all.pem");
    assert_eq!(before.matches("BEGIN X509 CRL").count(), 2);
    assert!(served.text("/healthz").contains(r#""status":"ok""#));
    assert!(
        served
            .text("/metrics")
            .contains("pki_enroll_crl_next_update_seconds")
    );

    let revoke = ["revoke", "--name", "alice", "--yes"];
    place.run(&revoke).ok();
    let deadline = Instant::now() + PATIENCE;
    while served.text("/crl/all.pem") == before {
        assert!(Instant::now() < deadline, "no new CRL was published");
        std::thread::sleep(Duration::from_millis(50));
    }
    // A second process publishes the same, without a key.
    let reader = Served::start(&place, &["--read-only"]);
    assert_eq!(reader.text("/crl/all.pem"), served.text("/crl/all.pem"));
    assert!(reader.stop());
    assert!(served.stop());
    place.run(&["audit", "verify"]).ok();
}

#[test]
fn what_is_in_its_way_is_one_sentence() {
    let place = place();
    place.write("wrong", "battery staple\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap();
    let port = format!("cannot listen on port {}", taken.port());
    let taken = taken.to_string();
    let serve = |arguments: &[&str]| place.run(&[&["serve"], arguments].concat());
    serve(&["--passphrase-file", "wrong"]).refused("cannot use the CA's key");
    serve(&[]).refused("--passphrase-file");
    serve(&[&WITH[..], &["--listen", &taken]].concat()).refused(&port);
    for (arguments, words) in [
        (["--webhook", "ftp://x.example/secret"], "a webhook is"),
        (["--announce", "7w"], "a threshold is"),
        (["--listen", "nowhere"], "invalid"),
    ] {
        let ran = serve(&arguments);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}
